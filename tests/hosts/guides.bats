#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The commands that the guides show, run as they stand there, on a booted Debian.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets output
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/production_setup.bash
. "$BATS_TEST_DIRNAME/../lib/production_setup.bash"

# shown GUIDE: the commands of its `sh` blocks, as one script that stops at the first that fails.
shown() {
  printf 'set -eux\n'
  # shellcheck disable=SC2016 # the fences of Markdown
  sed -n '/^```sh$/,/^```$/{ /^```/!p }' "$BATS_TEST_DIRNAME/../../docs/$1"
}

# follow IMAGE GUIDE: on a host of that image, as root, in a login shell's directory.
follow() {
  booted_boot "t$BATS_TEST_NUMBER" "$1"
  wait_until 20 booted_plays
  shown "$2" >script
  [ "$(wc -l <script)" -gt 2 ]
  run -0 booted_run env -C /root bash -s <script
  echo "$output"
}

@test "the production deployment guide, from a host without a pooler to a deploy and back" {
  follow "$READY" PRODUCTION_DEPLOYMENT_GUIDE.md
  [[ "$output" == *'deployed: generation 0001, '* ]]
  [[ "$output" == *'nothing to do: no file differs'* ]]
  [[ "$output" == *'rolled back: generation 0001, verified, '* ]]
}

@test "the page for incidents, on a host with a pooler" {
  follow "$DEPLOYED" INCIDENT.md
  [[ "$output" == *'rolled back: generation 0001, verified, '* ]]
  [[ "$output" == *'nothing to do: no deploy is active'* ]]
}
