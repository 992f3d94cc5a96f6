#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Passwords: what is written into a DSN is what libpq reads, our SCRAM keys are those of libpq, or it is
# refused; and a DSN that was moved still logs in. tests/soak/passwords tries all of them.
bats_require_minimum_version 1.5.0

setup() {
  # shellcheck source=tests/lib/against.bash
  . "$BATS_TEST_DIRNAME/lib/against.bash"
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
  [[ -z ${POOLER_DIR:-} ]] || pooler_halt
  [[ -z ${CLUSTER_DIR:-} ]] || cluster_stop
}

@test "all 255 passwords of one byte and all 65,025 of two are read by libpq as they were written, or refused with the place" {
  against_build passwords passwords
  run -0 ./passwords
  # 32 control bytes of 255, alone or beside another; a URI holds everything.
  [ "${lines[0]}" = 'keyword 65280 same 49952 refused 15328 different 0' ]
  [ "${lines[1]}" = 'quoted 65280 same 49952 refused 15328 different 0' ]
  [ "${lines[2]}" = 'uri 65280 same 65280 refused 0 different 0' ]
  [ "${lines[3]}" = 'parameter 65280 same 65280 refused 0 different 0' ]
}

@test "our SCRAM keys are those of libpq; passwords that SASLprep may change are refused" {
  against_build scram scram
  # NUL's neighbours, blanks, what means something to somebody, and bytes of UTF-8 that SASLprep takes away,
  # makes others of, or does not take.
  run -0 ./scram 01 09 0a 20 22 24 25 27 2c 3d 5c 61 7f 80 aa ad c2 ff
  [ "$output" = '342 same 182 refused 160 different 0' ]
}

@test "a DSN with such a password is moved to the pooler, and logs in through it to PostgreSQL" {
  local word
  for word in cluster pooler chain; do
    # shellcheck source=/dev/null
    . "$BATS_TEST_DIRNAME/lib/$word.bash"
  done
  PATH=$TWPOOL_BIN:$PATH:/usr/sbin
  cluster_start "$PWD/c" 60
  pooler_start "$CLUSTER_DIR/pool"
  run -0 --separate-stderr chain_logins chain 14
  [ "$output" = '39 passwords, 39 logged in, 0 refused with their place' ]
}
