/* SPDX-License-Identifier: ISC */
/* target.c: libpq's own reading of its parameters, and what of it the wire client can do. */
#include "target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* A parameter that the wire client cannot do, unless it has one of these values. */
static const struct {
	const char *keyword, *fine, *fine_too;
} limits[] = {
	{ "target_session_attrs", "any", "any" },
	{ "channel_binding", "disable", "prefer" },
	{ "gssencmode", "disable", "prefer" },
	{ "require_auth", "", "" },
	{ "requirepeer", "", "" },
	{ "replication", "", "" },
	{ "sslcert", "", "" },
	{ "sslkey", "", "" },
	{ "sslcrl", "", "" },
	{ "sslcrldir", "", "" },
	{ "sslnegotiation", "postgres", "postgres" },
	{ "load_balance_hosts", "disable", "disable" },
};

void
tw_wire_target_free(struct tw_wire_target *t)
{
	if (t->password != NULL)
		explicit_bzero(t->password, strlen(t->password));
	free(t->password);
	free(t->host);
	free(t->user);
	free(t->scratch);
	tw_buf_free(&t->startup);
	SSL_CTX_free(t->context);
	tw_scram_key_free(&t->key);
	*t = (struct tw_wire_target)TW_WIRE_TARGET_INIT;
}

/* value is what libpq made of a keyword, "" where it has none. */
static const char *
value(const PQconninfoOption *o, const char *keyword)
{
	for (; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, keyword) == 0)
			return o->val != NULL ? o->val : "";
	}
	return "";
}

/*
 * template_make lets libpq read the parameters, with its service and password files, and stop there:
 * target_session_attrs is the last one that it looks at (fe-connect.c, connectOptions2), and this
 * value is none, so that no connection is made.
 */
static PGconn *
template_make(const struct tw_pg_params *p, struct tw_err *e)
{
	struct tw_pg_params own = TW_PG_PARAMS_INIT;
	PGconn *conn = NULL;
	bool ok = true;

	for (size_t i = 0; ok && i < p->n; i++)
		ok = tw_pg_params_set(&own, p->keyword[i], p->value[i], e);
	ok = ok && tw_pg_params_set(&own, "target_session_attrs", "nothing", e);
	if (ok) {
		conn = PQconnectStartParams((const char *const *)own.keyword,
		                            (const char *const *)own.value, 0);
		if (conn == NULL)
			tw_fail(e, EX_OSERR, "out of memory");
	}
	tw_pg_params_free(&own);
	return conn;
}

/* fit tells whether the wire client can do what is asked; EX_UNAVAILABLE with what it cannot. */
static bool
fit(const struct tw_pg_params *p, const PQconninfoOption *o, const char *password, struct tw_err *e)
{
	static const char *const single[] = { "host", "hostaddr", "port" };

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		const char *keyword = limits[i].keyword, *is = value(o, keyword);

		/* libpq was told another one */
		if (i == 0)
			is = tw_pg_params_get(p, keyword) != NULL ? tw_pg_params_get(p, keyword) : "";
		if (*is != '\0' && strcmp(is, limits[i].fine) != 0 &&
		    strcmp(is, limits[i].fine_too) != 0)
			return tw_fail(e, EX_UNAVAILABLE, "the wire client has no %s=%s", keyword, is);
	}
	for (size_t i = 0; i < sizeof(single) / sizeof(*single); i++) {
		if (strchr(value(o, single[i]), ',') != NULL)
			return tw_fail(e, EX_UNAVAILABLE, "the wire client takes one %s", single[i]);
	}
	if (strcmp(value(o, "sslmode"), "allow") == 0)
		return tw_fail(e, EX_UNAVAILABLE, "the wire client has no sslmode=allow");
	if (strncmp(value(o, "sslmode"), "verify", 6) == 0 && *value(o, "sslrootcert") == '\0')
		return tw_fail(e, EX_UNAVAILABLE, "the wire client needs sslrootcert");
	for (; *password != '\0'; password++) {
		if ((*password & 0x80) != 0)
			return tw_fail(e, EX_UNAVAILABLE,
			               "the wire client has no SASLprep for passwords beyond ASCII");
	}
	return true;
}

/* socket_address fills in the address of a Unix socket. */
static bool
socket_address(struct tw_wire_target *t, const char *directory, const char *port, struct tw_err *e)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&t->address;
	int n = snprintf(un->sun_path, sizeof(un->sun_path), "%s/.s.PGSQL.%s", directory, port);

	if (n < 0 || (size_t)n >= sizeof(un->sun_path))
		return tw_fail(e, EX_UNAVAILABLE, "'%s' is too long for a Unix socket", directory);
	un->sun_family = AF_UNIX;
	t->address_n = sizeof(*un);
	snprintf(t->place, sizeof(t->place), "connection to server on socket \"%.200s\" failed",
	         un->sun_path);
	return true;
}

