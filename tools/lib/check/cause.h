/* SPDX-License-Identifier: ISC */
/*
 * cause.h: why a check is not well, and what to do: one sentence for whoever is woken, and a longer
 * text for --explain. A status never depends on it.
 */
#pragma once

enum tw_cause {
	TW_CAUSE_NONE,
	TW_CAUSE_HANGS,         /* PgBouncer's process does not answer */
	TW_CAUSE_GONE,          /* it is not there */
	TW_CAUSE_REFUSED,       /* the console does not let us in */
	TW_CAUSE_NO_CONSOLE,    /* what answers is none */
	TW_CAUSE_PORT_FOREIGN,  /* another process has the port */
	TW_CAUSE_PORT_CLOSED,   /* nobody listens */
	TW_CAUSE_PORT_LATE,     /* its backlog is full */
	TW_CAUSE_FROZEN,        /* by the application's lock */
	TW_CAUSE_DISABLED,      /* a database */
	TW_CAUSE_PAUSED,        /* a database, or all */
	TW_CAUSE_SUSPENDED,     /* all of it */
	TW_CAUSE_STRANDED,      /* PostgreSQL cannot be reached, or refuses the pooler */
	TW_CAUSE_EXHAUSTED,     /* all server connections are taken */
	TW_CAUSE_RESERVE,       /* the reserve is in use */
	TW_CAUSE_SLOW,          /* clients wait */
	TW_CAUSE_CLIENTS,       /* max_client_conn */
	TW_CAUSE_DESCRIPTORS,   /* the process's limit */
	TW_CAUSE_MEMORY,        /* the process's */
	TW_CAUSE_REPLACED,      /* another program lies on the disk */
	TW_CAUSE_CONFIG,        /* settings differ from the site */
	TW_CAUSE_SITE,          /* no pooler could have it */
	TW_CAUSE_POSTGRES,      /* it does not answer */
	TW_CAUSE_POSTGRES_ROLE, /* it does not let the check in */
	TW_CAUSE_CONNECTIONS,   /* max_connections */
	TW_CAUSE_STRAGGLERS,    /* somebody comes past the pooler */
	TW_CAUSE_LOGIN,         /* a client is refused */
	TW_CAUSE_LOGIN_LATE,    /* a client gets no answer */
	TW_CAUSE_CERTIFICATE,   /* ends soon, or has ended */
	TW_CAUSE_LOG,           /* cannot be written */
	TW_CAUSE_ADVISORIES,    /* known of the version */
	TW_CAUSE_DEPLOY,        /* the last one did not end */
	TW_CAUSE_SECRETS,       /* differ from PostgreSQL's */
	TW_CAUSE_TIME,          /* none was left */
	TW_CAUSE_CHECK,         /* the check itself, its files */
	TW_CAUSES,
};

/* tw_cause_word is "exhausted": the name of a cause for programs; NULL for NONE. */
const char *tw_cause_word(enum tw_cause cause);

/* tw_cause_why is the cause in a part of a sentence, tw_cause_remedy what to do. */
const char *tw_cause_why(enum tw_cause cause);
const char *tw_cause_remedy(enum tw_cause cause);

/* tw_cause_text is what --explain says beyond these: some sentences on one line. */
const char *tw_cause_text(enum tw_cause cause);
