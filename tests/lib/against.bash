# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Small programs of tests/lib that hold our code against the real thing. Sourced.

# against_build NAME OUT: compiles tests/lib/NAME.c with twpool's library, sanitized where that is.
against_build() {
  local here sanity=()
  here=$(dirname -- "${BASH_SOURCE[0]}")
  [[ $TWPOOL_BIN != *-san/* ]] || sanity=('-fsanitize=address,undefined')
  # shellcheck disable=SC2046 # words
  cc -O2 -D_GNU_SOURCE "${sanity[@]}" -I "$here/../../tools/lib" -o "$2" "$here/$1.c" "$TWPOOL_BIN/../libtw.a" \
    $(pkg-config --cflags --libs libpq jansson libmd libssl libcrypto) -lm -pthread
}
