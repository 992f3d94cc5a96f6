#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# One writer: many deploys and rollbacks at once on a throwaway host with a real PostgreSQL and the real
# PgBouncer; and both in hostile surroundings. `make soak` has more of them, and more often.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

# racers N: that many at once, every second one a rollback; RACE/N has the exit code of each.
racers() {
  local i program
  rm -rf race
  mkdir race
  for ((i = 0; i < $1; i++)); do
    program=twpool-deploy
    ((i % 2 == 0)) || program=twpool-rollback
    (
      code=0
      host_run "$program" >"race/$i.log" 2>&1 || code=$?
      printf '%s\n' "$code" >"race/$i"
    ) 3>&- &
  done
}

# ended N: as many of them have ended.
ended() {
  (($(find race -name '*[0-9]' | wc -l) >= $1))
}

# The winner waits for the others in the load of its validation, or, where a rollback wins, nobody
# holds the lock for long: so the first one is a deploy, alone.
@test "of many deploys and rollbacks at once one wins, the others say who it is and exit 75" {
  host_make "$PWD" 40
  host_site '.validate.command = ["sh", "-c", "while ! [ -e '"$PWD"'/go ]; do sleep 0.1; done"]'
  host_start
  host_tree >before
  chmod 0755 .
  host_run twpool-deploy >winner.log 2>&1 3>&- &
  winner=$!
  wait_until 120 grep -q 'load through the server' winner.log
  racers 20
  wait_until 120 ended 20
  cat race/*.log >losers.log
  touch go
  wait "$winner" || [ $? -eq 1 ]
  [ "$(cat race/*[0-9] | sort | uniq -c | tr -s ' ')" = ' 20 75' ]
  [ "$(grep -c 'busy: twpool-deploy (pid [0-9]*) holds the lock since 20' losers.log)" -eq 20 ]
  run -0 host_run twpool-rollback
  host_tree | diff before -
}

# Of a hundred that were started at once on a host without a record, some found its directory missing and,
# a moment later, there: exit 1.
@test "two that both find no record yet: that the other has just made its directory is no failure" {
  cp -r "$TWPOOL_BIN" bin
  cat >bin/mkdir <<-'SH'
	#!/bin/sh
	for path; do :; done
	[ -d "$path" ] || /bin/mkdir -m 0700 "$path"
	exec /bin/mkdir "$@"
	SH
  chmod +x bin/mkdir
  mkdir root
  run -0 --separate-stderr env TWPOOL_BIN="$PWD/bin" TWPOOL_ROOT="$PWD/root" "$tests/../rollback/twpool-rollback"
  [ "$output" = 'nothing to do: no deploy is active' ]
  [ "$(stat -c %a root/var/lib/twpool)" = 700 ]
}

@test "a deploy and a rollback in hostile surroundings: the same host, to the byte" {
  host_make "$PWD" 40
  host_site
  host_start
  host_tree >before
  mkdir gone
  # What a shell, a cron daemon or a login leaves behind: not one of these may matter.
  hostile() (
    cd gone
    rmdir ../gone 2>/dev/null || :
    umask "$1"
    # shellcheck disable=SC2141 # odd on purpose
    export IFS=t/ CDPATH=/:/tmp BASH_ENV=/nonexistent ENV=/nonexistent PGHOST=nowhere PGPORT=1 PGSERVICE=none PGUSER=nobody \
      PGOPTIONS=-x LC_ALL=tr_TR.UTF-8 TZ=Pacific/Kiritimati HOME=/nonexistent GLOBIGNORE='*' TMPDIR=/nonexistent \
      LD_BIND_NOW=1 POSIXLY_CORRECT=1 GREP_OPTIONS=-v PATH="/nonexistent:$PATH"
    "${@:2}"
  )
  host_run() {
    case $1 in
      twpool-deploy) TWPOOL_ROOT=$host_root "$tests/../deploy/twpool-deploy" --site "$host_top/site.json" ;;
      *) TWPOOL_ROOT=$host_root "$tests/../rollback/$1" ;;
    esac
  }
  hostile 0 host_run twpool-deploy >deploy.log 2>&1 <&-
  [ "$(stat -c '%a' "$host_root/etc/pgbouncer/twpool/userlist.txt")" = 640 ]
  run -0 find "$host_root/var/lib/twpool" -perm /022
  [ -z "$output" ]
  mkdir -p gone
  code=0
  hostile 0777 host_run twpool-rollback <&- >&- 2>&- || code=$?
  [ "$code" -eq 0 ]
  host_tree | diff before -
  host_bots --bots 5 --duration 1 --think 0.1 --quiet >answers.json
}

# A result that could not be written once made a rollback that was done exit 1, and took a deploy back.
@test "a result that cannot be written is said, and what is done stays done" {
  host_make "$PWD" 40
  host_site
  host_start
  run -0 --separate-stderr bash -c "TWPOOL_ROOT='$host_root' '$tests/../deploy/twpool-deploy' --site site.json >/dev/full"
  [[ "$stderr" == *'the result could not be written to standard output' ]]
  run -0 bash -c "TWPOOL_ROOT='$host_root' '$tests/../rollback/twpool-rollback' >/dev/full"
  [ ! -e "$host_root/etc/pgbouncer" ]
}
