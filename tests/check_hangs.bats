#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-check against peers that hang or lie: it ends by itself, and says so. The many runs, by the
# clock, are tests/bench/hangs.
bats_require_minimum_version 1.5.0

setup() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
}

teardown() {
  [[ -z ${pid:-} ]] || kill "$pid" || :
}

# peer SCRIPT ARG...: begins it, and ends the one before.
peer() {
  if [[ -n ${pid:-} ]]; then
    kill "$pid"
    wait "$pid" || :
  fi
  rm -f .s.PGSQL.7000 ready
  perl "$BATS_TEST_DIRNAME/lib/$1" "${@:2}" >ready 2>&1 3>&- 4>&- &
  pid=$!
}

hangs() {
  peer hang.pl "$@"
  wait_until 10 grep -q ready ready
}

# ends CODE ARG...: the check of a console, killed long after its time, ends with this code; JSON and
# metrics end so too.
ends() {
  local code=$1 format
  shift
  for format in json prometheus nagios; do
    run -"$code" --separate-stderr timeout 30 twpool-check --timeout 0.5 --format "$format" "$@"
    [ -n "$output" ]
  done
}

@test "a console that is mute, that drips, or that stops within a row is critical: it hangs" {
  local kind
  for kind in mute drip midrow; do
    hangs "$kind" "$PWD/.s.PGSQL.7000"
    ends 2 --dsn "host=$PWD port=7000 user=x"
    [[ "${lines[0]}" == "TWPOOL CRITICAL: the console gives no answer within 0.5 s: it hangs"* ]]
  done
}

@test "an address that no connection comes about with is critical: it hangs" {
  local port
  port=$(free_port)
  hangs backlog "$port"
  ends 2 --dsn "host=127.0.0.1 port=$port user=x"
  [[ "${lines[0]}" == "TWPOOL CRITICAL: the console gives no answer within 0.5 s: it hangs"* ]]
}

@test "a name server that does not answer is unknown, in every format" {
  ((EUID == 0)) || skip "root can have a resolv.conf of its own"
  local format
  hangs dns 127.0.0.54
  printf 'nameserver 127.0.0.54\n' >resolv.conf
  for format in nagios json prometheus; do
    # shellcheck disable=SC2016 # for the inner shell
    run -3 --separate-stderr timeout 30 unshare -m bash -c 'mount --bind resolv.conf /etc/resolv.conf && exec "$@"' - \
      twpool-check --dsn 'host=pooler.twpool.invalid port=6432 user=x' --timeout 0.5 --format "$format"
    case $format in
      nagios) [ "$output" = 'TWPOOL UNKNOWN: no verdict in time: looking up a name, or a login, does not end' ] ;;
      json) [ "$(jq -r .status <<<"$output")" = unknown ] ;;
      prometheus) grep -qx 'twpool_check_status 3' <<<"$output" ;;
    esac
  done
}

@test "what no server sends is told as such, and breaks nothing" {
  local kind
  for kind in huge negative short row-first more-columns no-end cut-column count-lies length-lies cut-row two-results cut-error \
    no-type hang-up; do
    peer lies.pl "$PWD/.s.PGSQL.7000" "$kind"
    wait_until 10 test -S .s.PGSQL.7000
    run -2 --separate-stderr timeout 30 twpool-check --dsn "host=$PWD port=7000 user=x" --timeout 5
    [[ "${lines[0]}" == 'TWPOOL CRITICAL: console: SHOW VERSION: '* && -z "$stderr" ]] || { echo "$kind: $output"; return 1; }
  done
  # A NUL within a value ends it: the next question then gets no answer that it could use.
  peer lies.pl "$PWD/.s.PGSQL.7000" nul
  wait_until 10 test -S .s.PGSQL.7000
  run -3 timeout 30 twpool-check --dsn "host=$PWD port=7000 user=x" --timeout 5
  [[ "${lines[0]}" == 'TWPOOL UNKNOWN: console: SHOW CONFIG: '*'no column "key"'* ]]
}

# Both ways to the same console say the same: ours, and libpq's, which a sslmode calls for.
@test "without libpq and with it the verdict, the labels and a refusal are the same" {
  local way
  cp "$BATS_TEST_DIRNAME/fixtures/check/well.json" rows.json
  peer console.pl "$PWD" 7000 1.26.0 "$BATS_TEST_DIRNAME/fixtures/check/columns.json" rows.json
  # The socket is there before it listens.
  wait_until 10 perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => ".s.PGSQL.7000")'
  for way in '' ' sslmode=disable'; do
    run -0 twpool-check --dsn "host=$PWD port=7000 user=x$way" --timeout 20 --only pools --only clients --only listener -v
    printf '%s\n' "$output" >"said${#way}"
  done
  diff said0 "said${#way}"
  for way in '' ' sslmode=disable'; do
    run -2 twpool-check --dsn "host=$PWD port=1 user=x$way" --timeout 20 --only console
    printf '%s\n' "${lines[0]}" >"said${#way}"
  done
  [[ "$(<said0)" == "TWPOOL CRITICAL: console: connection to server on socket \"$PWD/.s.PGSQL.1\" failed: No such file or directory" ]]
  [[ "$(<"said${#way}")" == "$(<said0)"* ]]
}
