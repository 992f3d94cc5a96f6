/* SPDX-License-Identifier: ISC */
/* size_advice.h: what to change where the pools do not fit with room to spare. */
#pragma once

#include "size.h"

/* One key of site.json, what it is (TW_SIZE_UNLIMITED for no limit) and what it should be. */
struct tw_size_change {
	char place[64];
	long now, value;
};

struct tw_size_advice {
	size_t n; /* 0 also where no setting of the pooler would do */
	struct tw_size_change *change;
	long max_connections; /* that PostgreSQL would need instead; TW_SIZE_UNLIMITED: none would
	                         do */
};

#define TW_SIZE_ADVICE_INIT \
	{                   \
		0           \
	}

void tw_size_advice_free(struct tw_size_advice *a);

/*
 * tw_size_advise finds what makes a server SAFE after the deploy: all changes together, or
 * max_connections alone. No advice where the server is SAFE or has not answered. EX_OSERR without
 * memory.
 */
bool tw_size_advise(const struct tw_size *s, size_t server, struct tw_size_advice *a,
                    struct tw_err *e);
