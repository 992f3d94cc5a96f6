#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The faults of tests/lib/faults.bash do what they say, and are gone after their undo. All tests share
# one host: what a fault left behind, the last test finds.
# `run --separate-stderr` sets stderr; each test is a subshell; most faults take no argument.
# shellcheck disable=SC2030,SC2031,SC2119,SC2154
bats_require_minimum_version 1.5.0

setup_file() {
  # shellcheck source=tests/lib/booted.bash
  . "$BATS_TEST_DIRNAME/../lib/booted.bash"
  export IMAGE UNFIT
  # bats 1.8 cannot skip here.
  UNFIT=$(booted_can) || return 0
  export BOOTED_CACHE=${BOOTED_CACHE:-$BATS_RUN_TMPDIR/booted}
  booted_begin
  IMAGE=$(booted_game_root "${BOOTED_SUITE:-bookworm}" 60)
  booted_boot shared "$IMAGE"
  wait_until 10 booted_plays
  booted_files srv/twclone/bin/twclone.log >"$BATS_FILE_TMPDIR/files"
  booted_units >"$BATS_FILE_TMPDIR/units"
}

teardown_file() {
  booted_end
}

setup() {
  [[ -z $UNFIT ]] || skip "no booted host: $UNFIT"
  # shellcheck source=tests/lib/booted.bash
  . "$BATS_TEST_DIRNAME/../lib/booted.bash"
  # shellcheck source=tests/lib/faults.bash
  . "$BATS_TEST_DIRNAME/../lib/faults.bash"
}

teardown() {
  # Tests with a host of their own.
  [[ -z ${BOOTED_HOST:-} || $BOOTED_HOST == shared ]] || booted_drop
}

# simulate: what apt would do to install PgBouncer, with its words on stdout.
simulate() {
  booted_run env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --download-only \
    -o Dir::Cache::archives=/run/faults-archives install pgbouncer 2>&1
}

state() {
  booted_run systemctl is-active "$1" || :
}

is() {
  [[ $(state "$1") == "$2" ]]
}

