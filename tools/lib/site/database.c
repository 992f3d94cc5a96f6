/* SPDX-License-Identifier: ISC */
/* database.c: what an entry of databases leaves out is what postgres says. */
#include "database.h"

void
tw_database_read(const json_t *root, const json_t *element, struct tw_database *d)
{
	const json_t *postgres = json_object_get(root, "postgres");
	struct tw_database own = {
		.name = json_string_value(json_object_get(element, "name")),
		.host = json_string_value(json_object_get(element, "host")),
		.port = json_integer_value(json_object_get(element, "port")),
		.dbname = json_string_value(json_object_get(element, "dbname")),
	};

	if (*own.host == '\0')
		own.host = json_string_value(json_object_get(postgres, "host"));
	if (own.port == 0)
		own.port = json_integer_value(json_object_get(postgres, "port"));
	if (*own.dbname == '\0')
		own.dbname = own.name;
	*d = own;
}
