# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The set-up of test files that run on production hosts (production.bash): READY is the image of one
# before a deploy, DEPLOYED of one after it. Sourced by bats files, at their top.
#
# BOOTED_SUITE  which Debian (bookworm); BOOTED_CACHE as in booted.bash

setup_file() {
  # shellcheck source=tests/lib/production.bash
  . "$BATS_TEST_DIRNAME/../lib/production.bash"
  export READY DEPLOYED UNFIT SUITE=${BOOTED_SUITE:-bookworm}
  # Whole hosts meet whatever else a shared CI machine does: what fails there is tried once more.
  # shellcheck disable=SC2034 # bats'
  BATS_TEST_RETRIES=${CI:+1}
  # bats 1.8 cannot skip here.
  UNFIT=$(booted_can) || return 0
  export BOOTED_CACHE=${BOOTED_CACHE:-$BATS_RUN_TMPDIR/booted}
  booted_begin
  READY=$(production_image "$SUITE" 115)
  DEPLOYED=$(deployed_image "$SUITE" 115)
}

teardown_file() {
  booted_end
}

setup() {
  [[ -z $UNFIT ]] || skip "no booted host: $UNFIT"
  # shellcheck source=tests/lib/production.bash
  . "$BATS_TEST_DIRNAME/../lib/production.bash"
  # shellcheck source=tests/lib/faults.bash
  . "$BATS_TEST_DIRNAME/../lib/faults.bash"
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
  try_told
  if [[ -n ${load:-} ]]; then
    wait "$load" || :
  fi
  [[ -z ${BOOTED_HOST:-} ]] || booted_drop
}
