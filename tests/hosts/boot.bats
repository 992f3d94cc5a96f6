#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The booted hosts that the tests in this directory run on, before twpool touches them: a Debian on
# which PostgreSQL and the game run as units, and of which nothing stays behind.
#
# BOOTED_SUITE  which Debian (bookworm); BOOTED_CACHE as in tests/lib/booted.bash
# `run --separate-stderr` sets stderr; each test is a subshell; booted_install needs no variables.
# shellcheck disable=SC2030,SC2031,SC2119,SC2154
bats_require_minimum_version 1.5.0

setup_file() {
  # shellcheck source=tests/lib/booted.bash
  . "$BATS_TEST_DIRNAME/../lib/booted.bash"
  export IMAGE ROOT UNFIT
  # bats 1.8 cannot skip here.
  UNFIT=$(booted_can) || return 0
  export BOOTED_CACHE=${BOOTED_CACHE:-$BATS_RUN_TMPDIR/booted}
  booted_begin
  ROOT=$(booted_root "${BOOTED_SUITE:-bookworm}")
  IMAGE=$(booted_game_root "${BOOTED_SUITE:-bookworm}" 60)
}

teardown_file() {
  booted_end
}

setup() {
  [[ -z $UNFIT ]] || skip "no booted host: $UNFIT"
  # shellcheck source=tests/lib/booted.bash
  . "$BATS_TEST_DIRNAME/../lib/booted.bash"
}

teardown() {
  [[ -z ${BOOTED_HOST:-} ]] || booted_drop
}

# host: this test's own, booted, with the game.
host() {
  booted_boot "t$BATS_TEST_NUMBER" "$IMAGE"
}

# plays: the game answers: five players log in, and every command of theirs succeeds.
plays() {
  wait_until 10 booted_plays
  booted_bots --bots 5 --duration 0.5 --think 0.1 | jq -e '.logins == 5 and .command_success == 1'
}

# traces NAME: prints what there is of NAME's hosts outside their directory.
traces() {
  findmnt -rn | grep -F "$1"
  find /sys/fs/cgroup /run/systemd -name "$1*" 2>/dev/null
  pgrep -af "$1" | grep -v pgrep
  ls -d "${BOOTED_DIR%/*}/$1" 2>/dev/null
  return 0
}

no_traces() {
  [[ -z $(traces "$1") ]]
}

@test "a host boots to a running systemd, and nothing has failed" {
  host
  run -0 booted_run systemctl is-system-running
  [ "$output" = running ]
  run -0 booted_run ps -o comm= -p 1
  [ "$output" = systemd ]
  run -0 booted_run systemctl is-active postgresql twclone cron logrotate.timer
}

@test "a command on the host has our stdin, stdout, stderr and its own exit code" {
  host
  run -7 --separate-stderr booted_run sh -c 'tr a-z A-Z; id -un >&2; exit 7' <<<'hello'
  [ "$output" = HELLO ]
  [ "$stderr" = root ]
  booted_off
  run -69 --separate-stderr booted_run true
  [ "$stderr" = "booted_run: t$BATS_TEST_NUMBER is not running" ]
}

@test "PostgreSQL and the game answer after a boot and after a reboot, each as its own user" {
  host
  plays
  booted_reboot
  plays
  run -0 booted_sql 'SHOW max_connections'
  [ "$output" = 60 ]
  run -0 booted_sql "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname = 'twclone'"
  [ "$output" = 'SCRAM-SHA-256$' ]
  run -0 booted_run ps -o user= -C server
  [ "$(sort -u <<<"$output")" = twclone ]
}

@test "at max_connections 60, about 55 of 100 bots log in and the log says why" {
  host
  plays
  run -1 booted_bots --bots 100 --duration 1 --think 0.2
  # The server has two of the 57 that are not reserved, and whatever else looks at that instant.
  jq -e '.logins >= 50 and .logins <= 55 and .logins + .refused == 100' <<<"$output"
  # The second where those that are being refused fill the reserved slots too.
  run -0 booted_run grep -cE 'remaining connection slots are reserved|too many clients already' \
    /srv/twclone/bin/twclone.log
  [ "$output" = 45 ]
}

@test "the game's unit stops and starts" {
  host
  plays
  booted_run systemctl stop twclone
  run -3 booted_run systemctl is-active twclone
  run ! booted_plays
  run -0 booted_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'twclone'"
  [ "$output" = 0 ]
  booted_run systemctl start twclone
  plays
}

