#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-lint: every rule by file, line and column; the running PgBouncer against its file.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
bats_require_minimum_version 1.5.0

setup_file() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  cluster_start "$BATS_FILE_TMPDIR/c" 20
  export POOLER_DIR=$CLUSTER_DIR/pool POOLER_PORT
  POOLER_PORT=$(free_port)
  mkdir "$POOLER_DIR"
  printf '"stats" ""\n' >"$POOLER_DIR/userlist.txt"
  printf '%s\n' "[databases]" "game = host=127.0.0.1 port=$CLUSTER_PORT pool_size=7" \
    "alias = host='$CLUSTER_SOCKET' port=$CLUSTER_PORT dbname='game' pool_mode=session" \
    "[pgbouncer]" \
    "listen_addr = 127.0.0.1" "listen_port = $POOLER_PORT" "unix_socket_dir = $POOLER_DIR" \
    "unix_socket_mode = 0777" "auth_type = MD5" "auth_file = $POOLER_DIR/userlist.txt" \
    "pidfile = $POOLER_DIR/pid" "logfile = $POOLER_DIR/log" "pool_mode = Transaction" \
    "server_login_retry = 1.50" "default_pool_size = 25" \
    "ignore_startup_parameters = extra_float_digits,options" "stats_users = stats" >"$POOLER_DIR/pgbouncer.ini"
  ((EUID != 0)) || chown -R "$CLUSTER_SUPERUSER:" "$POOLER_DIR"
  as_user "$CLUSTER_SUPERUSER" pgbouncer -q -d "$POOLER_DIR/pgbouncer.ini" 3>&- 4>&-
  wait_until 10 console "SHOW VERSION"
}

teardown_file() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  kill -CONT "$(cat "$POOLER_DIR/pid")" && kill -QUIT "$(cat "$POOLER_DIR/pid")"
  cluster_stop
}

setup() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
}

# console SQL: as the pooler's OS user, whom its Unix socket takes for an administrator.
console() {
  as_user "$CLUSTER_SUPERUSER" psql -XAtq -h "$POOLER_DIR" -p "$POOLER_PORT" -U pgbouncer \
    -d pgbouncer -c "$1" >/dev/null
}

# lint ARG...: twpool-lint as the pooler's OS user, with a copy of the binary that it can reach.
lint() {
  [ -x "$CLUSTER_DIR/bin/twpool-lint" ] ||
    install -D -m 0755 "$(command -v twpool-lint)" "$CLUSTER_DIR/bin/twpool-lint"
  as_user "$CLUSTER_SUPERUSER" "$CLUSTER_DIR/bin/twpool-lint" "$@"
}

# live ARG...: the running pooler against live.ini, a copy of its file.
live() {
  lint --live "host=$POOLER_DIR port=$POOLER_PORT" "$@" "$POOLER_DIR/live.ini"
}

# live_ini [SED]: makes that copy, edited.
live_ini() {
  sed "${1:-}" "$POOLER_DIR/pgbouncer.ini" >"$POOLER_DIR/live.ini"
  chmod 644 "$POOLER_DIR/live.ini"
}

# ini TEXT: writes p.ini with printf's escapes.
ini() {
  # shellcheck disable=SC2059 # the escapes are meant
  printf "$1" >p.ini
}

# served TEXT: p.ini is TEXT, and behind it what everybody needs who has a database.
served() {
  printf '"stats" ""\n' >users.txt
  ini "$1"'stats_users = stats\nauth_file = users.txt\nignore_startup_parameters = extra_float_digits\n'
}

# finds LINE:COLUMN SEVERITY RULE [VERSION]: p.ini has that finding.
finds() {
  run -1 --separate-stderr twpool-lint ${4:+--pgbouncer-version "$4"} p.ini
  if ! grep -q "^p.ini:$1: $2: $3: .* -- ." <<<"$output"; then
    printf 'no %s %s at %s in:\n%s\n' "$2" "$3" "$1" "$output"
    return 1
  fi
}

# --- the file alone -------------------------------------------------------------------------------

