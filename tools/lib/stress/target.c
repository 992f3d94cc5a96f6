/* SPDX-License-Identifier: ISC */
/* target.c: how a target is called, and who connects there. */
#include "stress.h"

#include <stdio.h>
#include <string.h>

void
tw_target_label(const struct tw_target *t, char *out, size_t size)
{
	const char *host = tw_pg_params_get(&t->params, "host");
	const char *addr = tw_pg_params_get(&t->params, "hostaddr");
	const char *port = tw_pg_params_get(&t->params, "port");
	const char *service = tw_pg_params_get(&t->params, "service");
	bool v6;

	host = addr != NULL && *addr != '\0' ? addr : host; /* as libpq does */
	if ((host == NULL || *host == '\0') && service != NULL) {
		snprintf(out, size, "service %s", service);
		return;
	}
	host = host != NULL && *host != '\0' ? host : "socket";
	v6 = *host != '/' && strchr(host, ':') != NULL;
	snprintf(out, size, "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "",
	         port != NULL && *port != '\0' ? port : "5432");
}

bool
tw_target_client(struct tw_target *t, enum tw_client_choice choice, struct tw_err *e)
{
	struct tw_err own = TW_ERR_INIT;

	t->kind = TW_CLIENT_LIBPQ;
	if (choice == TW_CLIENT_ONLY_LIBPQ)
		return true;
	if (tw_wire_target_read(&t->params, &t->wire, &own)) {
		t->kind = TW_CLIENT_WIRE;
		return true;
	}
	if (choice == TW_CLIENT_ANY && own.exit != EX_OSERR)
		return true;
	*e = own;
	return false;
}
