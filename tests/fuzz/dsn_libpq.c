/* SPDX-License-Identifier: ISC */
/*
 * dsn_libpq.c: the scanners of dsn_scan.c against PQconninfoParse: both take the same texts for
 * DSNs, a value's text decodes to what libpq reads, and a text that was moved is to libpq the old
 * one but for port and host. What the program's own proof says is not asked: libpq is.
 */
#include "dsn/dsn_scan.h"
#include "lib/fuzz.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

/* A longer text exercises nothing that a shorter one does not. */
#define TEXT_MAX 512

/* One input: its text, what we and what libpq read of it (NULL: nothing). */
struct input {
	char *text;
	size_t n;
	struct tw_dsn dsn;
	bool is;
	PQconninfoOption *libpq;
};

/* Where libpq's keywords stand in its list, which is the same one each time; the password last. */
static size_t places[TW_DSN_KEYS + 1];

/* places_find finds them, once: to look for names each time would take longer than libpq takes. */
static void
places_find(void)
{
	PQconninfoOption *all = PQconninfoParse("", NULL);

	fuzz_must(all != NULL, "there is memory");
	for (size_t key = 0; key <= TW_DSN_KEYS; key++) {
		const char *name = key < TW_DSN_KEYS ? tw_dsn_keyword((enum tw_dsn_key)key)
		                                     : "password";
		size_t at = 0;

		while (all[at].keyword != NULL && strcmp(all[at].keyword, name) != 0)
			at++;
		fuzz_must(all[at].keyword != NULL, "libpq knows our keywords");
		places[key] = at;
	}
	PQconninfoFree(all);
}

/* value_of is libpq's value of one of our keywords, or, of TW_DSN_KEYS, the password; or NULL. */
static const char *
value_of(const PQconninfoOption *list, size_t key)
{
	return list[places[key]].val;
}

/* moves tells whether the option at a place is one that a move may change. */
static bool
moves(size_t place, const struct tw_dsn_target *to)
{
	return place == places[TW_DSN_PORT] ||
	       (to->host != NULL &&
	        (place == places[TW_DSN_HOST] || place == places[TW_DSN_HOSTADDR]));
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* decoded tells whether the text of a span means a value: the quoting of either form undone. */
static bool
decoded(const struct input *in, struct tw_span at, bool host, const char *value)
{
	const char *text = in->text;
	bool uri = in->dsn.form == TW_DSN_URI;

	if (uri && host && text[at.begin] == '[')
		at = (struct tw_span){ at.begin + 1, at.end - 1 };
	for (size_t i = at.begin; i < at.end; i++, value++) {
		char hex[3] = { 0 }, c = text[i];

		if (!uri && c == '\\' && i + 1 < at.end) {
			c = text[++i];
		} else if (uri && c == '%') {
			memcpy(hex, text + i + 1, 2);
			c = (char)strtol(hex, NULL, 16);
			i += 2;
		} else if (!uri && c == '\\') {
			return *value == '\0'; /* at the end it is nothing */
		}
		if (*value != c)
			return false;
	}
	return *value == '\0';
}

/* values_check: what libpq reads stands where the scanner says. */
static void
values_check(const struct input *in)
{
	const struct tw_dsn *d = &in->dsn;
	const char *password = value_of(in->libpq, TW_DSN_KEYS);

	for (size_t i = 0; i < TW_DSN_KEYS; i++) {
		const char *value = value_of(in->libpq, i);
		bool list = tw_dsn_several(d) && (i == TW_DSN_HOST || i == TW_DSN_PORT);

		fuzz_must(same(d->value[i], value), "both read the same value");
		if (value == NULL || list || d->span[i].end == 0) /* of "ssl=true" there is none */
			continue;
		fuzz_must(decoded(in, d->span[i], i == TW_DSN_HOST && !d->parameter[i], value),
		          "a value stands where the scanner says");
	}
	fuzz_must(password == NULL || d->opaque ||
	              (d->secrets > 0 && decoded(in, d->secret[d->secrets - 1], false, password)),
	          "the password that libpq reads is one that is masked");
}

/* moved_check: to libpq the new text is the old one, but for what was to be changed. */
static void
moved_check(const struct input *in, const char *text, const struct tw_dsn_target *to)
{
	const PQconninfoOption *old = in->libpq;
	PQconninfoOption *new = PQconninfoParse(text, NULL);
	const char *port, *host, *addr;
	struct tw_err e = TW_ERR_INIT;
	bool agrees = new != NULL;

	for (size_t i = 0; agrees && old[i].keyword != NULL; i++) {
		agrees = moves(i, to) || same(old[i].val, new[i].val);
	}
	if (agrees) {
		port = value_of(new, TW_DSN_PORT);
		host = value_of(new, TW_DSN_HOST);
		addr = value_of(new, TW_DSN_HOSTADDR);
		agrees = port != NULL && atoi(port) == 6432 &&
		         (to->host == NULL || same(addr != NULL ? addr : host, to->host));
	}
	PQconninfoFree(new);
	if (!agrees) /* then the program must have seen it too, and refuses */
		fuzz_must(!tw_dsn_prove(in->text, text, to, &e), "a move changes nothing else");
}

/* move_check moves a DSN, and holds the result against libpq and against the old text. */
static void
move_check(const struct input *in, const struct tw_dsn_target *to)
{
	struct tw_buf text = { in->text, in->n, in->n + 1 }, moved = TW_BUF_INIT;
	struct tw_dsn_changes changes = TW_DSN_CHANGES_INIT;
	struct tw_err e = TW_ERR_INIT;
	size_t at = 0;

	if (!tw_dsn_move(in->text, &in->dsn, to, &changes, &e))
		return;
	for (size_t i = 0; i < changes.n; i++) {
		fuzz_must(changes.item[i].at.begin >= at && changes.item[i].at.end <= in->n,
		          "changes stand in order inside the text");
		at = changes.item[i].at.end;
	}
	fuzz_must(tw_dsn_changed(&text, &changes, &moved, &e), "a change can be made");
	moved_check(in, tw_buf_text(&moved), to);
	tw_dsn_changes_free(&changes);
	tw_buf_free(&moved);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tw_dsn_target targets[] = { { NULL, 6432 }, { "127.0.0.1", 6432 } };
	struct input in = { .n = size, .dsn = TW_DSN_INIT };
	struct tw_err e = TW_ERR_INIT;

	if (size == 0 || size > TEXT_MAX || memchr(data, '\0', size) != NULL)
		return 0;
	if (places[TW_DSN_KEYS] == 0)
		places_find();
	in.text = strndup((const char *)data, size);
	fuzz_must(in.text != NULL && tw_dsn_read(in.text, in.n, &in.dsn, &in.is, &e),
	          "there is memory");
	if (!tw_dsn_marked(in.text) && tw_dsn_form_of(in.text) <= TW_DSN_URI) {
		in.libpq = PQconninfoParse(in.text, NULL);
		fuzz_must(!in.is || in.libpq != NULL, "libpq reads what we take for a DSN");
	}
	if (in.is && in.libpq != NULL) {
		values_check(&in);
		move_check(&in, &targets[size % 2]);
	} else if (in.libpq != NULL) {
		for (size_t i = 0; i < TW_DSN_NAMING; i++)
			fuzz_must(value_of(in.libpq, i) == NULL,
			          "we take for a DSN what libpq reads with a name of ours");
	}
	PQconninfoFree(in.libpq);
	tw_dsn_free(&in.dsn);
	free(in.text);
	return 0;
}
