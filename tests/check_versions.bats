#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-check on the console of every PgBouncer from 1.12 to 1.26: the columns that were measured by
# running each version, from a stand-in. Columns added, renamed, reordered or missing never break it.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
bats_require_minimum_version 1.5.0

setup() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  fixtures=$BATS_TEST_DIRNAME/fixtures/check
  versions=(1.12.0 1.15.0 1.16.0 1.18.0 1.19.0 1.20.0 1.21.0 1.22.0 1.23.0 1.24.0 1.25.0 1.26.0 1.99.0)
}

teardown() {
  [[ -z ${pid:-} ]] || kill "$pid" || :
}

# rows FILTER: the rows of a pooler in which all is well, and what jq makes of them.
rows() {
  jq "${1:-.}" "$fixtures/well.json" >rows.json
}

# on VERSION [TWIST]: a console of this version with these rows; its socket is in the directory v.
on() {
  if [[ -n ${pid:-} ]]; then
    kill "$pid"
    wait "$pid" || :
  fi
  rm -rf v
  mkdir v
  perl "$BATS_TEST_DIRNAME/lib/console.pl" v 6432 "$1" "$fixtures/columns.json" rows.json "${2:-}" 3>&- 4>&- &
  pid=$!
  wait_until 10 test -S v/.s.PGSQL.6432
}

check() {
  timeout 60 twpool-check --dsn "host=$PWD/v port=6432" --timeout 20 "$@"
}

# every CODE TEXT ARG...: every version has this verdict in these words.
every() {
  local code=$1 text=$2 version
  shift 2
  for version in "${versions[@]}"; do
    on "$version"
    run -"$code" --separate-stderr check "$@"
    # shellcheck disable=SC2053 # a pattern
    [[ "${lines[0]}" == $text && -z "$stderr" ]] || { echo "$version: $output"; return 1; }
  done
}

@test "all is well on every version" {
  rows
  every 0 "TWPOOL OK: 1 pool, 0 waiting, 9 of 200 clients, 3 of 3 server connections | 'game/game waiting'=0;;;0 *"
}

@test "a wait is measured with its microseconds on every version" {
  rows '(."SHOW POOLS"[0]) += {cl_waiting: "2", maxwait: "7", maxwait_us: "250000"}'
  every 2 "TWPOOL CRITICAL: pool game/game: 2 clients wait, the longest for 7.250000 s, 3 of 3 server connections: it is exhausted | *'game/game maxwait'=7.250000s;1;5;0 *"
}

@test "a database that is paused, disabled or full is told on every version" {
  rows '(."SHOW DATABASES"[0].paused) = "1"'
  every 2 'TWPOOL CRITICAL: pool game/game: *: its database is paused (RESUME) | *'
  rows '(."SHOW DATABASES"[0].disabled) = "1"'
  every 2 'TWPOOL CRITICAL: pool game/game: *: its database is disabled, new clients are refused (ENABLE) | *'
  rows '(."SHOW LISTS"[] | select(.list == "used_clients").items) = "195"'
  every 2 "TWPOOL CRITICAL: 195 of 200 clients | *"
}

# The column's name is reserve_pool before 1.24, and reserve_pool_size since.
@test "a reserve that is in use is told on every version" {
  rows '(."SHOW DATABASES"[0]) += {reserve_pool: "2", reserve_pool_size: "2"} | (."SHOW POOLS"[0]) += {sv_active: "4", sv_idle: "0"}'
  every 1 "TWPOOL WARNING: pool game/game: 0 waiting, 4 of 5 server connections: its reserve is in use | *"
}

@test "what a version does not have is no news: all of it paused or suspended since 1.19" {
  rows '(."SHOW STATE"[] | select(.key == "suspended").value) = "yes"'
  versions=(1.19.0 1.26.0)
  every 2 'TWPOOL CRITICAL: all of PgBouncer is suspended (RESUME) | *'
  versions=(1.12.0 1.18.0)
  every 0 'TWPOOL OK: *'
}

@test "columns in another order, and columns that nobody knows yet, change nothing" {
  rows
  local twist before
  for version in 1.12.0 1.18.0 1.26.0; do
    on "$version"
    run -0 check --only pools --only clients -v
    before=$output
    for twist in shuffle extra; do
      on "$version" "$twist"
      run -0 check --only pools --only clients -v
      [ "$output" = "$before" ]
    done
  done
}

