#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Never half a state: the harness of tests/faults, quickly, over the publisher; and that it notices
# when a promise to the disk is left out. `make faults` does all of it.
bats_require_minimum_version 1.5.0

setup_file() {
  export tests=$BATS_TEST_DIRNAME FAULTS=$BATS_FILE_TMPDIR/faults
  [[ ! -d /dev/shm ]] || export FAULTS_DIR=/dev/shm
  make -s -C "$tests/faults" OUT="$FAULTS"
}

setup() {
  [[ ! -e $TWPOOL_BIN/../obj/tools/lib/record/replace.o ]] || ! nm "$TWPOOL_BIN/twpool-generation" | grep -q __asan_init ||
    skip 'a program with sanitizers cannot be traced'
}

# noticed MUTANT [SWEEP]: without that promise, the model of power cuts, or the sweep, finds what is bad.
noticed() {
  "$tests/faults/mutate" "$1" "$BATS_TEST_TMPDIR"
  run -1 env FAULTS_STOP=1 FAULTS_PROGRAM="$BATS_TEST_TMPDIR/twpool-generation" "$tests/faults/run" --quick "${2:-power}"
  echo "$output"
  [[ "${lines[-1]}" == *' bad, '* && "${lines[-1]}" != '0 bad, '* ]]
}

@test "killed, out of memory, at an error, on a full disk, without power: old or new, and the next run makes it old" {
  run -0 "$tests/faults/run" --quick
  echo "$output" >&3
  [[ "${lines[-1]}" == '0 bad, '* ]]
}

@test "the model notices: a file that is not fsynced before it is renamed" {
  noticed replace-no-fsync
}

@test "the model notices: a directory that is not fsynced after a rename" {
  noticed replace-no-directory-fsync
}

@test "the model notices: a rename before the fsync" {
  noticed replace-rename-before-fsync
}

@test "the model notices: a mode that is set after the rename" {
  noticed replace-mode-after-rename
}

@test "the model notices: a file that is written in its place" {
  noticed replace-in-place
}

@test "at every call it notices: a temporary file that others can read until it has its mode" {
  noticed temporary-open modes
}

@test "the model notices: a removal that is not fsynced" {
  noticed remove-no-fsync
}

@test "the model notices: a temporary file that is removed, and not fsynced" {
  noticed sweep-no-fsync
}

@test "the model notices: a directory's mode that is not fsynced" {
  noticed directory-no-fsync
}

@test "the model notices: a directory that is made, and its parent not fsynced" {
  noticed directory-no-parent-fsync
}

@test "the model notices: a directory that is removed, and its parent not fsynced" {
  noticed directory-removed-no-fsync
}

@test "the model notices: what a killed run has done to a directory is found done, and not fsynced" {
  noticed directory-sync-nothing
}

@test "every mutant that there is has a test" {
  run -0 "$tests/faults/mutate" --list
  for name in "${lines[@]}"; do
    grep -qxE "  noticed $name( modes)?" "$BATS_TEST_FILENAME"
  done
}
