/* SPDX-License-Identifier: ISC */
/*
 * keys_line.c: what may stand on a line of [databases], [users] and [peers], and the words that a
 * setting takes, as data. Numbers on these lines are read with atoi: see keys.h.
 */
/* clang-format off: one row, one setting */
#include "keys_table.h"

const struct tw_key_word tw_words_auth_type[] = {
	{ .name = "any" },
	{ .name = "trust" },
	{ .name = "plain" },
	{ .name = "md5" },
	{ .name = "cert" },
	{ .name = "hba" },
	{ .name = "pam", .build = true },
	{ .name = "scram-sha-256" },
	{ .name = "ldap", .since = V(25, 0), .build = true },
	{ .name = NULL },
};
const struct tw_key_word tw_words_pool_mode[] = {
	{ .name = "session" },
	{ .name = "transaction" },
	{ .name = "statement" },
	{ .name = NULL },
};
const struct tw_key_word tw_words_sslmode[] = {
	{ .name = "disable" }, { .name = "allow" },     { .name = "prefer" },
	{ .name = "require" }, { .name = "verify-ca" }, { .name = "verify-full" },
	{ .name = NULL },
};
const struct tw_key_word tw_words_balance[] = {
	{ .name = "round-robin" },
	{ .name = "disable" },
	{ .name = NULL },
};
const struct tw_key_word tw_words_dheparams[] = {
	{ .name = "none" },
	{ .name = "auto" },
	{ .name = "legacy", .removed = V(21, 0) },
	{ .name = NULL },
};
const struct tw_key_word tw_words_tls_ciphers[] = {
	{ .name = "default" },
	{ .name = "secure" },
	{ .name = "fast" },
	{ .name = "normal" },
	{ .name = "compat", .removed = V(21, 0) },
	{ .name = "legacy", .removed = V(21, 0) },
	{ .name = "insecure", .removed = V(21, 0) },
	{ .name = "all", .removed = V(21, 0) },
	{ .name = NULL },
};
const struct tw_key_word tw_words_tls_protocols[] = {
	{ .name = "all" },     { .name = "default" }, { .name = "secure" },
	{ .name = "tlsv1" },   { .name = "tlsv1.0" }, { .name = "tlsv1.1" },
	{ .name = "tlsv1.2" }, { .name = "tlsv1.3" }, { .name = "legacy", .removed = V(21, 0) },
	{ .name = NULL },
};
const struct tw_key_word tw_words_syslog[] = {
	{ .name = "auth" },   { .name = "authpriv" }, { .name = "daemon" }, { .name = "user" },
	{ .name = "local0" }, { .name = "local1" },   { .name = "local2" }, { .name = "local3" },
	{ .name = "local4" }, { .name = "local5" },   { .name = "local6" }, { .name = "local7" },
	{ .name = NULL },
};

const struct tw_key tw_keys_database[] = {
	{ "application_name", TEXT },
	{ "auth_dbname", TEXT, .since = V(19, 0) },
	{ "auth_query", TEXT, .since = V(22, 0) },
	{ "auth_user", TEXT },
	{ "client_encoding", TEXT },
	{ "connect_query", TEXT },
	{ "datestyle", TEXT },
	{ "dbname", TEXT },
	{ "host", TEXT },
	{ "load_balance_hosts", ENUM(balance), .since = V(24, 0) },
	{ "max_db_client_connections", INT(0, INT_MAX), .since = V(24, 0) },
	{ "max_db_connections", INT(0, INT_MAX) },
	{ "min_pool_size", INT(0, INT_MAX), .since = V(16, 0) },
	{ "password", TEXT },
	{ "pool_mode", ENUM(pool_mode) },
	{ "pool_size", INT(0, INT_MAX) },
	{ "port", INT(1, 65535) },
	{ "query_wait_timeout", SECONDS, .since = V(26, 0) },
	{ "reserve_pool", INT(0, INT_MAX) },
	{ "reserve_pool_size", INT(0, INT_MAX), .since = V(24, 0) },
	{ "server_lifetime", SECONDS, .since = V(23, 0) },
	{ "timezone", TEXT },
	{ "user", TEXT },
	{ NULL, TEXT },
};

const struct tw_key tw_keys_user[] = {
	{ "client_idle_timeout", SECONDS, .since = V(24, 0) },
	{ "idle_transaction_timeout", SECONDS, .since = V(24, 0) },
	{ "max_user_client_connections", INT(0, INT_MAX), .since = V(24, 0) },
	{ "max_user_connections", INT(0, INT_MAX) },
	{ "pool_mode", ENUM(pool_mode) },
	{ "pool_size", INT(0, INT_MAX), .since = V(23, 0) },
	{ "query_timeout", SECONDS, .since = V(24, 0) },
	{ "query_wait_timeout", SECONDS, .since = V(26, 0) },
	{ "reserve_pool_size", INT(0, INT_MAX), .since = V(24, 0) },
	{ "transaction_timeout", SECONDS, .since = V(25, 0) },
	{ NULL, TEXT },
};

const struct tw_key tw_keys_peer[] = {
	{ "host", TEXT, .since = V(19, 0) },
	{ "pool_size", INT(0, INT_MAX), .since = V(19, 0) },
	{ "port", INT(1, 65535), .since = V(19, 0) },
	{ NULL, TEXT },
};
/* clang-format on */
