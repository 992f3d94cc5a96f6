#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-auth: secrets out of a real PostgreSQL, and logins through a real PgBouncer.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
bats_require_minimum_version 1.5.0

GAME_PASSWORD="pw 'quoted' \\ 17"

setup_file() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  cluster_start "$BATS_FILE_TMPDIR/c" 30
  cluster_sql "CREATE ROLE game LOGIN PASSWORD 'pw ''quoted'' \\ 17'"
  cluster_sql "CREATE DATABASE game OWNER game"
  cluster_sql "CREATE ROLE \"o'dd \"\"role\"\" \\x\" LOGIN PASSWORD 'odd'"
  cluster_sql "CREATE ROLE nologin NOLOGIN PASSWORD 'x'"
  cluster_sql "CREATE ROLE expired LOGIN PASSWORD 'x' VALID UNTIL '2001-01-01'"
  cluster_sql "CREATE ROLE later LOGIN PASSWORD 'x' VALID UNTIL '2999-01-01'"
  cluster_sql "CREATE ROLE nopass LOGIN"
  cluster_sql "SET password_encryption = md5; CREATE ROLE old LOGIN PASSWORD 'x'"
  cluster_sql "CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'boss-secret'"
  cluster_sql "CREATE ROLE repl LOGIN REPLICATION BYPASSRLS PASSWORD 'x'"
  cluster_sql "CREATE ROLE $(printf 'a%.0s' {1..63}) LOGIN PASSWORD 'x'"
  pooler_start
}

teardown_file() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  # kill CONT: whatever a test had stopped must be able to end.
  kill -CONT "$(cat "$POOLER_DIR/pid")" && kill -QUIT "$(cat "$POOLER_DIR/pid")"
  kill -CONT "$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid")"
  cluster_stop
}

# pooler_start: a PgBouncer in front of the cluster. Exports POOLER_DIR POOLER_PORT.
pooler_start() {
  export POOLER_DIR=$CLUSTER_DIR/pool POOLER_PORT
  POOLER_PORT=$(free_port)
  mkdir "$POOLER_DIR"
  printf '"game" "%s"\n' "$(secret_of game)" >"$POOLER_DIR/userlist.txt"
  printf 'host all all 127.0.0.1/32 scram-sha-256\n' >"$POOLER_DIR/hba.conf"
  printf '%s\n' "[databases]" "game = host=127.0.0.1 port=$CLUSTER_PORT" "[pgbouncer]" \
    "listen_addr = 127.0.0.1" "listen_port = $POOLER_PORT" "unix_socket_dir = $POOLER_DIR" \
    "pidfile = $POOLER_DIR/pid" "logfile = $POOLER_DIR/log" "auth_type = hba" \
    "auth_file = $POOLER_DIR/userlist.txt" "auth_hba_file = $POOLER_DIR/hba.conf" \
    "pool_mode = transaction" "server_login_retry = 1" >"$POOLER_DIR/pgbouncer.ini"
  ((EUID != 0)) || chown -R "$CLUSTER_SUPERUSER:" "$POOLER_DIR"
  as_user "$CLUSTER_SUPERUSER" pgbouncer -q -d "$POOLER_DIR/pgbouncer.ini" 3>&- 4>&-
  wait_until 10 tcp_open "$POOLER_PORT"
}

tcp_open() {
  (exec 5<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

secret_of() {
  cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = '${1//\'/\'\'}'"
}

setup() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
}

# site ROLE...: writes site.json for these roles of the cluster; SITE_AUTH and SITE_PORT change it.
site() {
  jq -n --arg dir "$CLUSTER_SOCKET" --arg su "${SITE_SUPERUSER:-$CLUSTER_SUPERUSER}" \
    --argjson port "${SITE_PORT:-$CLUSTER_PORT}" --argjson auth "${SITE_AUTH:-{\}}" \
    '{schema: 1, databases: [{name: "game"}], users: [$ARGS.positional[] | {name: .}], auth: $auth,
      postgres: {port: $port, socket_directory: $dir, superuser: $su}}' --args "$@" >site.json
}

# dsn TEXT: writes it as the member "app" of dsn.json, as the game server has it.
dsn() {
  jq -n --arg dsn "$1" '{db: "game", app: $dsn}' >dsn.json
}

# game_dsn [WORDS]: the DSN of the game's role, with more words behind it.
game_dsn() {
  dsn "dbname=%DB% user=game password='pw \\'quoted\\' \\\\ 17' host=127.0.0.1 ${1:-}"
}

verify() {
  twpool-auth verify --dsn @dsn.json#/app --db game "$@"
}

