#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Passwords in DSNs: what is written is what libpq reads, or it is refused.
bats_require_minimum_version 1.5.0

@test "all 255 passwords of one byte and all 65,025 of two are read by libpq as they were written, or refused with the place" {
  local sanity=()
  [[ $TWPOOL_BIN != *-san/* ]] || sanity=('-fsanitize=address,undefined')
  # shellcheck disable=SC2046 # words
  cc -O2 -D_GNU_SOURCE "${sanity[@]}" -I "$BATS_TEST_DIRNAME/../tools/lib" -o "$BATS_TEST_TMPDIR/passwords" \
    "$BATS_TEST_DIRNAME/lib/passwords.c" "$TWPOOL_BIN/../libtw.a" $(pkg-config --cflags --libs libpq jansson libmd) -lm -pthread
  run -0 "$BATS_TEST_TMPDIR/passwords"
  # 32 control bytes of 255, alone or beside another; a URI holds everything.
  [ "${lines[0]}" = 'keyword 65280 same 49952 refused 15328 different 0' ]
  [ "${lines[1]}" = 'quoted 65280 same 49952 refused 15328 different 0' ]
  [ "${lines[2]}" = 'uri 65280 same 65280 refused 0 different 0' ]
  [ "${lines[3]}" = 'parameter 65280 same 65280 refused 0 different 0' ]
}
