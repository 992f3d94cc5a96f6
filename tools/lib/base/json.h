/* SPDX-License-Identifier: ISC */
/* json.h: jansson with our errors: documents with a place when they are wrong, report headers. */
#pragma once

#include <jansson.h>
#include "buf.h"

/*
 * tw_json_parse reads one JSON document of n bytes; duplicate keys are refused. `path` names it in
 * errors as file:line:column (EX_CONFIG). The result is the caller's (json_decref).
 */
json_t *tw_json_parse(const char *bytes, size_t n, const char *path, struct tw_err *e);

/* tw_json_load is tw_file_read and tw_json_parse. */
json_t *tw_json_load(const char *path, struct tw_err *e);

/*
 * tw_json_report starts the one object that --json prints: schema, tool, version, time (RFC 3339,
 * UTC), status. NULL without memory.
 */
json_t *tw_json_report(const char *tool, const char *status);

/* tw_json_text appends a document as indented text with a final newline. */
bool tw_json_text(const json_t *json, struct tw_buf *b, struct tw_err *e);

/* tw_json_name is a string; bytes that are no UTF-8, which names may hold, become question marks.
 */
json_t *tw_json_name(const char *s);

/* tw_json_is tells whether the member `key` of an object is this text. */
bool tw_json_is(const json_t *object, const char *key, const char *text);

/* tw_json_type is the name of a value's type as an error message says it: "an integer". */
const char *tw_json_type(const json_t *json);

/* tw_time_now writes the present time as RFC 3339 UTC, "2026-01-31T12:00:00Z". */
#define TW_TIME_SIZE 24
void tw_time_now(char out[TW_TIME_SIZE]);