@test "a right file has no findings and prints nothing" {
  served '; comment\n # comment\n[users]\ngame = pool_mode=session\n[databases]\n  game = host=/run port=5432 dbname='\''a b'\'' \n\n[pgbouncer] ; text\nlisten_addr = *\nlisten_port=0\nunix_socket_mode = 0777\nserver_lifetime = 1e3\n'
  run -0 --separate-stderr twpool-lint --pgbouncer-version 1.18.0 p.ini
  [ -z "$output$stderr" ]
}

@test "a finding is one line: file, line, column, severity, rule, sentence, fix" {
  ini '[pgbouncer]\n  nonsense = 1\n'
  run -1 --separate-stderr twpool-lint p.ini
  [ "$output" = "p.ini:2:3: error: unknown-key: nonsense: no version of PgBouncer knows this key -- remove it" ]
  [ -z "$stderr" ]
}

@test "a NUL byte is found: PgBouncer ignores what is behind it" {
  ini '[pgbouncer]\nlisten_port = 1\0admin_users = x\n'
  finds 2:16 error nul
}

@test "a byte order mark is found" {
  ini '\xef\xbb\xbf[pgbouncer]\n'
  finds 1:1 error bom
}

@test "carriage returns are found once, and belong to no value" {
  ini '[pgbouncer]\nlisten_port = 1\r\nlisten_backlog = 2\r\n'
  run -1 twpool-lint p.ini
  [ "$output" = "p.ini:2:1: warning: carriage-return: 2 lines end in a carriage return -- save it with the line ends of Unix" ]
}

@test "a line without '=' and one without a key are found" {
  ini '[pgbouncer]\n nonsense\n= 1\n[users\n'
  finds 2:2 error syntax
  finds 3:1 error syntax
  finds 4:1 error syntax
}

@test "a key with a blank, or in double quotes, is found" {
  ini '[databases]\nmy game = host=x\n"game" = host=x\n[pgbouncer]\n'
  finds 2:4 error syntax
  finds 3:1 error syntax
}

@test "a key in single quotes is wrong before 1.25.0" {
  served "[databases]\n'my game' = host=x\n[pgbouncer]\n"
  finds 2:2 error syntax 1.24.1
  run -0 twpool-lint --pgbouncer-version 1.25.0 p.ini
}

@test "a key outside a section is found" {
  ini 'listen_port = 1\n[pgbouncer]\n'
  finds 1:1 error outside-section
}

@test "an unknown section is found, [peers] only before 1.19.0" {
  ini '[pgbouncer]\n[Databases]\n[peers]\n1 = host=x\n'
  finds 2:1 error unknown-section
  finds 3:1 error unknown-section 1.18.0
  run -1 twpool-lint --pgbouncer-version 1.19.0 p.ini
  [[ "$output" != *peers]* ]]
}

@test "a file without [pgbouncer] is found" {
  ini '[databases]\na = host=x\n'
  finds 1:1 error no-section
}

@test "a duplicate key is found, with the line of the first" {
  ini '[databases]\na = host=x\na = host=y\n[pgbouncer]\n'
  finds 3:1 warning duplicate-key
  [[ "$output" == *"key 'a' comes twice in [databases] (first at line 2): the last one counts"* ]]
}

@test "a duplicate section is found: PgBouncer resets all keys there" {
  ini '[pgbouncer]\n[databases]\n[pgbouncer]\n'
  finds 3:1 error duplicate-section
  [[ "$output" == *"(first at line 1): PgBouncer resets every key to its default here"* ]]
}

@test "what looks like a comment behind a value is found, but not inside quotes" {
  ini "[databases]\na = host=x connect_query='select 1 ; select 2'\n[pgbouncer]\nadmin_users = zed ; bob\nauth_file = /x # y\n"
  finds 4:19 warning inline-comment
  finds 5:16 warning inline-comment
  [ "$(grep -c ': inline-comment: ' <<<"$output")" -eq 2 ]
}

@test "a %include that PgBouncer cannot read is found" {
  ini '[pgbouncer]\n%%include /nonexistent/more.ini\n'
  finds 2:1 error include
}

