#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-check: every state by its exit code and its text, on a real PostgreSQL and PgBouncer.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/pooler_setup.bash
. "$BATS_TEST_DIRNAME/lib/pooler_setup.bash"

setup() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  sessions=()
}

# Whatever a test stopped, paused or began is over before the next one.
teardown() {
  kill -CONT "$(pooler_pid)" "$(postmaster_pid)"
  ((${#sessions[@]} == 0)) || kill "${sessions[@]}" || :
  # A backend at work does not notice that its client has gone.
  cluster_sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'game' AND state = 'active'"
  console 'RESUME' 2>/dev/null || :
  console 'RESUME game' 2>/dev/null || :
  console 'ENABLE game'
  if [[ -n ${other:-} ]]; then
    kill -QUIT "$(cat "$other/pid")"
  fi
  wait_until 20 idle
}

# check ARG...: all checks, in a time that a loaded machine keeps, and killed if it does not end.
check() {
  timeout 60 twpool-check --dsn "$CONSOLE" --postgres "$POSTGRES" --timeout 20 "$@"
}

# check_late ARG...: the same with a short time, which a loaded machine with sanitizers keeps all the
# same. 3 s that last 20 are no deadline.
check_late() {
  timeout 20 twpool-check --dsn "$CONSOLE" --postgres "$POSTGRES" --timeout 3 "$@"
}

# labels: those of the output's perfdata, one a line.
labels() {
  sed -n '1s/.* | //p' <<<"$output" | grep -oE "'[^']+'="
}

# --- all is well ----------------------------------------------------------------------------------

@test "all is well: one line with the totals and the values, and 0" {
  session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  run -0 --separate-stderr check
  [[ "$output" =~ ^"TWPOOL OK: 1 pool, 0 waiting, 2 of 200 clients, "[0-3]" of 3 server connections | 'game/game waiting'=0;;;0 'game/game maxwait'=0.000000s;1;5;0 'game/game servers'="[0-3]";;;0;3 'clients'=2;160;190;0;200 'descriptors'="[0-9]+";"[0-9]+";"[0-9]+";0;"[0-9]+" 'memory'="[0-9]+B";"[0-9]+";"[0-9]+";0;"[0-9]+" 'connections'="[0-9]+";18;19;0;20 'direct'=0;;;0 'advisories'="[0-9]+";;;0"$ ]]
  [ -z "$stderr" ]
}

@test "-q is silent when all is well, in both formats, and only then" {
  run -0 --separate-stderr check -q
  [ -z "$output$stderr" ]
  run -0 --separate-stderr check -q --format json
  [ -z "$output$stderr" ]
  run -2 check -q -c clients=0
  [[ "$output" == "TWPOOL CRITICAL: "* ]]
}

@test "-v adds one line for each thing looked at" {
  run -0 check -v
  [[ "${lines[0]}" == "TWPOOL OK: "* ]]
  [[ "${lines[1]}" == "OK console: PgBouncer 1."*" answers in "* ]]
  [ "${lines[2]}" = "OK listener: 127.0.0.1:$POOLER_PORT accepts" ]
  [[ "$output" == *$'\n'"OK postgres: "*" of 20 connections of PostgreSQL, 0 of them past the pooler"* ]]
}

@test "one run costs one connection to the console and one sample" {
  local before
  before=$(grep -c 'login attempt: db=pgbouncer' "$POOLER_DIR/log")
  run -0 check
  [ "$(grep -c 'login attempt: db=pgbouncer' "$POOLER_DIR/log")" -eq "$((before + 1))" ]
}

# Answers are asked for at once while they fit into the socket together: PgBouncer mixes those that do
# not. 3,000 databases do not.
@test "a pooler with thousands of databases is read like one with one" {
  local port
  port=$(free_port)
  printf 'database_with_a_long_name_%s = host=127.0.0.1\n' {1..3000} >"$CLUSTER_DIR/many"
  chmod 0644 "$CLUSTER_DIR/many"
  pooler_other "$CLUSTER_DIR/thousands" "s|^listen_port.*|listen_port = $port|; s|^.databases.$|&\n%include $CLUSTER_DIR/many|" "$port"
  run -0 twpool-check --dsn "host=$other port=$port" --timeout 20 --format prometheus
  [ "$(grep -c '^pgbouncer_databases_pool_size{' <<<"$output")" -eq 3002 ]
  [ "$(grep -c '^pgbouncer_stats_totals_queries_pooled_total{' <<<"$output")" -ge 1 ]
}

@test "--login logs in and runs a transaction as a client" {
  printf 'host=127.0.0.1 port=%s user=game dbname=%%DB%%' "$POOLER_PORT" >dsn
  run -0 check -v --login @dsn --db game
  [[ "$output" =~ "'game/game login'="0\.[0-9]{6}s ]]
  [[ "$output" == *$'\n'"OK login: login and transaction as game on game in "*" ms"$'\n'* ]]
}

@test "--only makes the checks that it names, and no other" {
  run -0 twpool-check --dsn "$CONSOLE" --postgres 'host=127.0.0.1 port=1' --only clients --only listener -v
  [ "${#lines[@]}" -le 5 ]
  [ "$(grep -c '^[A-Z]* [a-z]*: ' <<<"$output")" -eq 2 ]
  [ "$(labels)" = "'clients'=" ]
  run -0 twpool-check --dsn "host=$POOLER_DIR port=1" --postgres "$POSTGRES" --only postgres
  [[ "$output" == "TWPOOL OK: "*" of 20 connections of PostgreSQL"*"'direct'=U"* ]]
}

@test "--site says whom to ask, and which pools to speak of" {
  site '.users += [{name: "later"}]'
  # Others than root must say whom to ask at PostgreSQL.
  local postgres=()
  ((EUID == 0)) || postgres=(--postgres "$POSTGRES")
  run -0 twpool-check --site site.json "${postgres[@]}" --timeout 20 -v
  [[ "$output" == *"'game/later waiting'=0;"*"OK pools: pool game/later: not used yet"* ]]
  labels | sort >well
  # A graph must not break when the pooler does.
  run -2 twpool-check --site site.json "${postgres[@]}" --dsn "host=$POOLER_DIR port=1" --timeout 20
  labels | sort | diff well -
  [[ "$output" == *"'game/game maxwait'=U;"*"'clients'=U;"* ]]
}

@test "the console may be asked over TCP, with the password from a passfile" {
  run -0 twpool-check --dsn "host=127.0.0.1 port=$POOLER_PORT user=stats" --timeout 20
  [[ "$output" == "TWPOOL OK: "* ]]
}

# --- the console ----------------------------------------------------------------------------------

@test "a console that hangs is critical, and ends in time" {
  kill -STOP "$(pooler_pid)"
  run -2 --separate-stderr check_late
  [[ "$output" == "TWPOOL CRITICAL: the console gives no answer within 3 s: it hangs: process $(pooler_pid) is stopped (kill -CONT $(pooler_pid)) | 'clients'=U;;;0 'descriptors'=U;;;0 'memory'=U;;;0 'connections'=U;"* ]]
  [[ "${lines[1]}" == "PgBouncer's process does not answer: "* ]]
  [ -z "$stderr" ]
}

@test "nobody at the console is critical" {
  run -2 --separate-stderr twpool-check --dsn "host=$POOLER_DIR port=1"
  [[ "$output" == "TWPOOL CRITICAL: console: "*"No such file or directory | 'clients'=U;"* ]]
}

@test "what needs the console is unknown without it, and not the news" {
  run -2 twpool-check --dsn "host=$POOLER_DIR port=1" -v
  [[ "${lines[0]}" != *"not asked"* ]]
  [ "$(grep -c '^UNKNOWN [a-z]*: not asked: the console did not answer$' <<<"$output")" -eq 5 ]
  run -3 twpool-check --dsn "host=$POOLER_DIR port=1" --only pools
  [[ "$output" == "TWPOOL UNKNOWN: not asked: the console did not answer"* ]]
}

@test "a console that refuses the login is unknown, with what to do, and the secret stays one" {
  printf '*:*:*:stats:hunter2\n' >passfile
  chmod 600 passfile
  PGPASSFILE=$PWD/passfile run -3 --separate-stderr twpool-check --dsn "host=127.0.0.1 port=$POOLER_PORT user=stats" -v
  [[ "$output" == "TWPOOL UNKNOWN: the console refuses 'stats': "*"stats_users"* ]]
  [[ "$output$stderr" != *hunter2* ]]
}

@test "what answers and is no console is unknown" {
  run -3 --separate-stderr twpool-check --dsn "$POSTGRES"
  [[ "$output" == "TWPOOL UNKNOWN: "*"SHOW VERSION: "* ]]
}

# --- listeners ------------------------------------------------------------------------------------

@test "every address of listen_addr is tried, IPv6 too" {
  [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 || skip "no IPv6 here"
  local port
  port=$(free_port)
  pooler_other "$CLUSTER_DIR/o1" "s|^listen_addr.*|listen_addr = *|; s|^listen_port.*|listen_port = $port|" "$port"
  run -0 twpool-check --dsn "host=$other port=$port" --timeout 20 --only listener -v
  [[ "$output" == *"OK listener: 127.0.0.1:$port accepts"*"OK listener: [::1]:$port accepts"* ]]
}

@test "an empty listen_addr is no TCP, and well" {
  local port
  port=$(free_port)
  pooler_other "$CLUSTER_DIR/o2" "s|^listen_addr.*|listen_addr =|; s|^listen_port.*|listen_port = $port|" "$port"
  run -0 twpool-check --dsn "host=$other port=$port" --timeout 20 -v
  [[ "$output" == *"OK listener: no TCP: listen_addr is empty"* ]]
}

# Up to 1.18 PgBouncer says READY on its Unix socket alone when another process has the port.
@test "a port that belongs to another process is critical" {
  if pooler_needs_tcp; then
    run -2 twpool-check --dsn "host=$CLUSTER_DIR port=$CLUSTER_PORT"
    [[ "$output" == "TWPOOL CRITICAL: console: "*"No such file or directory | "* ]]
    return
  fi
  pooler_other "$CLUSTER_DIR/o3" "s|^listen_port.*|listen_port = $CLUSTER_PORT|" "$CLUSTER_PORT"
  run -2 twpool-check --dsn "host=$other port=$CLUSTER_PORT" --timeout 20
  [[ "$output" == "TWPOOL CRITICAL: port $CLUSTER_PORT on 127.0.0.1 belongs to another process: "* ]]
}

@test "an address on which nobody listens is critical" {
  local port
  port=$(free_port)
  pooler_other "$CLUSTER_DIR/o4" "s|^listen_addr.*|listen_addr = 127.0.0.1, 192.0.2.77|; s|^listen_port.*|listen_port = $port|" "$port"
  run -2 twpool-check --dsn "host=$other port=$port" --timeout 3 --only listener -v
  [[ "${lines[0]}" == "TWPOOL CRITICAL: "*"192.0.2.77:$port"* ]]
  [ "${lines[2]}" = "OK listener: 127.0.0.1:$port accepts" ]
}

# --- pools ----------------------------------------------------------------------------------------

@test "an exhausted pool is a warning as long as nobody waits for long" {
  local i
  for i in 1 2 3; do
    session "busy$i" 'SELECT pg_sleep(600)'
  done
  wait_until 20 pool_has sv_active 3
  session waiter 'SELECT 1'
  wait_until 20 pool_has cl_waiting 1
  run -1 check -w 'maxwait=~:' -c 'maxwait=~:'
  [[ "$output" =~ ^"TWPOOL WARNING: pool game/game: 1 client waits, the longest for "[0-9]+\.[0-9]{6}" s, 3 of 3 server connections: it is exhausted |" ]]
  run -2 check -c maxwait=0
  [[ "$output" == "TWPOOL CRITICAL: pool game/game: 1 client waits, "* ]]
  # And it is no freeze: they are at work.
  run -1 check -v --freeze-after 0 -w 'maxwait=~:' -c 'maxwait=~:'
  [[ "$output" == *$'\n'"OK freeze: pool game/game: 1 client waits, "* ]]
}

@test "server connections are judged in percent of the pool's limit" {
  session one 'BEGIN; SELECT 1'
  wait_until 20 pool_has sv_active 1
  run -1 check -w servers=10
  [[ "$output" =~ ^"TWPOOL WARNING: pool game/game: 0 waiting, "[1-3]" of 3 server connections | ".*"'game/game servers'="[1-3]";0.3;;0;3" ]]
}

# The wait of a client that is not let in yet does not show in maxwait.
@test "clients of a pool that cannot reach PostgreSQL are critical" {
  local port
  port=$(free_port)
  pooler_other "$CLUSTER_DIR/o5" "s|port=$CLUSTER_PORT|port=1|; s|^listen_port.*|listen_port = $port|" "$port"
  local POOLER_DIR=$other POOLER_PORT=$port
  session lost 'SELECT 1'
  wait_until 30 stranded
  run -2 twpool-check --dsn "host=$other port=$port" --timeout 20
  [[ "$output" == "TWPOOL CRITICAL: pool game/game: 1 client waits, "*" 0 of 3 server connections: PostgreSQL cannot be reached"* ]]
}

stranded() {
  pool_has cl_waiting 1 && pool_has sv_login 0
}

@test "a paused database is critical" {
  session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  console 'PAUSE game'
  run -2 check
  [[ "$output" == "TWPOOL CRITICAL: pool game/game: 0 waiting, "*": its database is paused (RESUME) |"* ]]
}

@test "a disabled database is critical" {
  session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  console 'DISABLE game'
  run -2 check
  [[ "$output" == "TWPOOL CRITICAL: pool game/game: "*": its database is disabled, new clients are refused (ENABLE) |"* ]]
}

@test "clients are judged in percent of max_client_conn" {
  run -1 check -w clients=0.4
  [[ "$output" == "TWPOOL WARNING: "*" of 200 clients | "*"'clients'="*";0.8;190;0;200 "* ]]
}

# --- PostgreSQL -----------------------------------------------------------------------------------

@test "a PostgreSQL that hangs is critical, ends in time, and takes nothing else with it" {
  session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  kill -STOP "$(postmaster_pid)"
  run -2 --separate-stderr check_late -v
  [[ "$output" == "TWPOOL CRITICAL: PostgreSQL gives no answer within "*" s: it hangs | "* ]]
  [[ "$output" == *"OK console: "*"OK listener: "*"UNKNOWN freeze: not judged: PostgreSQL did not answer"*"OK clients: "* ]]
}

@test "a PostgreSQL that is not there is critical, one that refuses the login unknown" {
  run -2 twpool-check --dsn "$CONSOLE" --postgres 'host=127.0.0.1 port=1' --timeout 20
  [[ "$output" == "TWPOOL CRITICAL: PostgreSQL: "*"Connection refused | "* ]]
  run -3 twpool-check --dsn "$CONSOLE" --postgres "host=$CLUSTER_SOCKET port=$CLUSTER_PORT user=nobody" --timeout 20
  [[ "$output" == "TWPOOL UNKNOWN: PostgreSQL refuses the check's login: "* ]]
}

@test "connections are judged in percent of max_connections, and direct ones counted" {
  PGPASSWORD=pw psql -XAtq -h 127.0.0.1 -p "$CLUSTER_PORT" -U game -d game -c 'SELECT pg_sleep(600)' >/dev/null 3>&- 4>&- &
  sessions+=("$!")
  session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  wait_until 20 direct_is 1
  run -2 check -c connections=5 -v
  [[ "$output" == "TWPOOL CRITICAL: "*" of 20 connections of PostgreSQL, 1 of them past the pooler | "*"'direct'=1;"* ]]
}

direct_is() {
  check -v | grep -q "'direct'=$1;"
}

# --- logins ---------------------------------------------------------------------------------------

@test "a login with a wrong secret is critical, and the secret stays one" {
  printf 'host=127.0.0.1 port=%s user=game dbname=game password=hunter2\n' "$POOLER_PORT" >dsn
  run -2 --separate-stderr check -v --login @dsn
  [[ "$output" == "TWPOOL CRITICAL: login as game on game is refused (a wrong secret?): "*"authentication failed | "* ]]
  [[ "$output$stderr" != *hunter2* ]]
  run -2 --separate-stderr check --format json --login @dsn
  [[ "$output$stderr" != *hunter2* ]]
}

@test "a login that hangs is critical, and ends in time" {
  hold 0
  run -2 check_late -c 'maxwait=~:' -w 'maxwait=~:' --login "host=127.0.0.1 port=$POOLER_PORT user=game dbname=game"
  [[ "$output" == "TWPOOL CRITICAL: login as game on game: no answer within "* ]]
}

@test "with --login-timeout a pool that hangs takes no time from the next" {
  hold 0
  run -2 check -c 'maxwait=~:' -w 'maxwait=~:' --login-timeout 1 --login "host=127.0.0.1 port=$POOLER_PORT user=game dbname=game" \
    --login "host=127.0.0.1 port=$CLUSTER_PORT user=game dbname=game" -v
  [[ "$output" == *$'\n'"CRITICAL login: login as game on game: no answer within 1"*" s"$'\n'"OK login: login and transaction as game on game in "* ]]
}

@test "names cannot forge values: bars and line ends are replaced, quotes doubled" {
  printf "host=127.0.0.1 port=%s dbname=game user='x\\\\'=| y=1\n'" "$POOLER_PORT" >dsn
  run -2 check --login @dsn
  [ "${#lines[@]}" -eq 2 ]
  [ "$(grep -o '|' <<<"$output" | wc -l)" -eq 1 ]
  [[ "$output" == *" 'game/x''_? y_1? login'=U;"* ]]
}

# --- the freeze -----------------------------------------------------------------------------------

# Logins go on succeeding while no player ever gets another answer: facts of the first server.
@test "a frozen pool is critical, comes first, and its cures follow" {
  hold 1
  run -2 check --freeze-after 0.5 -c maxwait=0
  [[ "${lines[0]}" == "TWPOOL CRITICAL: pool game/game is frozen: all 3 server connections are idle in transaction"*"1 client waits"*"; pool game/game: 1 client waits"* ]]
  [[ "${lines[1]}" == *"default_pool_size"* ]]
  [[ "${lines[2]}" == "every server connection of the pool is taken: "* ]]
  [ "${#lines[@]}" -eq 3 ]
}

@test "a pool that is held for less than --freeze-after is not frozen" {
  hold 1
  run -1 check -v --freeze-after 3600 -w 'maxwait=~:' -c 'maxwait=~:'
  [[ "$output" == *$'\n'"OK freeze: pool game/game is held: "* ]]
}

@test "a pool in which one commits is not frozen" {
  hold 2
  run -2 check --freeze-after 0.5
  say holder1 COMMIT
  wait_until 20 pool_has cl_waiting 1
  run check -v --freeze-after 300 -w 'maxwait=~:' -c 'maxwait=~:'
  [ "$status" -eq 1 ]
  [[ "$output" == *$'\n'"OK freeze: pool game/game is held: "* ]]
}

@test "a pool in which one runs a query is not frozen, however long it takes" {
  hold 1
  run -2 check --freeze-after 0.5
  say holder2 'SELECT pg_sleep(600)'
  wait_until 20 active
  run -1 check -v --freeze-after 0 -w 'maxwait=~:' -c 'maxwait=~:'
  [[ "$output" == *$'\n'"OK freeze: pool game/game: 1 client waits, "* ]]
}

# A healthy server was once called frozen, and got SIGKILL, for a pool that was not its own.
@test "with --pool other pools are not judged: theirs may freeze" {
  hold 1
  run -2 check --freeze-after 0.5 --only freeze --pool 'dbname=game user=game'
  run -0 check --freeze-after 0.5 --only freeze --only pools --pool 'dbname=other user=game'
  [[ "$output" != *frozen* ]]
  run -3 --separate-stderr check --pool 'host=127.0.0.1'
  [[ "$output" == *"--pool: the DSN names neither a database nor a user"* ]]
}

# An administrator's lock passes; the freeze does not.
@test "a pool that waits for a lock of somebody outside is not frozen" {
  cluster_sql game 'CREATE TABLE IF NOT EXISTS locked (); GRANT ALL ON locked TO game'
  cluster_sql game 'BEGIN; LOCK TABLE locked; SELECT pg_sleep(600)' >/dev/null 2>&1 3>&- &
  wait_until 20 sleeping
  hold 1
  run -2 check --freeze-after 0.5
  say holder2 'SELECT * FROM locked'
  wait_until 20 active
  run check -v --freeze-after 0 -w 'maxwait=~:' -c 'maxwait=~:'
  cluster_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND usename <> 'game'" >/dev/null
  [[ "$output" == *$'\n'"OK freeze: pool game/game: 1 client waits, "* ]]
}

sleeping() {
  (($(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND wait_event = 'PgSleep'") == 1))
}

active() {
  (($(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'game' AND state = 'active'") == 1))
}

@test "without PostgreSQL nothing is said to be frozen, and nothing unknown, but what was not judged" {
  hold 1
  run -1 twpool-check --dsn "$CONSOLE" --timeout 20 --freeze-after 0 -v -w 'maxwait=~:' -c 'maxwait=~:'
  [[ "$output" == *$'\n'"not judged: freeze: PostgreSQL is not asked without --postgres, or as root --site"$'\n'* ]]
  [[ "$output" == *$'\n'"not judged: postgres: "* ]]
  [[ "$output" != *"OK freeze"* ]]
  run -1 twpool-check --dsn "$CONSOLE" --timeout 20 --format json -w 'maxwait=~:' -c 'maxwait=~:'
  [ "$(jq -c '[[.not_judged[] | .check | select(. == "freeze" or . == "postgres")], [.checks[] | .id | select(. == "freeze" or . == "postgres")], .pools[0].flow]' <<<"$output")" = \
    '[["freeze","postgres"],[],"unknown"]' ]
}

@test "--watch ends as soon as a freeze is certain, and reports peaks" {
  hold 1
  run -2 check --watch 50 --freeze-after 0.5 --format json
  [ "$(jq -c '.watched | [.seconds < 40, .samples >= 3, .failed, .peak_server_connections, .peak_waiting, .longest_wait_seconds > 0]' <<<"$output")" = \
    '[true,true,0,3,1,true]' ]
  [ "$(jq -r '.pools[0].flow' <<<"$output")" = frozen ]
}

@test "--watch lasts as long as it is told, and its peaks are a line" {
  run -0 check --watch 0.6
  [[ "${lines[1]}" =~ ^"watched for "(0\.[6-9]|[1-9]\.[0-9])" s: "[1-9]" samples, 0 failed; peaks: 0 waiting, the longest for 0.000000 s, "[0-3]" server connections, 0 direct"$ ]]
  [ "${#lines[@]}" -eq 2 ]
}

@test "SIGTERM and SIGINT end a watch early, and the report is still printed" {
  local signal pid
  for signal in TERM INT; do
    twpool-check --dsn "$CONSOLE" --watch 600 --timeout 20 -v >report 3>&- 4>&- &
    pid=$!
    wait_until 20 blocks_term "$pid"
    kill -"$signal" "$pid"
    wait "$pid"
    grep -q '^TWPOOL OK: ' report
    grep -q '^watched for ' report
  done
}

# blocks_term PID: the process is twpool-check, not the shell before it, and has blocked SIGTERM (bit
# 14), as it does while it watches.
blocks_term() {
  local mask
  [[ $(<"/proc/$1/comm") == twpool-check ]] || return
  mask=$(sed -n 's/^SigBlk:\t//p' "/proc/$1/status")
  ((16#$mask & 1 << 14))
}

# --- the settings ---------------------------------------------------------------------------------

@test "a pooler that is as the site has it is well; one whose setting was changed live is not" {
  site
  run -0 twpool-check --site site.json --dsn "$CONSOLE" --timeout 20 -v
  [[ "$output" == *$'\n'"OK config: 9 settings and 1 database are as the site has them"* ]]
  console 'SET default_pool_size = 2'
  run -1 twpool-check --site site.json --timeout 20
  [[ "${lines[0]}" == "TWPOOL WARNING: default_pool_size: the site has '3', the running PgBouncer has '2' | "* ]]
  [ "${lines[1]}" = "the running pooler is not as the site has it: the console's RELOAD takes back what was SET there; twpool-deploy makes the pooler as the site is" ]
  console 'RELOAD'
  run -0 twpool-check --site site.json --timeout 20
}

# differ FILTER TEXT: a site changed so differs from the pooler, and nothing else of it does.
differ() {
  site "$1"
  run -1 twpool-check --site site.json --only config --timeout 20
  [ "${lines[0]}" = "TWPOOL WARNING: $2" ] || { echo "$1: ${lines[0]}"; return 1; }
}

@test "a difference is a warning that names the key, what is expected and what runs" {
  differ '.pgbouncer.pool_mode = "session"' "pool_mode: the site has 'session', the running PgBouncer has 'transaction'"
  differ '.pgbouncer.max_client_conn = 300' "max_client_conn: the site has '300', the running PgBouncer has '200'"
  differ '.pgbouncer.listen_addr = "127.0.0.1, ::1"' \
    "listen_addr: the site has '127.0.0.1, ::1', the running PgBouncer has '127.0.0.1': differs; takes a restart"
  differ '.pgbouncer.query_wait_timeout = 0.5' "query_wait_timeout: the site has '0.5', the running PgBouncer has '120', the compiled default, as after a reload that stopped half-way"
  differ '.databases[0].host = "127.0.0.2"' "database 'game': the site has host '127.0.0.2', the running PgBouncer has '127.0.0.1'"
  differ '.databases[0].port = 7777' "database 'game': the site has port '7777', the running PgBouncer has '$CLUSTER_PORT'"
  differ '.postgres.host = "127.0.0.3"' "database 'game': the site has host '127.0.0.3', the running PgBouncer has '127.0.0.1'"
  differ '.databases[0].dbname = "other"' "database 'game': the site has dbname 'other', the running PgBouncer has 'game'"
  differ '.databases[0].pool_size = 7' "database 'game': the site has pool_size '7', the running PgBouncer has '3'"
  differ '.databases += [{name: "more"}]' "the running PgBouncer has no database 'more'"
  differ '.databases[0].name = "more"' \
    "the running PgBouncer has no database 'more'; the running PgBouncer has the database 'game', the site has not"
}

@test "what the site leaves out is what a deploy makes of it: the default" {
  differ 'del(.pgbouncer.default_pool_size)' "default_pool_size: the site has '25', the running PgBouncer has '3'"
}

@test "settings that are spelt otherwise and mean the same do not differ" {
  site '.pgbouncer += {server_idle_timeout: 600.0, tcp_keepalive: true, unix_socket_mode: "0777"}'
  run -0 twpool-check --site site.json --only config --timeout 20 -v
  [ "${lines[1]}" = "OK config: 12 settings and 1 database are as the site has them" ]
}

@test "a site that no pooler could have is unknown by name, and the rest is judged all the same" {
  site '.pgbouncer.server_lifetime = "long"'
  run -3 twpool-check --site site.json --timeout 20 -v
  [[ "${lines[0]}" == "TWPOOL UNKNOWN: "*"site.json: server_lifetime: expected a number of seconds, got a string | "* ]]
  [[ "$output" == *$'\n'"OK clients: "* ]]
}

@test "--only names a check that cannot be made" {
  run -3 twpool-check --dsn "$CONSOLE" --only config
  [ "$output" = "TWPOOL UNKNOWN: --only config needs --site" ]
  run -3 twpool-check --dsn "$CONSOLE" --only postgres
  [ "$output" = "TWPOOL UNKNOWN: --only postgres needs --postgres, or as root --site" ]
}

# --- who may see what -----------------------------------------------------------------------------

# as_cron CMD...: as the OS user twpool-check, whom this host need not have.
as_cron() {
  # shellcheck disable=SC2016 # for the inner shell
  unshare -m bash -c 'mount --bind passwd /etc/passwd && exec "$@"' - setpriv --reuid 64123 --regid 64123 --clear-groups -- "$@"
}

# pooler_deployed DIR PORT: another pooler, which lets the OS user twpool-check in as a deployed one.
pooler_deployed() {
  ((EUID == 0)) || skip "root can make a user"
  other=$1
  mkdir "$1"
  { cat /etc/passwd; echo 'twpool-check:x:64123:64123::/nonexistent:/usr/sbin/nologin'; } >passwd
  { cat "$POOLER_DIR/userlist.txt"; echo '"twpool-check" ""'; } >"$1/userlist.txt"
  { cat "$POOLER_DIR/hba.conf"; echo 'local pgbouncer twpool-check peer'; } >"$1/hba.conf"
  sed "s|$POOLER_DIR|$1|; s/^stats_users.*/stats_users = twpool-check/; s/^listen_port.*/listen_port = $2/" \
    "$POOLER_DIR/pgbouncer.ini" >"$1/pgbouncer.ini"
  chown -R "$CLUSTER_SUPERUSER:" "$1"
  # shellcheck disable=SC2016 # for the inner shell
  unshare -m bash -c 'mount --bind passwd /etc/passwd && exec "$@"' - setpriv --reuid "$CLUSTER_SUPERUSER" \
    --regid "$(id -g "$CLUSTER_SUPERUSER")" --init-groups -- pgbouncer -q -d "$1/pgbouncer.ini" 3>&- 4>&-
  wait_until 10 test -S "$1/.s.PGSQL.$2"
  POOLER_DIR=$1 POOLER_PORT=$2 site
  cp site.json expected.json
  mkdir -m 0755 state
  chown 64123:64123 state
  chmod 0755 . root root/run
  cluster_open_way "$PWD"
}

@test "cron's user judges the pooler and its settings, and what it may not judge is no news" {
  pooler_deployed "$CLUSTER_DIR/o6" "$(free_port)"
  cron=(env -i PATH="$PATH" TWPOOL_ROOT="$TWPOOL_ROOT" twpool-check -q --site expected.json --remember state/last)
  run -0 --separate-stderr as_cron "${cron[@]}" --timeout 20
  [ -z "$output$stderr" ]
  run -0 --separate-stderr as_cron env -i PATH="$PATH" TWPOOL_ROOT="$TWPOOL_ROOT" twpool-check --site expected.json --timeout 20 -v
  [[ "${lines[0]}" == "TWPOOL OK: "* && "$output" != *UNKNOWN* ]]
  [[ "$output" == *$'\n'"OK console: "*$'\n'"OK listener: "*$'\n'"OK clients: "*$'\n'"OK config: 9 settings and 1 database "* ]]
  [ "$(sed -n 's/^not judged: \([a-z]*\): .*/\1/p' <<<"$output" | tr '\n' ' ')" = 'freeze waits version postgres stragglers secrets login deploy ' ]
  # And that is all: an administrator's SET is seen, by cron too.
  as_user "$CLUSTER_SUPERUSER" psql -XAtq -h "$other" -p "$(jq .pgbouncer.listen_port site.json)" -U pgbouncer -d pgbouncer -c 'SET pool_mode = session'
  run -1 --separate-stderr as_cron "${cron[@]}" --timeout 20
  [[ "$output" == "TWPOOL WARNING: pool_mode: the site has 'transaction', the running PgBouncer has 'session', the compiled default, as after a reload that stopped half-way | "* ]]
  run -1 as_cron env -i PATH="$PATH" TWPOOL_ROOT="$TWPOOL_ROOT" twpool-check --site expected.json --timeout 20 --format json
  [ "$(jq -c '[.status, .postgres, [.not_judged[] | .check][0:1]]' <<<"$output")" = '["warning",null,["freeze"]]' ]
}

# role NAME SQL: a role that may log in at PostgreSQL, and the DSN for it in $as.
role() {
  cluster_sql "DROP ROLE IF EXISTS $1; CREATE ROLE $1 LOGIN PASSWORD 'pw'; $2"
  printf '%s\n' "*:*:*:$1:pw" '*:*:*:game:pw' >passfile
  chmod 0600 passfile
  export PGPASSFILE=$PWD/passfile
  as="host=127.0.0.1 port=$CLUSTER_PORT user=$1 dbname=postgres"
}

@test "a role of PostgreSQL with pg_monitor sees everything, one without no freeze" {
  hold 1
  role watcher 'GRANT pg_monitor TO watcher'
  run -2 twpool-check --dsn "$CONSOLE" --postgres "$as" --timeout 20 --freeze-after 0.5 --format json
  [ "$(jq -c '[.pools[0].flow, .postgres.max_connections]' <<<"$output")" = '["frozen",20]' ]
  role nobody_much ''
  run -1 twpool-check --dsn "$CONSOLE" --postgres "$as" --timeout 20 --freeze-after 0.5 -w 'maxwait=~:' -c 'maxwait=~:' -v
  [[ "$output" == *$'\n'"OK postgres: "*" of 20 connections of PostgreSQL, 0 of them past the pooler"* ]]
  [[ "$output" == *$'\n'"not judged: freeze: the role of --postgres does not see what others do: GRANT pg_monitor"$'\n'* ]]
  run -3 twpool-check --dsn "$CONSOLE" --postgres "$as" --timeout 20 --only freeze
  [[ "$output" == "TWPOOL UNKNOWN: not judged: freeze: the role of --postgres "* ]]
  cluster_sql 'DROP ROLE watcher; DROP ROLE nobody_much'
}

# --- JSON -----------------------------------------------------------------------------------------

@test "--format json reports what was measured, and the exit code stays" {
  hold 1
  run -2 --separate-stderr check --format json --freeze-after 0.5
  [ "$(jq -c '[.schema, .tool, .status, .max_client_conn, .watched]' <<<"$output")" = '[1,"twpool-check","critical",200,null]' ]
  [ "$(jq -c '[.checks[] | select(.id == "freeze") | .status, .object, .metrics]' <<<"$output")" = \
    '["critical",{"database":"game","user":"game"},[]]' ]
  [ "$(jq -c '.pools[] | [.database, .user, .clients_active, .clients_waiting, .servers_active, .servers_limit, .paused, .backends_idle_in_transaction, .maxwait_seconds > 0, .flow]' <<<"$output")" = \
    '["game","game",3,1,3,3,false,3,true,"frozen"]' ]
  [ "$(jq -c '[.listeners[] | .address, .state]' <<<"$output")" = '["127.0.0.1","accepts"]' ]
  [ "$(jq -c '.postgres | [.max_connections, .pooled, .direct]' <<<"$output")" = '[20,3,0]' ]
  [ -z "$stderr" ]
}

@test "in JSON what is unknown is null, never 0" {
  run -2 twpool-check --dsn "host=$POOLER_DIR port=1" --format json
  [ "$(jq -c '[.status, .pgbouncer_version, .listeners, .pools, .clients, .max_client_conn, .postgres]' <<<"$output")" = \
    '["critical",null,null,null,null,null,null]' ]
  [ "$(jq -c '[.checks[] | select(.id == "clients") | .status, .metrics[0].value]' <<<"$output")" = '["unknown",null]' ]
}

# --- ranges and usage -----------------------------------------------------------------------------

# range CODE RANGE...: with 0 clients waiting each of these ranges for a warning ends in CODE.
range() {
  local code=$1 range
  shift
  session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  for range; do
    run -"$code" twpool-check --dsn "$CONSOLE" --timeout 20 --only pools -w "waiting=$range"
    [[ "$output" == *"'game/game waiting'=0;${range/#0:/0:};;0"* ]]
  done
}

@test "a value within 10, 0:, ~:10, -5:20, or outside @10:20 is well" {
  range 0 10 0: '~:10' '~:0' -5:20 @10:20 '@~:-1' 0.5
}

@test "a value outside 10:, ~:-1, 10:20, -5:-1, or inside @0:20 is not" {
  range 1 10: '~:-1' 10:20 -5:-1 @20 '@~:10' 0.5:
}

@test "what is no range is refused, with the grammar" {
  local bad
  for bad in '' : @ '~' '~:~' 10:5 :10 1:2:3 ten 1e3 0x10 nan inf '1,' ' 1' '1 ' @@1 10:~ 1-; do
    run -3 --separate-stderr twpool-check --dsn "$CONSOLE" -c "waiting=$bad"
    [ "${lines[0]}" = "TWPOOL UNKNOWN: --critical waiting: '$bad' is not a range" ]
    [ "${lines[1]}" = "HINT: a range is [@]START:END, as in 10, 10:, ~:10, 10:20 and @10:20." ]
    [ -z "$stderr" ]
  done
}

@test "an unknown metric, check or format names the known ones" {
  run -3 twpool-check --dsn "$CONSOLE" -w nonsense=1
  [[ "$output" == *"METRIC is one of waiting, maxwait, servers, clients, connections, login, mean_wait, descriptors, memory, stragglers, certificate, advisories, cl_active, sv_active, sv_idle, sv_used, sv_tested, sv_login." ]]
  run -3 twpool-check --dsn "$CONSOLE" -w waiting
  run -3 twpool-check --dsn "$CONSOLE" --only nonsense
  [[ "$output" == *"the checks are console, listener, freeze, pools, waits, clients, process, version, config, postgres, stragglers, secrets, login, certificates, log, advisories, deploy." ]]
  run -3 twpool-check --dsn "$CONSOLE" --format xml
  [[ "$output" == "TWPOOL UNKNOWN: --format: expected nagios, json or prometheus, got 'xml'" ]]
}

@test "wrong usage is 3, on stdout where a scheduler looks; --help and --version are 0" {
  run -3 --separate-stderr twpool-check --no-such-option
  [[ "$output" == "TWPOOL UNKNOWN: "* ]]
  run -3 --separate-stderr twpool-check --timeout soon
  [[ "$output" == "TWPOOL UNKNOWN: "* ]]
  run -3 twpool-check --site /nonexistent/site.json
  [[ "$output" == "TWPOOL UNKNOWN: "*"/nonexistent/site.json"* ]]
  run -3 twpool-check --site /nonexistent/site.json --format json
  [ "$(jq -r .status <<<"$output")" = unknown ]
  run -0 --separate-stderr twpool-check --help
  [ -z "$stderr" ]
  run -0 twpool-check --version
}

@test "a password in an argument is refused and not repeated" {
  local option
  for option in --dsn --postgres --login; do
    run -3 --separate-stderr twpool-check --dsn "$CONSOLE" "$option" 'host=127.0.0.1 password=hunter2'
    [[ "$output" == "TWPOOL UNKNOWN: "*"the DSN holds a password"* ]]
    [[ "$output$stderr" != *hunter2* ]]
  done
}

@test "a report that cannot be written is not well" {
  run -3 --separate-stderr bash -c "twpool-check --dsn '$CONSOLE' --timeout 20 >/dev/full"
  [[ "$stderr" == *"write to standard output"* ]]
}

@test "a hostile environment does not redirect the questions" {
  PGHOSTADDR=127.0.0.9 PGUSER=x PGDATABASE=x PGOPTIONS=-cx=y PGSERVICE=x PGPORT=1 run -0 check
}

# The first was asked for ever, past every deadline; the second crashed the check.
@test "a server that answers with a COPY, or with a row of no columns, is told in time" {
  local answer pid
  for answer in copy empty; do
    perl "$BATS_TEST_DIRNAME/lib/fake.pl" "$BATS_TEST_TMPDIR/.s.PGSQL.7000" "$answer" 3>&- &
    pid=$!
    wait_until 10 test -S "$BATS_TEST_TMPDIR/.s.PGSQL.7000"
    run -2 timeout 20 twpool-check --timeout 5 --dsn "host=$BATS_TEST_TMPDIR port=7000 user=x"
    [[ "${lines[0]}" == "TWPOOL CRITICAL: console: SHOW VERSION: not "* ]]
    run -2 timeout 20 twpool-check --timeout 5 --only postgres --dsn "host=$BATS_TEST_TMPDIR port=7000 user=x" \
      --postgres "host=$BATS_TEST_TMPDIR port=7000 user=x dbname=x"
    [[ "${lines[0]}" == "TWPOOL CRITICAL: PostgreSQL: "* ]]
    kill "$pid"
    wait "$pid" || :
    rm "$BATS_TEST_TMPDIR/.s.PGSQL.7000"
  done
}

@test "a DSN within a DSN is refused, and its password not repeated" {
  run -3 twpool-check --dsn 'host=127.0.0.1 dbname=postgres://u:hush@127.0.0.1/x'
  [[ "$output" == *"dbname is itself connection text"* && "$output" != *hush* ]]
}
