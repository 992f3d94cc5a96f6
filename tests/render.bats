#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-render: what it writes byte by byte, what it refuses, and what the real PgBouncer makes of it.
bats_require_minimum_version 1.5.0

setup() {
  load lib/cluster
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  unset TWPOOL_ROOT
  FIXTURES=$BATS_TEST_DIRNAME/fixtures/render
  # shellcheck disable=SC2016 # a secret's dollars
  SCRAM='SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
  OTHER=${SCRAM/c2FsdHNh/d2FsdHNh}
  export PGCONNECT_TIMEOUT=10
  mkdir out
}

teardown() {
  if [[ -e pooler.pid ]]; then
    kill -TERM "$(<pooler.pid)"
  fi
  cluster_stop
}

# site DATABASES USERS [MEMBERS]: writes site.json; the first two are members of their list's first object.
site() {
  printf '{"schema": 1, "service_manager": "process", "databases": [{%s}], "users": [{%s}]%s}\n' "$1" "$2" "${3:+, $3}" >site.json
}

# game [MEMBERS]: writes site.json with the database and the user "game", and its secret.
game() {
  site '"name": "game"' '"name": "game"' "$@"
  secrets game
}

# secrets ROLE...: writes one line for each role to the file secrets.
secrets() {
  secrets_of "$SCRAM" "$@"
}

# secrets_of SECRET ROLE...: likewise, with this secret.
secrets_of() {
  local secret=$1 role
  shift
  for role; do
    printf '%s\t%s\n' "$role" "$secret"
  done >secrets
}

# render [OPTION...]: renders site.json to out/ for PgBouncer 1.18.0; a later version option wins.
render() {
  twpool-render --site site.json --pgbouncer-version 1.18.0 --secrets 0 --out out "$@" <secrets
}

# template FILE LINE: a templates directory in which FILE consists of LINE.
template() {
  cp -r "$BATS_TEST_DIRNAME/../templates" templates
  printf '%s\n' "$2" >"templates/$1.tmpl"
}

# pooler_owner: PgBouncer refuses to run as root.
pooler_owner() {
  if ((EUID == 0)); then
    printf 'postgres\n'
  else
    id -un
  fi
}

# pooler_start: renders for the installed PgBouncer below a root of its own, and starts it.
pooler_start() {
  export TWPOOL_ROOT=$PWD/r
  local etc=$TWPOOL_ROOT/etc/pgbouncer/twpool owner
  owner=$(pooler_owner)
  mkdir -p "$etc" "$TWPOOL_ROOT/run/pgbouncer"
  cluster_open_way "$TWPOOL_ROOT"
  twpool-render --site site.json --secrets 0 --out "$etc" -q <secrets
  ((EUID != 0)) || chown -R "$owner:" "$TWPOOL_ROOT"
  # shellcheck disable=SC2016 # $0 and $$ are the inner shell's
  as_user "$owner" bash -c 'echo $$; exec /usr/sbin/pgbouncer "$0"' "$etc/pgbouncer.ini" \
    >pooler.pid 2>pooler.log 3>&- 4>&- &
  wait_until 10 grep -q 'process up' pooler.log
}

# console SQL: asks the admin console as the pooler's own OS user.
console() {
  as_user "$(pooler_owner)" psql -XAtq -h "$TWPOOL_ROOT/run/pgbouncer" -p "$PORT" -U pgbouncer -d pgbouncer -c "$1"
}

# --- the result ---

@test "the example site becomes exactly the committed files" {
  cp "$BATS_TEST_DIRNAME/../templates/site.example.json" site.json
  secrets twclone
  run -0 render
  for file in pgbouncer.ini userlist.txt hba.conf; do
    diff -u "$FIXTURES/$file" <(tail -n +2 "out/$file")
  done
}

@test "the example site's host files are exactly the committed ones" {
  run -0 twpool-render --host --site "$BATS_TEST_DIRNAME/../templates/site.example.json" --out out -q
  for file in pgbouncer.service.conf server.service.conf logrotate cron check.service check.timer recover.service recover.target.conf; do
    diff -u "$FIXTURES/$file" <(tail -n +2 "out/$file")
  done
}

@test "a unit: descriptors for the site's clients and pools, addresses of elsewhere, who reconnects" {
  site '"name": "game"' '"name": "game"' '"pgbouncer": {"max_client_conn": 9000, "default_pool_size": 40,
    "listen_addr": "127.0.0.1, 10.1.1.1"}, "server": {"reconnects": true}'
  run -0 twpool-render --host --site site.json --out out -q --pooler /usr/bin/pgbouncer --check /opt/twpool-check
  # 9000 + 2 x 40 + 5 + 100, in steps of 4096: a small change of the site needs no restart.
  grep -qx LimitNOFILE=12288 out/pgbouncer.service.conf
  grep -q '^ExecStart=/usr/bin/pgbouncer ' out/pgbouncer.service.conf
  run -1 grep IPAddress out/pgbouncer.service.conf
  run -1 grep PartOf out/server.service.conf
  grep -q ' twpool-check /opt/twpool-check ' out/cron
}

