/* SPDX-License-Identifier: ISC */
/* line_kind.c: what each kind of line means, and what to do. */
#include "line_kind.h"

const struct line_text line_texts[LINE_KINDS] = {
	[LINE_CLIENT_LEFT] = { "the client has gone: it closed its connection, or died",
	                       "nothing, unless it happens to many at once: then look at the "
	                       "application and the network" },
	[LINE_CLIENT_BROKEN] = { "the client went away in the midst of a query; the server "
	                         "connection "
	                         "is closed too, since nobody can tell in what state it is",
	                         "look for timeouts and crashes of the application; each costs a "
	                         "new "
	                         "login at PostgreSQL" },
	[LINE_CLIENT_IDLE] = { "the client was idle for longer than client_idle_timeout",
	                       "raise it or set it to 0 in site.json; a server that never "
	                       "reconnects "
	                       "does not survive it" },
	[LINE_LOGIN_TIMEOUT] = { "the client did not finish its login within client_login_timeout",
	                         "a slow network, a port scanner, or a pooler without CPU" },
	[LINE_LOGIN_TIMEOUT_DOWN] = { "the client could not be let in, since PostgreSQL could not "
	                              "be "
	                              "reached in all that time",
	                              "start PostgreSQL, or make room in max_connections; the "
	                              "lines of "
	                              "S- say why its login fails" },
	[LINE_ADMIN] = { "an administrator ended it in the console (KILL, KILL_CLIENT, RECONNECT)",
	                 "ask who did; KILL leaves the database paused: RESUME" },
	[LINE_SHUTDOWN] = { "PgBouncer shuts down, or was replaced by another process",
	                    "restart a server that does not reconnect once the pooler is back" },
	[LINE_AUTHENTICATION] = { "the client's password or certificate is wrong for the pooler, "
	                          "which "
	                          "has its own copy of each secret",
	                          "twpool-auth verify; after a change in PostgreSQL "
	                          "twpool-deploy" },
	[LINE_NO_USER] = { "the pooler knows no such user, or the client names none",
	                   "add the user to site.json and twpool-deploy; look at the DSN" },
	[LINE_HBA] = { "no line of the pooler's hba file lets this user, database and address in "
	               "so",
	               "add database and user to site.json and twpool-deploy; remote addresses "
	               "need "
	               "a line of their own" },
	[LINE_AUTH_QUERY] = { "the pooler could not look the user's secret up in PostgreSQL "
	                      "(auth_query)",
	                      "twpool-auth verify; the lookup role needs a login and its function "
	                      "in "
	                      "the database that is asked" },
	[LINE_NO_DATABASE] = { "the pooler has no database of that name",
	                       "add it to site.json and twpool-deploy, or correct the DSN's "
	                       "dbname" },
	[LINE_DISABLED] = { "somebody has disabled the database in the console",
	                    "ENABLE it there" },
	[LINE_FULL] = { "the pooler is at max_client_conn",
	                "raise it in site.json and twpool-deploy (descriptors take a restart), or "
	                "find "
	                "who holds so many" },
	[LINE_FULL_PART] = { "the user or the database is at its own limit of clients",
	                     "raise max_user_client_connections or max_db_client_connections" },
	[LINE_QUERY_WAIT] = { "the query waited for a server connection for longer than "
	                      "query_wait_timeout",
	                      "the pool is exhausted, paused, frozen or without PostgreSQL: "
	                      "twpool-check -v says which" },
	[LINE_QUERY_TIMEOUT] = { "a query or transaction ran for longer than query_timeout or "
	                         "transaction_timeout; its server connection is closed",
	                         "find what is slow, or raise it in site.json" },
	[LINE_IDLE_TRANSACTION] = { "a client did nothing within a transaction for longer than "
	                            "idle_transaction_timeout",
	                            "the application must end its transactions before it waits for "
	                            "anything else" },
	[LINE_SERVER_LOGIN] = { "PostgreSQL refuses the pooler's own login",
	                        "read its words in the line before; after a change of the password "
	                        "twpool-deploy, and for a role that is missing CREATE ROLE" },
	[LINE_SERVER_LOGIN_FAILING] = { "the pooler's login at PostgreSQL has failed, and it waits "
	                                "for "
	                                "server_login_retry before the next attempt",
	                                "the words within the line are PostgreSQL's: cure those; "
	                                "clients succeed again by themselves" },
	[LINE_SERVER_CONNECT] = { "PostgreSQL cannot be reached: nobody listens, or no answer "
	                          "within "
	                          "server_connect_timeout",
	                          "start it, and compare host and port with SHOW DATABASES" },
	[LINE_SERVER_LOST] = { "PostgreSQL closed the connection, or its backend crashed",
	                       "its own log says why: a restart, pg_terminate_backend, a crash, no "
	                       "memory" },
	[LINE_SERVER_ROTATED] = { "a server connection has served its time (server_lifetime, "
	                          "server_idle_timeout) or is not needed any more",
	                          "nothing: this is how a pool breathes" },
	[LINE_SERVER_DIRTY] = { "a server connection came back with data nobody waited for; it is "
	                        "not "
	                        "used again",
	                        "a client that leaves while it copies or notifies; nothing, if "
	                        "rare" },
	[LINE_SERVER_PROTOCOL] = { "PostgreSQL sent what PgBouncer does not understand",
	                           "is it PostgreSQL at that address? Report it with both "
	                           "versions" },
	[LINE_SERVER_RESET] = { "server_reset_query, server_check_query or connect_query failed, "
	                        "or a "
	                        "client's settings could not be applied",
	                        "run that query yourself as the pool's user; for a parameter see "
	                        "track_extra_parameters" },
	[LINE_SERVER_DNS] = { "the host name of a database could not be looked up",
	                      "use an address in site.json, or repair DNS" },
	[LINE_CONFIG_CHANGED] = { "the database's or peer's line has changed, so old connections "
	                          "are "
	                          "replaced; a database that is gone drops its clients",
	                          "nothing after a deploy; else see who edited the file and "
	                          "reloaded" },
	[LINE_TLS_CLIENT] = { "client and pooler do not agree on TLS",
	                      "compare the DSN's sslmode with client_tls_sslmode; plain data "
	                      "behind a "
	                      "TLS request is an attack or a broken proxy" },
	[LINE_TLS_SERVER] = { "pooler and PostgreSQL do not agree on TLS",
	                      "compare server_tls_sslmode with PostgreSQL's ssl and its "
	                      "certificate" },
	[LINE_CANCEL] = { "a cancel request has come to its end; it has a connection of its own",
	                  "nothing" },
	[LINE_CANCEL_FAILED] = { "a cancel request did not reach a query: its key is wrong, the "
	                         "query "
	                         "is over, or it went to another process (so_reuseport without "
	                         "peers)",
	                         "nothing, if rare; several processes need peer_id and [peers]" },
	[LINE_PROTOCOL] = { "what came is not the protocol of a PostgreSQL client",
	                    "a health check or scanner that speaks something else, a broken "
	                    "driver, or "
	                    "a packet beyond max_packet_size" },
	[LINE_STARTUP] = { "the client asks for a startup parameter that cannot be kept through a "
	                   "pool",
	                   "add its name to ignore_startup_parameters in site.json, or take it out "
	                   "of "
	                   "the DSN" },
	[LINE_PREPARED] = { "prepared statements of the client do not fit those of the server",
	                    "max_prepared_statements above 0 (1.21 and later), or a driver without "
	                    "prepared statements" },
	[LINE_STATEMENT_POOLING] = { "pool_mode statement allows no transaction blocks",
	                             "pool_mode transaction" },
	[LINE_REPLICATION] = { "a replication connection has ended, and its server with it",
	                       "nothing; replication is better done without a pooler" },
	[LINE_CONSOLE] = { "the admin console speaks the simple protocol only, and lets in only "
	                   "whom "
	                   "admin_users and stats_users name",
	                   "psql, or a driver's simple query mode; a user of that list" },
	[LINE_MEMORY] = { "PgBouncer got no memory, or nothing of what it allocates beforehand is "
	                  "left",
	                  "look at the process's memory (twpool-check -v) and its limits" },
	[LINE_INTERNAL] = { "PgBouncer itself has met what it thinks cannot be",
	                    "report it upstream with the version and the lines around it" },
	[LINE_RESERVE] = { "clients waited for longer than reserve_pool_timeout, so the reserve is "
	                   "used",
	                   "raise default_pool_size in site.json, or find what is slow" },
	[LINE_DESCRIPTORS] = { "the process is out of file descriptors: new clients hang",
	                       "raise LimitNOFILE (twpool-size --descriptors) and restart the "
	                       "pooler" },
	[LINE_PG_FULL] = { "PostgreSQL is at max_connections, or the role or database at its own "
	                   "limit",
	                   "twpool-size says who uses them" },
	[LINE_PG_DOWN] = { "PostgreSQL starts, stops or recovers",
	                   "wait, and read its log; the pooler finds it again by itself" },
	[LINE_PG_STATEMENT] = { "in transaction pooling the next transaction may be at another "
	                        "backend, where what the client has prepared, set or declared is "
	                        "not",
	                        "max_prepared_statements (1.21 and later) for prepared statements; "
	                        "SET, "
	                        "LISTEN and cursors WITH HOLD need pool_mode session" },
};
