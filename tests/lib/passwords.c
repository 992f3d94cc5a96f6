/* SPDX-License-Identifier: ISC */
/*
 * passwords.c: every password of one and of two bytes, written into a DSN of each form, and read by
 * libpq. Prints a line per form: FORM TRIED same SAME refused REFUSED different DIFFERENT; exits 1
 * where one is read as something else, or refused without its position. For tests/passwords.bats.
 */
#include "dsn/dsn_password.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

struct form {
	const char *name, *before, *after;
	enum tw_dsn_form form;
	long tried, same, refused, different;
};

/* password_read is the password that libpq reads in a text; "" where it reads none. */
static void
password_read(const char *text, char *out, size_t size)
{
	PQconninfoOption *list = PQconninfoParse(text, NULL);

	*out = '\0';
	for (PQconninfoOption *o = list; o != NULL && o->keyword != NULL; o++) {
		if (strcmp(o->keyword, "password") == 0 && o->val != NULL)
			snprintf(out, size, "%s", o->val);
	}
	PQconninfoFree(list);
}

static void
try(struct form *f, const char *password)
{
	struct tw_buf text = TW_BUF_INIT;
	struct tw_err e = TW_ERR_INIT;
	char read[64];

	f->tried++;
	if (!tw_buf_puts(&text, f->before, &e) ||
	    !tw_dsn_password_encode(f->form, password, &text, &e)) {
		f->refused++;
		f->different += strncmp(e.msg, "byte ", 5) != 0;
	} else {
		tw_buf_puts(&text, f->after, &e);
		password_read(text.data, read, sizeof(read));
		f->same += strcmp(read, password) == 0;
		f->different += strcmp(read, password) != 0;
	}
	tw_buf_free(&text);
}

int
main(void)
{
	struct form forms[] = {
		{ "keyword", "host=h password=", " user=u", TW_DSN_KEYWORD, 0, 0, 0, 0 },
		{ "quoted", "host=h password='", "' user=u", TW_DSN_KEYWORD, 0, 0, 0, 0 },
		{ "uri", "postgresql://u:", "@h/d", TW_DSN_URI, 0, 0, 0, 0 },
		{ "parameter", "postgresql://u@h/d?password=", "&port=1", TW_DSN_URI, 0, 0, 0, 0 },
	};
	char password[3] = "";
	int bad = 0;

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		for (int a = 1; a < 256; a++) {
			for (int b = 0; b < 256; b++) {
				password[0] = (char)a;
				password[1] = (char)b;
				try(&forms[i], password);
			}
		}
		printf("%s %ld same %ld refused %ld different %ld\n", forms[i].name, forms[i].tried,
		       forms[i].same, forms[i].refused, forms[i].different);
		bad |= forms[i].different != 0;
	}
	return bad;
}
