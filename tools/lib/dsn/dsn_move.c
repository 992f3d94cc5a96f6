/* SPDX-License-Identifier: ISC */
/* dsn_move.c: which bytes of a DSN to change so that it has another port and host. */
#include "dsn_scan.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* address_is tells whether a host is an address of a family, or of any (AF_UNSPEC). */
static bool
address_is(const char *host, int family)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	if (family == AF_UNSPEC)
		return address_is(host, AF_INET) || address_is(host, AF_INET6);
	return inet_pton(family, host, bytes) == 1;
}

bool
tw_dsn_host_check(const char *host, struct tw_err *e)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._:/-";

	if (*host == '\0' || host[strspn(host, allowed)] != '\0') {
		tw_fail(e, EX_USAGE, "'%s' is not a host", host);
		return tw_hint(
		    e, "a host is a name, an address or a directory of A-Z a-z 0-9 . _ : / -");
	}
	if (strchr(host, ':') != NULL && !address_is(host, AF_INET6))
		return tw_fail(e, EX_USAGE, "'%s' is not an IPv6 address", host);
	if (*host != '/' && strchr(host, '/') != NULL)
		return tw_fail(e, EX_USAGE, "'%s' is not an absolute directory", host);
	return true;
}

/* marker_in tells whether a value is there and contains a marker. */
static bool
marker_in(const char *value)
{
	return value != NULL && tw_dsn_marked(value);
}

/* has_comma tells whether a value is there and is a list. */
static bool
has_comma(const char *value)
{
	return value != NULL && strchr(value, ',') != NULL;
}

/* single refuses a list, unless one host is to take its place. */
static bool
single(const struct tw_dsn *dsn, const struct tw_dsn_target *target, struct tw_err *e)
{
	bool hosts = has_comma(dsn->value[TW_DSN_HOST]) || has_comma(dsn->value[TW_DSN_HOSTADDR]);

	if (!tw_dsn_several(dsn))
		return true;
	if (target->host == NULL) {
		tw_fail(e, EX_DATAERR, "it names several %s", hosts ? "hosts" : "ports");
		return tw_hint(e, "a pooler takes the place of all of them: say --to-host.");
	}
	if (dsn->parameter[TW_DSN_HOST] || dsn->parameter[TW_DSN_PORT])
		return tw_fail(e, EX_DATAERR, "it names hosts in two places");
	return true;
}

/* certain refuses a DSN whose effective host or port its text does not prove. */
static bool
certain(const struct tw_dsn *dsn, const struct tw_dsn_target *target, struct tw_err *e)
{
	const char *host = dsn->value[TW_DSN_HOST], *addr = dsn->value[TW_DSN_HOSTADDR];
	const char *port = dsn->value[TW_DSN_PORT];

	if (dsn->opaque)
		return tw_fail(e, EX_DATAERR, "cannot tell host, port and password apart");
	if (dsn->value[TW_DSN_SERVICE] != NULL) {
		tw_fail(e, EX_DATAERR, "its service may set host and port elsewhere");
		return tw_hint(e, "move the service in pg_service.conf, or name host and port.");
	}
	if (!single(dsn, target, e))
		return false;
	if (dsn->form == TW_DSN_JDBC && (host == NULL || dsn->no_authority) &&
	    (target->host == NULL || dsn->no_authority)) {
		tw_fail(e, EX_DATAERR, "it names no host, and JDBC reads no port without one");
		return tw_hint(e, dsn->no_authority ? "write jdbc:postgresql://HOST/DATABASE."
		                                    : "say --to-host.");
	}
	if (dsn->closed &&
	    (port == NULL || (target->host != NULL && host == NULL && addr == NULL))) {
		tw_fail(e, EX_DATAERR, "it names no %s", port == NULL ? "port" : "host");
		return tw_hint(e, "only what is there can be moved: write it beside the others.");
	}
	if (port != NULL && *port == '\0')
		return tw_fail(e, EX_DATAERR, "its port is empty");
	if (marker_in(port))
		return tw_fail(e, EX_DATAERR, "its port is a marker or an expression");
	if (port != NULL && port[strspn(port, "0123456789,")] != '\0')
		return tw_fail(e, EX_DATAERR, "its port is not a number");
	if (target->host != NULL && (marker_in(host) || marker_in(addr)))
		return tw_fail(e, EX_DATAERR, "its host is a marker or an expression");
	if (target->host != NULL && addr != NULL && !address_is(target->host, AF_UNSPEC))
		return tw_fail(e, EX_DATAERR,
		               "its hostaddr overrides a host, and '%s' is no address",
		               target->host);
	return true;
}

/* change_new starts a change of a span; they are kept by rising place. */
static struct tw_buf *
change_new(struct tw_dsn_changes *changes, struct tw_span at)
{
	size_t i = changes->n++;

	for (; i > 0 && changes->item[i - 1].at.begin > at.begin; i--)
		changes->item[i] = changes->item[i - 1];
	changes->item[i] = (struct tw_dsn_change){ at, TW_BUF_INIT };
	return &changes->item[i].new;
}

