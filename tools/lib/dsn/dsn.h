/* SPDX-License-Identifier: ISC */
/*
 * dsn.h: what a PostgreSQL connection string says, and how to move its port and host with no other
 * effect. libpq judges and proves; the scanners here only know where in the text its values stand.
 */
#pragma once

#include "base/buf.h"

/* The two forms of libpq, and those of other drivers: JDBC, SQLAlchemy's prefix, ODBC. */
enum tw_dsn_form { TW_DSN_KEYWORD, TW_DSN_URI, TW_DSN_JDBC, TW_DSN_SQLALCHEMY, TW_DSN_ODBC };

/* The values that twpool looks at: those that make a text a DSN, and those that a pooler minds. */
enum tw_dsn_key {
	TW_DSN_HOST,
	TW_DSN_HOSTADDR,
	TW_DSN_PORT,
	TW_DSN_DBNAME,
	TW_DSN_USER,
	TW_DSN_SERVICE,
	TW_DSN_OPTIONS,
	TW_DSN_REPLICATION,
	TW_DSN_CHANNEL_BINDING,
	TW_DSN_SSLMODE,
	TW_DSN_GSSENCMODE,
	TW_DSN_TARGET_SESSION_ATTRS,
	TW_DSN_KEYS,
};

/* The first of those that do not make a text a DSN. */
#define TW_DSN_NAMING TW_DSN_OPTIONS

/* A part of a text, from `begin` up to but not including `end`. */
struct tw_span {
	size_t begin, end;
};

struct tw_dsn {
	enum tw_dsn_form form;
	bool opaque;              /* parts of a password may stand where libpq sees others */
	char *value[TW_DSN_KEYS]; /* as libpq reads it, markers kept; NULL where absent */
	struct tw_span span[TW_DSN_KEYS]; /* the text of the value, quotes excluded */
	bool parameter[TW_DSN_KEYS];      /* of a URI: stands after the '?' */
	struct tw_span host;              /* of a URI: the authority's host, brackets included */
	struct tw_span hosts;             /* of a URI: all its hosts and ports */
	size_t port_at;                   /* of a URI: where its authority takes a port */
	bool colon;                       /* of a URI: a colon without a port stands before that */
	bool no_authority;                /* of JDBC: nothing to take a host or a port */
	bool closed;                      /* of settings: nothing can be added to them */
	const char *separator;            /* of keywords: before what is added; NULL: a blank */
	bool open_end;          /* of keywords: text added at the end would join a value */
	size_t named;           /* how many of the values that make a text a DSN it has */
	struct tw_span *secret; /* the values that must not be shown */
	size_t secrets;
};

#define TW_DSN_INIT            \
	{                      \
		.secret = NULL \
	}

/* What a DSN shall say; host is NULL where it keeps its own. */
struct tw_dsn_target {
	const char *host;
	long port;
};

/* One part of a text and what replaces it. */
struct tw_dsn_change {
	struct tw_span at;
	struct tw_buf new;
};

/* Changes by rising place, none overlapping; no change is a DSN that is as it shall be. */
struct tw_dsn_changes {
	size_t n;
	struct tw_dsn_change item[TW_DSN_KEYS];
};

#define TW_DSN_CHANGES_INIT \
	{                   \
		.n = 0      \
	}

/* tw_dsn_form_name is "keyword", "uri", "jdbc", "sqlalchemy" or "odbc". */
const char *tw_dsn_form_name(enum tw_dsn_form form);

/*
 * tw_dsn_read tells in *is whether n bytes are a DSN: a URI that libpq reads, keywords that it
 * reads with at least one of those above, or a form of another driver. A marker such as %DB% stands
 * for a value. Where it is, `dsn` is filled and the caller's to free. The only error is no memory.
 */
bool tw_dsn_read(const char *text, size_t n, struct tw_dsn *dsn, bool *is, struct tw_err *e);

/* tw_dsn_free wipes and releases what tw_dsn_read filled. */
void tw_dsn_free(struct tw_dsn *dsn);

/* tw_dsn_several tells whether a DSN names more hosts or ports than one. */
bool tw_dsn_several(const struct tw_dsn *dsn);

/*
 * tw_dsn_breaks is the name of the i-th keyword of a DSN that does not work through a pooler, NULL
 * after the last. tw_dsn_breaks_refuse refuses (EX_DATAERR, with the remedy) the first that is not
 * among the n names `accept`; tw_dsn_breaks_known tells whether a name is one of them at all.
 */
const char *tw_dsn_breaks(const struct tw_dsn *dsn, size_t i);
bool tw_dsn_breaks_refuse(const struct tw_dsn *dsn, const char *const *accept, size_t n,
                          struct tw_err *e);
bool tw_dsn_breaks_known(const char *name);

/*
 * tw_dsn_host_check refuses (EX_USAGE) a host that a DSN could not hold unquoted: it must be a
 * name, an address, or an absolute directory of [A-Za-z0-9._:/-].
 */
bool tw_dsn_host_check(const char *host, struct tw_err *e);

/*
 * tw_dsn_move finds the changes that make `target` the host and port of a DSN. EX_DATAERR where
 * the effective port is not certain (a service, an empty port, a marker, several hosts and no
 * target->host to take their place).
 */
bool tw_dsn_move(const char *text, const struct tw_dsn *dsn, const struct tw_dsn_target *target,
                 struct tw_dsn_changes *changes, struct tw_err *e);

/* tw_dsn_changed appends the changed form of a text. */
bool tw_dsn_changed(const struct tw_buf *text, const struct tw_dsn_changes *changes,
                    struct tw_buf *out, struct tw_err *e);

/*
 * tw_dsn_prove has libpq read both texts: they must agree in every keyword but host, hostaddr and
 * port, and those must be as asked. EX_SOFTWARE where not. Of the forms of other drivers it reads
 * what tw_dsn_libpq makes of them: host, port, dbname, user and what a pooler minds.
 */
bool tw_dsn_prove(const char *old, const char *new, const struct tw_dsn_target *target,
                  struct tw_err *e);

/* tw_dsn_changes_free releases changes; also none. */
void tw_dsn_changes_free(struct tw_dsn_changes *changes);

/* tw_dsn_masked appends a DSN in which every password is three asterisks. */
bool tw_dsn_masked(const struct tw_buf *text, const struct tw_dsn *dsn, struct tw_buf *out,
                   struct tw_err *e);