# in_play N: so many connections beside the server's own two.
in_play() {
  [[ $(booted_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'twclone'") -eq $1+2 ]]
}

# knocked N WHAT: the last N attempts ended with WHAT.
knocked() {
  [[ $(tail -n "$1" "$BOOTED_DIR/hosts/shared/gap" | grep -c " $2\$") -eq $1 ]]
}

# silent: no attempt has been answered for a second, or refused.
silent() {
  (($(date +%s%N) - $(date -r "$BOOTED_DIR/hosts/shared/gap" +%s%N) > 1000000000))
}

connects() {
  booted_run bash -c "</dev/tcp/127.0.0.1/$1" 2>/dev/null
}

@test "apt: locked, without its mirror, and interrupted" {
  booted_run mkdir -p /run/faults-archives/partial
  run -0 simulate

  fault_apt_locked
  run -100 simulate
  [[ $output == *'Could not get lock /var/lib/dpkg/lock-frontend. It is held by process '*'(apt-get)'* ]]
  fault_apt_locked_undo
  run -0 simulate

  fault_mirror_gone
  run -100 simulate
  [[ $output == *'Failed to fetch http://127.0.0.1:9/./pgbouncer_'* ]]
  fault_mirror_gone_undo
  run -0 simulate

  fault_dpkg_interrupted
  run -100 simulate
  [[ $output == *"dpkg was interrupted, you must manually run 'dpkg --configure -a'"* ]]
  fault_dpkg_interrupted_undo
  run -0 simulate
  booted_run rm -r /run/faults-archives
}

@test "a unit is masked" {
  fault_unit_masked
  run -0 booted_run readlink /etc/systemd/system/pgbouncer.service
  [ "$output" = /dev/null ]
  fault_unit_masked_undo
  run -1 booted_run test -L /etc/systemd/system/pgbouncer.service
}

@test "a port is taken, at once or when a path appears" {
  run ! connects 6432
  fault_port_taken
  connects 6432
  fault_port_taken_undo
  run ! connects 6432

  fault_port_taken 6433 '/run/ready-*'
  run ! connects 6433
  booted_run touch /run/ready-now
  wait_until 5 connects 6433
  fault_port_taken_undo 6433
  booted_run rm /run/ready-now
}

@test "a disk is full: what is there stays and can be read, renamed and removed" {
  booted_run sh -c 'mkdir /srv/disk && cd /srv/disk && echo old >file && touch -d @1 file && mkdir -m 700 dir'
  fault_disk_full /srv/disk
  run -1 booted_run bash -c 'echo new >/srv/disk/new'
  [[ $output == *'No space left on device'* ]]
  run -0 booted_run sh -c 'cd /srv/disk && cat file && mv file renamed && rmdir dir && rm new'
  [ "$output" = old ]
  fault_disk_full_undo /srv/disk
  run -0 booted_run sh -c 'cd /srv/disk && ls && stat -c %Y renamed && echo new >new'
  [ "$output" = $'renamed\n1' ]
  booted_run rm -r /srv/disk

  fault_disk_full /srv/absent 65536
  run -1 booted_run sh -c 'head -c 65536 /dev/zero >/srv/absent/fits && echo more >/srv/absent/too-much'
  booted_run sh -c 'rm /srv/absent/*'
  fault_disk_full_undo /srv/absent
  run -1 booted_run test -e /srv/absent
}

# has_died: the game's unit was restarted by systemd.
has_died() {
  [[ $(booted_run systemctl show --value -p NRestarts twclone) -gt 0 ]]
}

start_again() {
  booted_run systemctl restart twclone
  wait_until 30 booted_plays
}

@test "the game becomes active and dies, at once or after five seconds" {
  fault_unit_dies twclone.service 0.2
  # It may be dead before systemctl asks.
  booted_run systemctl restart twclone || :
  wait_until 20 has_died
  fault_unit_undo twclone.service
  start_again

  fault_unit_dies twclone.service 5 KILL
  booted_run systemctl restart twclone
  wait_until 30 booted_plays
  wait_until 30 has_died
  fault_unit_undo twclone.service
  start_again
}

@test "a path's appearance restarts PostgreSQL: players are thrown out, later ones come in" {
  fault_when '/etc/mo[d]e' fault_postgres_restarts
  booted_bots --bots 3 --duration 60 --think 0.05 --min-success 0 >"$BATS_TEST_TMPDIR/bots" 3>&- &
  local bots=$!
  wait_until 30 in_play 3
  booted_run touch /etc/mode
  fault_struck 60
  # Those whose next command is an error stay.
  booted_run pkill -TERM -x bots || :
  wait "$bots" || :
  jq -e '.survivors < 3 or .command_success < 1' "$BATS_TEST_TMPDIR/bots"
  booted_run rm /etc/mode
  start_again
}

@test "what fails when its path appears is told" {
  local stderr
  fault_when /run/now booted_run sh -c 'echo no luck; exit 7'
  booted_run touch /run/now
  run -1 --separate-stderr fault_struck
  [ "$stderr" = 'no luck' ]
  booted_run rm /run/now
  rm "$BOOTED_DIR"/hosts/shared/when.*
}

@test "the gap is the time in which the game did not answer" {
  local gap began=$SECONDS
  booted_gap_start
  wait_until 30 knocked 5 answered
  fault_unit_stopped twclone
  wait_until 30 silent
  fault_unit_stopped_undo twclone
  wait_until 30 knocked 5 answered
  gap=$(booted_gap_stop)
  jq -en --argjson gap "$gap" --argjson all "$((SECONDS - began))" '$gap > 1 and $gap < $all'
  run -1 pgrep -f 'prefix gap'
}

@test "after all undos files and units are as before" {
  wait_until 30 booted_plays
  booted_files srv/twclone/bin/twclone.log | diff "$BATS_FILE_TMPDIR/files" -
  booted_units | diff "$BATS_FILE_TMPDIR/units" -
}

@test "the game freezes behind a pool of 3, and SIGTERM does not end it" {
  booted_boot freeze "$IMAGE"
  booted_run apt-get -qq -y install pgbouncer >/dev/null 2>&1
  booted_sql "SELECT format('\"twclone\" \"%s\"', rolpassword) FROM pg_authid WHERE rolname = 'twclone'" |
    booted_run tee /etc/pgbouncer/userlist.txt >/dev/null
  printf '%s\n' '[databases]' 'twclone = host=127.0.0.1' '[pgbouncer]' listen_addr=127.0.0.1 \
    listen_port=6432 auth_type=scram-sha-256 auth_file=/etc/pgbouncer/userlist.txt \
    pool_mode=transaction default_pool_size=3 | booted_run tee /etc/pgbouncer/pgbouncer.ini >/dev/null
  booted_run sed -i s/5432/6432/g /srv/twclone/bin/bigbang.json
  booted_run systemctl restart pgbouncer
  fault_game_freezes
  start_again
  run -1 booted_bots --bots 20 --duration 5 --think 0.1 --deadline 1.5 --login-deadline 3
  booted_run systemctl kill twclone
  wait_until 20 booted_run grep -q stopping /srv/twclone/bin/twclone.log
  run -1 wait_until 3 is twclone inactive
  is twclone active
}
