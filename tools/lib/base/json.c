/* SPDX-License-Identifier: ISC */
/* json.c: the little that jansson leaves to its users. */
#include "file.h"
#include "json.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

json_t *
tw_json_parse(const char *bytes, size_t n, const char *path, struct tw_err *e)
{
	json_error_t where;
	json_t *json = json_loadb(bytes != NULL ? bytes : "", n, JSON_REJECT_DUPLICATES, &where);

	if (json == NULL)
		tw_fail(e, EX_CONFIG, "%s:%d:%d: %s", path, where.line, where.column, where.text);
	return json;
}

json_t *
tw_json_load(const char *path, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	json_t *json = NULL;

	if (tw_file_read(path, TW_FILE_LIMIT, &b, NULL, e))
		json = tw_json_parse(b.data, b.len, path, e);
	tw_buf_free(&b);
	return json;
}

void
tw_time_now(char out[TW_TIME_SIZE])
{
	time_t now = time(NULL);
	struct tm utc;

	if (gmtime_r(&now, &utc) == NULL ||
	    strftime(out, TW_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		out[0] = '\0';
}

json_t *
tw_json_report(const char *tool, const char *status)
{
	char now[TW_TIME_SIZE];

	tw_time_now(now);
	return json_pack("{si ss ss ss ss}", "schema", 1, "tool", tool, "version", TW_VERSION,
	                 "time", now, "status", status);
}

bool
tw_json_text(const json_t *json, struct tw_buf *b, struct tw_err *e)
{
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	bool ok = text != NULL ? tw_buf_puts(b, text, e) && tw_buf_puts(b, "\n", e)
	                       : tw_fail(e, EX_SOFTWARE, "cannot write JSON");

	free(text);
	return ok;
}

json_t *
tw_json_name(const char *s)
{
	json_t *json = json_string(s);
	char copy[1024];

	if (json != NULL)
		return json;
	snprintf(copy, sizeof(copy), "%s", s);
	for (char *c = copy; *c != '\0'; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	return json_string(copy);
}

bool
tw_json_is(const json_t *object, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL && strcmp(value, text) == 0;
}

const char *
tw_json_type(const json_t *json)
{
	switch (json ? json_typeof(json) : JSON_NULL) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	default:
		return "null";
	}
}