@test "unknown keys are found in every section" {
  ini '[databases]\na = host=x sslmode=require\n[users]\nu = pool_mode=session nonsense=1\n[pgbouncer]\nstatement_timeout = 30\n'
  finds 2:12 error unknown-key
  finds 4:23 error unknown-key
  finds 6:1 error unknown-key
}

@test "keys that twpool sets itself are right here" {
  printf 'local all all peer\n' >hba
  ini '[pgbouncer]\nlogfile = log\nauth_type = hba\nauth_hba_file = hba\nunix_socket_dir = /run\n'
  run -0 twpool-lint p.ini
}

@test "a key that is too new for the version is found, and says since when" {
  served '[databases]\na = host=x server_lifetime=5\n[pgbouncer]\ntransaction_timeout = 5\n'
  finds 2:12 error key-too-new 1.18.0
  finds 4:1 error key-too-new 1.18.0
  [[ "$output" == *"transaction_timeout: known since PgBouncer 1.25.0, this is 1.18.0"* ]]
  run -0 twpool-lint --pgbouncer-version 1.25.2 p.ini
}

@test "a key that the version no longer has is found" {
  ini '[pgbouncer]\nsuspend_timeout = 5\n'
  finds 2:1 error removed-key 1.26.1
  run -0 twpool-lint --pgbouncer-version 1.25.2 p.ini
}

@test "integers that are none are found, also those that PgBouncer swallows" {
  ini '[databases]\na = host=x pool_size=abc port=54x\n[pgbouncer]\nmax_client_conn = 50 ; x\ndefault_pool_size = -5\nmin_pool_size = 4294967296\nreserve_pool_size =\n'
  finds 2:12 error integer
  finds 2:26 error integer
  finds 4:19 error integer
  finds 5:21 error range
  finds 6:17 error integer
  finds 7:20 error integer
}

@test "a switch that is not 0 or 1, and seconds with a unit, are found" {
  ini '[pgbouncer]\nlog_stats = on\nserver_lifetime = 5min\nquery_timeout = nan\n'
  finds 2:13 error boolean
  finds 3:19 error seconds
  finds 4:17 error seconds
}

@test "a port beyond 65535 is found; 0 is only right for listen_port" {
  ini '[databases]\na = host=x port=99999\nb = port=0\n[pgbouncer]\nlisten_port = 65536\n'
  finds 2:12 error port
  finds 3:5 error port
  finds 5:15 error port
}

# The hand-written script that twpool replaces wrote password=some\ secret!, and PgBouncer logs it.
@test "a badly quoted connection string is found, and its password not repeated" {
  ini '[databases]\na = host=x password=some\\ hunter2! user=u\nb = password='\''x'\''hunter2=1\nc = password=a hunter2=b\nd = host= \ne = password='\'''\''\n'
  finds 2:27 error connection-string
  finds 3:5 error connection-string
  finds 4:16 error unknown-key
  finds 5:5 error connection-string
  finds 6:5 error connection-string
  [[ "$output" != *hunter2* && "$output" != *some* ]]
}

@test "--json reports the findings in the order of the file" {
  ini '[pgbouncer]\nfoo = 1\nlog_stats = on\n'
  run -1 --separate-stderr twpool-lint --json p.ini
  [ "$(jq -c '[.schema, .tool, .status, .live]' <<<"$output")" = '[1,"twpool-lint","findings",null]' ]
  [ "$(jq -c '.findings[] | [.file, .line, .column, .severity, .rule]' <<<"$output")" = \
    "$(printf '%s\n' '["p.ini",2,1,"error","unknown-key"]' '["p.ini",3,13,"error","boolean"]')" ]
  [ "$(jq -r '.findings[0] | .message + "|" + .fix' <<<"$output")" = "foo: no version of PgBouncer knows this key|remove it" ]
  ini '[pgbouncer]\n'
  run -0 twpool-lint --json p.ini
  [ "$(jq -c '[.status, .findings]' <<<"$output")" = '["ok",[]]' ]
}