@test "a column that is needed and missing is unknown, and named" {
  rows
  on 1.26.0 'without:SHOW POOLS:cl_waiting'
  run -3 check
  [[ "${lines[0]}" == 'TWPOOL UNKNOWN: console: SHOW POOLS: not the answer that is expected: no column "cl_waiting" | '* ]]
}

@test "the metrics of every version are those that it has, and promtool finds nothing" {
  rows
  for version in "${versions[@]}"; do
    on "$version"
    run -0 --separate-stderr check --format prometheus
    printf '%s\n' "$output" >out.prom
    [ -z "$(command -v promtool)" ] || promtool check metrics <out.prom
    grep -qx 'pgbouncer_pools_client_active_connections{database="game",user="game"} 8' out.prom
    grep -qx 'pgbouncer_stats_totals_client_wait_seconds_total{database="game"} 12.345678' out.prom
    grep -qx 'pgbouncer_stats_client_wait_seconds_total{database="game"} 12.345678' out.prom
    grep -qx 'pgbouncer_stats_totals_sent_bytes_total{database="game"} 9007199254740' out.prom
    grep -qx 'pgbouncer_databases_reserve_pool{name="game",host="127.0.0.1",port="5432",database="game",force_user="",pool_mode="transaction"} 0' out.prom
    [ "$(grep -c '^pgbouncer_databases_reserve_pool{' out.prom)" -eq 2 ]
    grep -q '^pgbouncer_client_connections{.*} 2$' out.prom
  done
  grep -q '^pgbouncer_stats_totals_server_assignments_total{' out.prom
  on 1.18.0
  run -0 check --format prometheus
  [[ "$output" != *server_assignments_total* ]]
  [[ "$output" == *'pgbouncer_pools_server_being_canceled_connections{'* ]]
  on 1.16.0
  run -0 check --format prometheus
  [[ "$output" != *server_being_canceled* ]]
}

# --- between two runs -----------------------------------------------------------------------------

@test "the mean wait since the last run: of servers given to clients, before 1.23 of transactions" {
  local version
  for version in 1.18.0 1.26.0; do
    rm -f state
    rows
    on "$version"
    run -0 later 0 --state state --only waits -v
    [[ "${lines[0]}" == *" | 'game mean_wait'=U;0.05;0.5;0" && "${lines[1]}" == 'OK waits: database game: no earlier run to compare with' ]]
    # 100 clients more, each for 0.2 s.
    totals wait_time 32345678 xact_count 1100 server_assignment_count 1100
    run -1 later 60 --state state --only waits -v
    [[ "${lines[0]}" == "TWPOOL WARNING: database game: a client waited for 0.200000 s on average in the last "*" s | 'game mean_wait'=0.200000s;0.05;0.5;0" ]]
    run -0 later 120 --state state --only waits -v
    [[ "${lines[1]}" == 'OK waits: database game: a client waited for 0.000000 s on average in the last '*' s' ]]
  done
}