/* uri_host appends a host as a URI takes it; `parameter`: after the '?', without brackets. */
static bool
uri_host(struct tw_buf *out, const char *host, bool parameter, struct tw_err *e)
{
	bool bracket = !parameter && strchr(host, ':') != NULL;

	if (bracket && !tw_buf_puts(out, "[", e))
		return false;
	for (; *host != '\0'; host++) {
		if (!(*host == '/' ? tw_buf_puts(out, "%2F", e) : tw_buf_add(out, host, 1, e)))
			return false;
	}
	return !bracket || tw_buf_puts(out, "]", e);
}

/* url_is tells whether a DSN has an authority, with an encoding of its own. */
static bool
url_is(const struct tw_dsn *dsn)
{
	return dsn->form != TW_DSN_KEYWORD && dsn->form != TW_DSN_ODBC;
}

/* host_change replaces a host or hostaddr that the text has. */
static bool
host_change(const struct tw_dsn *dsn, enum tw_dsn_key key, const char *host,
            struct tw_dsn_changes *changes, struct tw_err *e)
{
	struct tw_buf *new;

	if (dsn->value[key] == NULL || strcmp(dsn->value[key], host) == 0)
		return true;
	new = change_new(changes, dsn->span[key]);
	return url_is(dsn) ? uri_host(new, host, dsn->parameter[key], e)
	                   : tw_buf_puts(new, host, e);
}

/* keywords_append adds what is absent at the end of the text, as one change. */
static bool
keywords_append(const char *text, const struct tw_dsn *dsn, const char *host, const char *port,
                struct tw_dsn_changes *changes, struct tw_err *e)
{
	size_t end = strlen(text);
	const char *separator = dsn->separator != NULL ? dsn->separator : " ";
	bool odbc = dsn->form == TW_DSN_ODBC, closed = odbc && end > 0 && text[end - 1] == ';';
	struct tw_buf *new;

	if (host == NULL && port == NULL)
		return true;
	if (dsn->open_end)
		return tw_fail(e, EX_DATAERR,
		               "its last value is not finished, so nothing can follow");
	new = change_new(changes, (struct tw_span){ end, end });
	if (odbc)
		return (closed || tw_buf_puts(new, ";", e)) &&
		       (host == NULL || tw_buf_printf(new, e, "Server=%s;", host)) &&
		       (port == NULL ||
		        tw_buf_printf(new, e, "Port=%s%s", port, closed ? ";" : ""));
	return (host == NULL || tw_buf_printf(new, e, "%shost=%s", separator, host)) &&
	       (port == NULL || tw_buf_printf(new, e, "%sport=%s", separator, port));
}

/* uri_insert adds what is absent to the authority, as one change where both are. */
static bool
uri_insert(const struct tw_dsn *dsn, const char *host, const char *port,
           struct tw_dsn_changes *changes, struct tw_err *e)
{
	struct tw_span port_at = { dsn->port_at, dsn->port_at };
	const char *colon = dsn->colon ? "" : ":";
	struct tw_buf *new;

	if (host != NULL) {
		new = change_new(changes, dsn->host);
		if (!uri_host(new, host, false, e))
			return false;
		if (port == NULL || dsn->colon)
			return port == NULL || tw_buf_puts(change_new(changes, port_at), port, e);
		return tw_buf_printf(new, e, ":%s", port);
	}
	for (size_t i = 0; port != NULL && i < changes->n; i++) {
		if (changes->item[i].at.end == port_at.begin) /* the host just before */
			return tw_buf_printf(&changes->item[i].new, e, "%s%s", colon, port);
	}
	return port == NULL || tw_buf_printf(change_new(changes, port_at), e, "%s%s", colon, port);
}

bool
tw_dsn_move(const char *text, const struct tw_dsn *dsn, const struct tw_dsn_target *target,
            struct tw_dsn_changes *changes, struct tw_err *e)
{
	const char *port = dsn->value[TW_DSN_PORT], *host = target->host;
	struct tw_dsn_changes own = TW_DSN_CHANGES_INIT;
	bool list = url_is(dsn) && tw_dsn_several(dsn);
	bool add_host = host != NULL && dsn->value[TW_DSN_HOST] == NULL &&
	                dsn->value[TW_DSN_HOSTADDR] == NULL;
	char number[32];
	bool ok = certain(dsn, target, e);

	snprintf(number, sizeof(number), "%ld", target->port);
	if (ok && list) {
		struct tw_buf *new = change_new(&own, dsn->hosts);

		ok = uri_host(new, host, false, e) && tw_buf_printf(new, e, ":%s", number);
	}
	if (ok && host != NULL)
		ok = (list || host_change(dsn, TW_DSN_HOST, host, &own, e)) &&
		     host_change(dsn, TW_DSN_HOSTADDR, host, &own, e);
	if (ok && !list && port != NULL &&
	    (strlen(port) > 5 || strtol(port, NULL, 10) != target->port))
		ok = tw_buf_puts(change_new(&own, dsn->span[TW_DSN_PORT]), number, e);
	if (ok && url_is(dsn) && !list)
		ok = uri_insert(dsn, add_host ? host : NULL, port == NULL ? number : NULL, &own, e);
	else if (ok && !url_is(dsn))
		ok = keywords_append(text, dsn, add_host ? host : NULL,
		                     port == NULL ? number : NULL, &own, e);
	if (!ok) {
		tw_dsn_changes_free(&own);
		return false;
	}
	*changes = own;
	return true;
}

void
tw_dsn_changes_free(struct tw_dsn_changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		tw_buf_free(&changes->item[i].new);
	changes->n = 0;
}
