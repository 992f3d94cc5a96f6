# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# PgBouncers of other Debian suites beside the installed one: unpacked with their own libraries, and run
# by their own loader. Nothing is installed. Sourced.
#
# POOLERS_DIR  where they are kept; given, they stay for the next run (default: none are unpacked)

# pooler_unpack SUITE DIR: makes DIR/SUITE/run, a command that is that suite's pgbouncer. 1, with what
# mmdebstrap said, where there is no such suite (root only).
pooler_unpack() {
  local suite=$1 root=$2/$1 loader
  [[ ! -x $root/run ]] || return 0
  mkdir -p -- "$2"
  mmdebstrap --quiet --mode=root --variant=extract --include=pgbouncer --format=directory \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
    "$suite" "$root" >"$2/$suite.log" 2>&1 || {
    cat -- "$2/$suite.log" >&2
    rm -rf -- "$root"
    return 1
  }
  loader=lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
  [[ -e $root/$loader ]] || loader=usr/$loader
  printf '#!/bin/bash\nr=%q\nl=$r/lib/x86_64-linux-gnu:$r/usr/lib/x86_64-linux-gnu:$r/usr/lib/x86_64-linux-gnu/systemd\n' \
    "$root" >"$root/run"
  # Called as it is on its own suite, where nobody but root can tell the program from that.
  printf 'exec -a pgbouncer "$r/%s" --library-path "$l" "$r/usr/sbin/pgbouncer" "$@"\n' "$loader" >>"$root/run"
  chmod 0755 -- "$2" "$root" "$root/run"
}

# pooler_version COMMAND: X.Y.Z.
pooler_version() {
  "$1" -V </dev/null | sed -n '1s/^PgBouncer //p'
}

# poolers: the commands that there are, one a line: the installed one, and those of POOLERS_DIR.
poolers() {
  local one
  command -v pgbouncer
  for one in ${POOLERS_DIR:+"$POOLERS_DIR"/*/run}; do
    [[ ! -x $one ]] || printf '%s\n' "$one"
  done
}