# totals COLUMN VALUE...: the console that runs has these totals from now on.
totals() {
  local filter=.
  while (($#)); do
    filter+=" | (.\"SHOW STATS_TOTALS\"[0].$1) = \"$2\""
    shift 2
  done
  jq "$filter" rows.json >rows.new
  mv rows.new rows.json
}

# later SECONDS ARG...: a check so long after boot, plus what it is now.
later() {
  local seconds=$1 who=()
  shift
  ((EUID == 0)) || who=(--map-current-user)
  unshare "${who[@]}" --time --boottime "$seconds" --fork -- "$TWPOOL_BIN/twpool-check" --dsn "host=$PWD/v port=6432" --timeout 20 "$@"
}

@test "no rate is negative: counters that fall, a clock that goes back, a file that is damaged" {
  local damage
  rows
  on 1.26.0
  for damage in 'totals wait_time 5' 'totals server_assignment_count 5' 'echo nonsense >state' ': >state' 'rm state' \
    'state .between.at_seconds+=100000' 'state .between.pooler_pid=1' 'state .between.pooler_started_seconds-=1000' 'state ".boot_id=.tool"' 'state .between.databases=7' \
    'state ".between.databases[0].waited_us=.tool"' 'state .between=[]' 'chmod 0666 state'; do
    rm -f state
    rows
    run -0 later 0 --state state --only waits -v
    totals wait_time 92345678 xact_count 1100 server_assignment_count 1100
    damaged "$damage"
    run -0 later 60 --state state --only waits -v
    [[ "${lines[1]}" == 'OK waits: database game: no earlier run to compare with' ]] || { echo "$damage: $output"; return 1; }
  done
}

# damaged COMMAND: does it to the file that the last run left.
damaged() {
  eval "$1"
}

# state FILTER: what jq makes of the file.
state() {
  jq "$1" state >edited
  cat edited >state
}

@test "a restart of the pooler between two runs is no wait" {
  rows
  on 1.26.0
  run -0 later 0 --state state --only waits -v
  on 1.26.0
  totals wait_time 92345678 server_assignment_count 1100
  run -0 later 60 --state state --only waits -v
  [[ "${lines[1]}" == *"no earlier run to compare with"* ]]
}

# wait_of SECONDS MICROSECONDS: the longest wait, from now on.
wait_of() {
  rows "(.\"SHOW POOLS\"[0]) += {cl_waiting: \"2\", sv_active: \"1\", sv_idle: \"0\", maxwait: \"$1\", maxwait_us: \"$2\"}"
}

# at SECONDS CODE ARG...: a check with state so long after boot has this code.
at() {
  local seconds=$1 code=$2
  shift 2
  run -"$code" later "$seconds" --state state --only pools "$@"
}

@test "what stands at its threshold does not come and go: an alert ends a tenth below it, with --state" {
  wait_of 0 950000
  on 1.26.0
  at 0 0
  wait_of 1 500000
  at 60 1
  [[ "${lines[0]}" != *"not by a tenth"* ]]
  wait_of 0 950000
  at 120 1
  [[ "${lines[0]}" == "TWPOOL WARNING: pool game/game: 2 clients wait, the longest for 0.950000 s, "*" (better than its threshold, but not by a tenth) | "*"'game/game maxwait'=0.950000s;1;5;0 "* ]]
  run -0 check --only pools
  wait_of 0 850000
  at 180 0
  wait_of 0 950000
  at 240 0
  # CRITICAL is left in the same way, to WARNING.
  wait_of 5 200000
  at 300 2
  wait_of 4 600000
  at 360 2
  wait_of 4 400000
  at 420 1
  # From below too, and within a range; of a narrow one nothing lingers.
  wait_of 2 0
  at 480 1 -w maxwait=3: -c 'maxwait=~:'
  wait_of 3 200000
  at 540 1 -w maxwait=3: -c 'maxwait=~:'
  wait_of 3 400000
  at 600 0 -w maxwait=3: -c 'maxwait=~:'
  at 660 1 -w maxwait=@3:4 -c 'maxwait=~:'
  wait_of 4 300000
  at 720 1 -w maxwait=@3:4 -c 'maxwait=~:'
  wait_of 4 500000
  at 780 0 -w maxwait=@3:4 -c 'maxwait=~:'
  at 840 1 -w maxwait=4:4.4 -c 'maxwait=~:'
  wait_of 4 200000
  at 900 0 -w maxwait=4:4.4 -c 'maxwait=~:'
}

@test "a handful of transactions is too few to judge the wait" {
  rows
  on 1.26.0
  run -0 later 0 --state state --only waits -v
  totals wait_time 13345678 server_assignment_count 1002
  run -0 later 60 --state state --only waits -v
  [[ "${lines[0]}" == *"'game mean_wait'=U;"* && "${lines[1]}" == 'OK waits: database game: too few transactions in the last '*' s to judge the wait' ]]
}

@test "a login at PostgreSQL that is under way in two runs in a row is stuck" {
  rows '(."SHOW POOLS"[0]) += {sv_login: "1", sv_active: "0", sv_idle: "0"}'
  on 1.26.0
  run -0 later 0 --state state --only pools
  run -1 later 60 --state state --only pools
  [[ "${lines[0]}" == "TWPOOL WARNING: pool game/game: 0 waiting, 1 of 3 server connections: its login at PostgreSQL is stuck | "* ]]
  [[ "${lines[1]}" == *"PostgreSQL is down, full, or refuses its login"* ]]
  rows
  on 1.26.0
  run -0 later 120 --state state --only pools
}

@test "a second run with the same --state is unknown, and says since when" {
  rows
  on 1.26.0
  kill -STOP "$pid"
  check --state state >first 3>&- 4>&- &
  local first=$!
  wait_until 40 locked
  run -3 check --state state
  [[ "$output" =~ ^"TWPOOL UNKNOWN: another check with 'state' is under way since "[0-9:]{8}" UTC"$ ]]
  kill -CONT "$pid"
  wait "$first"
  grep -q '^TWPOOL OK: ' first
}

locked() {
  [ -e state.lock ] && ! flock -n state.lock true
}
