/* SPDX-License-Identifier: ISC */
/* exposition.c: HELP and TYPE once for each family, label values escaped. */
#include "exposition.h"
#include "range.h"

#include <math.h>

void
tw_family(struct tw_exposition *x, const char *name, const char *type, const char *help)
{
	x->name = name;
	x->type = type;
	x->help = help;
	x->begun = false;
}

/* sequence_length is that of the UTF-8 sequence at `s`, 0 where it is none (RFC 3629). */
static size_t
sequence_length(const unsigned char *s)
{
	static const struct {
		unsigned char first, last, low, high; /* of the first byte, of the second */
		size_t n;
	} forms[] = {
		{ 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		size_t n = forms[i].n, k = 2;

		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (n > 1 && (s[1] < forms[i].low || s[1] > forms[i].high))
			return 0;
		while (k < n && (s[k] & 0xc0) == 0x80)
			k++;
		return n == 1 || k >= n ? n : 0;
	}
	return 0;
}

/* value_add appends a label's value; what is no UTF-8 becomes question marks. */
static bool
value_add(struct tw_buf *out, const char *value, struct tw_err *e)
{
	bool ok = true;

	while (ok && *value != '\0') {
		size_t n = sequence_length((const unsigned char *)value);

		if (*value == '\n')
			ok = tw_buf_puts(out, "\\n", e);
		else if (*value == '\\' || *value == '"')
			ok = tw_buf_printf(out, e, "\\%c", *value);
		else
			ok = tw_buf_add(out, n > 0 ? value : "?", n > 0 ? n : 1, e);
		value += n > 0 ? n : 1;
	}
	return ok;
}

/* label_add appends "a="b"" behind a brace, or a comma. */
static bool
label_add(struct tw_buf *out, bool first, const struct tw_label *l, struct tw_err *e)
{
	return tw_buf_printf(out, e, "%s%s=\"", first ? "{" : ",", l->name) &&
	       value_add(out, l->value, e) && tw_buf_puts(out, "\"", e);
}

/* labels_add appends "{a="b",c="d"}", or nothing. */
static bool
labels_add(const struct tw_exposition *x, const struct tw_label *labels, struct tw_err *e)
{
	bool any = x->always.value != NULL, ok = !any || label_add(x->out, true, &x->always, e);

	for (; ok && labels != NULL && labels->name != NULL; labels++) {
		ok = label_add(x->out, !any, labels, e);
		any = true;
	}
	return ok && (!any || tw_buf_puts(x->out, "}", e));
}

bool
tw_point(struct tw_exposition *x, const struct tw_label *labels, double value, struct tw_err *e)
{
	char number[TW_NUMBER_SIZE];

	if (isnan(value))
		return true;
	tw_number_text(value, number);
	if (!x->begun && !tw_buf_printf(x->out, e, "# HELP %s %s\n# TYPE %s %s\n", x->name, x->help,
	                                x->name, x->type))
		return false;
	x->begun = true;
	return tw_buf_puts(x->out, x->name, e) && labels_add(x, labels, e) &&
	       tw_buf_printf(x->out, e, " %s\n", number);
}
