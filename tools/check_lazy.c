/* SPDX-License-Identifier: ISC */
/*
 * check_lazy.c: libpq's and OpenSSL's functions under their own names, for twpool-check: each loads
 * its library when it is first called, which most runs never do. Those that are asked of local.h's
 * connections and results are answered there.
 */
#include "pg/local.h"

#include <dlfcn.h>
#include <openssl/opensslv.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT(x) #x
#define SONAME(library, version) library ".so." TEXT(version)
#define LIBPQ "libpq.so.5"
#define LIBCRYPTO SONAME("libcrypto", OPENSSL_SHLIB_VERSION)

/*
 * function is the address of a library's function. A library that is missing is a broken
 * installation: nothing can be said then but that.
 */
static void *
function(const char *library, const char *name)
{
	void *handle = dlopen(library, RTLD_NOW);
	void *found = handle != NULL ? dlsym(handle, name) : NULL;

	if (found == NULL) {
		printf("TWPOOL UNKNOWN: %s\n", dlerror());
		fflush(stdout);
		_exit(3);
	}
	return found;
}

/* A function that only forwards. ISO C has no conversion from an object's address to a function's.
 */
#define FORWARD(library, type, name, parameters, arguments)   \
	type name parameters                                  \
	{                                                     \
		type(*real) parameters;                       \
		*(void **)(&real) = function(library, #name); \
		return real arguments;                        \
	}

/* One that answers for what is ours, and else forwards. */
#define EITHER(type, name, parameters, arguments, ours, answer) \
	type name parameters                                    \
	{                                                       \
		type(*real) parameters;                         \
		if (ours)                                       \
			return answer;                          \
		*(void **)(&real) = function(LIBPQ, #name);     \
		return real arguments;                          \
	}

FORWARD(LIBPQ, int, PQbackendPID, (const PGconn *c), (c))
FORWARD(LIBPQ, PostgresPollingStatusType, PQconnectPoll, (PGconn * c), (c))
FORWARD(LIBPQ, PGconn *, PQconnectStartParams,
        (const char *const *k, const char *const *v, int expand), (k, v, expand))
FORWARD(LIBPQ, void, PQconninfoFree, (PQconninfoOption * o), (o))
FORWARD(LIBPQ, PQconninfoOption *, PQconninfoParse, (const char *text, char **error), (text, error))
FORWARD(LIBPQ, int, PQconsumeInput, (PGconn * c), (c))
FORWARD(LIBPQ, char *, PQdb, (const PGconn *c), (c))
FORWARD(LIBPQ, char *, PQerrorMessage, (const PGconn *c), (c))
FORWARD(LIBPQ, int, PQflush, (PGconn * c), (c))
FORWARD(LIBPQ, void, PQfreemem, (void *p), (p))
FORWARD(LIBPQ, PGresult *, PQgetResult, (PGconn * c), (c))
FORWARD(LIBPQ, char *, PQhost, (const PGconn *c), (c))
FORWARD(LIBPQ, int, PQisBusy, (PGconn * c), (c))
FORWARD(LIBPQ, char *, PQpass, (const PGconn *c), (c))
FORWARD(LIBPQ, char *, PQport, (const PGconn *c), (c))
FORWARD(LIBPQ, char *, PQresultErrorMessage, (const PGresult *r), (r))
FORWARD(LIBPQ, ExecStatusType, PQresultStatus, (const PGresult *r), (r))
FORWARD(LIBPQ, int, PQsendQuery, (PGconn * c, const char *sql), (c, sql))
FORWARD(LIBPQ, PGVerbosity, PQsetErrorVerbosity, (PGconn * c, PGVerbosity v), (c, v))
FORWARD(LIBPQ, PQnoticeReceiver, PQsetNoticeReceiver, (PGconn * c, PQnoticeReceiver f, void *arg),
        (c, f, arg))
FORWARD(LIBPQ, int, PQsetnonblocking, (PGconn * c, int on), (c, on))
FORWARD(LIBPQ, ConnStatusType, PQstatus, (const PGconn *c), (c))

EITHER(int, PQsocket, (const PGconn *c), (c), tw_local_is(c), tw_local_socket(c))
EITHER(int, PQntuples, (const PGresult *r), (r), r == NULL || tw_local_result_is(r),
       r == NULL ? 0 : tw_local_rows(r))
EITHER(int, PQnfields, (const PGresult *r), (r), r == NULL || tw_local_result_is(r),
       r == NULL ? 0 : tw_local_columns(r))
EITHER(int, PQfnumber, (const PGresult *r, const char *name), (r, name),
       r == NULL || tw_local_result_is(r), r == NULL ? -1 : tw_local_column(r, name))
EITHER(char *, PQgetvalue, (const PGresult *r, int row, int column), (r, row, column),
       tw_local_result_is(r), tw_local_value(r, row, column))

void
PQfinish(PGconn *c)
{
	void (*real)(PGconn *);

	if (c == NULL)
		return;
	if (tw_local_is(c)) {
		tw_local_finish(c);
		return;
	}
	*(void **)(&real) = function(LIBPQ, "PQfinish");
	real(c);
}

void
PQclear(PGresult *r)
{
	void (*real)(PGresult *);

	if (r == NULL)
		return;
	if (tw_local_result_is(r)) {
		tw_local_clear(r);
		return;
	}
	*(void **)(&real) = function(LIBPQ, "PQclear");
	real(r);
}

FORWARD(LIBCRYPTO, int, ASN1_TIME_to_tm, (const ASN1_TIME *t, struct tm *out), (t, out))
FORWARD(LIBCRYPTO, int, BIO_free, (BIO * b), (b))
FORWARD(LIBCRYPTO, BIO *, BIO_new_fp, (FILE * f, int close), (f, close))
FORWARD(LIBCRYPTO, void, ERR_clear_error, (void), ())
FORWARD(LIBCRYPTO, X509 *, PEM_read_bio_X509,
        (BIO * b, X509 **out, pem_password_cb *password, void *arg), (b, out, password, arg))
FORWARD(LIBCRYPTO, void, X509_free, (X509 * x), (x))
FORWARD(LIBCRYPTO, const ASN1_TIME *, X509_get0_notAfter, (const X509 *x), (x))
