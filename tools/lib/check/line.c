/* SPDX-License-Identifier: ISC */
/*
 * line.c: words of a log, and what they mean. The words are those of PgBouncer's own messages: src/
 * of 1.18.0 and 1.24.1, the strings of 1.26.1; and SQLSTATEs of PostgreSQL's manual, appendix A.
 */
#include "line.h"
#include "line_kind.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *words;
	enum line_kind kind;
} rows[] = {
	{ "client close request", LINE_CLIENT_LEFT },
	{ "client unexpected eof", LINE_CLIENT_LEFT },
	{ "unexpected eof", LINE_CLIENT_LEFT },
	{ "close req", LINE_CLIENT_LEFT },
	{ "client disconnect before everything was sent to the server", LINE_CLIENT_BROKEN },
	{ "client disconnect while server was not ready", LINE_CLIENT_BROKEN },
	{ "client disconnected with queries in progress", LINE_CLIENT_BROKEN },
	{ "client disconnected with query in progress", LINE_CLIENT_BROKEN },
	{ "partial pkt in login phase", LINE_CLIENT_BROKEN },
	{ "client sent partial pkt in startup phase", LINE_CLIENT_BROKEN },
	{ "incomplete query", LINE_CLIENT_BROKEN },
	{ "client_idle_timeout", LINE_CLIENT_IDLE },
	{ "client_login_timeout", LINE_LOGIN_TIMEOUT },
	{ "client_login_timeout (server down)", LINE_LOGIN_TIMEOUT_DOWN },
	{ "admin forced disconnect", LINE_ADMIN },
	{ "dead admin", LINE_ADMIN },
	{ "server shutting down", LINE_SHUTDOWN },
	{ "pooler is shutting down", LINE_SHUTDOWN },
	{ "disko over", LINE_SHUTDOWN },
	{ "got SIGTERM", LINE_SHUTDOWN },
	{ "got SIGINT", LINE_SHUTDOWN },
	{ "got SIGQUIT", LINE_SHUTDOWN },
	{ "suspend_timeout", LINE_SHUTDOWN },
	{ "pause mode", LINE_SHUTDOWN },
	{ "SASL authentication failed", LINE_AUTHENTICATION },
	{ "PAM authentication failed", LINE_AUTHENTICATION },
	{ "LDAP authentication failed", LINE_AUTHENTICATION },
	{ "password authentication failed", LINE_AUTHENTICATION },
	{ "certificate authentication failed", LINE_AUTHENTICATION },
	{ "\"trust\" authentication failed", LINE_AUTHENTICATION },
	{ "authentication failed", LINE_AUTHENTICATION },
	{ "empty password returned by client", LINE_AUTHENTICATION },
	{ "password too long", LINE_AUTHENTICATION },
	{ "client selected an invalid SASL authentication mechanism", LINE_AUTHENTICATION },
	{ "28P01", LINE_AUTHENTICATION },
	{ "no such user", LINE_NO_USER },
	{ "no username supplied", LINE_NO_USER },
	{ "username too long", LINE_NO_USER },
	{ "login rejected", LINE_HBA },
	{ "unix socket login rejected", LINE_HBA },
	{ "no authentication method is found", LINE_HBA },
	{ "not allowed", LINE_HBA },
	{ "28000", LINE_HBA },
	{ "auth_query response contained null user name", LINE_AUTH_QUERY },
	{ "error response from auth_query", LINE_AUTH_QUERY },
	{ "expected 2 columns from auth_query", LINE_AUTH_QUERY },
	{ "unable to send auth_query", LINE_AUTH_QUERY },
	{ "unexpected response from auth_query", LINE_AUTH_QUERY },
	{ "unable to allocate new user for auth", LINE_AUTH_QUERY },
	{ "bouncer config error", LINE_AUTH_QUERY },
	{ "authentication database", LINE_AUTH_QUERY },
	{ "no memory for authentication pool", LINE_AUTH_QUERY },
	{ "no such database", LINE_NO_DATABASE },
	{ "3D000", LINE_NO_DATABASE },
	{ "is disabled", LINE_DISABLED },
	{ "no more connections allowed (max_client_conn)", LINE_FULL },
	{ "no more connections allowed", LINE_FULL },
	{ "client connections exceeded", LINE_FULL_PART },
	{ "max_db_client_connections", LINE_FULL_PART },
	{ "max_user_client_connections", LINE_FULL_PART },
	{ "query_wait_timeout", LINE_QUERY_WAIT },
	{ "cancel request query_wait_timeout", LINE_QUERY_WAIT },
	{ "query timeout", LINE_QUERY_TIMEOUT },
	{ "query_timeout", LINE_QUERY_TIMEOUT },
	{ "transaction timeout", LINE_QUERY_TIMEOUT },
	{ "transaction_timeout", LINE_QUERY_TIMEOUT },
	{ "cancel request query_timeout", LINE_QUERY_TIMEOUT },
	{ "idle transaction timeout", LINE_IDLE_TRANSACTION },
	{ "idle_transaction_timeout", LINE_IDLE_TRANSACTION },
	{ "login failed", LINE_SERVER_LOGIN },
	{ "server login failed", LINE_SERVER_LOGIN },
	{ "server login failed: wrong password type", LINE_SERVER_LOGIN },
	{ "server login failed: invalid server signature", LINE_SERVER_LOGIN },
	{ "none of the server's SASL authentication mechanisms are supported", LINE_SERVER_LOGIN },
	{ "failed to verify server signature", LINE_SERVER_LOGIN },
	{ "failed to answer authreq", LINE_SERVER_LOGIN },
	{ "invalid server parameter", LINE_SERVER_LOGIN },
	{ "server login has been failing", LINE_SERVER_LOGIN_FAILING },
	{ "server_login_retry", LINE_SERVER_LOGIN_FAILING },
	{ "connect failed", LINE_SERVER_CONNECT },
	{ "connect timeout", LINE_SERVER_CONNECT },
	{ "cannot connect", LINE_SERVER_CONNECT },
	{ "Connection refused", LINE_SERVER_CONNECT },
	{ "startup pkt failed", LINE_SERVER_CONNECT },
	{ "unknown address family", LINE_SERVER_CONNECT },
	{ "server conn crashed?", LINE_SERVER_LOST },
	{ "server connection closed", LINE_SERVER_LOST },
	{ "57P01", LINE_SERVER_LOST },
	{ "57P02", LINE_SERVER_LOST },
	{ "terminating connection due to administrator command", LINE_SERVER_LOST },
	{ "08006", LINE_SERVER_LOST },
	{ "08003", LINE_SERVER_LOST },
	{ "server lifetime over", LINE_SERVER_ROTATED },
	{ "server idle timeout", LINE_SERVER_ROTATED },
	{ "evicted", LINE_SERVER_ROTATED },
	{ "too many servers in the pool", LINE_SERVER_ROTATED },
	{ "obsolete connection", LINE_SERVER_ROTATED },
	{ "close_needed", LINE_SERVER_ROTATED },
	{ "pool idle timeout", LINE_SERVER_ROTATED },
	{ "peer server was not necessary anymore, because client cancel connection was already "
	  "closed",
	  LINE_SERVER_ROTATED },
	{ "SV_IDLE server got dirty", LINE_SERVER_DIRTY },
	{ "SV_USED server got dirty", LINE_SERVER_DIRTY },
	{ "idle server got dirty", LINE_SERVER_DIRTY },
	{ "unknown pkt from server", LINE_SERVER_PROTOCOL },
	{ "broken ParameterStatus packet", LINE_SERVER_PROTOCOL },
	{ "failed to store ParameterStatus", LINE_SERVER_PROTOCOL },
	{ "failed to prepare welcome message", LINE_SERVER_PROTOCOL },
	{ "reset query failed", LINE_SERVER_RESET },
	{ "test query failed", LINE_SERVER_RESET },
	{ "exec_on_connect query failed", LINE_SERVER_RESET },
	{ "var change failed", LINE_SERVER_RESET },
	{ "server DNS lookup failed", LINE_SERVER_DNS },
	{ "connect string changed", LINE_CONFIG_CHANGED },
	{ "database configuration changed", LINE_CONFIG_CHANGED },
	{ "database removed", LINE_CONFIG_CHANGED },
	{ "peer removed", LINE_CONFIG_CHANGED },
	{ "SSL required", LINE_TLS_CLIENT },
	{ "SSL req inside SSL", LINE_TLS_CLIENT },
	{ "TLS startup failed", LINE_TLS_CLIENT },
	{ "failed to accept SSL", LINE_TLS_CLIENT },
	{ "failed to ack SSL", LINE_TLS_CLIENT },
	{ "failed to nak SSL", LINE_TLS_CLIENT },
	{ "failed to nak GSS enc", LINE_TLS_CLIENT },
	{ "received unencrypted data after SSL request", LINE_TLS_CLIENT },
	{ "received unencrypted data after GSSAPI encryption request", LINE_TLS_CLIENT },
	{ "server refused SSL", LINE_TLS_SERVER },
	{ "bad sslreq answer", LINE_TLS_SERVER },
	{ "sslreq processing failed", LINE_TLS_SERVER },
	{ "received unencrypted data after SSL response", LINE_TLS_SERVER },
	{ "successfully sent cancel request", LINE_CANCEL },
	{ "cancel request for idle client", LINE_CANCEL },
	{ "not sending cancel request for client that is now idle", LINE_CANCEL },
	{ "client gave up on cancel request, so we also give up forwarding to server",
	  LINE_CANCEL },
	{ "cancel_wait_timeout", LINE_CANCEL },
	{ "failed cancel request", LINE_CANCEL_FAILED },
	{ "bad cancel key", LINE_CANCEL_FAILED },
	{ "bad cancel request", LINE_CANCEL_FAILED },
	{ "cancel request for console client", LINE_CANCEL_FAILED },
	{ "ignoring cancel request for server that is setting vars", LINE_CANCEL_FAILED },
	{ "failed to send cancel req", LINE_CANCEL_FAILED },
	{ "failed to send cancel request", LINE_CANCEL_FAILED },
	{ "could not find peer to forward request to", LINE_CANCEL_FAILED },
	{ "failed to forward cancel request because its TTL was exhausted", LINE_CANCEL_FAILED },
	{ "pause cancel request failed", LINE_CANCEL_FAILED },
	{ "bad packet", LINE_PROTOCOL },
	{ "bad pkt header", LINE_PROTOCOL },
	{ "bad packet header", LINE_PROTOCOL },
	{ "incomplete pkt", LINE_PROTOCOL },
	{ "failed to parse packet", LINE_PROTOCOL },
	{ "unknown pkt", LINE_PROTOCOL },
	{ "old V2 protocol not supported", LINE_PROTOCOL },
	{ "client password pkt before startup packet", LINE_PROTOCOL },
	{ "client re-sent startup pkt", LINE_PROTOCOL },
	{ "invalid startup packet layout", LINE_PROTOCOL },
	{ "unable to send protocol negotiation packet", LINE_PROTOCOL },
	{ "broken Bind packet", LINE_PROTOCOL },
	{ "broken Close packet", LINE_PROTOCOL },
	{ "broken Describe packet", LINE_PROTOCOL },
	{ "broken Parse packet", LINE_PROTOCOL },
	{ "08P01", LINE_PROTOCOL },
	{ "unsupported startup parameter", LINE_STARTUP },
	{ "unsupported startup parameter in options", LINE_STARTUP },
	{ "unsupported options startup parameter", LINE_STARTUP },
	{ "prepared statement did not exist", LINE_PREPARED },
	{ "prepared statement name is already in use", LINE_PREPARED },
	{ "transaction blocks not allowed in statement pooling mode", LINE_STATEMENT_POOLING },
	{ "replication client disconnected", LINE_REPLICATION },
	{ "replication client was closed", LINE_REPLICATION },
	{ "PQexec disallowed", LINE_CONSOLE },
	{ "extended query protocol not supported by admin console", LINE_CONSOLE },
	{ "admin access needed", LINE_CONSOLE },
	{ "out of memory", LINE_MEMORY },
	{ "no memory for pool", LINE_MEMORY },
	{ "bouncer resources exhaustion", LINE_MEMORY },
	{ "53200", LINE_MEMORY },
	{ "BUG: unknown packet callback flag", LINE_INTERNAL },
	{ "pause failed", LINE_INTERNAL },
	{ "failed to send auth req", LINE_INTERNAL },
	{ "failed to send welcome message", LINE_INTERNAL },
	{ "failure", LINE_INTERNAL },
	{ "internal error", LINE_INTERNAL },
	{ "taking connection from reserve_pool", LINE_RESERVE },
	{ "Too many open files", LINE_DESCRIPTORS },
	{ "53300", LINE_PG_FULL },
	{ "too many clients already", LINE_PG_FULL },
	{ "remaining connection slots are reserved", LINE_PG_FULL },
	{ "too many connections for role", LINE_PG_FULL },
	{ "too many connections for database", LINE_PG_FULL },
	{ "57P03", LINE_PG_DOWN },
	{ "the database system is starting up", LINE_PG_DOWN },
	{ "the database system is shutting down", LINE_PG_DOWN },
	{ "the database system is in recovery mode", LINE_PG_DOWN },
	{ "26000", LINE_PG_STATEMENT },
	{ "42P05", LINE_PG_STATEMENT },
	{ "34000", LINE_PG_STATEMENT },
	{ "prepared statement \"", LINE_PG_STATEMENT },
};

/* state_in tells whether a SQLSTATE stands in a line as a word, and is no port. */
static bool
state_in(const char *line, const char *state)
{
	for (const char *at = strstr(line, state); at != NULL; at = strstr(at + 1, state)) {
		if ((at == line || strchr(" ([", at[-1]) != NULL) &&
		    !isalnum((unsigned char)at[strlen(state)]))
			return true;
	}
	return false;
}

/* words_in tells whether words stand in a line. */
static bool
words_in(const char *line, const char *words)
{
	return strlen(words) == 5 && isdigit((unsigned char)words[0]) ? state_in(line, words)
	                                                              : strstr(line, words) != NULL;
}

bool
tw_line_explain(const char *line, struct tw_line *out)
{
	size_t longest = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t n = strlen(rows[i].words);

		if (n <= longest || !words_in(line, rows[i].words))
			continue;
		longest = n;
		*out = (struct tw_line){ rows[i].words, line_texts[rows[i].kind].what,
			                 line_texts[rows[i].kind].todo };
	}
	return longest > 0;
}
