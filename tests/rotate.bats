#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-auth rotate on a throwaway host: a new password in PostgreSQL, the pooler and the DSN, while
# bots log in through the pooler all the time.
# shellcheck disable=SC2119,SC2120,SC2154 # `run` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

# host FILTER: a host with a pooler that the server goes through.
host() {
  host_pg=$PWD/root/pg
  host_make "$PWD" 40
  host_site "$1"
  host_start
  host_run twpool-deploy >deploy.log 2>&1
  dsn_file=$host_game/bin/bigbang.json
}

# rotate [OPTION]...: below this host's root.
rotate() {
  TWPOOL_ROOT=$host_root twpool-auth rotate game --site site.json "$@"
}

# password: that of the DSN.
password() {
  jq -r .app "$dsn_file" | sed 's/.*password=//'
}

# bots_while COMMAND...: 100 bots log in while the command runs; prints their figures.
bots_while() {
  # shellcheck disable=SC2046 # words
  cc -O2 -o relogin "$tests/lib/relogin.c" $(pkg-config --cflags --libs libpq)
  ./relogin "$dsn_file" game 100 100 >figures 2>why &
  bots=$!
  wait_until 60 test -e "$dsn_file.ready"
  "$@"
  touch "$dsn_file.changed"
  wait "$bots"
  cat why
  read -r logins retries failures <figures
  echo "# $* under 100 bots: $logins logins, $retries retried, $failures failed; $(tail -n 1 rotated)" >&3
}

# console COMMAND: of the pooler.
console() {
  as_user "$host_pooler_user" psql -XAtq -d "host=$host_root/run/pgbouncer port=$host_pool_port user=pgbouncer dbname=pgbouncer" -c "$1"
}

once() {
  rotate >rotated
}

@test "rotation under a hundred bots that log in all the time: no login fails but once; secrets in a userlist" {
  host .
  old=$(password)
  bots_while once
  ((logins > 100 && failures == 0))
  [ "$(password)" != "$old" ]
  [[ "$(tail -n 1 rotated)" == "game has a new password: 1 DSN, the pooler's userlist, in "*" ms" ]]
  secret=$(cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'game'")
  grep -qF "\"game\" \"$secret\"" "$host_root/etc/pgbouncer/twpool/userlist.txt"
  run -0 --separate-stderr host_run twpool-deploy
  [ "$output" = 'nothing to do: no file differs from site.json' ]
  rm "$dsn_file.ready" "$dsn_file.changed"
  run -0 --separate-stderr host_run twpool-rollback
  [[ "$output" == 'rolled back: generation 0001, verified'* ]]
  [[ "$stderr" == *'login and transaction as game'* ]]
  [ ! -e "$host_root/etc/pgbouncer" ]
}

@test "rotation under a hundred bots that log in all the time: no login fails but once; secrets looked up" {
  host '.auth = {method: "query"} | .postgres.host = .postgres.socket_directory'
  # What somebody has SET by hand is back at its default with the RELOAD: no difference afterwards.
  console 'SET log_connections = 0'
  bots_while once
  [ "$(console 'SHOW CONFIG' | grep '^log_connections|')" = "log_connections|1|1|yes" ]
  ((logins > 100 && failures == 0))
  [[ "$(tail -n 1 rotated)" == "game has a new password: 1 DSN, the pooler looks it up, in "*" ms" ]]
}

@test "twpool-deploy --rotate restarts the server, which reads its DSN when it starts, and prints for how long logins failed" {
  host .
  old=$(password) pid=$(<"$host_root/run/game.pid")
  run -0 --separate-stderr host_run twpool-deploy --rotate game
  [[ "$stderr" == *'server: its new logins could fail for '*' s'*'login and transaction as game'* ]]
  [ "$(password)" != "$old" ]
  [ "$(<"$host_root/run/game.pid")" != "$pid" ]
  host_bots --bots 3 --duration 1 --think 0.1 --quiet >bots.json
  run -2 --separate-stderr host_run twpool-deploy --rotate nobody
  [[ "$stderr" == *"'nobody' is not among users[]"*'HINT: '* ]]
  run -64 host_run twpool-deploy --rotate game --plan
}

@test "the new password comes from a file, with bytes that need quoting; neither it nor the secret is in PostgreSQL's log" {
  host .
  cluster_sql "ALTER SYSTEM SET log_statement = 'all'"
  cluster_sql 'SELECT pg_reload_conf()'
  printf '%s\n' "p w'\"\\ %;ü" >new

  chmod 0644 new
  run -77 --separate-stderr rotate --password-file new
  [[ "$stderr" == *"others can read 'new'"* ]]
  chmod 0600 new
  run -0 --separate-stderr rotate --password-file new --json
  jq -e '.status == "ok" and .dsns == 1 and .userlist and .pooler and .window_ms > 0' <<<"$output"
  TWPOOL_ROOT=$host_root run -0 twpool-auth verify --dsn "@$dsn_file#/app" --db game --expect-pooler -q
  run -0 env PGPASSWORD="$(<new)" psql -XAtq -h 127.0.0.1 -p "$CLUSTER_PORT" -U game -d game -c 'SELECT 1'
  secret=$(cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'game'")
  grep -q 'statement: BEGIN' "$CLUSTER_DIR/server.log"
  run -1 grep -F -e "$secret" -e "$(<new)" -e 'ALTER ROLE "game"' "$CLUSTER_DIR/server.log"
  [ "$(stat -c '%U %a' "$dsn_file")" = "$host_game_user 640" ]
}

# Its RELOAD would read the whole of it, and stop at the bad line.
@test "a pooler's file that was spoilt is named, and nothing is rotated" {
  host .
  secret=$(cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'game'")
  sed -i 's/^pool_mode/bogus = 1\npool_mode/' "$host_root/etc/pgbouncer/twpool/pgbouncer.ini"
  run -78 --separate-stderr rotate
  [[ "$stderr" == *"/etc/pgbouncer/twpool/pgbouncer.ini:"*": bogus: no version of PgBouncer knows this key"* ]]
  [ "$(cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'game'")" = "$secret" ]
  run -1 twpool-lint -q --live "host=$host_root/run/pgbouncer port=$host_pool_port" "$host_root/etc/pgbouncer/twpool/pgbouncer.ini"
  [[ "$output" == *': unknown-key: bogus: '* && "$output" != *default-in-force* ]]
}

@test "what cannot be rotated is refused before anything has changed: another role, a lock, a DSN without a password" {
  host .
  secret=$(cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'game'")
  cp -p "$dsn_file" kept
  TWPOOL_ROOT=$host_root run -64 twpool-auth rotate postgres --site site.json
  exec {held}<"$host_root/var/lib/twpool/lock"
  flock "$held"
  run -75 --separate-stderr rotate
  [[ "$stderr" == *'busy: '* ]]
  exec {held}<&-
  jq '.app |= sub(" password=.*"; "")' kept >"$dsn_file"
  run -78 --separate-stderr rotate
  [[ "$stderr" == *'the DSN has no password'* ]]
  cp kept "$dsn_file"
  printf 'a\tb\n' >new && chmod 0600 new
  run -65 --separate-stderr rotate --password-file new
  [[ "$stderr" == *'byte 2 of the password is a control byte'* ]]
  [ "$(cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'game'")" = "$secret" ]
  run -1 compgen -G "$host_game/bin/.twpool-*"
}
