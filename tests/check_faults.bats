#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The table of faults: each is brought about on a real PgBouncer and PostgreSQL, and has its state, its
# cause and a remedy. What each says in words is in the other files.
# shellcheck disable=SC2030,SC2031,SC2119 # a test's variables are its own
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/pooler_setup.bash
. "$BATS_TEST_DIRNAME/lib/pooler_setup.bash"

setup_file() {
  pooled_cluster 12
}

setup() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  sessions=()
}

teardown() {
  kill -CONT "$(pooler_pid)" "$(postmaster_pid)" || :
  ((${#sessions[@]} == 0)) || kill "${sessions[@]}" || :
  cluster_sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'game' AND state = 'active'" >/dev/null
  [[ -z ${other:-} ]] || kill -QUIT "$(cat "$other/pid")"
}

# diagnosed STATUS CAUSE ARG...: of `whom`, or the pooler: the verdict, and a result with that status and cause, and a remedy.
diagnosed() {
  local status=$1 cause=$2
  shift 2
  timeout 60 twpool-check --dsn "${whom:-$CONSOLE}" --postgres "$POSTGRES" --timeout 20 "$@" --format json >report.json || :
  jq -e --arg status "$status" --arg cause "$cause" '.status == $status and
    any(.checks[]; .status == $status and .cause == $cause and (.remedy | length > 10))' report.json >/dev/null || {
    jq -c '[.status, (.checks[] | select(.status != "ok") | [.id, .status, .cause, .summary])]' report.json
    return 1
  }
}

@test "the console is stopped" {
  kill -STOP "$(pooler_pid)"
  diagnosed critical hangs --timeout 1
}

@test "PostgreSQL is stopped" {
  kill -STOP "$(postmaster_pid)"
  diagnosed critical postgres --timeout 1
}

@test "PostgreSQL is down, and the pool stranded" {
  session one 'SELECT 1'
  wait_until 40 grep -qx 1 one.out
  cluster_stop
  console 'RECONNECT' || :
  session two 'SELECT 2'
  wait_until 40 pool_has cl_waiting 1
  wait_until 40 stranded
  jq -e 'any(.checks[]; .cause == "postgres" and .status == "critical")' report.json
  _cluster_ctl start >/dev/null
  kill "${sessions[@]}"
  sessions=()
  wait_until 40 idle
}

stranded() {
  diagnosed critical stranded >/dev/null
}

@test "PostgreSQL is full" {
  local i
  for i in {1..20}; do
    PGPASSWORD=pw psql -XAtq -h 127.0.0.1 -p "$CLUSTER_PORT" -U game -d game -c 'SELECT pg_sleep(600)' >/dev/null 2>&1 3>&- 4>&- &
    sessions+=("$!")
  done
  wait_until 40 full
  diagnosed critical connections -w 'connections=~:' -c 'connections=~:'
}

# full: nobody but a superuser gets in, and whoever was sent away has left.
full() {
  local pid alive=0
  for pid in "${sessions[@]}"; do
    ! kill -0 "$pid" 2>/dev/null || alive=$((alive + 1))
  done
  [[ $(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") == "$alive" ]] || return
  [[ $(cluster_sql "SELECT count(*) >= current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()") == t ]]
}

@test "the pool is exhausted" {
  local i
  for i in 1 2 3; do
    session "busy$i" 'SELECT pg_sleep(600)'
  done
  wait_until 40 pool_has sv_active 3
  session waiter 'SELECT 1'
  wait_until 40 pool_has cl_waiting 1
  diagnosed warning exhausted -w 'maxwait=~:' -c 'maxwait=~:'
}

@test "the pool is frozen by the application's lock" {
  hold 1
  diagnosed critical frozen --freeze-after 0.5
}

@test "the database is paused, or disabled" {
  session one 'SELECT 1'
  wait_until 40 grep -qx 1 one.out
  console 'PAUSE game'
  diagnosed critical paused
  console 'RESUME game'
  console 'DISABLE game'
  diagnosed critical disabled
  console 'ENABLE game'
}

@test "the TCP listener is lost: to another process, or nobody is there" {
  if ! pooler_needs_tcp; then
    pooler_other "$CLUSTER_DIR/f1" "s|^listen_port.*|listen_port = $CLUSTER_PORT|" "$CLUSTER_PORT"
    whom="host=$other port=$CLUSTER_PORT" diagnosed critical port-foreign
    kill -QUIT "$(cat "$other/pid")"
  fi
  local port
  port=$(free_port)
  # Who has the address while the pooler starts has gone by the time that somebody looks.
  perl -MIO::Socket::INET -e 'my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.2", LocalPort => shift, Listen => 1) or die;
    open(my $f, ">", "listens"); sleep' "$port" 3>&- 4>&- &
  local pid=$!
  wait_until 40 test -e listens
  pooler_other "$CLUSTER_DIR/f2" "s|^listen_addr.*|listen_addr = 127.0.0.1, 127.0.0.2|; s|^listen_port.*|listen_port = $port|" "$port"
  kill "$pid"
  wait "$pid" || :
  whom="host=$other port=$port" diagnosed critical port-closed --timeout 3 --only listener
}

@test "descriptors are exhausted: clients hang, and the check names it" {
  local port
  port=$(free_port)
  pooler_other "$CLUSTER_DIR/f3" "s|^listen_port.*|listen_port = $port|" "$port"
  few_descriptors "$(cat "$other/pid")" 2 >/dev/null
  whom="host=$other port=$port" diagnosed critical descriptors --only process
  # With none left nobody is accepted, the check neither: the kernel knows who listens there.
  few_descriptors "$(cat "$other/pid")" -2 >/dev/null
  whom="host=$other port=$port" diagnosed critical descriptors --timeout 2 --only console
  jq -e '.checks[0].summary | test("^the console gives no answer within 2 s: PgBouncer.s process [0-9]+ has [0-9]+ of [0-9]+ file descriptors open$")' report.json
}

@test "a client has a wrong secret" {
  printf 'host=127.0.0.1 port=%s user=game dbname=game password=wrong\n' "$POOLER_PORT" >dsn
  diagnosed critical login --login @dsn
}

@test "a storm of clients" {
  local port i
  port=$(free_port)
  pooler_other "$CLUSTER_DIR/f4" "s|^listen_port.*|listen_port = $port|; s|^max_client_conn.*|max_client_conn = 10|" "$port"
  local POOLER_DIR=$other POOLER_PORT=$port
  for i in {1..9}; do
    session "c$i" 'SELECT 1'
  done
  wait_until 40 storm
  whom="host=$other port=$port" diagnosed critical clients
}

storm() {
  pool_has cl_active 9
}

@test "all that is not well has a cause in the man page's words, and every cause has its texts" {
  # A cause without words would show as null in the reports above.
  diagnosed critical clients -c clients=0 --explain
  jq -e 'all(.checks[] | select(.status != "ok"); .cause != null and .why != null and .remedy != null)' report.json
}
