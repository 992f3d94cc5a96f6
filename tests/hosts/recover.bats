#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A power cut in the middle of a deploy or of the way back: the boot takes it back by itself, before
# the game starts, and the game reaches its database.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets output and stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/production_setup.bash
. "$BATS_TEST_DIRNAME/../lib/production_setup.bash"

# host IMAGE: this test's own, booted, with the game answering; files are written down.
host() {
  booted_boot "t$BATS_TEST_NUMBER" "$1"
  wait_until 60 booted_plays
  production_files >files.before
}

# cut_when PATTERN COMMAND...: the command runs on the host, and the power goes as soon as it has said
# the pattern. The host boots again.
cut_when() {
  local pattern=$1
  shift
  : >talk.log
  booted_run "$@" >talk.log 2>&1 3>&- &
  load=$!
  wait_until 180 grep -q -- "$pattern" talk.log
  booted_cut
  wait "$load" || :
  load=
  booted_boot "$BOOTED_HOST"
  wait_until 60 booted_plays
}

# taken_back: the files are as before, but for those of packages; the record says so; nobody is left to
# do anything; the game's players are answered.
taken_back() {
  booted_run journalctl -u twpool-recover.service --no-pager -o cat
  production_files | diff files.before - | awk '/^[<>]/' >changes || :
  # shellcheck disable=SC2016 # for the host's shell
  booted_run bash -c 'dpkg -L $(/usr/local/bin/twpool-generation get 1 package.installed | tr -d "\0") 2>/dev/null' |
    sed -E 's#^/##; s#^(lib|bin|sbin)/#usr/&#' >packages.paths || :
  run awk 'NR == FNR { own[$0]; next } !($2 in own)' packages.paths changes
  echo "$output"
  [ -z "$output" ]
  run -0 booted_run twpool-generation list --active
  [ -z "$output" ]
  booted_bots --bots 5 --duration 0.5 --think 0.1 | jq -e '.logins == 5 and .command_success == 1'
  run -0 booted_run twpool-rollback --boot
  [[ "$output" == 'nothing to do: no deploy was left unfinished' ]]
}

@test "the power goes while a deploy is validated: the boot takes it back, and the game plays directly" {
  host "$READY"
  cut_when 'server: back after' twpool-deploy
  taken_back
  run -0 booted_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'twclone' AND client_addr = '127.0.0.1' AND application_name LIKE '%pgbouncer%'"
  run -3 booted_run systemctl is-active pgbouncer.service
}

@test "the power goes as soon as the pooler's files are there: the same" {
  host "$READY"
  cut_when '/etc/pgbouncer/twpool/pgbouncer.ini' twpool-deploy
  taken_back
}

@test "the power goes in the middle of a rollback: the boot ends it" {
  host "$DEPLOYED"
  cp "$DEPLOYED.before" files.before
  cut_when '== server files: done' twpool-rollback
  taken_back
}

@test "a deploy that is complete is left alone by a boot" {
  host "$DEPLOYED"
  booted_reboot
  wait_until 60 booted_plays
  run -0 booted_run systemctl show -P Result twpool-recover.service
  [ "$output" = success ]
  run -0 booted_run journalctl -b -u twpool-recover.service --no-pager -o cat
  [[ "$output" == *'nothing to do: no deploy was left unfinished'* ]]
  run -0 booted_run systemctl is-active pgbouncer.service
}
