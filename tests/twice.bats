#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A deploy that was done and a rollback that was done, done again: the whole run is traced, and no system
# call in it, of the scripts or of what they start, could have changed anything below the host's root. The
# record in var/lib/twpool does not count: it has the lock, and the notes of the run.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

# traced PROGRAM ARGUMENT...: as host_run, with every call of the write class in the file `trace`.
traced() {
  local program=rollback/$1 argv=("${@:2}")
  [[ $1 != twpool-deploy ]] || { program=deploy/$1 && argv+=(--site "$host_top/site.json"); }
  TWPOOL_ROOT=$host_root strace -f -y -qq --seccomp-bpf -e trace="$(perl "$tests/lib/written.pl" calls)" -o trace \
    "$tests/../$program" "${argv[@]}"
}

# written: what they could have changed.
written() {
  perl "$tests/lib/written.pl" "$host_root" "$host_root/var/lib/twpool" <trace
}

# nothing PROGRAM TEXT: run once more, it says so, could have changed nothing, and the processes are the same.
nothing() {
  pids >running
  run -0 --separate-stderr traced "$1"
  [ "$output" = "nothing to do: $2" ]
  run -0 written
  [ -z "$output" ]
  pids | diff running -
}

# edited FILTER: a deploy of a smaller pool, and its way back, both by a reload: the trace has the one file.
edited() {
  local file=$host_root/etc/pgbouncer/twpool/pgbouncer.ini
  host_site "$1 | .pgbouncer.default_pool_size = 7"
  run -0 traced twpool-deploy
  [[ "$(written)" == *"renameat $file"* ]]
  run -0 traced twpool-rollback --previous
  [[ "$(written)" == *"renameat $file"* ]]
  run -0 sh -c "perl '$tests/lib/written.pl' '$host_root' '$host_root/var/lib/twpool' '${file%/*}' <trace"
  [ -z "$output" ]
  host_site "$1"
}

@test "a second deploy and a second rollback: not one call that could change a file of the host, and the same processes" {
  deployed
  pids >running
  edited .
  pids | diff running -
  nothing twpool-deploy 'no file differs from site.json'
  host_run twpool-rollback >back.log 2>&1
  nothing twpool-rollback 'no deploy is active'
}

@test "a second deploy of a compiled-in DSN builds nothing and touches nothing" {
  deployed "$(host_compiled)" DSN=compiled
  nothing twpool-deploy 'no file differs from site.json'
}
