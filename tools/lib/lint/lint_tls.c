/* SPDX-License-Identifier: ISC */
/*
 * lint_tls.c: what sbuf_tls_setup of src/sbuf.c looks at before PgBouncer starts, and what only the
 * first connection would meet. From 1.20 the server's side is on unless it is switched off.
 */
#include "lint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* on tells whether a side ("client", "server") has TLS. */
static bool
on(const struct tw_lint *lint, const char *side)
{
	char key[64];

	snprintf(key, sizeof(key), "%s_tls_sslmode", side);
	return strcasecmp(tw_lint_value(lint, key), "disable") != 0;
}

/* word_known tells whether a word is one that this version takes. */
static bool
word_known(const struct tw_lint *lint, const struct tw_key *k, const char *word)
{
	const struct tw_key_word *w = tw_key_word_find(k, word);

	return w != NULL && (w->removed == 0 || tw_lint_before(lint, w->removed));
}

/* protocols_known judges a list of protocols, each perhaps behind a "!"; none of them is empty. */
static bool
protocols_known(const struct tw_lint *lint, const struct tw_key *k, const char *list)
{
	char word[32];
	bool known = true, more = *list != '\0';

	while (known && more) {
		size_t n = strcspn(list, ",:"), blanks = strspn(list, " \t"), len;

		more = list[n] != '\0';
		len = blanks < n ? n - blanks : 0;
		while (len > 0 && strchr(" \t", list[blanks + len - 1]) != NULL)
			len--;
		if (len > 0 && list[blanks] == '!') {
			blanks++;
			len--;
		}
		known = len < sizeof(word);
		if (known) {
			memcpy(word, list + blanks, len);
			word[len] = '\0';
			known = word_known(lint, k, word);
		}
		list += n + more;
	}
	return known;
}

/* cipher_like: OpenSSL takes a list if one of its names is known; names are upper case. */
static bool
cipher_like(const char *list)
{
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	static const char *const groups[] = {
		"ALL",     "HIGH",   "MEDIUM",   "DEFAULT", "COMPLEMENTOFALL", "AES",
		"AES128",  "AES256", "ECDHE",    "RSA",     "SHA256",          "SHA384",
		"TLSv1.2", "AESGCM", "CHACHA20", NULL
	};

	for (; *list != '\0'; list += strspn(list, ":, ;")) {
		size_t n = strcspn(list, ":, ;"), first = strspn(list, "+"), head;

		for (size_t i = 0; groups[i] != NULL; i++) {
			if (strlen(groups[i]) == n - first &&
			    memcmp(list + first, groups[i], n - first) == 0)
				return true;
		}
		head = strspn(list + first, upper);
		if (head >= 2 && head < n && list[first + head] == '-' &&
		    strspn(list + first, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") >= n - first)
			return true;
		list += n;
	}
	return false;
}

/* words_check judges ciphers, protocols and DH parameters of a side that has TLS. */
static bool
words_check(const struct tw_lint *lint, const char *side, struct tw_findings *f, struct tw_err *e)
{
	static const char *const names[] = { "ciphers", "protocols", "dheparams" };
	/* Before 1.16 only the first connection looks at them. */
	enum tw_severity severity = tw_lint_before(lint, TW_PGBOUNCER(1, 16, 0)) ? TW_ERROR
	                                                                         : TW_REFUSED;
	char key[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct tw_key *k;
		const char *value;
		bool known;

		snprintf(key, sizeof(key), "%s_tls_%s", side, names[i]);
		k = tw_key_find(TW_KEY_GLOBAL, key);
		if (k == NULL)
			continue;
		value = tw_lint_value(lint, key);
		known = i == 1 ? protocols_known(lint, k, value)
		               : *value == '\0' || word_known(lint, k, value) ||
		                     (i == 0 && cipher_like(value));
		if (!known &&
		    !tw_finding_add(f, tw_lint_place(lint, key), severity, "tls",
		                    "use the default, or see pgbouncer(5)", e,
		                    "%s: PgBouncer does not take '%s'%s", key, value,
		                    severity == TW_REFUSED ? ", and does not start"
		                                           : ", as the first client will notice"))
			return false;
	}
	return true;
}

/*
 * client_check judges what only the client's side has. OpenSSL knows more curves than we do: their
 * names have a digit in them.
 */
static bool
client_check(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *curve = tw_lint_value(lint, "client_tls_ecdhcurve");
	const char *suites = tw_lint_value(lint, "client_tls13_ciphers");

	if (!tw_lint_before(lint, TW_PGBOUNCER(1, 16, 0)) && strcasecmp(curve, "auto") != 0 &&
	    strcasecmp(curve, "none") != 0 && *curve != '\0' &&
	    strpbrk(curve, "0123456789") == NULL &&
	    !tw_finding_add(f, tw_lint_place(lint, "client_tls_ecdhcurve"), TW_REFUSED, "tls",
	                    "write auto, or the name of a curve", e,
	                    "client_tls_ecdhcurve: OpenSSL knows no curve '%s'", curve))
		return false;
	return *suites == '\0' || tw_lint_before(lint, TW_PGBOUNCER(1, 25, 0)) ||
	       strstr(suites, "TLS_") != NULL ||
	       tw_finding_add(f, tw_lint_place(lint, "client_tls13_ciphers"), TW_REFUSED, "tls",
	                      "remove it", e, "client_tls13_ciphers: '%s' names no cipher suite",
	                      suites);
}

bool
tw_lint_tls(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	bool client = on(lint, "client"), server = on(lint, "server");

	if (strcasecmp(tw_lint_value(lint, "auth_type"), "cert") == 0 &&
	    strcasecmp(tw_lint_value(lint, "client_tls_sslmode"), "verify-full") != 0 &&
	    !tw_finding_add(f, tw_lint_place(lint, "auth_type"), TW_REFUSED, "tls",
	                    "set client_tls_sslmode = verify-full", e,
	                    "auth_type: cert needs client_tls_sslmode verify-full"))
		return false;
	if (client &&
	    (*tw_lint_value(lint, "client_tls_key_file") == '\0' ||
	     *tw_lint_value(lint, "client_tls_cert_file") == '\0') &&
	    !tw_finding_add(f, tw_lint_place(lint, "client_tls_sslmode"), TW_REFUSED, "tls",
	                    "set client_tls_key_file and client_tls_cert_file", e,
	                    "client_tls_sslmode: TLS for clients needs a key and a certificate"))
		return false;
	return (!client || (words_check(lint, "client", f, e) && client_check(lint, f, e))) &&
	       (!server || words_check(lint, "server", f, e));
}
