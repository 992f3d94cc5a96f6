/* SPDX-License-Identifier: ISC */
/*
 * nomem.c: to be preloaded: the NOMEM_AT-th allocation fails, and the file FAULTS_TOLD is made when
 * it does. glibc's, whose own functions these names hide.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

/* fails tells whether this one is it. */
static int
fails(void)
{
	static long count;
	const char *at = getenv("NOMEM_AT"), *told = getenv("FAULTS_TOLD");
	int fd;

	if (at == NULL || told == NULL || ++count != atol(at))
		return 0;
	fd = open(told, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