# --- export ---------------------------------------------------------------------------------------

@test "export prints role, tab and secret, in the order of site.json" {
  site later game
  run -0 --separate-stderr twpool-auth export --site site.json
  [ "$output" = "$(printf 'later\t%s\ngame\t%s' "$(secret_of later)" "$(secret_of game)")" ]
  [ -z "$stderr" ]
}

@test "a role with blanks, quotes and a backslash in its name is exported" {
  local odd="o'dd \"role\" \\x"
  site "$odd"
  run -0 --separate-stderr twpool-auth export --site site.json
  [ "$output" = "$(printf '%s\t%s' "$odd" "$(secret_of "$odd")")" ]
}

@test "replication and bypassrls are allowed" {
  site repl
  run -0 twpool-auth export --site site.json
}

@test "all unfit roles are named at once, each with its cure, and nothing is exported" {
  site game absent nologin expired nopass old boss
  run -78 --separate-stderr twpool-auth export --site site.json
  [ -z "$output" ]
  [[ "$stderr" == *'role "absent" does not exist -- create it, or take it out of users[]'* ]]
  [[ "$stderr" == *'role "nologin" cannot log in -- ALTER ROLE ... LOGIN'* ]]
  [[ "$stderr" == *'role "expired" has expired -- ALTER ROLE ... VALID UNTIL'* ]]
  [[ "$stderr" == *'role "nopass" has no password -- '* ]]
  [[ "$stderr" == *"role \"old\" has an md5 secret -- set password_encryption = 'scram-sha-256' and set its password again"* ]]
  [[ "$stderr" == *'role "boss" is a superuser -- pool an ordinary role, or name it in the list auth.allow_superuser'* ]]
  [[ "$stderr" == *"twpool-auth: 6 of 7 roles cannot be pooled" ]]
  [[ "$stderr" != *'"game"'* ]]
  [[ "$stderr" != *SCRAM-SHA-256* && "$stderr" != *md5[0-9a-f][0-9a-f]* ]]
}

@test "several problems of one role are all named" {
  cluster_sql "CREATE ROLE wreck SUPERUSER NOLOGIN VALID UNTIL '2001-01-01'"
  site wreck
  run -78 --separate-stderr twpool-auth export --site site.json
  [ "$(grep -c '^twpool-auth: role "wreck" ' <<<"$stderr")" -eq 4 ]
}

@test "auth.allow_superuser lets a superuser through" {
  SITE_AUTH='{"allow_superuser": true}' site boss
  run -0 --separate-stderr twpool-auth export --site site.json
  [ "$output" = "$(printf 'boss\t%s' "$(secret_of boss)")" ]
}

@test "a name that is too long is not cut to that of another role" {
  site "$(printf 'a%.0s' {1..64})"
  run -78 --separate-stderr twpool-auth export --site site.json
  [[ "$stderr" == *'aaa" does not exist'* ]]
}

@test "SQL in a name stays a name" {
  site "game') -- " "'); DROP ROLE game; --"
  run -78 --separate-stderr twpool-auth export --site site.json
  [[ "$stderr" == *"2 of 2 roles cannot be pooled" ]]
  [ -n "$(secret_of game)" ]
}

@test "--check prints which roles are fit, and no secret" {
  site game nopass later
  run -78 --separate-stderr twpool-auth export --check --site site.json
  [[ "$output" == "PostgreSQL "[1-9]*", max_connections "[1-9]*$'\ngame ok\nlater ok' ]]
  [[ "$stderr" == *'role "nopass" has no password'* ]]
  site game
  run -0 twpool-auth export --check --site site.json
  run -0 twpool-auth export --check -q --site site.json
  [ -z "$output" ]
}

@test "--check --json reports each role with its problems, and no secret" {
  site game old
  run -78 --separate-stderr twpool-auth export --check --json --site site.json
  [ "$(jq -c '[.schema, .tool, .status, (.roles[] | [.role, .ok, .problems[].problem])]' <<<"$output")" = \
    '[1,"twpool-auth","unfit",["game",true],["old",false,"has an md5 secret"]]' ]
  [[ "$output" != *SCRAM-SHA-256* ]]
  site game
  run -0 twpool-auth export --check --json --site site.json
  [ "$(jq -r .status <<<"$output")" = ok ]
}

@test "--json without --check is refused: a report holds no secret" {
  site game
  run -64 --separate-stderr twpool-auth export --json --site site.json
  [ -z "$output" ]
}

@test "export refuses to print secrets on a terminal" {
  site game
  run -64 script -qec "twpool-auth export --site site.json" typescript
  [[ "$output" == *"export prints secrets; use a pipe, or --check"* ]]
  [[ "$output" != *SCRAM-SHA-256* ]]
}

