/* SPDX-License-Identifier: ISC */
/* expression.c: whole numbers, reckoned while they are read. */
#include "random.h"
#include "script.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A bound for parentheses and signs: each takes a frame of the stack. */
#define DEEP 64

struct reader {
	const struct tw_script *script;
	const char *at;
	const int64_t *variable;
	uint64_t *random;
	int deep;
	struct tw_err *e;
};

static bool sum_read(struct reader *r, int64_t *out);

/* blanks_skip goes to the next byte that means something, and tells it. */
static char
blanks_skip(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
	return *r->at;
}

/* expect wants one byte. */
static bool
expect(struct reader *r, char byte)
{
	if (blanks_skip(r) != byte)
		return tw_fail(r->e, EX_DATAERR, "expected '%c' at '%s'", byte, r->at);
	r->at++;
	return true;
}

/* name_read copies a name. */
static bool
name_read(struct reader *r, char name[64])
{
	size_t n = 0;

	while (isalnum((unsigned char)r->at[n]) || r->at[n] == '_')
		n++;
	if (n == 0 || n >= 64)
		return tw_fail(r->e, EX_DATAERR, "expected a name at '%s'", r->at);
	memcpy(name, r->at, n);
	name[n] = '\0';
	r->at += n;
	return true;
}

/* between is a random whole number. */
static bool
between(struct reader *r, int64_t low, int64_t high, int64_t *out)
{
	uint64_t span = (uint64_t)high - (uint64_t)low;

	if (low > high)
		return tw_fail(r->e, EX_DATAERR, "random: the lower bound is above the upper one");
	*out = span == UINT64_MAX
	           ? (int64_t)tw_random_next(r->random)
	           : (int64_t)((uint64_t)low +
	                       (uint64_t)(tw_random_share(r->random) * ((double)span + 1)));
	return true;
}

/* function_read reckons NAME(A) or NAME(A, B). */
static bool
function_read(struct reader *r, int64_t *out)
{
	static const struct {
		const char *name;
		int n;
	} known[] = { { "random", 2 }, { "least", 2 }, { "greatest", 2 }, { "abs", 1 } };
	int64_t a[2] = { 0, 0 };
	char name[64];
	size_t i = 0;

	if (!name_read(r, name))
		return false;
	while (i < 4 && strcmp(known[i].name, name) != 0)
		i++;
	if (i == 4)
		return tw_fail(r->e, EX_DATAERR, "unknown function '%s'", name);
	if (!expect(r, '(') || !sum_read(r, &a[0]) ||
	    (known[i].n == 2 && (!expect(r, ',') || !sum_read(r, &a[1]))) || !expect(r, ')'))
		return false;
	switch (i) {
	case 0:
		return between(r, a[0], a[1], out);
	case 1:
		*out = a[0] < a[1] ? a[0] : a[1];
		return true;
	case 2:
		*out = a[0] > a[1] ? a[0] : a[1];
		return true;
	default:
		*out = a[0] < 0 ? -a[0] : a[0];
		return true;
	}
}

/* variable_read is the value of ":NAME". */
static bool
variable_read(struct reader *r, int64_t *out)
{
	char name[64];

	r->at++;
	if (!name_read(r, name))
		return false;
	for (size_t i = 0; i < r->script->variables; i++) {
		if (strcmp(r->script->variable[i], name) == 0) {
			*out = r->variable[i];
			return true;
		}
	}
	return tw_fail(r->e, EX_DATAERR, "unknown variable ':%s'", name);
}

/* digits_read is a number. */
static bool
digits_read(struct reader *r, int64_t *out)
{
	*out = 0;
	for (; isdigit((unsigned char)*r->at); r->at++) {
		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, *r->at - '0', out))
			return tw_fail(r->e, EX_DATAERR, "a number beyond 64 bits");
	}
	return true;
}

/* atom_read is a number, a variable, a function, or what stands in parentheses. */
static bool
atom_read(struct reader *r, int64_t *out)
{
	char byte = blanks_skip(r);
	bool ok;

	if (r->deep >= DEEP)
		return tw_fail(r->e, EX_DATAERR, "too deep");
	r->deep++;
	if (byte == '-') {
		r->at++;
		ok = atom_read(r, out) && (!__builtin_sub_overflow((int64_t)0, *out, out) ||
		                           tw_fail(r->e, EX_DATAERR, "a number beyond 64 bits"));
	} else if (byte == '(') {
		r->at++;
		ok = sum_read(r, out) && expect(r, ')');
	} else if (byte == ':') {
		ok = variable_read(r, out);
	} else if (isdigit((unsigned char)byte)) {
		ok = digits_read(r, out);
	} else {
		ok = function_read(r, out);
	}
	r->deep--;
	return ok;
}

/* operate applies one operator. */
static bool
operate(struct reader *r, char operator, int64_t b, int64_t *a)
{
	bool beyond = false;

	if ((operator == '/' || operator == '%') && b == 0)
		return tw_fail(r->e, EX_DATAERR, "division by zero");
	if (operator == '+')
		beyond = __builtin_add_overflow(*a, b, a);
	else if (operator == '-')
		beyond = __builtin_sub_overflow(*a, b, a);
	else if (operator == '*')
		beyond = __builtin_mul_overflow(*a, b, a);
	else if (b == -1)
		beyond = operator == '/' ? __builtin_sub_overflow((int64_t)0, *a, a) : (*a = 0, false);
	else
		*a = operator == '/' ? *a / b : *a % b;
	return !beyond || tw_fail(r->e, EX_DATAERR, "a number beyond 64 bits");
}

/* product_read is ATOM * ATOM / ATOM ... */
static bool
product_read(struct reader *r, int64_t *out)
{
	int64_t b;
	char byte;

	if (!atom_read(r, out))
		return false;
	while ((byte = blanks_skip(r)) == '*' || byte == '/' || byte == '%') {
		r->at++;
		if (!atom_read(r, &b) || !operate(r, byte, b, out))
			return false;
	}
	return true;
}

/* sum_read is PRODUCT + PRODUCT - PRODUCT ... */
static bool
sum_read(struct reader *r, int64_t *out)
{
	int64_t b;
	char byte;

	if (!product_read(r, out))
		return false;
	while ((byte = blanks_skip(r)) == '+' || byte == '-') {
		r->at++;
		if (!product_read(r, &b) || !operate(r, byte, b, out))
			return false;
	}
	return true;
}

bool
tw_expression(const struct tw_script *s, const char *text, const int64_t *variable,
              uint64_t *random, int64_t *out, struct tw_err *e)
{
	struct reader r = { s, text, variable, random, 0, e };
	int64_t own;

	if (!sum_read(&r, &own))
		return false;
	if (blanks_skip(&r) != '\0')
		return tw_fail(e, EX_DATAERR, "what is '%s'?", r.at);
	*out = own;
	return true;
}