@test "check.schedule: cron's file holds the check, or says that the timer does" {
  site '"name": "game"' '"name": "game"' '"check": {"schedule": "timer"}'
  run -0 twpool-render --host --site site.json --out out -q
  run -1 grep '^[^#]' out/cron
  [[ "$(<out/cron)" == *'twpool-check.timer'* ]]
  grep -q '^ExecStart=/usr/local/bin/twpool-check --site ' out/check.service
}

# A template that named no key of the host's data once kept every host from its deploy.
@test "what acts at boot waits for the server's directory, where a unit can name it" {
  site '"name": "game"' '"name": "game"' '"server": {"directory": "/srv/my-game", "unit": "my.service"}'
  run -0 twpool-render --host --site site.json --out out -q
  grep -qx 'RequiresMountsFor=/var/lib/twpool /usr/local/bin/twpool-rollback /srv/my-game' out/recover.service
  grep -qx 'Before=my.service' out/recover.service
  for directory in '' '/srv/50% game'; do
    site '"name": "game"' '"name": "game"' '"server": {"directory": "'"$directory"'"}'
    run -0 twpool-render --host --site site.json --out out -q
    grep -qx 'RequiresMountsFor=/var/lib/twpool /usr/local/bin/twpool-rollback' out/recover.service
  done
  run -1 grep Before out/recover.service
}

@test "a path that systemd or cron would read as something else is refused" {
  game
  run -65 twpool-render --host --site site.json --out out --check '/opt/50% twpool/check'
  [[ "$output" == *"cron.tmpl:"*"contains a byte other than letters, digits"*"key 'check'"* ]]
  [ -z "$(ls out)" ]
}

@test "the first line says by what and from what, with the digest of all that follows" {
  game
  run -0 render
  local by
  by=$(twpool-render --version)
  by="twpool-render ${by##* } for PgBouncer 1.18.0 from $PWD/site.json"
  digest=$(tail -n +2 out/pgbouncer.ini | sha256sum)
  [ "$(head -n 1 out/pgbouncer.ini)" = "; $by (pgbouncer.ini.tmpl); body sha256 ${digest%% *}" ]
  digest=$(tail -n +2 out/hba.conf | sha256sum)
  [ "$(head -n 1 out/hba.conf)" = "# $by (hba.conf.tmpl); body sha256 ${digest%% *}" ]
  [[ "$(head -n 1 out/userlist.txt)" == "; $by (userlist.txt.tmpl); body sha256 "* ]]
}

