/* SPDX-License-Identifier: ISC */
/* effect.c: PgBouncer's own conversions, with the overflow that they do not look for. */
#include "effect.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MICROSECONDS 1e6

/* integer_read: strtol with base 0, cut down to 32 bits; a key above INT_MAX is unsigned. */
static enum tw_effect
integer_read(const struct tw_key *k, const char *value, char out[TW_EFFECT_SIZE])
{
	bool wide = k->max > INT32_MAX;
	char *end;
	unsigned long n = wide ? strtoul(value, &end, 0) : (unsigned long)strtol(value, &end, 0);

	if (end == value || *end != '\0')
		return TW_EFFECT_REFUSED;
	if (wide)
		snprintf(out, TW_EFFECT_SIZE, "%u", (unsigned)(n & UINT32_MAX));
	else
		snprintf(out, TW_EFFECT_SIZE, "%d", (int)(int32_t)(uint32_t)(n & UINT32_MAX));
	return TW_EFFECT_TAKEN;
}

/* seconds_read: strtod, kept in microseconds, shown with six digits. */
static enum tw_effect
seconds_read(const char *value, char out[TW_EFFECT_SIZE])
{
	char *end;
	double n;

	errno = 0;
	n = strtod(value, &end);
	if (errno != 0 || end == value || *end != '\0' || n < 0)
		return TW_EFFECT_REFUSED;
	if (!(n * MICROSECONDS < 18446744073709551616.0)) /* also: not a number */
		return TW_EFFECT_UNDEFINED;
	snprintf(out, TW_EFFECT_SIZE, "%g", (double)(uint64_t)(n * MICROSECONDS) / MICROSECONDS);
	return TW_EFFECT_TAKEN;
}

enum tw_effect
tw_effect_setting(const struct tw_key *k, const char *value, char out[TW_EFFECT_SIZE],
                  const char **text)
{
	const struct tw_key_word *word;
	enum tw_effect effect = TW_EFFECT_TAKEN;

	*text = value;
	switch (k->type) {
	case TW_KEY_INT:
	case TW_KEY_BOOL:
		effect = integer_read(k, value, out);
		*text = out;
		break;
	case TW_KEY_SECONDS:
		effect = seconds_read(value, out);
		*text = out;
		break;
	case TW_KEY_ENUM:
		word = tw_key_word_find(k, value);
		if (word == NULL)
			return TW_EFFECT_REFUSED;
		*text = word->name;
		break;
	case TW_KEY_TEXT:
	case TW_KEY_LIST:
		break;
	}
	return effect;
}

int
tw_effect_number(const char *value, bool *plain)
{
	size_t digits = strspn(value, "0123456789");
	long n;

	errno = 0;
	n = strtol(value, NULL, 10);
	*plain = digits > 0 && value[digits] == '\0' && errno == 0 && n <= INT32_MAX;
	return (int)(int32_t)(uint32_t)((unsigned long)n & UINT32_MAX);
}