@test "files and units of an untouched host are the same after a reboot" {
  host
  booted_files >"$BATS_TEST_TMPDIR/files"
  booted_units >"$BATS_TEST_TMPDIR/units"
  booted_reboot
  wait_until 10 booted_plays
  booted_files 'srv/twclone/bin/twclone.log' >"$BATS_TEST_TMPDIR/files.after"
  grep -v '^srv/twclone/bin/twclone.log ' "$BATS_TEST_TMPDIR/files" |
    diff - "$BATS_TEST_TMPDIR/files.after"
  booted_units | diff "$BATS_TEST_TMPDIR/units" -
}

@test "the listing shows a byte, a mode, an owner, a new path and a unit that is enabled" {
  host
  booted_files >"$BATS_TEST_TMPDIR/files"
  booted_units >"$BATS_TEST_TMPDIR/units"
  booted_run sh -c 'echo >>/etc/motd; chmod 600 /etc/issue; chown daemon /etc/fstab; mkdir /etc/new
    systemctl -q disable twclone'
  booted_files | diff "$BATS_TEST_TMPDIR/files" - >"$BATS_TEST_TMPDIR/diff" && return 1
  run -0 sed -En 's/^[<>] ([^ ]*) .*/\1/p' "$BATS_TEST_TMPDIR/diff"
  [ "$(sort -u <<<"$output" | paste -sd ' ')" = "etc/fstab etc/issue etc/motd etc/new \
etc/systemd/system/multi-user.target.wants/twclone.service" ]
  run -1 diff "$BATS_TEST_TMPDIR/units" <(booted_units)
  [[ "$output" == *'> file twclone.service disabled'* ]]
}

@test "hosts of one image share nothing, and have loopback and no other network" {
  host
  booted_run touch /etc/first
  booted_boot "t$BATS_TEST_NUMBER-second" "$IMAGE"
  run -1 booted_run test -e /etc/first
  plays
  run -0 booted_run ip -o -4 addr
  [[ "${#lines[@]}" -eq 1 && "$output" == *'127.0.0.1/8'* ]]
  run -0 booted_run ip route
  [ "$output" = '' ]
  booted_drop
  BOOTED_HOST=t$BATS_TEST_NUMBER
  run -0 booted_run test -e /etc/first
}

@test "PgBouncer is not installed, and apt installs the distribution's, which starts" {
  host
  run -1 booted_run test -e /usr/sbin/pgbouncer
  booted_run apt-get -qq update
  run -0 booted_run env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install pgbouncer
  run -0 booted_run systemctl is-active pgbouncer
  run -0 booted_run systemctl is-enabled pgbouncer
}

@test "twpool's programs run on the host as installed" {
  host
  booted_install
  run -0 booted_run twpool-site --version
  [[ "$output" == 'twpool-site '* ]]
  run -0 booted_run twpool-rollback
}

@test "after a power cut the host boots, and what was committed is there" {
  host
  booted_sql twclone 'CREATE TABLE kept AS SELECT 42 AS answer'
  booted_run sh -c 'echo kept >/etc/kept'
  booted_cut
  run -69 booted_run true
  booted_boot "t$BATS_TEST_NUMBER"
  run -0 booted_sql twclone 'SELECT answer FROM kept'
  [ "$output" = 42 ]
  run -0 booted_run cat /etc/kept
  [ "$output" = kept ]
  plays
}

# elsewhere SIGNAL: a shell of its own boots a host and gets SIGNAL. Sets name.
elsewhere() {
  local pid
  # shellcheck disable=SC2016 # for the other shell
  env -u BOOTED_DIR --default-signal=INT bash -c 'set -e; . "$1"; booted_begin; booted_boot h "$2"
    echo "$BOOTED_DIR" >"$3"; exec sleep 60' - \
    "$BATS_TEST_DIRNAME/../lib/booted.bash" "$ROOT" "$BATS_TEST_TMPDIR/dir" 3>&- &
  pid=$!
  wait_until 60 test -s "$BATS_TEST_TMPDIR/dir"
  name=$(basename "$(<"$BATS_TEST_TMPDIR/dir")")
  [ -n "$(traces "$name")" ]
  kill "-$1" "$pid"
}

@test "nothing stays of the hosts of a shell that is killed" {
  elsewhere KILL
  wait_until 10 no_traces "$name"
}

@test "nothing stays of the hosts of a shell that is interrupted" {
  elsewhere INT
  wait_until 10 no_traces "$name"
}

@test "nothing stays of a host that is dropped" {
  host
  local name=${BOOTED_DIR##*/}-$BOOTED_HOST
  [ -n "$(traces "$name")" ]
  booted_drop
  no_traces "$name"
}