@test "what was written is said on stderr, and -q keeps still" {
  game
  run -0 --separate-stderr render
  [ "$stderr" = "wrote out/pgbouncer.ini
wrote out/userlist.txt
wrote out/hba.conf" ]
  [ -z "$output" ]
  run -0 --separate-stderr render -q
  [ -z "$stderr$output" ]
}

@test "files are the caller's with mode 0640, whatever the umask" {
  game
  umask 0
  run -0 render
  for file in pgbouncer.ini userlist.txt hba.conf; do
    [ "$(stat -c '%a %u' "out/$file")" = "640 $EUID" ]
  done
}

@test "an unchanged file is left untouched, a changed one is replaced" {
  game
  run -0 render
  ini=$(stat -c '%i %y' out/pgbouncer.ini)
  hba=$(stat -c '%i %y' out/hba.conf)
  secrets_of "$OTHER" game
  run -0 --separate-stderr render
  [ "$stderr" = "unchanged out/pgbouncer.ini
wrote out/userlist.txt
unchanged out/hba.conf" ]
  [ "$(stat -c '%i %y' out/pgbouncer.ini)" = "$ini" ]
  [ "$(stat -c '%i %y' out/hba.conf)" = "$hba" ]
  grep -qF "\"game\" \"$OTHER\"" out/userlist.txt
}

@test "a file with the right bytes and a wrong mode is put right" {
  game
  run -0 render
  chmod 0666 out/userlist.txt
  run -1 render --dry-run
  [[ "$output" == *"userlist.txt: mode 0666, owner $EUID:"*" would become mode 0640, owner $EUID:"* ]]
  run -0 render
  [ "$(stat -c %a out/userlist.txt)" = 640 ]
}

@test "every key under pgbouncer comes once: in its place, or at the end" {
  game '"pgbouncer": {"pool_mode": "session", "query_timeout": 30, "log_connections": false, "log_stats": true}'
  run -0 render
  [ "$(grep -c '^pool_mode' out/pgbouncer.ini)" -eq 1 ]
  grep -qx 'pool_mode = session' out/pgbouncer.ini
  [ "$(tail -n 3 out/pgbouncer.ini)" = "query_timeout = 30
log_connections = 0
log_stats = 1" ]
}

@test "numbers are written in their shortest form, lists with commas" {
  game '"pgbouncer": {"server_login_retry": 3.0, "query_wait_timeout": 0.25, "server_lifetime": 3600.0, "client_tls_protocols": ["tlsv1.2", "tlsv1.3"], "unix_socket_mode": "0770"}'
  run -0 render
  grep -qx 'server_login_retry = 3' out/pgbouncer.ini
  grep -qx 'query_wait_timeout = 0.25' out/pgbouncer.ini
  grep -qx 'server_lifetime = 3600' out/pgbouncer.ini
  grep -qx 'client_tls_protocols = tlsv1.2, tlsv1.3' out/pgbouncer.ini
  grep -qx 'unix_socket_mode = 0770' out/pgbouncer.ini
}

@test "databases have PostgreSQL's host and port unless they name their own" {
  site '"name": "game"}, {"name": "replica", "host": "10.0.0.2", "port": 5433, "dbname": "game", "pool_size": 7, "pool_mode": "session"' \
    '"name": "game"' '"postgres": {"host": "/var/run/postgresql", "port": 5499}'
  secrets game
  run -0 render
  grep -qxF "game = host='/var/run/postgresql' port='5499' dbname='game'" out/pgbouncer.ini
  grep -qxF "replica = host='10.0.0.2' port='5433' dbname='game' pool_size='7' pool_mode='session'" out/pgbouncer.ini
}

@test "only users with settings of their own stand under [users]" {
  site '"name": "game"' '"name": "game"}, {"name": "report", "max_user_connections": 2, "pool_mode": "session"'
  secrets game report
  run -0 render
  [ "$(sed -n '/^\[users\]/,/^$/p' out/pgbouncer.ini)" = "[users]
report = max_user_connections='2' pool_mode='session'" ]
}

@test "every user may come to every database from every address and over the socket, and nobody else" {
  site '"name": "a"}, {"name": "b"' '"name": "u"}, {"name": "all"' '"auth": {"addresses": ["10.0.0.0/8"]}'
  secrets u all
  run -0 render
  [ "$(grep -v '^#' out/hba.conf | grep .)" = 'local pgbouncer twpool-check peer
local pgbouncer all reject
host pgbouncer all 0.0.0.0/0 reject
host pgbouncer all ::/0 reject
host "a" "u" 10.0.0.0/8 scram-sha-256
local "a" "u" scram-sha-256
host "a" "all" 10.0.0.0/8 scram-sha-256
local "a" "all" scram-sha-256
host "b" "u" 10.0.0.0/8 scram-sha-256
local "b" "u" scram-sha-256
host "b" "all" 10.0.0.0/8 scram-sha-256
local "b" "all" scram-sha-256' ]
}

@test "all paths are below TWPOOL_ROOT" {
  game
  TWPOOL_ROOT=/srv/image run -0 render
  grep -qx 'auth_file = /srv/image/etc/pgbouncer/twpool/userlist.txt' out/pgbouncer.ini
  grep -qx 'auth_hba_file = /srv/image/etc/pgbouncer/twpool/hba.conf' out/pgbouncer.ini
  grep -qx 'unix_socket_dir = /srv/image/run/pgbouncer' out/pgbouncer.ini
}

# --- the real PgBouncer ---

@test "quote, percent, hash, semicolon, backslash and braces arrive at PgBouncer byte by byte" {
  PORT=$(free_port)
  local odd="a'b \"c\" %d # e ; f \\\\ {{ g | ini }} = h"
  local json="a'b \\\"c\\\" %d # e ; f \\\\\\\\ {{ g | ini }} = h"
  site '"name": "game", "host": "'"/tmp/$json"'", "dbname": "'"$json"'"' '"name": "game", "max_user_connections": 5' \
    '"pgbouncer": {"listen_port": '"$PORT"', "listen_addr": "127.0.0.1", "server_check_query": "'"select '$json'"'"}'
  secrets game
  pooler_start
  run -0 console 'SHOW DATABASES'
  [ "${lines[0]%%||*}" = "game|/tmp/$odd|5432|$odd" ]
  [ "${#lines[@]}" -eq 2 ]
  run -0 console 'SHOW CONFIG'
  [[ "$output" == *"server_check_query|select '$odd'|"* ]]
  run -1 grep -E 'WARNING|ERROR|FATAL' pooler.log
}

@test "a role with quotes, blanks and UTF-8 in its name logs in to a database with such a name" {
  local role='o"b'\''r \ n;#%, ü' dbname='d"b'\''x \ y;#%'
  cluster_start "$PWD/c" 20
  PORT=$(free_port)
  cluster_sql "CREATE ROLE \"${role//\"/\"\"}\" LOGIN PASSWORD 'quite secret'"
  cluster_sql "CREATE DATABASE \"${dbname//\"/\"\"}\""
  cluster_sql 'SELECT rolname || chr(9) || rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL' >secrets
  jq -n --arg role "$role" --arg dbname "$dbname" --argjson port "$CLUSTER_PORT" --argjson listen "$PORT" \
    '{schema: 1, service_manager: "process", postgres: {port: $port}, databases: [{name: "game", dbname: $dbname}], users: [{name: $role}],
      pgbouncer: {listen_port: $listen}}' >site.json
  pooler_start
  export PGPASSWORD='quite secret'
  for host in 127.0.0.1 "$TWPOOL_ROOT/run/pgbouncer"; do
    run -0 psql -XAtq -h "$host" -p "$PORT" -U "$role" -d game -c 'SELECT current_user, current_database()'
    [ "$output" = "$role|$dbname" ]
  done
  run -1 grep -E 'WARNING|ERROR|FATAL' pooler.log
}

@test "the console is closed to other OS users, and over TCP, also in the health check's name" {
  PORT=$(free_port)
  game '"pgbouncer": {"listen_port": '"$PORT"'}'
  pooler_start
  run -2 psql -XAtq -h "$TWPOOL_ROOT/run/pgbouncer" -p "$PORT" -U twpool-check -d pgbouncer -c 'SHOW POOLS'
  [[ "$output" == *"unix socket login rejected"* ]]
  run -2 psql -XAtq -h 127.0.0.1 -p "$PORT" -U twpool-check -d pgbouncer -c 'SHOW POOLS'
  [[ "$output" == *"login rejected"* ]]
  run -2 psql -XAtq -h "$TWPOOL_ROOT/run/pgbouncer" -p "$PORT" -U game -d pgbouncer -c 'SHOW POOLS'
  [[ "$output" == *"not allowed"* ]]
  run -1 grep -E 'WARNING|ERROR|FATAL' <(grep -v 'pooler error: ' pooler.log)
}

# --- nothing is injected ---

@test "a value cannot become a key, a section or a user" {
  for value in 'x\nadmin_users = mallory' 'x\r' 'x\t'; do
    game '"pgbouncer": {"server_check_query": "'"$value"'"}'
    run -78 --separate-stderr render
    [[ "$stderr" == *"pgbouncer.server_check_query: contains the control byte 0x0"[9ad] ]]
  done
  site '"name": "game", "dbname": "x'\'' user='\''postgres"' '"name": "a\" \"\" b"'
  secrets 'a" "" b'
  run -0 render
  grep -qxF "game = host='127.0.0.1' port='5432' dbname='x'' user=''postgres'" out/pgbouncer.ini
  grep -qF '"a"" """" b" "SCRAM' out/userlist.txt
  grep -qF 'local "game" "a"" """" b" scram-sha-256' out/hba.conf
}

@test "a value that looks like a template is not read as one" {
  game '"pgbouncer": {"server_check_query": "{{ listen_port | ini }}{{#users}}"}'
  run -0 render
  grep -qxF 'server_check_query = {{ listen_port | ini }}{{#users}}' out/pgbouncer.ini
}

@test "a list's element with a comma or blank is refused: PgBouncer would read two" {
  game '"pgbouncer": {"ignore_startup_parameters": "a, b", "client_tls_protocols": ["tlsv1.2 all"]}'
  run -78 --separate-stderr render
  [ "$stderr" = "twpool-render: $PWD/site.json: pgbouncer.client_tls_protocols[0]: is empty or contains a comma or blank" ]
}

@test "an address that is none is refused" {
  for address in '127.0.0.1' '127.0.0.1/33' '127.0.0.1/32 trust #' 'all' '::1/129' '/8' 'localhost/32'; do
    game '"auth": {"addresses": ["::1/128", "'"$address"'"]}'
    run -78 --separate-stderr render
    [ "$stderr" = "twpool-render: $PWD/site.json: auth.addresses[1]: expected an address such as 127.0.0.1/32, got \"$address\"" ]
  done
}

# --- what the site may not ask for ---

@test "a key that this version does not know yet is refused by name, and accepted by one that does" {
  game '"pgbouncer": {"transaction_timeout": 5}'
  run -78 --separate-stderr render
  [ "$stderr" = "twpool-render: $PWD/site.json: pgbouncer.transaction_timeout: transaction_timeout: known since PgBouncer 1.25.0, this is 1.18.0" ]
  run -0 render --pgbouncer-version 1.25.0
  grep -qx 'transaction_timeout = 5' out/pgbouncer.ini

  site '"name": "game", "reserve_pool_size": 5' '"name": "game"'
  run -78 --separate-stderr render
  [ "$stderr" = "twpool-render: $PWD/site.json: databases[0].reserve_pool_size: reserve_pool_size: known since PgBouncer 1.24.0, this is 1.18.0" ]
  run -0 render --pgbouncer-version 1.24.0

  site '"name": "game"' '"name": "game", "query_timeout": 5'
  run -78 --separate-stderr render
  [[ "$stderr" == *": users[0].query_timeout: query_timeout: known since PgBouncer 1.24.0, this is 1.18.0" ]]
}

@test "a key that this version no longer knows is refused" {
  game '"pgbouncer": {"suspend_timeout": 5}'
  run -0 render
  run -78 --separate-stderr render --pgbouncer-version 1.26.1
  [[ "$stderr" == *": pgbouncer.suspend_timeout: suspend_timeout: removed in PgBouncer 1.26.0, this is 1.26.1" ]]
}

@test "a value of the wrong type is refused: PgBouncer would read a part of it, or stop" {
  while IFS='|' read -r key value expected; do
    game "\"pgbouncer\": {\"$key\": $value}"
    run -78 --separate-stderr render
    [ "$stderr" = "twpool-render: $PWD/site.json: pgbouncer.$key: $expected" ]
  done <<-'ROWS'
	log_stats|"on"|expected true or false, got a string
	log_stats|2|expected true or false, got an integer
	min_pool_size|"5x"|expected an integer, got a string
	min_pool_size|1.5|expected an integer, got a number
	min_pool_size|-5|is negative
	query_timeout|"5min"|expected a number of seconds, got a string
	client_tls_sslmode|true|expected a string, got true or false
	server_reset_query|""|is empty, or begins or ends with a blank
	server_reset_query|["a"]|expected a string, got a list
	ROWS
  site '"name": "game"' '"name": "game", "query_timeout": 0.5'
  run -78 --separate-stderr render --pgbouncer-version 1.25.0
  [[ "$stderr" == *": users[0].query_timeout: expected whole seconds, got a number" ]]
}

@test "names that PgBouncer or twpool keeps for itself are refused" {
  for name in pgbouncer twpool-check '*'; do
    site '"name": "game"' '"name": "'"$name"'"'
    secrets "$name"
    run -78 --separate-stderr render
    [[ "$stderr" == "twpool-render: $PWD/site.json: users[0].name: '$name' is "* ]]
  done
  for name in pgbouncer '*'; do
    site '"name": "'"$name"'"' '"name": "game"'
    secrets game
    run -78 --separate-stderr render
    [[ "$stderr" == "twpool-render: $PWD/site.json: databases[0].name: '$name' is "* ]]
  done
}

@test "a name that the ini cannot hold before 1.25 is refused there, and quoted later" {
  site '"name": "my game"' '"name": "game"'
  secrets game
  run -78 --separate-stderr render --pgbouncer-version 1.24.1
  # shellcheck disable=SC2154 # set by run
  [ "${stderr_lines[0]}" = "twpool-render: $PWD/site.json: databases[0].name: before PgBouncer 1.25.0 'my game' cannot be a name in pgbouncer.ini" ]
  [[ "${stderr_lines[1]}" == "HINT: "* ]]
  run -0 render --pgbouncer-version 1.25.0
  grep -qxF "'my game' = host='127.0.0.1' port='5432' dbname='my game'" out/pgbouncer.ini

  site '"name": "o'\''game"' '"name": "game"'
  run -78 --separate-stderr render --pgbouncer-version 1.25.0
  [[ "$stderr" == *": databases[0].name: \"o'game\" contains a quote, which pgbouncer.ini cannot hold" ]]

  site '"name": "game"' '"name": "my game"'
  secrets "my game"
  run -0 render # no key of the ini
  site '"name": "game"' '"name": "my game", "pool_mode": "session"'
  run -78 --separate-stderr render
  [[ "$stderr" == *": users[0].name: before PgBouncer 1.25.0 'my game' cannot be"* ]]
}

@test "a name longer than this version reads is refused" {
  local long
  long=$(printf 'x%.0s' {1..64})
  site '"name": "'"$long"'"' '"name": "game"'
  secrets game
  run -78 --separate-stderr render
  [[ "$stderr" == *": databases[0].name: longer than 63 bytes" ]]
  site '"name": "game"' '"name": "'"$long"'"'
  secrets "$long"
  run -0 render
  run -78 --separate-stderr render --pgbouncer-version 1.15.0
  [[ "$stderr" == *": users[0].name: longer than 63 bytes in userlist.txt" ]]
  site '"name": "game"' '"name": "\"\"\"'"$long$(printf 'y%.0s' {1..58})"'"' # 125 bytes, 128 as written
  run -78 --separate-stderr render
  [[ "$stderr" == *": users[0].name: longer than 127 bytes in userlist.txt" ]]
}

@test "a secret longer than this version reads is refused, without it in the message" {
  game
  secrets_of "SCRAM-SHA-256\$4096:$(printf 'abcd%.0s' {1..300})\$${SCRAM##*\$}" game
  run -78 --separate-stderr render
  [ "$stderr" = "twpool-render: $PWD/site.json: users[0].name: its secret is longer than the 1023 bytes of this PgBouncer" ]
  run -78 --separate-stderr render --pgbouncer-version 1.15.0
  [[ "$stderr" == *"the 159 bytes of this PgBouncer" ]]
  run -0 render --pgbouncer-version 1.25.0
}

@test "a socket path that PgBouncer would cut is refused" {
  game
  # 107 bytes with /run/pgbouncer/.s.PGSQL.6432
  local root
  root=/$(printf 'r%.0s' {1..78})
  TWPOOL_ROOT=$root run -0 render
  TWPOOL_ROOT=${root}r run -78 --separate-stderr render
  [[ "$stderr" == *"/run/pgbouncer/.s.PGSQL.6432: its path is longer than 107 bytes" ]]
}

@test "an empty host of PostgreSQL is refused" {
  game '"postgres": {"host": ""}'
  run -78 --separate-stderr render
  [ "$stderr" = "twpool-render: $PWD/site.json: postgres.host: is empty" ]
}

# --- secrets ---

@test "a user without a secret is named, with the way to get one" {
  site '"name": "game"' '"name": "game"}, {"name": "report"'
  secrets game
  run -78 --separate-stderr render
  [ "$stderr" = "twpool-render: $PWD/site.json: users[1].name: no secret came for the role 'report'
HINT: twpool-auth export --site FILE | twpool-render --secrets 0 ..." ]
}

@test "a secret for a role that the site does not have is refused" {
  game
  secrets game mallory
  run -65 --separate-stderr render
  [ "$stderr" = "twpool-render: secrets: the role 'mallory' is not among users[] of the site" ]
}

@test "a role that comes twice is refused" {
  game
  secrets game game
  run -65 --separate-stderr render
  [ "$stderr" = "twpool-render: secrets:2: the role 'game' comes twice" ]
}

@test "malformed secrets are refused by line, and never shown" {
  game
  while IFS='|' read -r line expected; do
    # shellcheck disable=SC2059 # the rows are formats
    printf "$line" >secrets
    run -65 --separate-stderr render
    [ "$stderr" = "twpool-render: secrets:1: $expected" ]
    [ -z "$output" ]
  done <<-ROWS
	hunter2\n|is not role<TAB>secret
	\thunter2\n|is not role<TAB>secret
	\n|is not role<TAB>secret
	game\thunter2\n|the secret is not a SCRAM-SHA-256 secret
	hunter2\tgame\n|the secret is not a SCRAM-SHA-256 secret
	game\tmd5d41d8cd98f00b204e9800998ecf8427e\n|the secret is not a SCRAM-SHA-256 secret
	game\t$SCRAM\tx\n|contains the control byte 0x09
	game\t$SCRAM\r\n|contains the control byte 0x0d
	game\t$SCRAM \n|the secret is not a SCRAM-SHA-256 secret
	game\t${SCRAM%=}\n|the secret is not a SCRAM-SHA-256 secret
	game\t${SCRAM/4096/0}\n|the secret is not a SCRAM-SHA-256 secret
	game\t${SCRAM/==/}x\n|the secret is not a SCRAM-SHA-256 secret
	game\t$SCRAM\000\n|contains the control byte 0x00
	$SCRAM\t$SCRAM\n|a secret in the role's place
	g\377\t$SCRAM\n|the role's name is not UTF-8
	game\t$SCRAM|the last line is cut off
	ROWS
}

@test "more than 16 MiB of secrets are refused" {
  game
  # shellcheck disable=SC2016 # the inner shell's
  run -65 --separate-stderr bash -c 'yes "$(<secrets)" | twpool-render --site site.json --pgbouncer-version 1.18.0 --secrets 0 --out out'
  [ "$stderr" = "twpool-render: secrets: more than 16777216 bytes" ]
}

@test "secrets come on any descriptor, and one that is not open is a usage error" {
  game
  run -0 twpool-render --site site.json --pgbouncer-version 1.18.0 --secrets 7 --out out 7<secrets
  run -64 --separate-stderr twpool-render --site site.json --pgbouncer-version 1.18.0 --secrets 8 --out out
  [ "$stderr" = "twpool-render: read secrets from descriptor 8: Bad file descriptor" ]
}

# --- dry run ---

@test "a dry run shows the difference with its secrets masked, exits 1, and touches nothing" {
  game
  run -0 render
  before=$(stat -c '%n %i %y %a' out/*)
  game '"pgbouncer": {"default_pool_size": 30}'
  secrets_of "$OTHER" game
  run -1 --separate-stderr render --dry-run
  [ -z "$stderr" ]
  [[ "$output" == *"--- out/pgbouncer.ini
+++ out/pgbouncer.ini
"* ]]
  [[ "$output" == *"
-default_pool_size = 25
+default_pool_size = 30
"* ]]
  [[ "$output" == *"
userlist.txt: the secret of 1 user would change"* ]]
  [[ "$output" != *FsdHNhbHRz* ]]
  [ "$(stat -c '%n %i %y %a' out/*)" = "$before" ]
}

@test "a dry run against nothing shows whole files, also where the directory is absent" {
  game
  rmdir out
  run -1 --separate-stderr render --dry-run
  [[ "$output" == *"--- /dev/null
+++ out/userlist.txt
"* ]]
  # shellcheck disable=SC2016
  [[ "$output" == *'+"game" "SCRAM-SHA-256$***"'* ]]
  [[ "$output" != *FsdHNhbHRz* ]]
  [ ! -e out ]
}

@test "a dry run that would change nothing prints nothing and exits 0" {
  game
  run -0 render
  run -0 --separate-stderr render --dry-run
  [ -z "$output$stderr" ]
}

@test "what somebody else wrote is masked in a dry run as well" {
  game
  printf '"game" "hunter2"\n"game"\t"hunter2" x\n"a""b" "hunter2"\n;"old" "hunter2"\n"open" "hunter2\nhunter2\n; %s\n' "$SCRAM" >out/userlist.txt
  printf "[databases]\ngame = password='hunter2' host=x\nold = password = hunter2\n" >out/pgbouncer.ini
  run -1 --separate-stderr render --dry-run
  [[ "$output" == *'-"game" "***"'* ]]
  [[ "$output" == *$'-game = password=\'***\' host=x'* ]]
  # shellcheck disable=SC2016
  [[ "$output" == *'-; SCRAM-SHA-256$***'* ]]
  [[ "$output" != *hunter2* ]]
  [[ "$output" != *FsdHNhbHRz* ]]
}

# --- failures leave everything as it was ---

@test "a failure in the last file leaves the first as it was" {
  game
  run -0 render
  before=$(stat -c '%n %i %y %a' out/*)
  game '"pgbouncer": {"default_pool_size": 30}'
  template hba.conf 'host {{ nothing | auth }}'
  run -65 render --templates templates
  [ "$(stat -c '%n %i %y %a' out/*)" = "$before" ]
  mv out/hba.conf elsewhere
  ln -s ../elsewhere out/hba.conf
  before=$(stat -c '%n %i %y %a' out/*)
  run -66 --separate-stderr render
  [ "${stderr_lines[0]}" = "twpool-render: 'out/hba.conf' is a symbolic link" ]
  [ "$(stat -c '%n %i %y %a' out/*)" = "$before" ]
}

@test "a directory that is absent is not made" {
  game
  rmdir out
  run -73 --separate-stderr render
  [ "$stderr" = "twpool-render: 'out' is not a directory" ]
  [ ! -e out ]
}

# --- templates ---

@test "errors in a template are told with file, line and key" {
  game
  cp -r "$BATS_TEST_DIRNAME/../templates" templates
  while IFS='@' read -r text expected; do
    # shellcheck disable=SC2059 # the rows are formats
    printf "# one\n# two\n${text//%/%%}" >templates/hba.conf.tmpl
    run -65 --separate-stderr render --templates templates
    [ "$stderr" = "twpool-render: templates/hba.conf.tmpl:3: $expected" ]
  done <<-'ROWS'
	{{ pool_mode }}@no encoder for the key 'pool_mode'
	{{ pool_mode | }}@no encoder for the key 'pool_mode'
	{{ pool_mode | shell }}@unknown encoder 'shell' for the key 'pool_mode'
	{{ nothing | ini }}@unknown key 'nothing'
	{{ users | ini }}@a list cannot fill the hole 'users'
	{{ pool_mode | ini\n}}@a tag is not closed on its line with '}}'
	{{ pool_mode | ini@a tag is not closed on its line with '}}'
	{{ pool_mode | ini | conn }}@not a tag that twpool knows: ' pool_mode | ini | conn '
	{{> other }}@not a tag that twpool knows: '> other '
	{{}}@not a tag that twpool knows: ''
	{{#users}}\nx@the list is not closed: 'users'
	{{#users}}{{/databases}}@no such list is open: 'databases'
	{{/users}}@no such list is open: 'users'
	{{#nothing}}{{/nothing}}@unknown key 'nothing'
	{{#pool_mode}}{{/pool_mode}}@not a list: 'pool_mode'
	{{#limited_users}}{{ key }}{{/limited_users}}@no encoder for the key 'key'
	{{#limited_users}}{{ key | x }}{{/limited_users}}@unknown encoder 'x' for the key 'key'
	x\r\n@a control byte: '0x0d'
	ROWS
  printf '\xef\xbb\xbf# x\n' >templates/hba.conf.tmpl
  run -65 --separate-stderr render --templates templates
  [ "$stderr" = "twpool-render: templates/hba.conf.tmpl:1: a byte order mark: 'EF BB BF'" ]
}

@test "a value that the grammar at its place cannot hold is an error there" {
  site '"name": "game", "dbname": " game"' '"name": "game"'
  secrets game
  cp -r "$BATS_TEST_DIRNAME/../templates" templates
  printf '{{#databases}}\nx = {{ dbname | ini }}\n{{/databases}}\n' >templates/hba.conf.tmpl
  run -65 --separate-stderr render --templates templates
  [ "$stderr" = "twpool-render: templates/hba.conf.tmpl:2: the value begins or ends with a blank, which the encoder 'ini' cannot write: key 'dbname'" ]
}

@test "a control byte that comes by another way than the site is stopped by the encoder" {
  game
  TWPOOL_ROOT=$'/r\nadmin_users = mallory' run -65 --separate-stderr render
  [[ "$stderr" == *"/pgbouncer.ini.tmpl:"*": the value contains the control byte 0x0a, which the encoder 'ini' cannot write: key 'unix_socket_dir'" ]]
}

@test "a list's tag takes its line away when alone, and nothing when not" {
  game
  template hba.conf 'a {{#users}}({{ user | auth }}){{/users}} b
  {{#users}}
  - {{ user | auth }}
  {{/users}}
{{#limited_users}}
never
{{/limited_users}}
end'
  run -0 render --templates templates
  [ "$(tail -n +2 out/hba.conf)" = 'a (game) b
  - game
end' ]
}

@test "a missing template is no input, with its path" {
  game
  mkdir empty
  run -66 --separate-stderr render --templates empty
  [ "$stderr" = "twpool-render: template: 'empty/pgbouncer.ini.tmpl': No such file or directory" ]
}

@test "templates are found beside the installed program" {
  game
  mkdir -p lib/twpool/bin lib/twpool/templates
  cp "$TWPOOL_BIN/twpool-render" lib/twpool/bin
  cp "$BATS_TEST_DIRNAME"/../templates/*.tmpl lib/twpool/templates
  echo '# installed' >lib/twpool/templates/hba.conf.tmpl
  run -0 lib/twpool/bin/twpool-render --site site.json --pgbouncer-version 1.18.0 --secrets 0 --out out <secrets
  [ "$(tail -n +2 out/hba.conf)" = '# installed' ]
  rm -r lib/twpool/templates
  run -66 --separate-stderr lib/twpool/bin/twpool-render --site site.json --pgbouncer-version 1.18.0 --secrets 0 --out out <secrets
  [ "$stderr" = "twpool-render: '$PWD/lib/twpool/bin/../templates': no such directory" ]
}

# --- the version and the command line ---

# pgbouncer_says TEXT...: puts a pgbouncer in front of PATH that prints lines.
pgbouncer_says() {
  mkdir -p bin
  printf '#!/bin/sh\n%s\n' "$1" >bin/pgbouncer
  chmod +x bin/pgbouncer
  PATH=$PWD/bin:$PATH
}

@test "without --pgbouncer-version the installed PgBouncer is asked" {
  game
  pgbouncer_says 'printf "PgBouncer 1.24.1\nlibevent 2\n"'
  run -0 twpool-render --site site.json --secrets 0 --out out <secrets
  [[ "$(head -n 1 out/hba.conf)" == *" for PgBouncer 1.24.1 from "* ]]
}

@test "PgBouncer is found in /usr/sbin also where PATH has no such directory" {
  game
  run -0 --separate-stderr env PATH=/nonexistent "$TWPOOL_BIN/twpool-render" --site site.json --secrets 0 --out out -q <secrets
  [ -z "$stderr" ]
  [[ "$(head -n 1 out/hba.conf)" == *" for PgBouncer $(/usr/sbin/pgbouncer -V | sed -n '1s/PgBouncer //p') from "* ]]
}

@test "a pgbouncer that tells no version is not guessed at" {
  game
  for text in 'echo "PgBouncer one"' 'echo "PgBouncer 1.24.1"; exit 1' 'exit 0'; do
    pgbouncer_says "$text"
    run -69 --separate-stderr twpool-render --site site.json --secrets 0 --out out <secrets
    [ "${stderr_lines[0]}" = "twpool-render: 'pgbouncer -V' does not tell a version" ]
    [ "${stderr_lines[1]}" = "HINT: Install PgBouncer, or name its version with --pgbouncer-version." ]
  done
}

@test "a pgbouncer that does not answer is ended after 10 seconds" {
  game
  # shellcheck disable=SC2016 # $$ is the script's
  pgbouncer_says 'echo $$ >pid; exec sleep 600'
  local start=$SECONDS
  run -69 --separate-stderr twpool-render --site site.json --secrets 0 --out out <secrets
  [ "${stderr_lines[0]}" = "twpool-render: 'pgbouncer' did not end in time" ]
  ((SECONDS - start < 60))
  [ ! -e "/proc/$(<pid)" ]
}

@test "what the command line lacks is a usage error" {
  game
  run -64 --separate-stderr twpool-render --secrets 0 --out out <secrets
  [ "$stderr" = "twpool-render: --site FILE is required" ]
  run -64 --separate-stderr twpool-render --site site.json --secrets 0 <secrets
  [ "$stderr" = "twpool-render: --out DIR is required" ]
  run -64 --separate-stderr twpool-render --site site.json --out out
  [ "$stderr" = "twpool-render: --secrets FD is required
HINT: twpool-auth export --site FILE | twpool-render --secrets 0 ..." ]
  run -64 --separate-stderr render --pgbouncer-version 1.x
  [ "$stderr" = "twpool-render: '1.x' is not a PgBouncer version such as 1.18.0" ]
}