@test "a reader that goes away is an error, not a success" {
  site game
  run -74 --separate-stderr bash -c 'twpool-auth export --site site.json >/dev/full'
  [[ "$stderr" != *SCRAM-SHA-256* ]]
}

@test "PostgreSQL down is 69, and the place is named" {
  SITE_PORT=1 site game
  run -69 --separate-stderr twpool-auth export --site site.json
  [ -z "$output" ]
  [[ "$stderr" == "twpool-auth: ask PostgreSQL for its roles: "*"$CLUSTER_SOCKET/.s.PGSQL.1"* ]]
}

@test "a superuser that PostgreSQL does not let in is 77" {
  SITE_SUPERUSER=nobody site game
  run -77 --separate-stderr twpool-auth export --site site.json
  [ -z "$output" ]
  [[ "$stderr" == "twpool-auth: ask PostgreSQL for its roles: "* ]]
}

@test "a superuser without an OS user is a wrong configuration" {
  ((EUID == 0)) || skip "only root becomes another user"
  SITE_SUPERUSER=no-such-user site game
  run -78 --separate-stderr twpool-auth export --site site.json
  [[ "$stderr" == *"there is no OS user 'no-such-user'"* ]]
}

@test "the superuser's own OS user exports without root" {
  site game
  chmod o+x .. . && chmod o+r site.json
  local binary
  binary=$(command -v twpool-auth)
  as_user "$CLUSTER_SUPERUSER" test -x "$binary" || skip "$CLUSTER_SUPERUSER cannot reach $binary"
  run -0 as_user "$CLUSTER_SUPERUSER" "$binary" export --site "$PWD/site.json"
  [[ "$output" == game$'\t'SCRAM-SHA-256* ]]
}

@test "a hostile environment does not redirect the superuser's connection" {
  site game
  run -0 env PGHOST=127.0.0.1 PGHOSTADDR=127.0.0.1 PGPORT=1 PGUSER=game PGDATABASE=game \
    PGSERVICE=nosuch PGSERVICEFILE="$PWD/none" PGPASSWORD=x PGOPTIONS='-c search_path=evil' \
    PGSSLMODE=require PGTARGETSESSIONATTRS=standby twpool-auth export --site site.json
  [ "$output" = "$(printf 'game\t%s' "$(secret_of game)")" ]
}

@test "auth.superuser_service connects through the service, with its password" {
  printf '[remote]\nhost=127.0.0.1\nport=%s\nuser=boss\npassword=boss-secret\ndbname=game\n' \
    "$CLUSTER_PORT" >service.conf
  SITE_PORT=1 SITE_AUTH='{"superuser_service": "remote"}' site game
  PGPORT=1 PGSERVICEFILE=$PWD/service.conf run -0 twpool-auth export --site site.json
  [ "$output" = "$(printf 'game\t%s' "$(secret_of game)")" ]
}

@test "a service with a wrong password is 77, and the password stays secret" {
  printf '[remote]\nhost=127.0.0.1\nport=%s\nuser=boss\npassword=not-the-secret\n' "$CLUSTER_PORT" >service.conf
  SITE_AUTH='{"superuser_service": "remote"}' site game
  PGSERVICEFILE=$PWD/service.conf run -77 --separate-stderr twpool-auth export --site site.json
  [[ "$output$stderr" != *not-the-secret* ]]
}

@test "a PostgreSQL that hangs is given up in time" {
  local start end
  site game
  kill -STOP "$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid")"
  start=${EPOCHREALTIME/[.,]/}
  run -69 --separate-stderr twpool-auth export --timeout 1 --site site.json
  end=${EPOCHREALTIME/[.,]/}
  kill -CONT "$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid")"
  [[ "$stderr" == *"no answer in time" ]]
  ((end - start >= 1000000 && end - start < 9000000))
}

@test "export without --site is a usage error" {
  run -64 twpool-auth export
}

# --- verify ---------------------------------------------------------------------------------------

@test "verify logs in through the pooler and says as whom, where and how long" {
  game_dsn
  run -0 --separate-stderr verify --port "$POOLER_PORT" --expect-pooler
  [[ "$output" =~ ^"login and transaction as game on game through 127.0.0.1:$POOLER_PORT: ok in "[0-9]+" ms"$ ]]
  [ -z "$stderr" ]
  run -0 verify -q --port "$POOLER_PORT"
  [ -z "$output" ]
}

