# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The set-up of test files that share one cluster with a pooler before it (pooler.bash) and open sessions
# of their own (sessions.bash). One that wants more than 20 connections, or more in them, has a setup_file
# of its own that calls pooled_cluster. Sourced by bats files, at their top.

# load_words: each test is a process of its own.
load_words() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  # shellcheck source=tests/lib/pooler.bash
  . "$BATS_TEST_DIRNAME/lib/pooler.bash"
  # shellcheck source=tests/lib/sessions.bash
  . "$BATS_TEST_DIRNAME/lib/sessions.bash"
}

# pooled_cluster MAX_CONNECTIONS
pooled_cluster() {
  load_words
  cluster_start "$BATS_FILE_TMPDIR/c" "$1"
  pooler_start "$CLUSTER_DIR/pool"
}

setup_file() {
  pooled_cluster 20
}

# What a test stopped runs again, so that it can end.
teardown_file() {
  load_words
  pooler_halt
  kill -CONT "$(postmaster_pid)" || :
  cluster_stop
}