@test "what has no section at all is not read: 65" {
  ini ''
  run -65 --separate-stderr twpool-lint p.ini
  [ "$stderr" = "twpool-lint: p.ini: no section: not a configuration file of PgBouncer" ]
  head -c 4096 "$TWPOOL_BIN/twpool-lint" >p.ini
  run -65 twpool-lint p.ini
}

@test "a missing file is 66, wrong usage 64" {
  run -66 twpool-lint nothing.ini
  ini '[pgbouncer]\n'
  run -64 twpool-lint
  run -64 twpool-lint --pgbouncer-version new p.ini
  run -64 --separate-stderr twpool-lint --pid 1 p.ini
  [ "$stderr" = "twpool-lint: --pid needs --live" ]
  run -64 twpool-lint --live host=/tmp --pid x p.ini
}

# --- against the running PgBouncer ----------------------------------------------------------------

@test "--live: the daemon is as in its file, and says how much was compared" {
  live_ini
  run -0 --separate-stderr live --pgbouncer-version 1.18.0
  [ -z "$output" ]
  [ "$stderr" = "twpool-lint: 13 keys and 2 databases are as in $POOLER_DIR/live.ini" ]
  run -0 --separate-stderr live -q
  [ -z "$output$stderr" ]
  run -0 --separate-stderr live --json
  [ "$(jq -c '[.status, .live]' <<<"$output")" = '["ok",{"keys":13,"databases":2}]' ]
}

@test "--live: a changed setting of the daemon needs a reload" {
  live_ini
  console "SET default_pool_size = 3"
  run -1 --separate-stderr live
  console "RELOAD"
  [ "$output" = "$POOLER_DIR/live.ini:15:1: error: reload-needed: default_pool_size: the file has '25', the running PgBouncer has '3' -- RELOAD, and look again" ]
  wait_until 5 live -q
}

@test "--live: a setting that cannot be reloaded needs a restart" {
  live_ini 's/^listen_port.*/listen_port = 7/'
  run -1 --separate-stderr live
  [ "$output" = "$POOLER_DIR/live.ini:6:1: error: restart-needed: listen_port: the file has '7', the running PgBouncer has '$POOLER_PORT': differs; takes a restart -- restart PgBouncer" ]
}

# It is changeable, but PgBouncer looks up nobody whom its old auth_file had.
@test "--live: a first auth_user needs a restart" {
  live_ini "\$a auth_user = lookup"
  run -1 --separate-stderr live
  [[ "$output" == *":18:1: error: restart-needed: auth_user: the file has 'lookup', the running PgBouncer has ''"* ]]
}

@test "--live: a key that the daemon does not know needs a restart" {
  live_ini "\$a peer_id = 1"
  run -1 --separate-stderr live
  [[ "$output" == *":18:1: error: restart-needed: peer_id: the running PgBouncer does not know this key -- "* ]]
}

@test "--live: numbers, lists and words are compared by what they mean" {
  live_ini 's/= 0777/= 0x1ff/; s/1\.50/1.5/; s/digits,/digits , /; s/Transaction/TRANSACTION/; s/MD5/md5/'
  run -0 live
}

@test "--live: a list with another word, and another text, differ" {
  live_ini 's/digits,options/digits/; s/userlist.txt/other.txt/'
  run -1 live -q
  [ "$(grep -c ': reload-needed: ' <<<"$output")" -eq 2 ]
}

@test "--live: a database that differs, is missing, or is the daemon's alone needs a reload" {
  live_ini 's/pool_size=7/pool_size=8/; s/^alias/other/'
  run -1 live -q
  [ "$output" = "$(printf "$POOLER_DIR/live.ini:%s\n" \
    "1:1: error: reload-needed: the running PgBouncer has the database 'alias', the file has not -- RELOAD, or restart PgBouncer" \
    "2:1: error: reload-needed: database 'game': the file has pool_size '8', the running PgBouncer has '7' -- RELOAD, and look again" \
    "3:1: error: reload-needed: the running PgBouncer has no database 'other' -- RELOAD, and look again")" ]
}

