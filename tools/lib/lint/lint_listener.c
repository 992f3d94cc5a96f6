/* SPDX-License-Identifier: ISC */
/*
 * lint_listener.c: "running" is not "listening". Up to 1.18 PgBouncer comes up on its Unix socket
 * alone where the port is taken (src/pooler.c), and clients talk to whoever has it.
 */
#include "lint.h"
#include "pg/listener.h"

#include <stdlib.h>
#include <string.h>

/* socket_owned tells whether one of the processes holds the socket. */
static bool
socket_owned(unsigned long inode, const int *pids, size_t n, bool *owned, struct tw_err *e)
{
	*owned = false;
	for (size_t i = 0; i < n && !*owned; i++) {
		if (!tw_listener_owned(pids[i], inode, owned, e))
			return false;
	}
	return true;
}

/* address_check judges the listeners of one address of listen_addr. */
static bool
address_check(const char *address, int port, struct tw_place at, const int *pids, size_t n,
              struct tw_findings *f, struct tw_err *e)
{
	struct tw_listeners found = { 0 };
	bool owned;

	if (!tw_listener_find(address, port, &found, e))
		return false;
	if (found.n == 0)
		return tw_finding_add(f, at, TW_ERROR, "listener",
		                      "see PgBouncer's log, and restart it", e,
		                      "nobody listens on %s:%d", address, port);
	for (size_t i = 0; i < found.n; i++) {
		if (!socket_owned(found.item[i].inode, pids, n, &owned, e))
			return false;
		if (!owned && !tw_finding_add(f, at, TW_ERROR, "listener",
		                              "stop the other process, or choose another port", e,
		                              "port %d on %s belongs to another process than %d",
		                              port, found.item[i].address, pids[0]))
			return false;
	}
	return true;
}

bool
tw_lint_listener(const struct tw_lint *lint, const int *pids, size_t n,
                 struct tw_findings *findings, struct tw_err *e)
{
	const struct tw_ini_entry *addr = tw_ini_find(&lint->ini, "pgbouncer", "listen_addr");
	const struct tw_ini_entry *port = tw_ini_find(&lint->ini, "pgbouncer", "listen_port");
	char *copy, *next, *address;
	bool ok = true;

	if (addr == NULL || *addr->value == '\0')
		return tw_finding_add(findings,
		                      addr ? addr->key_at : (struct tw_place){ 1, 1, NULL },
		                      TW_ERROR, "listener", "set listen_addr", e,
		                      "listen_addr is empty: PgBouncer takes no TCP connection");
	copy = strdup(addr->value);
	if (copy == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	next = copy;
	while (ok && (address = strsep(&next, ", \t")) != NULL) {
		if (*address != '\0')
			ok = address_check(address, port ? (int)strtol(port->value, NULL, 0) : 6432,
			                   port ? port->key_at : addr->key_at, pids, n, findings,
			                   e);
	}
	free(copy);
	return ok;
}
