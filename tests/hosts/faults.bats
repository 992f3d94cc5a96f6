#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What goes wrong on production hosts: each fault is refused before the first change, or taken back and
# the old state verified.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets output and stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/production_setup.bash
. "$BATS_TEST_DIRNAME/../lib/production_setup.bash"

# host IMAGE: this test's own, booted, with the game answering; files and units are written down.
host() {
  booted_boot "t$BATS_TEST_NUMBER" "$1"
  wait_until 20 booted_plays
  production_files >files.before
  booted_units >units.before
}

# deploy CODE [OPTION]...: what it says is in `stderr`, also shown where the test fails.
deploy() {
  local code=$1
  shift
  run "-$code" --separate-stderr booted_run twpool-deploy "$@"
  printf '%s\n' "$output" "$stderr"
}

# untouched: not one path differs, and the game answers.
untouched() {
  production_files | diff files.before -
  game_answers
}

# gone_back: the old state, but for the paths of packages; verified by twpool itself, and the game
# answers. Accounts are gone too: nothing differs in /etc.
gone_back() {
  [[ "$stderr" == *'the host is as before'* ]]
  production_files | diff files.before - | awk '/^[<>]/' >changes || :
  # shellcheck disable=SC2016 # for the host's shell
  booted_run bash -c 'dpkg -L $(/usr/local/bin/twpool-generation get 1 package.installed | tr -d "\0") 2>/dev/null' |
    sed -E 's#^/##; s#^(lib|bin|sbin)/#usr/&#' >packages.paths || :
  run awk 'NR == FNR { own[$0]; next } !($2 in own)' packages.paths changes
  echo "$output"
  [ -z "$output" ]
  game_answers
}

# game_answers: five players log in, and every command of theirs succeeds.
game_answers() {
  wait_until 20 booted_plays
  booted_bots --bots 5 --duration 0.5 --think 0.1 | jq -e '.logins == 5 and .command_success == 1'
}

# --- refused before the first change --------------------------------------------------------------

@test "the package manager's lock is held: 75, with who holds it" {
  host "$READY"
  fault_apt_locked
  deploy 75
  [[ "$stderr" == *"(pid "*")"* ]]
  untouched
}

@test "an interrupted dpkg: 78, with the command that repairs it" {
  host "$READY"
  fault_dpkg_interrupted
  deploy 78
  [[ "$stderr" == *'dpkg --configure -a'* ]]
  untouched
}

@test "a masked unit of the pooler, and one of the server: 78, with the command that unmasks it" {
  host "$READY"
  fault_unit_masked pgbouncer.service
  deploy 78
  [[ "$stderr" == *'systemctl unmask pgbouncer.service'* ]]
  fault_unit_masked_undo pgbouncer.service
  # What has a file in /etc is masked by a link in its place.
  booted_run sh -ec 'cd /etc/systemd/system; mv twclone.service /root; ln -s /dev/null twclone.service
    systemctl daemon-reload'
  deploy 78
  [[ "$stderr" == *'systemctl unmask twclone.service'* ]]
  booted_run sh -ec 'mv /root/twclone.service /etc/systemd/system; systemctl daemon-reload'
  untouched
}

@test "the port is somebody else's: 78, with whose" {
  host "$READY"
  fault_port_taken
  deploy 78
  [[ "$stderr" == *'port 6432 is taken: '* ]]
  untouched
}

# --- taken back -----------------------------------------------------------------------------------

@test "the mirror is unreachable: 1, gone back, and apt's words are shown" {
  host "$READY"
  fault_mirror_gone
  deploy 1
  [[ "$stderr" == *'the package pgbouncer could not be installed'* ]]
  fault_mirror_gone_undo
  gone_back
}

@test "the port is taken between preflight and start: 1, gone back, and nobody believed the unit's active" {
  host "$READY"
  fault_port_taken 6432 '/etc/pgbouncer/twpool/pgbouncer.ini'
  deploy 1
  [[ "$stderr" == *'the pooler does not run as rendered'* ]]
  fault_port_taken_undo 6432
  gone_back
}

@test "the disk is full: 1, gone back" {
  host "$READY"
  booted_run mkdir /etc/pgbouncer
  fault_disk_full /etc/pgbouncer
  deploy 1
  [[ "$stderr" == *'No space left on device'* ]]
  fault_disk_full_undo /etc/pgbouncer
  booted_run bash -c 'rmdir /etc/pgbouncer 2>/dev/null || :'
  gone_back
}

@test "a pooler that crashes after it was active: 1, gone back" {
  host "$READY"
  # The package brings the unit; it dies from its first start on.
  fault_when '/usr/sbin/pgbouncer' fault_unit_dies pgbouncer.service 1
  deploy 1
  fault_struck 10
  fault_unit_undo pgbouncer.service
  gone_back
}

@test "a server that starts and dies after five seconds, again and again: 1, gone back" {
  host "$READY"
  fault_unit_dies twclone.service 5
  deploy 1
  [[ "$stderr" == *'the server has ended since its restart'* || "$stderr" == *'did not come back'* ]]
  fault_unit_undo twclone.service
  gone_back
}

@test "a server that its pool freezes and that ignores SIGTERM: 1, named with both cures, gone back" {
  host "$READY"
  fault_game_freezes
  production_edit '.pgbouncer += {default_pool_size: 3, reserve_pool_size: 0}
    | .validate += {bots: 20, command: ["bin/bots", "--port", "7777", "--bots", "20", "--duration", "60", "--think", "0.1"]}'
  production_files >files.before
  deploy 1
  [[ "$stderr" == *'the server is frozen: '*'lock per connection'* ]]
  [[ "$stderr" == *'server: frozen, so it will not hear SIGTERM'* ]]
  fault_game_freezes_undo
  gone_back
}

@test "PostgreSQL is restarted in mid-deploy: done and in force, or 1 and gone back" {
  host "$READY"
  fault_when '/etc/pgbouncer/twpool/pgbouncer.ini' fault_postgres_restarts
  run --separate-stderr booted_run twpool-deploy
  printf '%s\n' "$output" "$stderr"
  fault_struck 10
  if [[ $status -eq 0 ]]; then
    game_answers
    booted_run twpool-generation verify
  else
    [ "$status" -eq 1 ]
    gone_back
  fi
}

# --- bad input ------------------------------------------------------------------------------------

@test "twpool-rollback while PostgreSQL is down: 2 and the way on, where the server does not start without it" {
  host "$DEPLOYED"
  booted_run systemctl stop postgresql
  run -2 --separate-stderr booted_run twpool-rollback
  printf '%s\n' "$output" "$stderr"
  [[ "$stderr" == *'not proven: PostgreSQL cannot be reached'*'verification: done'*'What remains:'* ]]
  booted_run systemctl start postgresql
  run -0 --separate-stderr booted_run twpool-rollback
  [[ "$output" == 'rolled back: generation 0001, verified, '* ]]
  game_answers
}
