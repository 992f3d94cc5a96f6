/* SPDX-License-Identifier: ISC */
/*
 * lint_address.c: listen_addr. The shadow boot opens no TCP, so this is all that is known before
 * PgBouncer itself starts. Names are not looked up here: a resolver may take its time.
 */
#include "lint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* never_resolves tells whether getaddrinfo(3) takes this for no host: PgBouncer ends there. */
static bool
never_resolves(const char *host, bool numeric)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char others[] = "0123456789.-_";
	size_t n = strlen(host);

	if (numeric)
		return false;
	for (size_t i = 0; i < n; i++) {
		/* A name may be in any language: bytes above 127 are for the resolver. */
		if ((unsigned char)host[i] < 128 && strchr(letters, host[i]) == NULL &&
		    strchr(others, host[i]) == NULL)
			return true;
	}
	return n == 0 || strspn(host, "0123456789.") == n;
}

/* absent tells whether an address is none of this host's, as bind(2) of no particular port says. */
static bool
absent(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool no = fd < 0 ? errno == EAFNOSUPPORT
	                 : bind(fd, address->ai_addr, address->ai_addrlen) != 0 &&
	                       errno == EADDRNOTAVAIL;

	if (fd >= 0)
		close(fd);
	return no;
}

/* address_check judges one address; *here: PgBouncer may listen there. */
static bool
address_check(const struct tw_lint *lint, const char *host, bool *here, struct tw_findings *f,
              struct tw_err *e)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_PASSIVE,
		                        .ai_socktype = SOCK_STREAM };
	struct tw_place at = tw_lint_place(lint, "listen_addr");
	struct addrinfo *found = NULL;
	bool ok = true, numeric;

	*here = true;
	if (strcmp(host, "*") == 0)
		return true;
	numeric = getaddrinfo(host, "0", &hints, &found) == 0;
	if (never_resolves(host, numeric))
		ok = tw_finding_add(f, at, TW_REFUSED, "listen-address",
		                    "separate addresses by commas, without quotes", e,
		                    "listen_addr: '%s' is neither an address nor a name: PgBouncer "
		                    "does not start",
		                    host);
	else if (numeric && !lint->elsewhere && absent(found)) {
		*here = false;
		/* no error while others remain: an address may come and go with its host's role */
		ok = tw_finding_add(f, at, TW_WARNING, "listen-address",
		                    "take an address of this host", e,
		                    "listen_addr: '%s' is no address of this host now: PgBouncer "
		                    "does not listen there",
		                    host);
	}
	if (found != NULL)
		freeaddrinfo(found);
	return ok;
}

bool
tw_lint_addresses(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *at = tw_lint_value(lint, "listen_addr");
	bool some = *at == '\0', here;
	char host[NI_MAXHOST];

	while (*at != '\0') {
		size_t n = strcspn(at, ","), lead = strspn(at, " \t");
		size_t end = n;

		while (end > lead && (at[end - 1] == ' ' || at[end - 1] == '\t'))
			end--;
		if (lead >= end || end - lead >= sizeof(host)) {
			some = true; /* nothing between commas is nothing */
		} else {
			memcpy(host, at + lead, end - lead);
			host[end - lead] = '\0';
			if (!address_check(lint, host, &here, f, e))
				return false;
			some |= here;
		}
		at += n + (at[n] == ',');
	}
	if (some)
		return true;
	if (tw_lint_before(lint, TW_PGBOUNCER(1, 19, 0)))
		return tw_finding_add(
		    f, tw_lint_place(lint, "listen_addr"), TW_ERROR, "listen-address",
		    "take an address of this host", e,
		    "listen_addr: no address of it is this host's: PgBouncer starts without TCP");
	return tw_finding_add(
	    f, tw_lint_place(lint, "listen_addr"), TW_REFUSED, "listen-address",
	    "take an address of this host", e,
	    "listen_addr: no address of it is this host's: PgBouncer does not start");
}
