#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The fuzz targets on their seeds: what once was found stays found. `make fuzz` looks for more.
bats_require_minimum_version 1.5.0

@test "every fuzz target has seeds, and keeps its rules on each of them" {
  local target name
  cd "$BATS_TEST_DIRNAME/.."
  for target in tests/fuzz/*.c; do
    name=$(basename "$target" .c)
    # Seconds for hundreds of inputs; one that makes no progress never ends.
    run -0 timeout 120 "$TWPOOL_BIN/../fuzz/$name" "tests/fuzz/corpus/$name"
    [[ ${lines[-1]} == *" inputs" ]]
  done
}
