/* SPDX-License-Identifier: ISC */
/* listener.c: /proc/net/tcp and tcp6, and the descriptors of a process. */
#include "listener.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An address as tcp and tcp6 print it: 4 or 16 bytes in network order. */
struct address {
	int family;
	unsigned char bytes[16];
};

/* tcp_address reads "0100007F" or 32 such digits: 32-bit words in the host's byte order. */
static bool
tcp_address(const char *hex, struct address *a)
{
	size_t n = strlen(hex);
	unsigned int word;

	if (n != 8 && n != 32)
		return false;
	a->family = n == 8 ? AF_INET : AF_INET6;
	for (size_t i = 0; i < n / 8; i++) {
		if (sscanf(hex + i * 8, "%8x", &word) != 1)
			return false;
		memcpy(a->bytes + i * 4, &word, 4);
	}
	return true;
}

/* address_any tells whether a socket is bound to every address. */
static bool
address_any(const struct address *a)
{
	static const unsigned char zero[16];

	return memcmp(a->bytes, zero, a->family == AF_INET ? 4 : 16) == 0;
}

/* address_takes tells whether a socket bound to `bound` takes connections to one of `wanted`. */
static bool
address_takes(const struct address *bound, const struct addrinfo *wanted)
{
	for (const struct addrinfo *ai = wanted; ai != NULL; ai = ai->ai_next) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)
		                                   ai->ai_addr;
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)
		                                    ai->ai_addr;

		/* A socket on :: takes IPv4 too, unless IPV6_V6ONLY, which /proc does not show. */
		if (address_any(bound) && (bound->family == AF_INET6 || ai->ai_family == AF_INET))
			return true;
		if (ai->ai_family == AF_INET && bound->family == AF_INET &&
		    memcmp(&v4->sin_addr, bound->bytes, 4) == 0)
			return true;
		if (ai->ai_family == AF_INET6 && bound->family == AF_INET6 &&
		    memcmp(&v6->sin6_addr, bound->bytes, 16) == 0)
			return true;
	}
	return false;
}

/* line_add adds the socket of one line of /proc/net/tcp if it listens where it should. */
static void
line_add(const char *line, const struct addrinfo *wanted, int port, struct tw_listeners *found)
{
	struct tw_listener own = { .inode = 0 };
	unsigned int local_port, state;
	struct address bound;
	char hex[33];

	/* sl local_address:port rem_address:port st tx:rx tr:when retrnsmt uid timeout inode */
	if (sscanf(line, " %*d: %32[0-9A-F]:%x %*32[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu",
	           hex, &local_port, &state, &own.inode) != 4)
		return;
	if (state != 0x0A || local_port != (unsigned int)port || !tcp_address(hex, &bound))
		return;
	if ((wanted != NULL && !address_takes(&bound, wanted)) || found->n == TW_LISTENERS_MAX)
		return;
	inet_ntop(bound.family, bound.bytes, own.address, sizeof(own.address));
	found->item[found->n++] = own;
}

/* table_read reads one of the two tables; a kernel without IPv6 has only one. */
static bool
table_read(const char *path, const struct addrinfo *wanted, int port, struct tw_listeners *found,
           struct tw_err *e)
{
	FILE *table = fopen(path, "re");
	char line[512];
	bool ok;

	if (table == NULL)
		return errno == ENOENT || tw_fail_errno(e, EX_OSERR, "'%s'", path);
	while (fgets(line, sizeof(line), table) != NULL)
		line_add(line, wanted, port, found);
	ok = !ferror(table) || tw_fail_errno(e, EX_OSERR, "'%s'", path);
	fclose(table);
	return ok;
}

bool
tw_listener_find(const char *address, int port, struct tw_listeners *found, struct tw_err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *wanted = NULL;
	struct tw_listeners own = { 0 };
	int failed;
	bool ok;

	if (strcmp(address, "*") != 0) {
		failed = getaddrinfo(address, NULL, &hints, &wanted);
		if (failed != 0)
			return tw_fail(e, EX_UNAVAILABLE, "address '%s': %s", address,
			               gai_strerror(failed));
	}
	ok = table_read("/proc/net/tcp", wanted, port, &own, e) &&
	     table_read("/proc/net/tcp6", wanted, port, &own, e);
	if (wanted != NULL)
		freeaddrinfo(wanted);
	if (ok)
		*found = own;
	return ok;
}

bool
tw_listener_any(int port, bool *any, struct tw_err *e)
{
	struct tw_listeners found;

	if (!tw_listener_find("*", port, &found, e))
		return false;
	*any = found.n > 0;
	return true;
}

bool
tw_listener_owned(int pid, unsigned long inode, bool *owned, struct tw_err *e)
{
	char path[300], target[64], wanted[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (dir == NULL && errno != ENOENT)
		return tw_fail_errno(e, EX_NOPERM, "'%s'", path);
	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		found = strcmp(target, wanted) == 0;
	}
	if (dir != NULL)
		closedir(dir);
	*owned = found;
	return true;
}
