/* SPDX-License-Identifier: ISC */
/* path.h: the safe walk along a path, for the files of this directory that open things. */
#pragma once

#include "err.h"

/* One component of a path with its NUL (NAME_MAX of limits.h is 255 on Linux). */
#define TW_NAME_SIZE 256

/*
 * tw_path_parent opens the directory that holds the last component of `path`, copies that
 * component to `name`, and returns the descriptor (close-on-exec; the caller's) or -1. Symbolic
 * links on the way are followed only if root or the effective user owns them.
 */
int tw_path_parent(const char *path, char name[TW_NAME_SIZE], struct tw_err *e);
