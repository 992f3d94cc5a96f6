#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What a run that was killed, or somebody while it ran, has left in the running pooler, where no file shows it:
# a pause, and pool sizes that were being tried. The way back to the older deploy ends both.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

# console SQL: as the pooler's OS user, whom its Unix socket takes for an administrator.
console() {
  as_user "$host_pooler_user" psql -XAtq -h "$host_root/run/pgbouncer" -p "$host_pool_port" -U pgbouncer -d pgbouncer -c "$1"
}

# pool_size: what the running pooler has.
pool_size() {
  console 'SHOW CONFIG' | sed -n 's/^default_pool_size|\([0-9]*\).*/\1/p'
}

# begun LINE: an upgrade of the pool to 7 runs, in a process group of its own, and has said that.
begun() {
  setsid env TWPOOL_ROOT="$host_root" "$tests/../deploy/twpool-deploy" --site site.json >upgrade.log 2>&1 3>&- &
  upgrade=$!
  wait_until 120 grep -q "$1" upgrade.log
}

# killed: with all that it has started.
killed() {
  kill -KILL -- "-$upgrade"
  wait "$upgrade" || [ $? -eq 137 ]
}

# checked: what twpool-check says of the pools.
checked() {
  TWPOOL_ROOT=$host_root twpool-check --dsn "host=$host_root/run/pgbouncer port=$host_pool_port" --only pools
}

waiting='.pgbouncer.default_pool_size = 7 | .validate.command = ["sh", "-c", "until [ -e go ]; do sleep 0.1; done"]'

# The server would wait for ever: nobody who was there when it was paused is there any more.
@test "a pool that is paused when a deploy over an older one is killed: twpool-check says so until the recovery, which ends it" {
  host .
  host_run twpool-deploy >deploy.log 2>&1
  for pause in 'PAUSE game' PAUSE; do
    host_site "$waiting"
    begun 'load through the server'
    console "$pause"
    killed
    touch "$host_game/go"
    [[ $pause == PAUSE ]] || {
      run -2 checked
      [[ "$output" == *'its database is paused (RESUME)'* ]]
    }
    host_site
    run -0 host_run twpool-deploy
    [[ "$output" == *'was not finished; going back'*'warning: reload: PgBouncer was paused, and goes on now (RESUME)'*'rolled back'* ]]
    run -0 checked
    [ "$(pool_size)" = 25 ]
    answers
    rm -f "$host_game/go"
  done
}

@test "a pause that is an operator's stays: preflight refuses, and a rollback of a deploy that was finished leaves it" {
  host .
  host_run twpool-deploy >deploy.log 2>&1
  host_site '.pgbouncer.default_pool_size = 7'
  host_run twpool-deploy >deploy.log 2>&1
  console 'PAUSE game'
  run -78 host_run twpool-deploy
  [[ "$output" == *'somebody has paused the pooler'* ]]
  run -0 host_run twpool-rollback --previous
  [[ "$output" != *RESUME* ]]
  run -2 checked
  console 'RESUME game'
  [ "$(pool_size)" = 25 ]
  answers
}

@test "pool sizes that a killed twpool-size was trying are put back by the recovery" {
  host .
  host_run twpool-deploy >deploy.log 2>&1
  host_site '.pgbouncer.default_pool_size = 7 | .validate += {tune_sizes: "2,3,4", bots: 8}'
  begun 'twpool-size --tune'
  tried() { [[ $(pool_size) == [234] ]]; }
  wait_until 60 tried
  killed
  tried
  run -0 env TWPOOL_ROOT="$host_root" "$tests/../rollback/twpool-rollback" --to 2
  [ "$(pool_size)" = 25 ]
  answers
}