@test "--live: host, port, dbname and pool_mode of a database are compared" {
  live_ini "s/^game.*/game = host=127.0.0.2 port=1 dbname=x pool_size=7/; s/pool_mode=session/pool_mode=statement/"
  run -1 live -q
  [ "$(grep -c "database 'game': the file has \(host\|port\|dbname\) " <<<"$output")" -eq 3 ]
  [[ "$output" == *"database 'alias': the file has pool_mode 'statement', the running PgBouncer has 'session'"* ]]
  [ "${#lines[@]}" -eq 4 ]
}

@test "--live: findings of the file alone are there too" {
  live_ini "\$a nonsense"
  run -1 live -q
  [[ "$output" == "$POOLER_DIR/live.ini:18:1: error: syntax: "* ]]
}

@test "--live: nobody at the console is 69, a refused login 77" {
  live_ini
  run -69 --separate-stderr lint --live "host=$POOLER_DIR port=1" "$POOLER_DIR/live.ini"
  [ -z "$output" ]
  run -77 --separate-stderr lint --live "host=127.0.0.1 port=$POOLER_PORT" "$POOLER_DIR/live.ini"
  run -64 --separate-stderr lint --live "password=hunter2" "$POOLER_DIR/live.ini"
  [[ "$stderr" != *hunter2* ]]
}

@test "--live: root is let in too, as the owner of the socket, and is root again for --pid" {
  ((EUID == 0)) || skip "needs root"
  live_ini
  run -0 twpool-lint --live "host=$POOLER_DIR port=$POOLER_PORT" --pid "$(cat "$POOLER_DIR/pid")" "$POOLER_DIR/live.ini"
}

@test "--live: a hostile environment does not redirect the connection" {
  live_ini
  PGHOSTADDR=127.0.0.9 PGUSER=x PGDATABASE=x PGOPTIONS=-cx=y PGSERVICE=x run -0 live
}

@test "--live: a PgBouncer that hangs is given up in time" {
  local pid start end
  live_ini
  run -0 live # the copy of the binary is there
  pid=$(cat "$POOLER_DIR/pid")
  kill -STOP "$pid"
  start=${EPOCHREALTIME/[.,]/}
  run -69 --separate-stderr live --timeout 1
  end=${EPOCHREALTIME/[.,]/}
  kill -CONT "$pid"
  [[ "$stderr" == *"no answer in time" ]]
  ((end - start >= 1000000 && end - start < 9000000))
}

@test "--pid: the listener belongs to the daemon" {
  live_ini
  run -0 live --pid "$(cat "$POOLER_DIR/pid")"
}

# Up to 1.18 PgBouncer says READY on its Unix socket alone when another process has the port.
@test "--pid: a listener of another process is found" {
  local postmaster
  live_ini
  postmaster=$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid")
  run -1 live -q --pid "$postmaster"
  [ "$output" = "$POOLER_DIR/live.ini:6:1: error: listener: port $POOLER_PORT on 127.0.0.1 belongs to another process than $postmaster -- stop the other process, or choose another port" ]
  run -0 live --pid "$postmaster" --pid "$(cat "$POOLER_DIR/pid")"
  run -1 live -q --pid 4194303
  [[ "$output" == *": listener: "* ]]
}

@test "--pid: a port on which nobody listens, and no address at all, are found" {
  local pid
  pid=$(cat "$POOLER_DIR/pid")
  live_ini 's/^listen_addr.*/listen_addr = 127.0.0.1, ::1/'
  run -1 live -q --pid "$pid"
  [[ "$output" == *":6:1: error: listener: nobody listens on ::1:$POOLER_PORT -- "* ]]
  [[ "$output" != *"listens on 127.0.0.1"* ]]
  live_ini 's/^listen_addr.*/listen_addr =/'
  run -1 live -q --pid "$pid"
  [[ "$output" == *":5:1: error: listener: listen_addr is empty: "* ]]
}

@test "--pid: descriptors that may not be read are 77, not a verdict" {
  ((EUID == 0)) || skip "process 1 is only known to be another user's where we are root"
  live_ini
  run -77 --separate-stderr live --pid 1
  [ "$stderr" = "twpool-lint: '/proc/1/fd': Permission denied" ]
}
