/* SPDX-License-Identifier: ISC */
/* cause.c: the troubleshooting section of the guide, as rows. */
#include "cause.h"

#include <stddef.h>

static const struct {
	const char *word, *why, *remedy, *text;
} causes[TW_CAUSES] = {
	[TW_CAUSE_HANGS] = { "hangs", "PgBouncer's process does not answer",
	                     "journalctl -u pgbouncer, then systemctl restart pgbouncer and the "
	                     "server behind it; "
	                     "twpool-rollback goes back to direct connections",
	                     "One process serves everybody, so a console that hangs is a pooler "
	                     "that hangs: it is "
	                     "stopped (SIGSTOP, a debugger), starved of CPU, or waits for a disk. "
	                     "Up to 1.19 the "
	                     "login of a user who is not in the auth file hangs too. A server that "
	                     "never reconnects "
	                     "must be restarted after the pooler was." },
	[TW_CAUSE_GONE] = { "gone", "nobody is there: PgBouncer does not run, or listens elsewhere",
	                    "systemctl status pgbouncer, journalctl -u pgbouncer; start it, then "
	                    "restart a server "
	                    "that does not reconnect; or twpool-rollback",
	                    "\"connection refused\" at the pooler's port has the same cause. The "
	                    "journal's last line "
	                    "before the end says why: a port that is taken, an ini file that it "
	                    "refuses, no "
	                    "memory." },
	[TW_CAUSE_REFUSED] = { "refused", "the console does not let this user in",
	                       "run as root, as PgBouncer's OS user or as twpool-check, or add the "
	                       "user to stats_users",
	                       "Nothing is known of the pooler then, neither good nor bad. "
	                       "PgBouncer lets in without a "
	                       "password only the OS user that it runs as, over its Unix socket, "
	                       "and whom its hba file "
	                       "lets in by peer." },
	[TW_CAUSE_NO_CONSOLE] = { "no-console",
	                          "what answers is not the admin console of a PgBouncer",
	                          "give the pooler's Unix socket and port with --dsn, database "
	                          "pgbouncer",
	                          "Another server has that socket or port, PostgreSQL itself for "
	                          "example." },
	[TW_CAUSE_PORT_FOREIGN] = { "port-foreign",
	                            "another process has the pooler's port: clients talk to that "
	                            "one",
	                            "find it (ss -ltnp), end it, and restart the pooler",
	                            "Up to 1.18 PgBouncer comes up on its Unix socket alone where "
	                            "its port is taken, and "
	                            "says READY. Often it is a second PgBouncer, or an old one "
	                            "that still drains." },
	[TW_CAUSE_PORT_CLOSED] = { "port-closed", "PgBouncer runs, but not at this address",
	                           "look at listen_addr and the journal, and restart the pooler",
	                           "The address did not exist when it started, or it shuts down: "
	                           "since 1.23 it stops "
	                           "listening and waits for its clients. listen_addr changes by a "
	                           "restart only." },
	[TW_CAUSE_PORT_LATE] = { "port-late",
	                         "the address takes no connection in time: its backlog is full",
	                         "look for a storm of logins and for descriptors; raise "
	                         "net.core.somaxconn and "
	                         "listen_backlog",
	                         "At its limit of descriptors PgBouncer accepts nobody, and "
	                         "clients hang without an "
	                         "error." },
	[TW_CAUSE_FROZEN] = { "frozen", "the server waits for itself, and nothing will ever move",
	                      "restart the server now (SIGKILL), then give it a pool of players + "
	                      "2, or a lock per "
	                      "connection",
	                      "It holds one lock around every call of libpq. As soon as all server "
	                      "connections of its "
	                      "pool are in open transactions, whoever has the lock waits for a "
	                      "server connection, and "
	                      "whoever could COMMIT waits for the lock. Logins go on succeeding; "
	                      "no timeout of "
	                      "PgBouncer's cures it. See docs/SERVER_DB_CONNECTION_UPDATE.md." },
	[TW_CAUSE_DISABLED] = { "disabled", "somebody has disabled the database in the console",
	                        "ENABLE it there",
	                        "New clients are refused, those that are in go on. A RELOAD does "
	                        "not take it back." },
	[TW_CAUSE_PAUSED] = { "paused",
	                      "somebody has paused it in the console, and clients wait without end",
	                      "RESUME it there; if a deploy or a script did it, find out how that "
	                      "ended",
	                      "A console connection that is dropped while PAUSE waits leaves the "
	                      "pause behind, and so "
	                      "does KILL. Waiting clients are thrown out after "
	                      "query_wait_timeout." },
	[TW_CAUSE_SUSPENDED] = { "suspended", "somebody has suspended PgBouncer in the console",
	                         "RESUME it there",
	                         "SUSPEND is made for an online restart (-R), which ends in "
	                         "seconds." },
	[TW_CAUSE_STRANDED] = { "stranded",
	                        "the pooler gets no server connection: PostgreSQL is down, full, "
	                        "or refuses "
	                        "its login",
	                        "read PgBouncer's log, then: start PostgreSQL, make room in "
	                        "max_connections, or "
	                        "twpool-auth for a secret that has changed",
	                        "The pooler is half-dead: it takes clients and can serve none. "
	                        "After a failed login it "
	                        "waits for server_login_retry before it tries again. The log's "
	                        "line \"login failed\" has "
	                        "PostgreSQL's own words; twpool-check --explain-line explains "
	                        "it." },
	[TW_CAUSE_EXHAUSTED] = { "exhausted", "every server connection of the pool is taken",
	                         "shorten the longest transactions, or raise default_pool_size in "
	                         "site.json and "
	                         "twpool-deploy (a reload)",
	                         "A pool serves as many transactions at a time as it has server "
	                         "connections. Look for "
	                         "\"idle in transaction\" in pg_stat_activity first: a client that "
	                         "thinks within a "
	                         "transaction keeps one. twpool-size says how far the pool may "
	                         "grow." },
	[TW_CAUSE_RESERVE] = { "reserve",
	                       "clients waited for longer than reserve_pool_timeout, so the "
	                       "reserve is used",
	                       "raise default_pool_size in site.json, or find what is slow",
	                       "The reserve is a fuse and no capacity: it helps for a moment, and "
	                       "says that the pool is "
	                       "too small for what happens." },
	[TW_CAUSE_SLOW] = { "slow", "clients wait for a server connection",
	                    "find the long transactions (pg_stat_activity), or raise "
	                    "default_pool_size in site.json",
	                    "\"Slow queries\" through a pooler are often fast queries that wait "
	                    "for their turn. "
	                    "Compare mean_wait and maxwait with what PostgreSQL says of the "
	                    "queries themselves." },
	[TW_CAUSE_CLIENTS] = { "clients",
	                       "the pooler is nearly at max_client_conn, where new clients are "
	                       "refused",
	                       "raise max_client_conn in site.json and twpool-deploy, or find who "
	                       "holds so many",
	                       "\"no more connections allowed\" is what clients see then. Each "
	                       "needs a descriptor: "
	                       "a deploy sets LimitNOFILE along with it, which takes a restart." },
	[TW_CAUSE_DESCRIPTORS] = { "descriptors", "the process is nearly out of file descriptors",
	                           "raise LimitNOFILE (twpool-size --descriptors says to what) and "
	                           "restart the pooler",
	                           "At the limit accept() fails and new clients hang, with no "
	                           "error of their own. PgBouncer "
	                           "never raises its own limit." },
	[TW_CAUSE_MEMORY] = { "memory", "the process uses nearly all the memory that it may",
	                      "look for clients with large packets or many prepared statements; "
	                      "raise MemoryMax, or "
	                      "lower max_client_conn",
	                      "A pooler needs about 2 kB for an idle client and 7 kB for one that "
	                      "has worked; more "
	                      "comes from pkt_buf and max_prepared_statements. At its cgroup's "
	                      "limit it is killed." },
	[TW_CAUSE_REPLACED] = { "replaced",
	                        "the program on the disk is newer than the one that runs",
	                        "restart the pooler when its clients can bear it, and a server "
	                        "that does not reconnect",
	                        "A package was upgraded and the process was not restarted: what "
	                        "the update mends is not "
	                        "mended yet, and the next unplanned restart changes the version." },
	[TW_CAUSE_CONFIG] = { "config", "the running pooler is not as the site has it",
	                      "the console's RELOAD takes back what was SET there; twpool-deploy "
	                      "makes the pooler as "
	                      "the site is",
	                      "Somebody used SET, a reload failed half way (PgBouncer then keeps "
	                      "some new values and "
	                      "resets others to defaults), a setting waits for a restart, or the "
	                      "site was edited and "
	                      "not deployed." },
	[TW_CAUSE_SITE] = { "site", "the site file says what no pooler could have",
	                    "twpool-site check FILE names the place", "Nothing was compared." },
	[TW_CAUSE_POSTGRES] = { "postgres", "PostgreSQL itself does not answer",
	                        "pg_lsclusters, its log; the pooler finds it again by itself",
	                        "It is down, starts, recovers, hangs on a disk, or is full: at "
	                        "max_connections a login "
	                        "is refused with 53300." },
	[TW_CAUSE_POSTGRES_ROLE] = { "postgres-role", "PostgreSQL does not let the check in",
	                             "give another role with --postgres, or leave PostgreSQL out "
	                             "with --only",
	                             "A role with pg_monitor sees all that the check looks at." },
	[TW_CAUSE_CONNECTIONS] = { "connections", "PostgreSQL is nearly at max_connections",
	                           "twpool-size says who uses them; somebody comes past the "
	                           "pooler, or the pools are too "
	                           "large",
	                           "\"too many clients\" and \"remaining connection slots are "
	                           "reserved\" are what comes next, "
	                           "also for the pooler's own logins." },
	[TW_CAUSE_STRAGGLERS] = { "stragglers",
	                          "clients of the application come to PostgreSQL past the pooler",
	                          "restart what holds them, and look at its DSN (twpool-dsn find)",
	                          "They were there before the cut-over and hold their connection, "
	                          "or somebody has undone it "
	                          "in a DSN. Each takes a connection that the pools were counted "
	                          "without." },
	[TW_CAUSE_LOGIN] = { "login", "a client is refused",
	                     "compare the secret with PostgreSQL's (twpool-auth verify), and look "
	                     "at the hba file",
	                     "The pooler has its own copy of each secret: a password that was "
	                     "changed in PostgreSQL "
	                     "must be brought there (twpool-deploy)." },
	[TW_CAUSE_LOGIN_LATE] = { "login-late",
	                          "a client gets in, and its query gets no answer in time",
	                          "look at the pool: paused, exhausted, frozen or without "
	                          "PostgreSQL",
	                          "A login proves the pooler alone; only a query proves that there "
	                          "is a server behind it." },
	[TW_CAUSE_CERTIFICATE] = { "certificate", "a certificate has ended, or soon does",
	                           "renew it, then RELOAD (certificates are read anew since 1.16)",
	                           "Clients that verify the server, or PostgreSQL where it "
	                           "verifies the pooler, refuse new "
	                           "connections after that moment, and those that are there go "
	                           "on." },
	[TW_CAUSE_LOG] = { "log", "the pooler cannot write its log",
	                   "make the directory, its owner or its disk right; the journal has what "
	                   "is missing",
	                   "PgBouncer goes on without, silently. What happens meanwhile is in no "
	                   "log." },
	[TW_CAUSE_ADVISORIES] = { "advisories",
	                          "upstream has announced security fixes for this version",
	                          "apt-get changelog pgbouncer says which of them the package has",
	                          "Distributions mend older versions without a new version number: "
	                          "this is no proof that "
	                          "anything is open." },
	[TW_CAUSE_DEPLOY] = { "deploy", "a deploy or rollback was ended in the midst of it",
	                      "twpool-rollback goes back, twpool-deploy --resume goes on",
	                      "It was killed, or the host went down. Each path is entirely old or "
	                      "entirely new; until "
	                      "one of the two has run they may not fit each other." },
	[TW_CAUSE_SECRETS] = { "secrets",
	                       "the pooler has other secrets than PostgreSQL: its next login there "
	                       "fails",
	                       "twpool-deploy brings the new ones",
	                       "Somebody changed a password in PostgreSQL. Server connections that "
	                       "are there go on, so "
	                       "that nobody notices until the next one is needed." },
	[TW_CAUSE_TIME] = { "time", "no time was left for it", "raise --timeout",
	                    "What was asked before took it all." },
	[TW_CAUSE_CHECK] = { "check", "the check could not do its own work",
	                     "see the message; the file's directory must be writable",
	                     "Nothing is said about the pooler by that." },
};

const char *
tw_cause_word(enum tw_cause cause)
{
	return causes[cause].word;
}

const char *
tw_cause_why(enum tw_cause cause)
{
	return causes[cause].why;
}

const char *
tw_cause_remedy(enum tw_cause cause)
{
	return causes[cause].remedy;
}

const char *
tw_cause_text(enum tw_cause cause)
{
	return causes[cause].text;
}
