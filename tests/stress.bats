#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-stress: bots against a real PostgreSQL with 20 connections, directly and through a real
# PgBouncer with a pool of 3.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/pooler_setup.bash
. "$BATS_TEST_DIRNAME/lib/pooler_setup.bash"
# shellcheck source=tests/lib/stress.bash
. "$BATS_TEST_DIRNAME/lib/stress.bash"

setup_file() {
  pooled_cluster 20
  cluster_sql "CREATE ROLE bard LOGIN PASSWORD 'hunter2 secret'"
}

setup() {
  stress_ready --duration 0.4
  holders=()
}

# Whatever a test stopped, changed or began is over before the next one.
teardown() {
  kill -CONT "$(pooler_pid)"
  console 'RESUME game' 2>/dev/null || :
  ((${#holders[@]} == 0)) || kill "${holders[@]}" || :
  console 'RELOAD'
  wait_until 20 at_rest
}

# backends CONDITION: how many of the bots' backends are so.
backends() {
  cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'game' AND $1"
}

# are NUMBER CONDITION
are() {
  [ "$(backends "$2")" -eq "$1" ]
}

# at_work SINCE: somebody has run a transaction. Server connections remember those of other tests.
at_work() {
  [ "$(backends "query = 'COMMIT' AND query_start > '$1'")" -ge 1 ]
}

now() {
  cluster_sql 'SELECT clock_timestamp()'
}

at_rest() {
  [ "$(backends true)" -le 3 ] && are 0 "state <> 'idle'"
}

# --- logins and transactions ----------------------------------------------------------------------

@test "bots that fit in all log in, run transactions and survive" {
  stress 0 --dsn "$DIRECT"
  [ -z "$stderr" ]
  [ "$(report '[.schema, .tool, .status, .bots, .bots_asked]')" = '[1,"twpool-stress","ok",4,4]' ]
  [ "$(report '.targets[0] | [.name, .pooled, .survivors, .survival, .failures]')" = '["dsn",false,4,1,[]]' ]
  [ "$(report '.targets[0].logins | [.attempted, .succeeded, .success]')" = '[4,4,1]' ]
  [ "$(report '.targets[0].transactions | .attempted == .succeeded and .attempted > 4 and .success == 1')" = true ]
  [ "$(report '.targets[0].latency_ms | 0 < .p50 and .p50 <= .p95 and .p95 <= .p99 and .p99 <= .max')" = true ]
  [[ "${lines[1]}" =~ ^'logins that succeeded '\ +'4 of 4'$ ]]
}

@test "without a pause the bots do more, and rates are those of the phase" {
  stress 0 --dsn "$POOLED" --think 0
  [ "$(report '.targets[0] | .pooled and .transactions.succeeded > 50')" = true ]
  [ "$(report '.targets[0].transactions | .per_second * 0.4 <= .succeeded and .per_second * 0.4 >= .succeeded - 4.01')" = true ]
}

@test "bots hold their connection while they think" {
  timeout 30 twpool-stress --dsn "$DIRECT" --bots 7 --think 100 --duration 30 -q 3>&- 4>&- &
  holders=($!)
  wait_until 10 are 7 "state = 'idle' AND application_name = 'twpool-stress' AND query LIKE '%pg_backend_pid%'"
}

@test "a script is run as it stands, without its comments and empty lines" {
  printf '%s\n' '-- a comment' '' '  BEGIN READ ONLY ' 'CREATE TABLE t ()' 'COMMIT' >s.sql
  stress 0 --dsn "$DIRECT" --script s.sql
  [ "$(report '.targets[0].failures | map([.class, .sqlstate, .phase])')" = '[["sql","25006","transaction"]]' ]
  sed -i 's/READ ONLY//; s/CREATE.*/CREATE TABLE t_from_a_script ()/' s.sql
  stress 0 --dsn "$DIRECT" --bots 1 --duration 0.1 --think 0.09 --script s.sql
  cluster_sql game 'DROP TABLE t_from_a_script'
}

@test "a script's error fails the transaction, is rolled back, and the bot goes on" {
  printf '%s\n' BEGIN 'SELECT 1/0' COMMIT >s.sql
  stress 0 --dsn "$POOLED" --script s.sql --bots 5 -v
  [ "$(report '.targets[0] | [.survivors, .transactions.succeeded, .transactions.success]')" = '[5,0,0]' ]
  [ "$(report '.targets[0] | .failures | length == 1 and .[0].count > 5')" = true ]
  [ "$(report '.targets[0].failures[0] | [.class, .sqlstate, .phase, .message]')" = '["sql","22012","transaction","ERROR: 22012: division by zero"]' ]
  [ "$(report '.targets[0].latency_ms')" = '{"p50":null,"p95":null,"p99":null,"p99_9":null,"max":null}' ]
  [[ "$output" == *" x transaction, sql 22012: ERROR: 22012: division by zero"* ]]
}

@test "COPY in a script is refused, not waited for" {
  printf 'COPY pg_class TO STDOUT\n' >s.sql
  stress 0 --dsn "$DIRECT" --script s.sql
  [ "$(report '.targets[0] | [.survivors, .failures[0].class, .failures[0].count]')" = '[0,"other",4]' ]
}

@test "an answer later than the deadline is a failure, and the end of the bot" {
  printf 'SELECT pg_sleep(1)\n' >s.sql
  stress 0 --dsn "$DIRECT" --script s.sql --deadline 0.2
  [ "$(report '.targets[0] | [.logins.succeeded, .survivors, .survival, .transactions.attempted, .transactions.succeeded]')" = '[4,0,0,4,0]' ]
  [ "$(report '.targets[0].failures')" = '[{"class":"timeout","sqlstate":null,"message":"no answer within 0.2 s","phase":"transaction","count":4}]' ]
}

@test "a slow answer within its deadline counts, also after the end of the phase" {
  printf 'SELECT pg_sleep(0.5)\n' >s.sql
  stress 0 --dsn "$DIRECT" --script s.sql --duration 0.2
  [ "$(report '.targets[0] | [.survivors, .transactions.succeeded, .transactions.per_second]')" = '[4,4,0]' ]
  [ "$(report '.targets[0].latency_ms.p50 >= 500')" = true ]
}

@test "--duration 0 lets them log in and no more" {
  stress 0 --dsn "$POOLED" --duration 0 --min-success 1
  [ "$(report '.targets[0] | [.logins.succeeded, .transactions.attempted, .transactions.success, .transactions.per_second]')" = '[4,0,null,null]' ]
}

# --- failures -------------------------------------------------------------------------------------

@test "an ordinary role at max_connections: slots_reserved" {
  stress 0 --dsn "$DIRECT" --bots 20 --duration 0.1
  [ "$(report '.targets[0].failures | map(.class) - ["too_many_clients"]')" = '["slots_reserved"]' ]
  [ "$(report '.targets[0].failures | all(.sqlstate == "53300" and .phase == "login")')" = true ]
  [ "$(report '.targets[0] | .logins.succeeded <= 17 and .logins.succeeded + ([.failures[].count] | add) == 20')" = true ]
  [ "$(report '.targets[0] | .survivors == .logins.succeeded')" = true ]
}

@test "with the reserved slots taken too: too_many_clients" {
  wait_until 30 superusers_hold_all
  stress 69 --dsn "$DIRECT" --bots 10 --duration 0.1
  [ "$(report '.targets[0].failures | map([.class, .sqlstate, .count])')" = '[["too_many_clients","53300",10]]' ]
}

@test "a pooler at max_client_conn: pooler_full" {
  console 'SET max_client_conn = 5'
  # One after the other: PgBouncer sends all away who knock before it has counted the first of them.
  stress 0 --dsn "$POOLED" --bots 20 --duration 0.1 --logins-at-once 1
  [ "$(report '.targets[0] | [.failures[].class]')" = '["pooler_full"]' ]
  [ "$(report '.targets[0] | .logins.succeeded <= 5 and .logins.succeeded + .failures[0].count == 20')" = true ]
}

@test "a wrong password is 77, class authentication, here and at the pooler" {
  printf '*:*:*:game:wrong\n' >pass
  chmod 600 pass
  PGPASSFILE=$PWD/pass stress 77 --dsn "$DIRECT"
  [ "$(report '.targets[0].failures[0] | [.class, .sqlstate, .phase, .count]')" = '["authentication","28P01","login",4]' ]
  [[ "$stderr" == "twpool-stress: no login succeeded: "*"password authentication failed"* ]]
  PGPASSFILE=$PWD/pass stress 77 --dsn "$POOLED"
  [ "$(report '.targets[0].failures[0] | [.class, .count]')" = '["authentication",4]' ]
}

@test "nobody there is 69 and refused, and the figures are printed all the same" {
  stress 69 --dsn "host=127.0.0.1 port=1 user=game"
  [[ "$stderr" == "twpool-stress: no login succeeded: "*"Connection refused" ]]
  [[ "$output" == *"0 of 4"*"failed at 127.0.0.1:1: 4 x login, refused"* ]]
  [ "$(report '[.status, .targets[0].failures[0].class, .targets[0].logins.success]')" = '["failed","refused",0]' ]
  stress 69 --dsn "host=$PWD port=1 user=game"
  [ "$(report '.targets[0].failures[0].class')" = '"refused"' ]
}

# PgBouncer lets its clients in before it has a server for them.
@test "a login that only the pooler answers is none" {
  console 'PAUSE game'
  stress 69 --dsn "$POOLED" --login-deadline 0.7
  [ "$(report '.targets[0] | [.logins.succeeded, .failures[0].class, .failures[0].phase, .failures[0].count, .pooled]')" = '[0,"timeout","login",4,null]' ]
}

@test "clients that the pooler gives up: query_wait_timeout" {
  console 'SET query_wait_timeout = 1'
  printf 'SELECT pg_sleep(1.8)\n' >s.sql
  stress 0 --dsn "$POOLED" --bots 6 --script s.sql
  [ "$(report '.targets[0] | [.survivors, .transactions.succeeded]')" = '[3,3]' ]
  [ "$(report '.targets[0].failures | map([.class, .phase, .count])')" = '[["query_wait_timeout","transaction",3]]' ]
}

@test "sessions that are ended while their bots think are noticed, with the server's reason" {
  timeout 30 twpool-stress --dsn "$DIRECT" --think 100 --duration 25 --bots 4 --json out.json -q 3>&- 4>&- &
  holders=($!)
  wait_until 10 are 4 "state = 'idle' AND query LIKE '%pg_backend_pid%' AND application_name = 'twpool-stress'"
  cluster_sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'game'"
  wait "${holders[0]}"
  holders=()
  [ "$(report '.targets[0] | .survivors, (.failures | map([.class, .sqlstate, .phase, .count]))')" = \
    "$(printf '%s\n' 0 '[["shutting_down","57P01","idle",4]]')" ]
}

@test "a pooler that hangs in the midst of it ends in failures, in time" {
  local code=0 since
  since=$(now)
  timeout -k 1 40 twpool-stress --dsn "$POOLED" "${watched[@]}" --bots 5 --think 0.1 --duration 20 --deadline 1 \
    --min-success 0.5 --json out.json -q 2>err 3>&- 4>&- &
  wait_until 10 at_work "$since"
  kill -STOP "$(pooler_pid)"
  wait $! || code=$?
  [ "$code" -eq 1 ]
  [ "$(report '.targets[0] | [.logins.succeeded, .survivors, .failures[0].class, .failures[0].count]')" = '[5,0,"timeout",5]' ]
  grep -qx 'twpool-stress: missed: bots that survived: 0 is below --min-success 0.5' err
}

# --- the pooler is watched ------------------------------------------------------------------------

@test "server connections: a pool's at most, and directly one for each bot" {
  stress 0 --dsn "$POOLED" "${watched[@]}" --bots 9 --versus "port=$CLUSTER_PORT" --rounds 1 --max-server-connections 3
  [ "$(report '[.targets[] | [.name, .pooled, .server_connections.peak]] | .[0][2] <= 3 and .[0][2] >= 1 and .[0][1]')" = true ]
  [ "$(report '.targets[1] | [.name, .pooled, .server_connections.peak]')" = '["versus",false,9]' ]
  [ "$(report '.targets[0].server_connections.failed_samples')" = 0 ]
}

@test "server connections that nobody could count are null, not 0" {
  stress 0 --dsn "$POOLED" --console "$CONSOLE"
  [ "$(report '.targets[0].server_connections.peak')" = null ]
  [[ "$output" =~ 'server connections, peak'\ +-$'\n' ]]
}

@test "no more bots than the pooler has clients free, and that is said" {
  console 'SET max_client_conn = 8'
  stress 0 --dsn "$POOLED" "${watched[@]}" --bots 50 --min-success 1
  [ "$stderr" = "twpool-stress: 5 bots instead of 50: the pooler takes no more clients" ]
  [ "$(report '[.bots, .bots_asked, .targets[0].logins.succeeded]')" = '[5,50,5]' ]
}

@test "a pooler without a free client is 75, and nothing is begun" {
  console 'SET max_client_conn = 2'
  stress 75 --dsn "$POOLED" --console "$CONSOLE"
  [[ "$stderr" == "twpool-stress: no client is free at the pooler: max_client_conn is 2, 1 are in use"$'\n'"HINT: "* ]]
  [ ! -e out.json ]
}

@test "a console or PostgreSQL that cannot be asked is 69, and nothing is begun" {
  stress 69 --dsn "$POOLED" --console "host=$PWD port=1"
  [[ "$stderr" == "twpool-stress: console: "* ]]
  stress 69 --dsn "$POOLED" --console "$CONSOLE" --postgres "host=$PWD port=1 user=x"
  [[ "$stderr" == "twpool-stress: PostgreSQL: "* ]]
  [ ! -e out.json ]
}

@test "a frozen pool is 1, with its name and what cures it" {
  for _ in 1 2 3; do
    in_transaction '' -h 127.0.0.1 -p "$POOLER_PORT" -U game -d game
  done
  wait_until 10 are 3 "state = 'idle in transaction'"
  stress 1 --dsn "$POOLED" "${watched[@]}" --bots 2 --login-deadline 3 --freeze-after 1
  [[ "$stderr" == "twpool-stress: pool game/game is frozen: "*"HINT: "*"default_pool_size"* ]]
  [ "$(report '[.status, (.frozen | startswith("pool game/game is frozen")), .targets[0].logins.succeeded]')" = '["frozen",true,0]' ]
}

@test "--site says whom to ask" {
  site .
  stress 0 --dsn "$POOLED" --site site.json --max-server-connections 3
  [ "$(report '.targets[0].server_connections.peak | . >= 1 and . <= 3')" = true ]
}

# --- thresholds -----------------------------------------------------------------------------------

@test "thresholds that are met are 0 and in the report" {
  stress 0 --dsn "$POOLED" "${watched[@]}" --min-success 1 --max-p99 5000 --max-server-connections 3
  [ "$(report '.thresholds | map([.name, .limit, .met])')" = \
    '[["min_success_logins",1,true],["min_success_transactions",1,true],["min_success_survivors",1,true],["max_p99_ms",5000,true],["max_server_connections",3,true]]' ]
}

@test "--min-success: too few logins" {
  stress 1 --dsn "$DIRECT" --bots 40 --min-success 0.9
  [[ "$output" == *$'\n'"missed: logins that succeeded: 0."*" is below --min-success 0.9"* ]]
  [ "$stderr" = "twpool-stress: 1 of 3 thresholds missed" ]
  [ "$(report '[.status, (.thresholds | map(.met))]')" = '["failed",[false,true,true]]' ]
}

@test "--min-success: too few transactions" {
  printf 'SELECT 1/0\n' >s.sql
  stress 1 --dsn "$POOLED" --script s.sql --min-success 0.9
  [[ "$output" == *$'\n'"missed: transactions that succeeded: 0 is below --min-success 0.9" ]]
}

@test "--min-success: too few survivors" {
  printf 'SELECT pg_terminate_backend(pg_backend_pid()) FROM pg_sleep(0.3)\n' >s.sql
  stress 1 --dsn "$DIRECT" --script s.sql --min-success 0.9
  [[ "$output" == *$'\n'"missed: bots that survived: 0 is below --min-success 0.9" ]]
  [ "$(report '.targets[0].failures[0] | [.class, .phase]')" = '["shutting_down","transaction"]' ]
}

@test "--min-success: not one login is 1, and what nobody measured is not met" {
  stress 1 --dsn "host=127.0.0.1 port=1 user=game" --min-success 0.1
  [[ "$output" == *$'\n'"missed: transactions that succeeded: not known, so --min-success 0.1 is not met"* ]]
  [ "$(report '.thresholds[1] | [.value, .met]')" = '[null,false]' ]
}

@test "--max-p99, --max-server-connections and --max-overhead are missed, each with its reason" {
  stress 1 --dsn "$POOLED" "${watched[@]}" --max-p99 0.001
  [[ "$output" == *$'\n'"missed: p99 of the latency in ms: "*" is above --max-p99 0.001" ]]
  stress 1 --dsn "$POOLED" "${watched[@]}" --bots 8 --think 0 --max-server-connections 1
  [[ "$output" == *$'\n'"missed: peak of server connections: "[23]" is above --max-server-connections 1" ]]
  # The socket is so much faster that the pooler cannot be, on any machine.
  stress 1 --dsn "$POOLED" --bots 0 --versus "host=$CLUSTER_SOCKET port=$CLUSTER_PORT user=game dbname=game" --pairs 1000 --max-overhead 0
  [[ "$output" == *$'\n'"missed: added latency in ms: 0."*" is above --max-overhead 0" ]]
}

@test "-q prints what was missed on stderr, and nothing else" {
  stress 1 -q --dsn "$POOLED" --max-p99 0.001
  [ -z "$output" ]
  [[ "$stderr" == "twpool-stress: missed: p99 "*$'\n'"twpool-stress: 1 of 1 thresholds missed" ]]
  stress 0 -q --dsn "$POOLED"
  [ -z "$output$stderr" ]
}

# --- two targets ----------------------------------------------------------------------------------

@test "--versus prints before and after with the spread of the rounds" {
  stress 0 --dsn "$POOLED" --versus "port=$CLUSTER_PORT" --bots 3 --duration 0.2
  [[ "${lines[0]}" =~ ^\ +"127.0.0.1:$CLUSTER_PORT (direct)"\ +"127.0.0.1:$POOLER_PORT (pooled)"$ ]]
  [[ "${lines[1]}" =~ ^'logins that succeeded'\ +'3 [3..3] of 3'\ +'3 [3..3] of 3'$ ]]
  [[ "${lines[4]}" =~ ^'latency p50, ms'(\ +[0-9]+\.[0-9]{3}\ \[[0-9.]+\.\.[0-9.]+\]){2}$ ]]
  [ "$(report '[.targets[] | [.name, (.rounds | length), .logins.succeeded, .port]]')" = \
    "[[\"dsn\",3,9,\"$POOLER_PORT\"],[\"versus\",3,9,\"$CLUSTER_PORT\"]]" ]
  [ "$(report '.comparison')" = null ]
}

@test "failures at --versus are shown, and no threshold is for them" {
  stress 0 --dsn "$POOLED" --versus "port=1" --bots 3 --duration 0.2 --rounds 1 --min-success 1
  [[ "$output" == *$'\n'"failed at 127.0.0.1:1: 3 x login, refused"* ]]
  [ "$(report '[.status, .targets[1].survivors, .targets[1].survival]')" = '["ok",0,null]' ]
}

@test "--pairs compares one client here and there, with the spread of ten blocks" {
  stress 0 --bots 0 --dsn "$POOLED" --versus "$DIRECT" --pairs 100 --max-overhead 1000
  [[ "$output" =~ ^'added latency (one client, 100 interleaved pairs): p50 '[0-9.]+' -> '[0-9.]+' ms, '[+-][0-9.]+' ms (blocks '[+-][0-9.]+\.\.[+-][0-9.]+')'$ ]]
  [ "$(report '.comparison | .pairs == 100 and .versus_p50_ms > 0 and .dsn_p50_ms > 0 and (.dsn_p50_ms - .versus_p50_ms - .overhead_ms | fabs) < 0.0011')" = true ]
  [ "$(report '.comparison.block_overhead_ms | .min <= .q1 and .q1 <= .q3 and .q3 <= .max')" = true ]
  [ "$(report '.targets[0].rounds')" = '[]' ]
}

@test "--pairs with nobody at one side is 69, and says at which" {
  stress 69 --bots 0 --dsn "$POOLED" --versus port=1 --pairs 100
  [[ "$stderr" == "twpool-stress: --versus: "*"Connection refused" ]]
  [ "$(report '[.status, .comparison]')" = '["failed",null]' ]
}

# --- secrets, signals, usage ----------------------------------------------------------------------

@test "the DSN's password comes from a file, and is in no output" {
  printf '{"app": "host=127.0.0.1 port=%s dbname=%%DB%% user=bard password='\''hunter2 secret'\''"}\n' "$CLUSTER_PORT" >bigbang.json
  stress 0 -v --dsn '@bigbang.json#/app' --db game --versus "port=$CLUSTER_PORT" --rounds 1
  [ "$(report '[.targets[] | [.dbname, .user, .logins.succeeded]]')" = '[["game","bard",4],["game","bard",4]]' ]
  [[ "$output$stderr$(<out.json)" != *hunter2* ]]
  # A server's message may repeat it.
  printf "SELECT 'hunter2 secret'::int\n" >s.sql
  stress 0 -v --dsn '@bigbang.json#/app' --db game --script s.sql
  [ "$(report '.targets[0].failures[0].sqlstate')" = '"22P02"' ]
  [[ "$output$stderr$(<out.json)" != *"hunter2 secret"* ]]
}

@test "--json - prints the report alone" {
  run -0 --separate-stderr twpool-stress --dsn "$POOLED" --bots 2 --duration 0.1 --json -
  [ "$(jq -r .tool <<<"$output")" = twpool-stress ]
  [ "$(jq -s length <<<"$output")" = 1 ]
}

@test "a report that cannot be written is said, after the table" {
  mkdir taken
  run -73 --separate-stderr twpool-stress --dsn "$POOLED" --bots 2 --duration 0.1 --json taken
  [[ "$output" == *"logins that succeeded"* ]]
  [[ "$stderr" == "twpool-stress: "*taken* ]]
  run -66 twpool-stress --dsn "$POOLED" --bots 2 --duration 0.1 --json nowhere/out.json
}

@test "SIGINT and SIGTERM end it, and what was measured is printed" {
  local signal code since
  for signal in INT TERM; do
    code=0
    since=$(now)
    timeout -k 1 40 twpool-stress --dsn "$POOLED" --bots 3 --think 0.05 --duration 30 --json out.json --min-success 0.9 >out 2>err 3>&- 4>&- &
    wait_until 10 at_work "$since"
    kill -"$signal" "$(pgrep -P $! -x twpool-stress)"
    wait $! || code=$?
    [ "$code" -eq 75 ]
    [[ "$(<err)" =~ ^'twpool-stress: interrupted: figures of '[0-9.]+' of 30.0 seconds'$ ]]
    [[ "$(<out)" == *"3 of 3"* ]]
    [ "$(report '[.status, .targets[0].survivors, .targets[0].transactions.success]')" = '["interrupted",3,1]' ]
  done
}

@test "a terminal sees progress on one line" {
  run -0 script -qec "twpool-stress --dsn '$POOLED' --bots 3 --think 0.05 --duration 1.5" /dev/null
  [[ "$output" == *$'\r'"round 1 of 1, 127.0.0.1:$POOLER_PORT: "*" transactions by 3 bots, 0 failures, "*" s left"* ]]
}

@test "too few descriptors are 71 before anybody logs in" {
  # shellcheck disable=SC2016 # for the shell with the limit
  run -71 --separate-stderr bash -c 'ulimit -n 100; exec twpool-stress --bots 1000 --dsn "$0"' "$DIRECT"
  [[ "$stderr" == "twpool-stress: 1000 bots need 1064 descriptors, and the limit is 100"$'\n'"HINT: "* ]]
  # A soft limit is raised.
  # shellcheck disable=SC2016
  run -0 bash -c 'ulimit -Sn 20; exec twpool-stress --bots 15 --duration 0.1 --dsn "$0" --min-success 0.7' "$POOLED"
}

@test "wrong usage is 64 and says what is wrong" {
  usage() {
    local words=$1
    shift
    run -64 --separate-stderr twpool-stress "$@"
    [[ "$stderr" == *"$words"* && -z "$output" ]] || {
      printf 'not %s: %s\n' "$words" "$stderr"
      return 1
    }
  }
  usage '--dsn DSN is required'
  usage 'holds a password' --dsn "$DIRECT password=hunter2"
  [[ "$stderr" != *hunter2* ]]
  usage 'holds a password' --dsn "$DIRECT" --versus "password=hunter2"
  usage 'is not connection text' --dsn "nonsense"
  usage '--pairs needs --versus' --dsn "$DIRECT" --pairs 100
  usage 'expected 0, or 10 or more, got 9' --dsn "$DIRECT" --versus port=1 --pairs 9
  usage 'leaves nothing to measure' --dsn "$DIRECT" --bots 0
  usage 'needs bots' --dsn "$DIRECT" --versus port=1 --pairs 100 --bots 0 --min-success 1
  usage '--max-overhead needs --pairs' --dsn "$DIRECT" --max-overhead 1
  usage '--max-p99 needs a --duration' --dsn "$DIRECT" --max-p99 1 --duration 0
  usage '--postgres needs --console or --site' --dsn "$DIRECT" --postgres host=/
  usage 'needs somebody who counts them' --dsn "$DIRECT" --max-server-connections 1
  usage 'a deadline must be more than 0' --dsn "$DIRECT" --deadline 0
  usage "--min-success: expected a number from 0 to 1, got '99'" --dsn "$DIRECT" --min-success 99
  usage "--think: expected" --dsn "$DIRECT" --think -1
  usage "--rounds: expected" --dsn "$DIRECT" --rounds 0
  usage 'too many operands' --dsn "$DIRECT" 100
}

@test "a script without a statement is 65, an absent one 66" {
  printf -- '-- nothing\n\n' >s.sql
  run -65 --separate-stderr twpool-stress --dsn "$DIRECT" --script s.sql
  [[ "$stderr" == "twpool-stress: s.sql: holds no statement"$'\n'"HINT: "* ]]
  run -66 twpool-stress --dsn "$DIRECT" --script absent.sql
  run -66 twpool-stress --dsn @absent.json
}

# in_transaction USER PSQL-ARG...: a session that stays in an open transaction until the test is over.
in_transaction() {
  local user=$1
  shift
  { printf 'BEGIN;\nSELECT 1;\n'; exec sleep 60; } 3>&- 4>&- |
    if [[ -n $user ]]; then as_user "$user" psql -XAtq "$@"; else psql -XAtq "$@"; fi >/dev/null 2>&1 3>&- 4>&- &
  holders+=("$(jobs -p %%)" "$!")
}

# superusers_hold_all: no slot is left, not for a superuser either; where there is one, somebody takes it.
superusers_hold_all() {
  ! cluster_sql 'SELECT 1' >slot.log 2>&1 && grep -q 'too many clients' slot.log && return
  in_transaction "$CLUSTER_SUPERUSER" -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" -U "$CLUSTER_SUPERUSER" -d postgres
  return 1
}
