/* SPDX-License-Identifier: ISC */
/*
 * chain.c: what a role with a hostile password needs, for tests/lib/chain.bash.
 *
 *     chain DIR PORT [EVERY]   every EVERY-th password of one byte, and of two of those that mean
 *                              something to a grammar
 *
 * For the N-th password a file DIR/N.dsn is made, readable by its owner alone, with a DSN of the role rN:
 * odd ones in keywords, the others and what keywords cannot hold as a URI. Prints for each N.dsn, a tab,
 * and the SCRAM secret as libpq computes it.
 */
#include "dsn/dsn_password.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* dsn_make appends the DSN of role rN; false where the form does not hold the password. */
static bool
dsn_make(enum tw_dsn_form form, int n, int port, const char *password, struct tw_buf *out)
{
	struct tw_err e = TW_ERR_INIT;

	tw_buf_free(out);
	if (form == TW_DSN_KEYWORD)
		return tw_buf_printf(out, &e, "host=127.0.0.1 port=%d dbname=game user=r%d password='",
		                     port, n) &&
		       tw_dsn_password_encode(form, password, out, &e) &&
		       tw_buf_puts(out, "'\n", &e);
	return tw_buf_printf(out, &e, "postgresql://r%d:", n) &&
	       tw_dsn_password_encode(form, password, out, &e) &&
	       tw_buf_printf(out, &e, "@127.0.0.1:%d/game\n", port);
}

/* role_make makes the file of one password, and prints its secret. */
static bool
role_make(PGconn *conn, const char *dir, int n, int port, const char *password)
{
	struct tw_buf dsn = TW_BUF_INIT;
	char *secret = PQencryptPasswordConn(conn, password, "r", "scram-sha-256");
	char path[4096];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s/%d.dsn", dir, n);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ok = secret != NULL && fd >= 0 &&
	     ((n % 2 == 1 && dsn_make(TW_DSN_KEYWORD, n, port, password, &dsn)) ||
	      dsn_make(TW_DSN_URI, n, port, password, &dsn)) &&
	     write(fd, dsn.data, dsn.len) == (ssize_t)dsn.len;
	close(fd);
	printf("%d.dsn\t%s\n", n, secret != NULL ? secret : "");
	PQfreemem(secret);
	tw_buf_free(&dsn);
	return ok;
}

int
main(int argc, char **argv)
{
	static const char special[] = "'\"\\ %@:/?#&=;$`{}";
	PGconn *conn = PQconnectStart("host=/nowhere"); /* only its memory is needed */
	int port, every, all = 255 + (int)(strlen(special) * strlen(special));
	bool ok = argc > 2;

	port = ok ? atoi(argv[2]) : 0;
	every = argc > 3 ? atoi(argv[3]) : 1;
	for (int i = 0; ok && i < all; i += every) {
		char password[3] = { (char)(i + 1), '\0', '\0' };

		if (i >= 255) {
			password[0] = special[(size_t)(i - 255) / strlen(special)];
			password[1] = special[(size_t)(i - 255) % strlen(special)];
		}
		ok = role_make(conn, argv[1], i / every + 1, port, password);
	}
	PQfinish(conn);
	return !ok;
}
