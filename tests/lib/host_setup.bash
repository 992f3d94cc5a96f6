# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The set-up of test files whose tests each make a throwaway host of their own (host.bash): one
# directory per file, with templates in it that only the first test has to make, and one per test.
# Sourced by bats files, at their top.

setup_file() {
  export tests=$BATS_TEST_DIRNAME TMPDIR=/tmp
  # Whole hosts meet whatever else a shared CI machine does: what fails there is tried once more.
  # shellcheck disable=SC2034 # bats'
  BATS_TEST_RETRIES=${CI:+1}
  top=$(mktemp -d /tmp/twhost.XXXXXX)
  export top
  chmod 0755 "$top"
}

teardown_file() {
  rm -rf -- "$top"
}

setup() {
  PATH=$TWPOOL_BIN:$PATH:/usr/sbin:/sbin
  # shellcheck source=tests/lib/host.bash
  . "$tests/lib/host.bash"
  export CLUSTER_TEMPLATE=$top/template HOST_TEMPLATE=$top/game
  mkdir "$top/$BATS_TEST_NUMBER$BATS_TEST_TRY_NUMBER"
  cd "$top/$BATS_TEST_NUMBER$BATS_TEST_TRY_NUMBER" || return
}

teardown() {
  try_told
  host_end
}