@test "verify tells a pooler from PostgreSQL itself" {
  game_dsn
  run -0 verify --port "$CLUSTER_PORT" --expect-direct
  run -1 --separate-stderr verify --port "$CLUSTER_PORT" --expect-pooler
  [ "$stderr" = "twpool-auth: 127.0.0.1:$CLUSTER_PORT is PostgreSQL itself, not a pooler" ]
  [ -z "$output" ]
  run -1 --separate-stderr verify --port "$POOLER_PORT" --expect-direct
  [ "$stderr" = "twpool-auth: 127.0.0.1:$POOLER_PORT is a pooler, not PostgreSQL itself" ]
  run -64 verify --expect-pooler --expect-direct
}

@test "verify --as: over a Unix socket PostgreSQL asks who the OS user is" {
  dsn "dbname=%DB% user=$CLUSTER_SUPERUSER host=$CLUSTER_SOCKET port=$CLUSTER_PORT"
  if ((EUID == 0)); then
    run -77 verify
    run -0 --separate-stderr verify --as "$CLUSTER_SUPERUSER"
    [[ "$output" == "login and transaction as $CLUSTER_SUPERUSER on game through $CLUSTER_SOCKET:"* ]]
    run -78 --separate-stderr verify --as nosuchuser
    [[ "$stderr" == *"there is no OS user 'nosuchuser'"* ]]
  else
    run -77 verify --as root
  fi
}

@test "verify --need-password refuses a DSN that leaves the password to ~/.pgpass, with what to do" {
  dsn "dbname=%DB% user=game host=127.0.0.1 port=$CLUSTER_PORT"
  run -78 --separate-stderr verify --need-password
  [[ "$stderr" == *"the DSN has no password"*"HINT: "*passfile=* ]]
  game_dsn "port=$CLUSTER_PORT"
  run -0 verify --need-password
}

@test "verify --json reports the login and no password" {
  game_dsn "port=$POOLER_PORT"
  run -0 --separate-stderr verify --json
  [ "$(jq -c '[.schema, .tool, .status, .role, .database, .host, .port, .pooled, .in_recovery, .tries, (.login_ms > 0)]' <<<"$output")" = \
    "[1,\"twpool-auth\",\"ok\",\"game\",\"game\",\"127.0.0.1\",\"$POOLER_PORT\",true,false,1,true]" ]
  [[ "$output" != *"quoted"* ]]
}

@test "the first %DB% becomes --db before the DSN is parsed, also in a URI" {
  dsn "postgresql://game@127.0.0.1:$CLUSTER_PORT/%DB%"
  printf '*:*:*:game:%s\n' "${GAME_PASSWORD//\\/\\\\}" >passfile
  chmod 600 passfile
  PGPASSFILE=$PWD/passfile run -0 verify --expect-direct
}

@test "of duplicate keys in the JSON file the last one wins, as for the game server" {
  printf '{"app": "port=1 host=127.0.0.1", "app": "%s"}' \
    "user=game dbname=game host=127.0.0.1 port=$POOLER_PORT password='pw \\\\'quoted\\\\' \\\\\\\\ 17'" >dsn.json
  run -0 verify
}

@test "the DSN may be the whole file, as text with a newline or as a JSON string" {
  printf "user=game dbname=game host=127.0.0.1 port=%s password='pw \\\\'quoted\\\\' \\\\\\\\ 17'\n" "$POOLER_PORT" >text
  run -0 twpool-auth verify --dsn @text
  jq -Rs . text >string.json
  run -0 twpool-auth verify --dsn @string.json
}

@test "--host and --port win over the DSN, also over its hostaddr" {
  game_dsn "port=1 hostaddr=127.0.0.9"
  run -0 verify --host 127.0.0.1 --port "$POOLER_PORT"
}

@test "a DSN argument with a password is refused and not repeated" {
  local dsn
  for dsn in "host=127.0.0.1 password=hunter2" "postgresql://game:hunter2@127.0.0.1/game"; do
    run -64 --separate-stderr twpool-auth verify --dsn "$dsn"
    [[ "$stderr" == *"the DSN holds a password"*"HINT: put the DSN into a file"* ]]
    [[ "$output$stderr" != *hunter2* ]]
  done
}

@test "a malformed DSN is refused and not repeated: 64 as an argument, 65 in a file" {
  run -64 --separate-stderr twpool-auth verify --dsn "password=hunter2 oops"
  [[ "$output$stderr" != *hunter2* && "$stderr" != *oops* ]]
  dsn "password=hunter2 oops"
  run -65 --separate-stderr verify
  [[ "$stderr" == "twpool-auth: dsn.json:"*": the value at '/app' is not a DSN" ]]
  printf '{"app": hunter2}' >dsn.json
  run -65 --separate-stderr verify
  [[ "$stderr" == "twpool-auth: dsn.json:1:"* && "$stderr" != *hunter2* ]]
}

