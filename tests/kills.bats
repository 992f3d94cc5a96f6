#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The scripts, killed at a few of the points of tests/soak/kills, which tries all of them.
bats_require_minimum_version 1.5.0

@test "a deploy and a rollback, killed at a fork, an exec or an exit: the next run makes the host whole" {
  run -0 env FIRST=100 EVERY=600 JOBS=2 "$BATS_TEST_DIRNAME/soak/kills" process
  echo "$output"
  [ "$(grep -c '^process, [a-z]*: killed at [1-9][0-9]* of about [0-9]* points .*, 0 not whole$' <<<"$output")" -eq 3 ]
}