/* address_find resolves the host; its name may be looked up, which blocks. */
static bool
address_find(struct tw_wire_target *t, const PQconninfoOption *o, struct tw_err *e)
{
	const char *addr = value(o, "hostaddr"), *host = value(o, "host"), *port = value(o, "port");
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	const char *name = *addr != '\0' ? addr : host;
	int code;

	if (*port == '\0')
		port = "5432";
	if (*addr == '\0' && (*host == '/' || *host == '\0'))
		return socket_address(t, *host == '/' ? host : "/var/run/postgresql", port, e);
	hints.ai_flags = *addr != '\0' ? AI_NUMERICHOST : 0;
	code = getaddrinfo(name, port, &hints, &found);
	if (code != 0)
		return tw_fail(e, EX_UNAVAILABLE, "could not translate host name \"%s\": %s", name,
		               gai_strerror(code));
	memcpy(&t->address, found->ai_addr, found->ai_addrlen);
	t->address_n = found->ai_addrlen;
	freeaddrinfo(found);
	snprintf(t->place, sizeof(t->place),
	         "connection to server at \"%.200s\", port %.20s failed", name, port);
	return true;
}

/* startup_add appends a keyword and its value, each with its NUL; nothing where it has none. */
static bool
startup_add(struct tw_buf *b, const char *keyword, const char *text, struct tw_err *e)
{
	return *text == '\0' || (tw_buf_add(b, keyword, strlen(keyword) + 1, e) &&
	                         tw_buf_add(b, text, strlen(text) + 1, e));
}

/* startup_make builds the packet once for all sessions: length, version 3.0, parameters. */
static bool
startup_make(struct tw_wire_target *t, const PQconninfoOption *o, const char *database,
             struct tw_err *e)
{
	const char *application = value(o, "application_name");
	uint32_t head[2] = { 0, htonl(196608) };
	bool ok;

	if (*application == '\0')
		application = value(o, "fallback_application_name");
	ok = tw_buf_add(&t->startup, head, sizeof(head), e) &&
	     startup_add(&t->startup, "user", t->user, e) &&
	     startup_add(&t->startup, "database", database, e) &&
	     startup_add(&t->startup, "options", value(o, "options"), e) &&
	     startup_add(&t->startup, "application_name", application, e) &&
	     startup_add(&t->startup, "client_encoding", value(o, "client_encoding"), e) &&
	     tw_buf_add(&t->startup, "", 1, e);
	if (ok) {
		head[0] = htonl((uint32_t)t->startup.len);
		memcpy(t->startup.data, head, sizeof(*head));
	}
	return ok;
}

/* tls_make prepares TLS where it may come to it. */
static bool
tls_make(struct tw_wire_target *t, const PQconninfoOption *o, struct tw_err *e)
{
	const char *mode = value(o, "sslmode"), *root = value(o, "sslrootcert");

	if (t->address.ss_family == AF_UNIX || strcmp(mode, "disable") == 0)
		return true;
	t->tls = *mode == '\0' || strcmp(mode, "prefer") == 0 ? TW_WIRE_TLS_PREFER
	                                                      : TW_WIRE_TLS_REQUIRE;
	t->verify_host = strcmp(mode, "verify-full") == 0;
	t->context = SSL_CTX_new(TLS_client_method());
	if (t->context == NULL)
		return tw_fail(e, EX_OSERR, "libssl: no context");
	SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION);
	/* An idle bot holds no buffers; writing may go on from another address. */
	SSL_CTX_set_mode(t->context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (strncmp(mode, "verify", 6) != 0)
		return true;
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
	if (strcmp(root, "system") == 0 ? SSL_CTX_set_default_verify_paths(t->context) != 1
	                                : SSL_CTX_load_verify_locations(t->context, root, NULL) != 1)
		return tw_fail(e, EX_NOINPUT, "sslrootcert '%s' cannot be read", root);
	return true;
}

/* target_fill takes over what libpq has made of the parameters. */
static bool
target_fill(struct tw_wire_target *t, const PGconn *conn, const PQconninfoOption *o,
            struct tw_err *e)
{
	const char *user = PQuser(conn), *database = PQdb(conn), *password = PQpass(conn);

	t->user = strdup(user != NULL ? user : "");
	t->host = strdup(value(o, "host"));
	t->password = strdup(password != NULL ? password : "");
	t->scratch = malloc(TW_WIRE_SCRATCH);
	if (t->user == NULL || t->host == NULL || t->password == NULL || t->scratch == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	return address_find(t, o, e) && tls_make(t, o, e) &&
	       startup_make(t, o, database != NULL ? database : t->user, e);
}

bool
tw_wire_target_read(const struct tw_pg_params *p, struct tw_wire_target *t, struct tw_err *e)
{
	struct tw_wire_target own = TW_WIRE_TARGET_INIT;
	PGconn *conn = template_make(p, e);
	PQconninfoOption *o;
	const char *password;
	bool ok;

	if (conn == NULL)
		return false;
	o = PQconninfo(conn);
	password = PQpass(conn);
	if (o == NULL || PQuser(conn) == NULL || *PQuser(conn) == '\0') {
		/* A service that is not there, for one: libpq has its own words for it. */
		ok = tw_fail(e, EX_UNAVAILABLE, "%s", PQerrorMessage(conn));
	} else {
		ok = fit(p, o, password != NULL ? password : "", e) &&
		     target_fill(&own, conn, o, e);
	}
	PQconninfoFree(o);
	PQfinish(conn);
	if (ok)
		*t = own;
	else
		tw_wire_target_free(&own);
	return ok;
}