@test "a pointer that leads nowhere is 65, a file that is not there 66" {
  game_dsn
  run -65 --separate-stderr twpool-auth verify --dsn @dsn.json#/nothing
  [[ "$stderr" == *"dsn.json: no value at '/nothing'" ]]
  run -66 twpool-auth verify --dsn @nothing.json#/app
  run -64 twpool-auth verify
}

@test "a wrong password is 77, direct and through the pooler, and stays secret" {
  local port
  dsn "user=game dbname=%DB% host=127.0.0.1 password=hunter2"
  for port in "$CLUSTER_PORT" "$POOLER_PORT"; do
    run -77 --separate-stderr verify --port "$port" --retry 30
    [[ "$stderr" == *"authentication failed"* ]]
    [[ "$output$stderr" != *hunter2* ]]
    [ -z "$output" ]
  done
}

@test "a password that a server's message repeats is blotted out" {
  dsn "user=secret-role dbname=game host=127.0.0.1 password=secret-role"
  run -77 --separate-stderr verify --port "$CLUSTER_PORT"
  [[ "$stderr" == *'for user "***"' ]]
}

@test "no password, an unknown database and an unsupported parameter are 77" {
  dsn "user=game dbname=game host=127.0.0.1"
  run -77 --separate-stderr verify --port "$POOLER_PORT"
  [[ "$stderr" == *"no password supplied" ]]
  game_dsn
  run -77 --separate-stderr twpool-auth verify --dsn @dsn.json#/app --db nodb --port "$POOLER_PORT"
  run -77 --separate-stderr twpool-auth verify --dsn @dsn.json#/app --db nodb --port "$CLUSTER_PORT"
  [[ "$stderr" == *'3D000: database "nodb" does not exist' ]]
  game_dsn "options='-c geqo=off'"
  run -77 --separate-stderr verify --port "$POOLER_PORT"
  [[ "$stderr" == *"unsupported startup parameter"* ]]
}

@test "a closed port is 69, on one line" {
  game_dsn
  run -69 --separate-stderr verify --port 1
  [ "$stderr" = 'twpool-auth: connection to server at "127.0.0.1", port 1 failed: Connection refused' ]
}

@test "a PostgreSQL or a PgBouncer that hangs is given up in time" {
  local pid port start end
  game_dsn
  for port in "$CLUSTER_PORT" "$POOLER_PORT"; do
    pid=$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid")
    [ "$port" = "$CLUSTER_PORT" ] || pid=$(cat "$POOLER_DIR/pid")
    kill -STOP "$pid"
    start=${EPOCHREALTIME/[.,]/}
    run -69 --separate-stderr verify --port "$port" --timeout 1
    end=${EPOCHREALTIME/[.,]/}
    kill -CONT "$pid"
    [ "$stderr" = "twpool-auth: 127.0.0.1:$port: no answer in time" ]
    ((end - start >= 1000000 && end - start < 9000000))
  done
}

# PgBouncer answers for server_login_retry from its memory, although PostgreSQL is well again.
@test "--retry waits until the pooler lets logins through again" {
  local refusal='pooler error: server login has been failing'
  game_dsn
  cluster_sql "ALTER ROLE game CONNECTION LIMIT 0"
  cluster_sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'game'"
  verify --port "$POOLER_PORT" --retry 60 --timeout 1 --json >report 2>errors &
  wait_until 30 grep -q "$refusal" "$POOLER_DIR/log"
  cluster_sql "ALTER ROLE game CONNECTION LIMIT -1"
  wait "$!"
  [ "$(jq '.tries > 2' report)" = true ]
}

@test "without --retry one failure is the answer" {
  game_dsn
  cluster_sql "ALTER ROLE game CONNECTION LIMIT 0"
  run -69 --separate-stderr verify --port "$CLUSTER_PORT"
  cluster_sql "ALTER ROLE game CONNECTION LIMIT -1"
  [[ "$stderr" == *'53300: too many connections for role "game"' ]]
}

@test "a hostile environment does not redirect or help verify" {
  game_dsn "port=$POOLER_PORT"
  PGHOSTADDR=127.0.0.9 PGPORT=1 PGOPTIONS='-c geqo=off' PGSSLMODE=require PGSERVICE=x run -0 verify
  dsn "user=game dbname=game host=127.0.0.1 port=$POOLER_PORT"
  PGPASSWORD=$GAME_PASSWORD run -77 verify
}
