#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A game server whose DSN is compiled in, on a booted Debian with a compiler: built as the server's user,
# never as root, and the old binary comes back as it was.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets output and stderr
bats_require_minimum_version 1.5.0

setup_file() {
  # shellcheck source=tests/lib/production.bash
  . "$BATS_TEST_DIRNAME/../lib/production.bash"
  export READY UNFIT SUITE=${BOOTED_SUITE:-bookworm}
  UNFIT=$(booted_can) || return 0
  export BOOTED_CACHE=${BOOTED_CACHE:-$BATS_RUN_TMPDIR/booted}
  booted_begin
  READY=$(production_image "$SUITE" 115 compiler DSN=compiled)
}

teardown_file() {
  booted_end
}

setup() {
  [[ -z $UNFIT ]] || skip "no booted host: $UNFIT"
  # shellcheck source=tests/lib/production.bash
  . "$BATS_TEST_DIRNAME/../lib/production.bash"
  cd "$BATS_TEST_TMPDIR" || return
  booted_boot "t$BATS_TEST_NUMBER" "$READY"
  wait_until 20 booted_plays
  # What builds says as whom.
  production_edit '.server += {dsn: ["compiled_dsn.h"], binaries: ["bin/server"],
    build: ["sh", "-c", "id -un >/var/tmp/builder; make DSN=compiled"]}'
  production_files >before
}

teardown() {
  [[ -z ${BOOTED_HOST:-} ]] || booted_drop
}

# answers: players log in, and all their commands succeed.
answers() {
  booted_bots --bots 50 --duration 0.5 --think 0.1 | jq -e '.logins == 50 and .command_success == 1'
}


@test "a compiled DSN: built as the server's user, all through the pool, and the old binary comes back" {
  run -0 --separate-stderr booted_run twpool-deploy
  [[ "$output" == 'deployed: generation 0001, '* && "$stderr" == *'nobody comes directly'* ]]
  run -0 booted_run cat /var/tmp/builder
  [ "$output" = twclone ]
  run -0 booted_run stat -c '%U %a' /srv/twclone/bin/server /srv/twclone/compiled_dsn.h
  [ "$output" = $'twclone 755\ntwclone 640' ]
  answers
  run -0 --separate-stderr booted_run twpool-rollback --purge
  production_files | diff before -
  answers
}

@test "a build that fails or is killed leaves the game as it runs, and every file as it was" {
  pid=$(booted_run systemctl show -P MainPID twclone.service)
  production_edit '.server.build = ["sh", "-c", "echo no rule; exit 3"]'
  run -1 booted_run twpool-deploy
  [[ "$output" == *'no rule'*'the host is as before'* ]]
  [ "$(booted_run systemctl show -P MainPID twclone.service)" = "$pid" ]

  production_edit '.server.build = ["sh", "-c", "touch /run/lock/twpool.building; exec sleep 600"]'
  booted_run sh -c 'twpool-deploy >/root/deploy.log 2>&1 & echo $! >/root/deploy.pid'
  wait_until 60 booted_run test -e /run/lock/twpool.building
  # shellcheck disable=SC2016 # the host's
  booted_run sh -c 'kill -KILL $(cat /root/deploy.pid)'
  [ "$(booted_run systemctl show -P MainPID twclone.service)" = "$pid" ]
  answers
  run -0 booted_run twpool-rollback --purge
  [ "$(booted_run systemctl show -P MainPID twclone.service)" = "$pid" ]
  production_files | diff before - | grep '^[<>]' | grep -v ' etc/twpool/site.json ' >differs || :
  cat differs
  [ ! -s differs ]
}
