/* SPDX-License-Identifier: ISC */
/* The set-up of the database, which must be given a direct DSN: a session advisory lock does not
 * survive transaction pooling. */
#ifndef GS_SETUP_H
#define GS_SETUP_H

#include "config.h"

/* gs_setup creates the tables through config->admin and grants them to the role of config->app.
 * Idempotent, and safe to run twice at once. Fails with EX_CONFIG or EX_UNAVAILABLE. */
bool gs_setup(const struct gs_config *config, struct gs_err *e);

#endif
