/* SPDX-License-Identifier: ISC */
/* tree.h: small trees of files, for tests: what goes wrong ends the program with 70. */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

/* Where tree_hash (FNV-1a) begins. */
#define TREE_HASH 14695981039346656037ULL

unsigned long long tree_hash(unsigned long long hash, const void *bytes, size_t n);

/* tree_attributes is the hash of a file's extended attributes. */
unsigned long long tree_attributes(const char *path);

/* tree_die prints what failed, and ends the program. */
void tree_die(const char *what) __attribute__((noreturn));

/* tree_read is a file's content, with a NUL behind it; the caller's. */
char *tree_read(const char *path, size_t *n);

/* tree_write makes a file with the owner, mode and time of `st`. */
void tree_write(const char *path, const void *bytes, size_t n, const struct stat *st);

/* tree_copy copies a directory, to one that may be there and be empty. */
void tree_copy(const char *from, const char *to);

/* tree_clear removes all that is in a directory. */
void tree_clear(const char *path);
