/* SPDX-License-Identifier: ISC */
/*
 * exporter.h: the metrics of prometheus-community/pgbouncer_exporter under its names, labels and
 * types, so that dashboards made for it go on working.
 */
#pragma once

#include "base/exposition.h"
#include "stress/sample.h"

/*
 * What SHOW STATS is called: OLD up to the exporter's 0.10 (pgbouncer_stats_...), NEW since 0.11
 * (pgbouncer_stats_totals_..., and since 0.12 pgbouncer_client_connections). The two do not clash.
 */
enum tw_dialect { TW_DIALECT_OLD = 1, TW_DIALECT_NEW = 2, TW_DIALECT_BOTH = 3 };

/* tw_dialect_read reads "old", "new" or "both"; EX_USAGE. */
bool tw_dialect_read(const char *word, enum tw_dialect *dialect, struct tw_err *e);

/*
 * tw_exporter_add appends what the kept tables of a sample hold; what this PgBouncer does not have
 * is left out. `up` is whether the console answered. With `only` (of the sampler) nothing of other
 * pools and their databases. EX_OSERR.
 */
bool tw_exporter_add(struct tw_exposition *x, const struct tw_sample *s, bool up, bool only,
                     enum tw_dialect dialect, struct tw_err *e);

/* tw_exporter_clients is the part of that which counts clients; nothing where none were asked. */
bool tw_exporter_clients(struct tw_exposition *x, const struct tw_sample *s, bool only,
                         struct tw_err *e);
