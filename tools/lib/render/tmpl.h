/* SPDX-License-Identifier: ISC */
/*
 * tmpl.h: the template engine. Pure: text and data in, text out. Holes {{ key | encoder }}, lists
 * {{#key}} ... {{/key}}, and nothing else. A list's tag alone on its line takes the line away.
 * What a value contains is never read as a template.
 */
#pragma once

#include <jansson.h>
#include "base/buf.h"

/*
 * tw_tmpl_render appends the n bytes `text` to `out` with holes and lists filled in from `data`, an
 * object whose values are strings (for holes) and lists of objects (for lists). Inside a list the
 * element's keys are seen first, then those around it. EX_DATAERR with `path`, line and key for: a
 * hole without encoder, an unknown key or encoder, a value that its grammar cannot hold, a tag or
 * list that does not end, a control byte or byte order mark in the template. The body of an empty
 * list is checked too, but for its keys, which are not known. On failure `out` holds a part.
 */
bool tw_tmpl_render(const char *path, const char *text, size_t n, const json_t *data,
                    struct tw_buf *out, struct tw_err *e);

/* tw_tmpl_has tells whether a template has a hole for `key`, inside or outside of lists. */
bool tw_tmpl_has(const char *text, size_t n, const char *key);
