/* SPDX-License-Identifier: ISC */
/* peer.c: root steps down to the socket's owner for as long as a connect takes. */
#include "peer.h"

#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

/* socket_owner is the owner of the Unix socket that `p` means, or ourselves. */
static uid_t
socket_owner(const struct tw_pg_params *p)
{
	const char *host = tw_pg_params_get(p, "host"), *port = tw_pg_params_get(p, "port");
	char path[512];
	struct stat st;

	if (host == NULL || host[0] != '/' || port == NULL)
		return geteuid();
	snprintf(path, sizeof(path), "%s/.s.PGSQL.%s", host, port);
	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_uid : geteuid();
}

bool
tw_peer_connect(const struct tw_pg_params *p, tw_ms deadline, PGconn **conn, struct tw_err *e)
{
	uid_t self = geteuid(), user = self == 0 ? socket_owner(p) : self;
	bool ok;

	if (user != self && seteuid(user) != 0)
		return tw_fail_errno(e, EX_OSERR, "become user id %u", (unsigned)user);
	/*
	 * On the way to the socket we stay root: our groups are still root's, and a directory may
	 * be open to everybody but these. setfsuid(2) asks for no more than a real user id of 0.
	 */
	setfsuid(self);
	ok = tw_pg_connect(p, deadline, conn, e);
	if (user != self && seteuid(self) != 0) {
		tw_fail_errno(e, EX_OSERR, "become user id %u again", (unsigned)self);
		if (ok)
			PQfinish(*conn);
		return false;
	}
	return ok;
}
