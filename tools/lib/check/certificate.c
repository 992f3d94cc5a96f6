/* SPDX-License-Identifier: ISC */
/* certificate.c: OpenSSL reads X.509; libpq has loaded it anyway. */
#include "certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* certificate_end is the last second in which a certificate is valid; false where it has none. */
static bool
certificate_end(const X509 *certificate, long long *until)
{
	struct tm end;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
		return false;
	*until = timegm(&end);
	return true;
}

/* file_open opens a regular file for OpenSSL; a pipe or a device in its place does not hold us. */
static BIO *
file_open(const char *path, struct tw_err *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	FILE *f;
	BIO *bio;

	if (fd < 0) {
		tw_fail_errno(e, errno == EACCES ? EX_NOPERM : EX_NOINPUT, "'%s'", path);
		return NULL;
	}
	f = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
	if (f == NULL) {
		close(fd);
		tw_fail(e, EX_DATAERR, "'%s': not a regular file", path);
		return NULL;
	}
	bio = BIO_new_fp(f, BIO_CLOSE);
	if (bio == NULL) {
		fclose(f);
		tw_fail(e, EX_OSERR, "out of memory");
	}
	return bio;
}

bool
tw_certificate_expiry(const char *path, bool any, long long *until, struct tw_err *e)
{
	BIO *bio = file_open(path, e);
	long long found = -1, end;
	X509 *certificate;

	if (bio == NULL)
		return false;
	while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (certificate_end(certificate, &end) &&
		    (found < 0 || (any ? end > found : end < found)))
			found = end;
		X509_free(certificate);
	}
	ERR_clear_error(); /* of the end of the file */
	BIO_free(bio);
	if (found < 0)
		return tw_fail(e, EX_DATAERR, "'%s': no certificate in it", path);
	*until = found;
	return true;
}
