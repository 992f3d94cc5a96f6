/* SPDX-License-Identifier: ISC */
/* size_flow.h: how many server connections there can be at once under all limits together. Pure. */
#pragma once

#include "size.h"

/*
 * tw_size_flow is the largest number of connections at a server that its pools, the caps of its
 * databases and the caps of its users allow together: a maximum flow. It is at most `bound`, which
 * is returned where that many are possible, and TW_SIZE_UNLIMITED where `bound` is. TW_SIZE_UNKNOWN
 * without memory. `user_cap[i]`: of each user at this server.
 */
long tw_size_flow(const struct tw_size *s, size_t server, const long *user_cap, long bound);
