#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-dsn verify: who still comes to PostgreSQL past the pooler, on a real PostgreSQL and PgBouncer.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
bats_require_minimum_version 1.5.0

setup_file() {
  load_words
  cluster_start "$BATS_FILE_TMPDIR/c" 30
  pooler_start "$CLUSTER_DIR/pool"
}

teardown_file() {
  load_words
  pooler_halt
  kill -CONT "$(postmaster_pid)"
  cluster_stop
}

setup() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  mkdir -p root/run
  ln -s "$POOLER_DIR" root/run/pgbouncer
  export TWPOOL_ROOT=$PWD/root
  site
  sessions=()
}

teardown() {
  kill -CONT "$(pooler_pid)" "$(postmaster_pid)"
  ((${#sessions[@]} == 0)) || kill "${sessions[@]}" || :
  [[ -z ${other:-} ]] || kill -QUIT "$(cat "$other/pid")"
  wait_until 20 nobody
}

load_words() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  # shellcheck source=tests/lib/pooler.bash
  . "$BATS_TEST_DIRNAME/lib/pooler.bash"
}

# site FILTER: site.json for the running pooler, and what jq then makes of it.
site() {
  jq -n --arg dir "$CLUSTER_SOCKET" --arg su "$CLUSTER_SUPERUSER" --argjson pg "$CLUSTER_PORT" --argjson port "$POOLER_PORT" \
    '{schema: 1, databases: [{name: "game"}], users: [{name: "game"}], pgbouncer: {listen_port: $port},
      postgres: {port: $pg, socket_directory: $dir, superuser: $su}} | '"${1:-.}" >site.json
}

# verify ARG...: in a time that a loaded machine keeps. Others than root are not taken for the superuser.
verify() {
  timeout 60 twpool-dsn verify --site site.json "$@"
}

# session NAME PORT [HOST [KEYWORD=VALUE...]]: a client that has its answer and stays.
session() {
  local name=$1 port=$2 host=${3:-127.0.0.1} more=${*:4}
  mkfifo "$name"
  psql -XAtq "host=$host port=$port user=game dbname=game application_name=$name $more" 0<>"$name" >"$name.out" 2>&1 3>&- 4>&- &
  sessions+=("$!")
  echo 'SELECT 1;' >"$name"
  wait_until 20 grep -qx 1 "$name.out"
}

# backend NAME: the process id of its backend.
backend() {
  cluster_sql "SELECT pid FROM pg_stat_activity WHERE application_name = '$1'"
}

# nobody: no session of a test is left, as PostgreSQL and the pooler see it.
nobody() {
  [ "$(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name ~ '^(direct|twpool|pooled)'")" -eq 0 ] ||
    cluster_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^pooled'" >/dev/null
}

# --- who is a straggler ---------------------------------------------------------------------------

@test "with everybody behind the pooler nobody is left, and that is known at once" {
  session pooled "$POOLER_PORT"
  run -0 --separate-stderr verify
  [[ "$output" =~ ^"nobody comes directly; the pooler has "[1-3]" server connection"s?$ ]]
  [ -z "$stderr" ]
  run -0 verify --json --seconds 50
  [ "$(jq -c '[.schema, .tool, .status, .stragglers, .samples, .server_connections >= 1, .watched_seconds < 20]' <<<"$output")" = \
    '[1,"twpool-dsn","ok",[],2,true,true]' ]
}

@test "a direct client is listed with all that is known of it, and the pooled one is not" {
  session pooled "$POOLER_PORT"
  session direct "$CLUSTER_PORT"
  local pid
  pid=$(backend direct)
  run -1 --separate-stderr verify --seconds 0
  [[ "$output" =~ ^"pid $pid: game on game from 127.0.0.1:"[0-9]+", application \"direct\", since "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$ ]]
  [ -z "$stderr" ]
  run -1 verify --seconds 0 --json
  [ "$(jq -c '[.status, (.stragglers[] | .pid, .role, .database, .application_name, .client_address, .client_port > 0)]' <<<"$output")" = \
    "[\"stragglers\",$pid,\"game\",\"game\",\"direct\",\"127.0.0.1\",true]" ]
  [ "$(jq -r '.stragglers[0].since' <<<"$output")" = \
    "$(cluster_sql "SELECT to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM pg_stat_activity WHERE pid = $pid")" ]
}

@test "over the local socket, where all ports are -1, the two are told apart as well" {
  other=$CLUSTER_DIR/o1
  local port
  port=$(free_port)
  mkdir "$other"
  sed "s|$POOLER_DIR|$other|; s|$other/userlist|$POOLER_DIR/userlist|; s|$other/hba|$POOLER_DIR/hba|
    s|^game = .*|game = host=$CLUSTER_SOCKET port=$CLUSTER_PORT|; s|^listen_port.*|listen_port = $port|" "$POOLER_DIR/pgbouncer.ini" >"$other/pgbouncer.ini"
  ((EUID != 0)) || chown -R "$CLUSTER_SUPERUSER:" "$other"
  as_user "$CLUSTER_SUPERUSER" pgbouncer -q -d "$other/pgbouncer.ini" 3>&- 4>&-
  wait_until 10 test -S "$other/.s.PGSQL.$port"
  session pooled "$port"
  run -0 verify --console "host=$other port=$port"
  [ "$output" = "nobody comes directly; the pooler has 1 server connection" ]
  session direct "$CLUSTER_PORT" "$CLUSTER_SOCKET"
  [ "$(cluster_sql "SELECT string_agg(DISTINCT client_port::text, ' ') FROM pg_stat_activity WHERE usename = 'game' AND application_name <> ''")" = -1 ]
  run -1 verify --console "host=$other port=$port" --seconds 0
  [[ "$output" == "pid $(backend direct): game on game from local socket, application \"direct\", since "* ]]
  [ "${#lines[@]}" -eq 1 ]
  run -1 verify --console "host=$other port=$port" --seconds 0 --json
  [ "$(jq -c '.stragglers[0] | [.client_address, .client_port]' <<<"$output")" = '[null,null]' ]
  # Another pooler's server connection is a straggler to this one, which does not have it.
  run -1 verify --seconds 0
  [ "${#lines[@]}" -eq 2 ]
}

@test "only the site's users on the site's databases on the site's PostgreSQL are meant" {
  session direct "$CLUSTER_PORT"
  site '.users = [{name: "other"}]'
  run -0 verify --seconds 0
  site '.databases = [{name: "other"}]'
  run -0 verify --seconds 0
  site '.databases[0].host = "192.0.2.1"'
  run -0 verify --seconds 0
  site '.databases[0].port = 7777'
  run -0 verify --seconds 0
  site '.databases = [{name: "alias", dbname: "game"}]'
  run -1 verify --seconds 0
  # The superuser's own session, ours, is there all the time.
  site '.users += [{name: "postgres"}]'
  run -1 verify --seconds 0
  [ "${#lines[@]}" -eq 1 ]
}

@test "twpool's own programs do not count, and nobody else who is called nearly so" {
  session twpool-stress "$CLUSTER_PORT"
  session twpool-check "$CLUSTER_PORT"
  run -0 verify --seconds 0
  session twpool-stress2 "$CLUSTER_PORT"
  run -1 verify --seconds 0
  [[ "$output" == "pid $(backend twpool-stress2): "* && "${#lines[@]}" -eq 1 ]]
}

# Between asking the pooler and asking PostgreSQL a new server connection may come up.
@test "a server connection that comes up between the two questions is no straggler" {
  local dir=$CLUSTER_DIR/relay
  console RECONNECT
  wait_until 20 no_game
  mkdir "$dir"
  ((EUID != 0)) || chown "$CLUSTER_SUPERUSER:" "$dir"
  (cd "$dir" && as_user "$CLUSTER_SUPERUSER" perl "$BATS_TEST_DIRNAME/lib/relay.pl" "$dir/.s.PGSQL.$CLUSTER_PORT" \
    "$CLUSTER_SOCKET/.s.PGSQL.$CLUSTER_PORT" 2) 3>&- 4>&- &
  sessions+=("$!")
  wait_until 10 test -S "$dir/.s.PGSQL.$CLUSTER_PORT"
  verify --postgres "host=$dir port=$CLUSTER_PORT user=$CLUSTER_SUPERUSER dbname=postgres" --seconds 0 --json >said 3>&- 4>&- &
  local pid=$!
  wait_until 20 test -e "$dir/held"
  session pooled "$POOLER_PORT"
  touch "$dir/go"
  wait "$pid"
  # It was seen, and was not among the server connections that the pooler had named.
  [ "$(jq -c '[.status, .stragglers, .samples, .server_connections]' said)" = '["ok",[],2,0]' ]
}

# no_game: PostgreSQL has no backend of the role.
no_game() {
  [ "$(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'game'")" -eq 0 ]
}

@test "server connections that come and go are never taken for stragglers" {
  local round
  while console RECONNECT && PGPASSWORD=pw psql -XAtq "host=127.0.0.1 port=$POOLER_PORT user=game dbname=game application_name=pooled" \
    -c 'SELECT 1'; do :; done >/dev/null 2>&1 3>&- 4>&- &
  sessions+=("$!")
  for round in 1 2 3 4 5; do
    run -0 verify --seconds 0.6
    [[ "$output" == "nobody comes directly; "* ]] || { echo "round $round: $output"; return 1; }
  done
}

# --- how long -------------------------------------------------------------------------------------

@test "a straggler who leaves in time is waited for; one who stays is listed at the end" {
  session direct "$CLUSTER_PORT"
  run -1 verify --seconds 0.6 --json
  [ "$(jq -c '[.watched_seconds >= 0.6, .samples >= 3]' <<<"$output")" = '[true,true]' ]
  verify --seconds 55 >said 3>&- 4>&- &
  local pid=$!
  wait_until 20 asked
  kill "${sessions[0]}"
  wait "$pid"
  [[ "$(<said)" == "nobody comes directly; "* ]]
}

# asked: verify has a connection to PostgreSQL.
asked() {
  [ -n "$(backend twpool-dsn)" ]
}

@test "-q is silent when nobody is left, and only then" {
  run -0 --separate-stderr verify -q
  [ -z "$output$stderr" ]
  run -0 verify -q --json
  [ -z "$output" ]
  session direct "$CLUSTER_PORT"
  run -1 verify -q --seconds 0
  [[ "$output" == "pid "* ]]
}

# --- who cannot be asked --------------------------------------------------------------------------

@test "a pooler or a PostgreSQL that is not there is 69, one that is none 77, with nothing on stdout" {
  run -69 --separate-stderr verify --console "host=$POOLER_DIR port=1"
  [[ "$stderr" == "twpool-dsn: console: "*"No such file or directory" && -z "$output" ]]
  run -69 --separate-stderr verify --postgres 'host=127.0.0.1 port=1'
  [[ "$stderr" == "twpool-dsn: PostgreSQL: "*"Connection refused" && -z "$output" ]]
  run -77 --separate-stderr verify --console "$POSTGRES"
  [[ "$stderr" == "twpool-dsn: console: SHOW VERSION: "* && -z "$output" ]]
}

@test "a pooler that hangs is 69, and not for ever" {
  kill -STOP "$(pooler_pid)"
  run -69 --separate-stderr timeout 20 twpool-dsn verify --site site.json
  [[ "$stderr" == "twpool-dsn: console: "* ]]
}

@test "a login that is refused is 77, with what to do, and the password stays one" {
  printf '*:*:*:*:hunter2\n' >passfile
  chmod 0600 passfile
  PGPASSFILE=$PWD/passfile run -77 --separate-stderr verify --postgres "host=127.0.0.1 port=$CLUSTER_PORT user=game dbname=postgres"
  [[ "$stderr" == "twpool-dsn: PostgreSQL: "*"HINT: run as root, or name others with --console and --postgres." ]]
  [[ "$output$stderr" != *hunter2* ]]
}

@test "a role that does not see who a direct client is proves nothing: 77" {
  cluster_sql "CREATE ROLE blind LOGIN PASSWORD 'pw'"
  printf '*:*:*:*:pw\n' >passfile
  chmod 0600 passfile
  export PGPASSFILE=$PWD/passfile
  local as="host=127.0.0.1 port=$CLUSTER_PORT user=blind dbname=postgres"
  run -0 verify --postgres "$as"
  session direct "$CLUSTER_PORT"
  run -77 --separate-stderr verify --postgres "$as"
  [[ "$stderr" == *"PostgreSQL does not show what process $(backend direct) of 'game' is"*"pg_monitor"* && -z "$output" ]]
  cluster_sql 'GRANT pg_monitor TO blind'
  run -1 verify --postgres "$as" --seconds 0
  cluster_sql 'DROP ROLE blind'
}

@test "wrong usage is 64, a wrong site 78 and none 66" {
  run -64 --separate-stderr twpool-dsn verify
  [[ "$stderr" == "twpool-dsn: --site FILE is required"* ]]
  run -64 --separate-stderr verify --seconds -1
  run -64 --separate-stderr verify --console 'host=127.0.0.1 password=hunter2'
  [[ "$stderr" == "twpool-dsn: --console: the DSN holds a password"* && "$stderr" != *hunter2* ]]
  run -64 --separate-stderr verify more
  run -66 --separate-stderr twpool-dsn verify --site none.json
  site '.postgres.host = 5'
  run -78 --separate-stderr verify
  [[ "$stderr" == *"site.json: postgres.host: expected a string, got an integer"* ]]
}

@test "a result that cannot be written is 74" {
  run -74 --separate-stderr bash -c 'twpool-dsn verify --site site.json >/dev/full'
}

@test "--since: only connections that are younger count, and another form is refused" {
  session old "$CLUSTER_PORT"
  run -1 verify --seconds 1
  run -0 verify --seconds 1 --since "$(date -u -d '+1 minute' +%FT%TZ)"
  run -1 verify --seconds 1 --since "$(date -u -d '-1 hour' +%FT%TZ)"
  run -64 verify --since yesterday
  [[ "$output" == *"--since 'yesterday': expected a time such as "* ]]
}
