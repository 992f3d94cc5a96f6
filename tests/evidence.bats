#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-stress as an instrument: scripts, rates, the ledger, the bottleneck by name, the page.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/pooler_setup.bash
. "$BATS_TEST_DIRNAME/lib/pooler_setup.bash"

setup_file() {
  pooled_cluster 30
  cluster_sql game 'CREATE TABLE seen (client int, n int); GRANT ALL ON seen TO game; GRANT CREATE ON SCHEMA public TO game'
  cp "$POOLER_DIR/userlist.txt" "$BATS_FILE_TMPDIR/userlist"
}

setup() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  POOLED="host=127.0.0.1 port=$POOLER_PORT user=game dbname=game"
  DIRECT="host=127.0.0.1 port=$CLUSTER_PORT user=game dbname=game"
  watched=(--console "$CONSOLE" --postgres "$POSTGRES")
  jobs=()
}

# The pooler and the database are as at first.
teardown() {
  local pid
  ((${#jobs[@]} == 0)) || kill "${jobs[@]}" 2>/dev/null || :
  [[ -e $CLUSTER_DIR/data/postmaster.pid ]] || cluster_restart
  if [[ -e again || ! -S $POOLER_DIR/.s.PGSQL.$POOLER_PORT ]]; then
    pid=$(pooler_pid) || pid=
    [[ -z $pid ]] || gone "$pid" || pooler_halt
    cat "$BATS_FILE_TMPDIR/userlist" >"$POOLER_DIR/userlist.txt"
    pooler_boot
  fi
  console RELOAD
  cluster_sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'game'"
}

# stress CODE ARG...: a run that must end with this code.
stress() {
  local code=$1
  shift
  run -"$code" --separate-stderr timeout -k 1 90 twpool-stress --bots 4 --duration 1 --think 0.05 --json out.json "$@"
}

report() {
  jq -c "$1" out.json
}

# named NAME WORD...: it is this one, on the table too, with the setting that moves it.
named() {
  [ "$(jq -r '.bottlenecks[0].name' out.json)" = "$1" ] || {
    jq -c '.bottlenecks' out.json
    return 1
  }
  [[ "$output" == *$'\n'"bottleneck: $1 ("*"; moved by: "*"$2"* ]]
}

# --- scripts --------------------------------------------------------------------------------------

@test "pgbench's syntax: variables, expressions, random numbers, statements of several lines" {
  cat >s.sql <<'SQL'
-- a comment; with a semicolon
\set n random(1, 10 * :scale) + 100
\set m (:n % 7) * 2 - -3 / 1
\set k greatest(least(:m, 3), abs(-2))
BEGIN;
INSERT INTO seen VALUES (:client_id,
  :n); SELECT ':n'::text, 'a;b', $$ c;d $$ -- not; here
  WHERE :k BETWEEN 2 AND 3;
\sleep 20 ms
COMMIT;
SQL
  cluster_sql game 'TRUNCATE seen'
  stress 0 --dsn "$POOLED" --script s.sql -D scale=5 --min-success 1
  [ "$(cluster_sql game 'SELECT count(*) = '"$(report .targets[0].transactions.succeeded)"', count(DISTINCT client), min(n) > 100, max(n) <= 150, count(DISTINCT n) > 3 FROM seen')" = 't|4|t|t|t' ]
  [ "$(report '.targets[0].latency_ms.p50 >= 20')" = true ]
}

@test "pgbench runs the same script" {
  printf '%s\n' '\set n random(1, 100)' 'SELECT :n;' 'SELECT :n + :client_id;' >s.sql
  pgbench -n -t 3 -f s.sql -h 127.0.0.1 -p "$POOLER_PORT" -U game game
  stress 0 --dsn "$POOLED" --script s.sql --min-success 1
}

@test "a script that is wrong is 65, with its line" {
  wrong() {
    printf '%s\n' 'SELECT 1;' "$1" >s.sql
    run -65 --separate-stderr twpool-stress --dsn "$POOLED" --script s.sql
    [[ "$stderr" == "twpool-stress: s.sql:2: $2"* ]] || {
      printf '%s\n' "$stderr"
      return 1
    }
  }
  wrong '\set x' 'expected \set NAME EXPRESSION'
  wrong '\set x 1 +' "expected a name at ''"
  wrong '\set x 1 / 0' 'division by zero'
  wrong '\set x :nobody' "unknown variable ':nobody'"
  wrong '\set x sqrt(2)' "unknown function 'sqrt'"
  wrong '\set x 9223372036854775807 + 1' 'a number beyond 64 bits'
  wrong '\shell rm' "'\\shell' is not known here"
  wrong '\sleep soon' "unknown function 'soon'"
  run -64 twpool-stress --dsn "$POOLED" -D x
  run -64 twpool-stress --dsn "$POOLED" --builtin nothing
  run -64 twpool-stress --dsn "$POOLED" --builtin read --script s.sql
}

# --- rates ----------------------------------------------------------------------------------------

@test "--rate is held, and a server that stalls shows in the tail: no coordinated omission" {
  local pid
  stress 0 --dsn "$DIRECT" --builtin ping --rate 200 --duration 2 --bots 8
  [ "$(report '.targets[0].transactions.per_second | . > 150 and . < 250')" = true ]
  # Stalled for 200 ms of 2 s: a tenth of those who came waited, up to 200 ms. A client that waits for
  # its answer before it asks again would have measured that once for each bot.
  timeout 60 twpool-stress --dsn "$DIRECT" --builtin ping --rate 400 --duration 2 --bots 2 --deadline 10 --json out.json -q 3>&- 4>&- &
  wait_until 20 playing
  pid=$(cluster_sql "SELECT pid FROM pg_stat_activity WHERE application_name = 'twpool-stress'")
  # shellcheck disable=SC2086 # two of them
  stall $pid
  wait $!
  [ "$(report '.targets[0] | .transactions.success == 1 and .latency_ms.p99 >= 100 and .latency_ms.max >= 180')" = true ]
  [ "$(report '[.targets[0].latency_histogram[] | select(.[0] >= 50) | .[2]] | add >= 20')" = true ]
}

# playing: both bots have asked something since they logged in.
playing() {
  [ "$(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'twpool-stress' AND query = 'SELECT 1'")" -eq 2 ]
}

# stall PID...: stopped for 200 ms, by the kernel's clock.
stall() {
  perl -e 'use Time::HiRes "sleep"; kill "STOP", @ARGV; sleep 0.2; kill "CONT", @ARGV' "$@"
}

@test "more arrives than the bots can do: that is counted, not forgotten" {
  printf 'SELECT pg_sleep(0.2)\n' >s.sql
  stress 0 --dsn "$DIRECT" --script s.sql --rate 100 --bots 2 --duration 1 --deadline 0.5
  [ "$(report '.targets[0] | [.failures[] | select(.class == "no_bot_free")][0].count > 50 and .transactions.success < 0.4 and .survivors == 2')" = true ]
}

@test "warm-up does not count, and logins come at their rate" {
  cluster_sql game 'TRUNCATE seen'
  printf 'INSERT INTO seen VALUES (1, 1)\n' >s.sql
  stress 0 --dsn "$POOLED" --script s.sql --warmup 1 --duration 0.5
  [ "$(cluster_sql game "SELECT count(*) > 1.5 * $(report .targets[0].transactions.attempted) FROM seen")" = t ]
  [ "$(report '.targets[0].transactions.phase_seconds')" = 0.5 ]
  stress 0 --dsn "$POOLED" --bots 20 --login-rate 20 --duration 0
  [ "$(report '.targets[0].logins | .succeeded == 20 and .phase_seconds >= 0.95')" = true ]
  stress 0 --dsn "$POOLED" --bots 100 --logins-at-once 0 --duration 0 --min-success 1
}

@test "--reconnect logs in for each transaction; --come-back returns after the connection broke" {
  stress 0 --dsn "$POOLED" --reconnect --builtin ping --min-success 1
  [ "$(report '.targets[0] | .logins.again == .transactions.attempted and .survivors == 4')" = true ]
  printf 'SELECT pg_terminate_backend(pg_backend_pid())\n' >s.sql
  stress 0 --dsn "$DIRECT" --script s.sql --come-back
  [ "$(report '.targets[0] | .logins.again > 4 and .transactions.attempted > 8 and .survivors == 4')" = true ]
}

# --- the ledger -----------------------------------------------------------------------------------

@test "the ledger: nothing is lost or doubled, also where the pooler is killed in the midst of it" {
  timeout 60 twpool-stress --dsn "$POOLED" --bots 10 --think 0.02 --duration 3 --deadline 2 --ledger ledger --json out.json -q 3>&- 4>&- &
  wait_until 20 ledger_has 50
  kill -KILL "$(pooler_pid)"
  wait_until 10 gone "$(pooler_pid)"
  rm -f "$POOLER_DIR/pid" "$POOLER_DIR"/.s.PGSQL*
  pooler_boot
  wait $!
  [ "$(report '.ledger | [.lost, .doubled, .given_up_and_there]')" = '[0,0,0]' ]
  [ "$(report '.ledger.committed > 100 and .targets[0].logins.again >= 10 and .targets[0].survivors == 10')" = true ]
  [ "$(cluster_sql game "SELECT to_regclass('ledger') IS NULL")" = t ]
}

ledger_has() {
  [ "$(cluster_sql game "SELECT to_regclass('ledger') IS NOT NULL")" = t ] && [ "$(cluster_sql game 'SELECT count(*) FROM ledger')" -ge "$1" ]
}

@test "the ledger: a database that loses or doubles rows is found out" {
  cluster_sql game "CREATE TABLE ledger (run bigint, bot int, serial bigint); GRANT ALL ON ledger TO game"
  cluster_sql game "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.serial % 3 = 0 THEN RETURN NULL; END IF; RETURN new; END'"
  cluster_sql game 'CREATE TRIGGER lose BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION lose()'
  stress 1 --dsn "$POOLED" --ledger ledger
  [ "$(report '.ledger | .lost > 0 and .lost < .committed and .doubled == 0')" = true ]
  [[ "$stderr" =~ 'twpool-stress: ledger: '[1-9][0-9]*' lost, 0 doubled, 0 given up and there' ]]
  cluster_sql game "CREATE OR REPLACE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF pg_trigger_depth() < 2 THEN INSERT INTO ledger SELECT new.*; END IF; RETURN new; END'"
  stress 1 --dsn "$POOLED" --ledger ledger
  [ "$(report '.ledger | .lost == 0 and .doubled == .committed')" = true ]
  [ "$(cluster_sql game 'SELECT count(*) FROM ledger')" = 0 ]
  cluster_sql game 'DROP TABLE ledger; DROP FUNCTION lose'
  run -64 twpool-stress --dsn "$POOLED" --ledger 'x; DROP TABLE y'
}

# --- the bottleneck by name -----------------------------------------------------------------------

@test "a pool of one: pool_size" {
  console 'SET default_pool_size = 1'
  console 'RECONNECT'
  printf 'SELECT pg_sleep(0.05)\n' >s.sql
  stress 0 --dsn "$POOLED" "${watched[@]}" --script s.sql --bots 10 --think 0 --duration 2
  named pool_size default_pool_size
}

@test "64 descriptors: descriptors" {
  [ "$EUID" -eq 0 ] || skip 'only root reads the descriptors of the pooler'
  touch again
  pooler_halt
  (
    ulimit -n 64
    pooler_boot
  )
  # With the last ones gone it may have none left for PostgreSQL either.
  stress 0 --dsn "$POOLED" "${watched[@]}" --bots 100 --login-deadline 3 --duration 0 || [ "$status" -eq 69 ]
  named descriptors LimitNOFILE
}

@test "a wrong password: authentication" {
  printf '*:*:*:game:wrong\n' >pass
  chmod 600 pass
  PGPASSFILE=$PWD/pass stress 77 --dsn "$POOLED"
  named authentication auth_file
}

@test "a userlist with plain passwords: authentication_cost" {
  touch again
  sed -i 's/^"game" .*/"game" "pw"/' "$POOLER_DIR/userlist.txt"
  console RELOAD
  stress 0 --dsn "$POOLED" "${watched[@]}" --bots 100 --duration 1
  named authentication_cost 'SCRAM secrets'
  [ "$(report '.targets[0].pooler.cpu_per_login_ms >= 1.5')" = true ]
}

@test "PostgreSQL stopped: postgres_down" {
  _cluster_ctl -m immediate stop >/dev/null
  stress 69 --dsn "$POOLED" --console "$CONSOLE" --login-deadline 3
  named postgres_down 'PostgreSQL itself'
}

@test "a long transaction that holds the pool: held_transactions" {
  for _ in 1 2 3; do
    { printf 'BEGIN;\nSELECT 1;\n'; exec sleep 60; } 3>&- 4>&- | psql -XAtq -h 127.0.0.1 -p "$POOLER_PORT" -U game -d game >/dev/null 2>&1 3>&- 4>&- &
    jobs+=("$(jobs -p %%)" "$!")
  done
  wait_until 10 held 3
  stress 69 --dsn "$POOLED" "${watched[@]}" --login-deadline 3
  named held_transactions idle_transaction_timeout
}

held() {
  [ "$(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'game' AND state = 'idle in transaction'")" -eq "$1" ]
}

# nobody: the pooler's only client is the console's.
nobody() {
  [[ $(as_user "$CLUSTER_SUPERUSER" psql -XAtq -h "$POOLER_DIR" -p "$POOLER_PORT" -U pgbouncer -d pgbouncer \
    -c 'SHOW CLIENTS' | wc -l) == 1 ]]
}

@test "max_client_conn too low: max_client_conn" {
  console 'SET max_client_conn = 8'
  stress 0 --dsn "$POOLED" "${watched[@]}" --bots 50
  named max_client_conn max_client_conn
  wait_until 20 nobody
  stress 0 --dsn "$POOLED" --bots 50
  named max_client_conn max_client_conn
}

@test "max_connections, and locks" {
  stress 0 --dsn "$DIRECT" --bots 60 --duration 0
  named max_connections max_connections
  cluster_sql game 'TRUNCATE seen; INSERT INTO seen VALUES (1, 1)'
  printf '%s\n' BEGIN 'UPDATE seen SET n = n + 1' 'SELECT pg_sleep(0.05)' COMMIT >s.sql
  console 'SET default_pool_size = 8'
  stress 0 --dsn "$POOLED" "${watched[@]}" --script s.sql --bots 8 --think 0 --duration 2
  named locks statements
}

# --- two targets, the promises, the page ----------------------------------------------------------

@test "promises are judged by before and after, with the spread of the rounds" {
  stress 0 --dsn "$POOLED" --versus "port=$CLUSTER_PORT" "${watched[@]}" --bots 40 --rounds 2 --sweep 10,60 --html out.html
  [ "$(report '.promises | map(.name)')" = '["login_success","server_connections","added_latency","connection_memory","throughput","bots"]' ]
  [ "$(report '.promises[0] | [.value, .result, .confidence, .before < 100]')" = '[100,"met","all rounds",true]' ]
  [ "$(report '.promises[1] | [.limit, .result, .value <= 3]')" = '[30,"met",true]' ]
  [ "$(report '.promises[2] | [.value, .result]')" = '[null,"not_measured"]' ]
  [ "$(report '.promises[5] | [.value, .result]')" = '[40,"not_met"]' ]
  [ "$(report '.sweep | map([.bots, .dsn_success, .versus_success < 1])')" = '[[10,1,false],[60,1,true]]' ]
  [ "$(report '.targets[0].client.pss_per_bot_bytes > 0')" = true ]
  perl "$BATS_TEST_DIRNAME/lib/page.pl" out.html out.json 60
}

@test "the page of pool sizes has the same figures too, and the settings are as before" {
  mkdir -p root/run
  ln -s "$POOLER_DIR" root/run/pgbouncer
  jq -n --arg socket "$CLUSTER_SOCKET" --arg super "$CLUSTER_SUPERUSER" --argjson port "$CLUSTER_PORT" --argjson pool "$POOLER_PORT" \
    '{schema: 1, postgres: {port: $port, socket_directory: $socket, superuser: $super},
      databases: [{name: "game"}], users: [{name: "game"}], pgbouncer: {listen_port: $pool}}' >site.json
  printf 'SELECT pg_sleep(0.1)\n' >s.sql
  TWPOOL_ROOT=$PWD/root run -0 --separate-stderr timeout 90 twpool-size --tune --site site.json --dsn "$POOLED" --sizes 1,4,8,12 \
    --bots 8 --seconds 1 --script s.sql --json --html out.html
  printf '%s\n' "$output" >out.json
  # Eight bots that sleep need eight server connections, and twelve are of no more use.
  [ "$(report '.tune | [.knee, .recommended, .fits, .pool_size_before, (.curve | length)]')" = '[8,8,27,3,4]' ]
  [ "$(report '.tune.curve | .[0].per_second < .[1].per_second and .[1].per_second < .[2].per_second')" = true ]
  perl "$BATS_TEST_DIRNAME/lib/page.pl" out.html out.json 20
  [ "$(as_user "$CLUSTER_SUPERUSER" psql -XAtq -h "$POOLER_DIR" -p "$POOLER_PORT" -U pgbouncer -d pgbouncer -c 'SHOW CONFIG' | grep -E '^(default_pool_size|reserve_pool_size)\|' | cut -d'|' -f2 | paste -sd' ')" = '3 0' ]
}
