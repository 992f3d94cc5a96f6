#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-deploy on a throwaway host with a real PostgreSQL, the real PgBouncer and a game server
# that runs: what it does, what it refuses, and that a failure leaves the host as it was.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

# host [FILTER] [MAKE-OPTION]...: a host with a running game server, and its tree before.
host() {
  local filter=${1:-.}
  shift || :
  host_make "$PWD" 40 "$@"
  host_site "$filter"
  host_start
  host_tree >before
}

# same_tree: the host is as it was.
same_tree() {
  host_tree | diff before -
}

# bots_filter N: validate.command is N bots.
bots_filter() {
  printf '.validate += {bots: %d, command: ["bin/bots", "--port", (.server.listen_port | tostring), "--bots", "%d", "--duration", "2", "--think", "0.2", "--quiet"]}' "$1" "$1"
}

# freezing_filter: a server with one lock for all its connections, 20 bots, and a pool of 3.
freezing_filter() {
  printf '%s | %s' "$(bots_filter 20)" '.pgbouncer += {default_pool_size: 3, reserve_pool_size: 0}
    | .process.server_command[3:] = ["--lock", "process", "--think-in-transaction", "20"]
    | .server.stop_seconds = 600 | .validate.freeze_seconds = 4'
}

# answers: a few players log in and are answered.
answers() {
  host_bots --bots 5 --duration 1 --think 0.1 --quiet >answers.json
}

@test "a deploy moves the server's DSN, keeps the pooler's files private, and the game goes through the pool" {
  host "$(bots_filter 10)"
  run -0 --separate-stderr host_run twpool-deploy
  [[ "$output" == "deployed: generation 0001, "*" paths, "*" s"* ]]
  [ "$(jq -r .app "$host_game/bin/bigbang.json")" = "host=127.0.0.1 port=$host_pool_port dbname=%DB% user=game password=$host_password" ]
  [ "$(jq -r .admin "$host_game/bin/bigbang.json")" = "$(host_dsn)" ]
  [ "$(stat -c '%a %U' "$host_root/etc/pgbouncer/twpool/userlist.txt")" = "640 $(id -un)" ]
  run -0 cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'game' AND client_addr IS NULL"
  [ "$output" = 0 ]
  answers
  run -0 jq -r '.status, .load.logins' "$host_root/var/lib/twpool/generations/0001/evidence.json"
  [ "$output" = $'passed\n10' ]
  page=$host_root/var/lib/twpool/generations/0001/summary.txt
  [[ "$stderr" == *"SUCCESS CRITERIA "*"server: distinct successes >= 10 "*" 10 "*" met"*"13 met, 0 NOT MET, 0 not measured"*"summary: $page"* ]]
  [ "$(stat -c %a "$page")" = 600 ]
  grep -qx 'status      passed' "$page"
}

@test "no secret is in the talk, the arguments, the record's notes or the pooler's log" {
  host "$(bots_filter 2)"
  host_run twpool-deploy >talk.log 2>&1
  secret=$(cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'game'")
  run -1 grep -rFe "$host_password" -e "$secret" talk.log "$host_root/var/lib/twpool/pooler.log" \
    "$host_root/var/lib/twpool/generations/0001/manifest.json" "$host_root/var/lib/twpool/generations/0001/evidence.json" "$host_root/var/lib/twpool/generations/0001/summary.txt"
}

@test "a second deploy changes nothing and restarts nothing" {
  host "$(bots_filter 2)"
  host_run twpool-deploy >/dev/null 2>&1
  pids="$(cat "$host_root/run/game.pid" "$host_root/run/twpool/pooler.pid")"
  host_tree >between
  run -0 --separate-stderr host_run twpool-deploy
  [ "$output" = "nothing to do: no file differs from site.json" ]
  host_tree | diff between -
  [ "$(cat "$host_root/run/game.pid" "$host_root/run/twpool/pooler.pid")" = "$pids" ]
  run -0 host_run twpool-rollback --list
  [ "${#lines[@]}" -eq 1 ]
}

@test "an edited pool size is applied by reload: no restart of pooler or game" {
  host "$(bots_filter 2)"
  host_run twpool-deploy >/dev/null 2>&1
  pids="$(cat "$host_root/run/game.pid" "$host_root/run/twpool/pooler.pid")"
  host_site "$(bots_filter 2) | .pgbouncer.default_pool_size = 7"
  run -0 host_run twpool-deploy --plan
  [[ "$output" == *"+ twpool-lint -q --reload "* && "$output" != *"takes a restart"* ]]
  run -0 --separate-stderr host_run twpool-deploy
  [[ "$output" == "deployed: generation 0002, 1 paths,"* ]]
  [ "$(cat "$host_root/run/game.pid" "$host_root/run/twpool/pooler.pid")" = "$pids" ]
  twpool-lint -q --live "host=$host_root/run/pgbouncer port=$host_pool_port" "$host_root/etc/pgbouncer/twpool/pgbouncer.ini"
  grep -qx 'default_pool_size = 7' "$host_root/etc/pgbouncer/twpool/pgbouncer.ini"
}

@test "an edited listen port restarts pooler and game, and both work" {
  host "$(bots_filter 2)"
  host_run twpool-deploy >/dev/null 2>&1
  host_move_pool
  host_site "$(bots_filter 2)"
  run -0 host_run twpool-deploy --plan
  [[ "$output" == *"takes a restart: listen_port: the file has '$host_pool_port', the running PgBouncer has '"*"(the server loses its connections and never opens new ones: it is restarted too)"* ]]
  host_run twpool-deploy >talk.log 2>&1
  [[ "$(jq -r .app "$host_game/bin/bigbang.json")" == "host=127.0.0.1 port=$host_pool_port "* ]]
  answers
}

@test "a setting with which this PgBouncer would not start is found before anything is published" {
  host "$(bots_filter 2) | .pgbouncer += {server_tls_sslmode: \"prefer\", server_tls_ciphers: \"nonsense\"}"
  run -1 --separate-stderr host_run twpool-deploy
  [[ "$stderr" == *"pgbouncer.ini:"*": error: tls: server_tls_ciphers: PgBouncer does not take 'nonsense', and does not start"* ]]
  [[ "$stderr" == *": error: boot-refused: this PgBouncer does not start: invalid server_tls_ciphers: nonsense"* ]]
  [[ "$stderr" == *"install: this PgBouncer would not do what the rendered files say"* ]]
  [ ! -e "$host_root/etc/pgbouncer/twpool" ]
}

@test "a pooler that died is started again by the next deploy, and the game, which never reconnects, after it" {
  host "$(bots_filter 2)"
  host_run twpool-deploy >/dev/null 2>&1
  pid="$(cat "$host_root/run/game.pid")"
  kill -KILL "$(cat "$host_root/run/twpool/pooler.pid")"
  wait_until 5 bash -c "! (exec 3<>/dev/tcp/127.0.0.1/$host_pool_port) 2>/dev/null"
  host_run twpool-deploy >talk.log 2>&1 || { cat talk.log; false; }
  grep -x "nothing to do: no file differs from site.json; the pooler was started" talk.log
  [ "$(cat "$host_root/run/game.pid")" != "$pid" ]
  answers
}

@test "a compiled-in DSN is built in a copy and published with its binary; rollback brings both back" {
  host "$(host_compiled) | $(bots_filter 5)" DSN=compiled
  run -0 --separate-stderr host_run twpool-deploy
  grep -qF "host=127.0.0.1 port=$host_pool_port" "$host_game/compiled_dsn.h"
  grep -qaF "port=$host_pool_port" "$host_game/bin/server"
  run -0 --separate-stderr host_run twpool-rollback
  same_tree
  answers
}

@test "--plan announces the load that the bots will be" {
  host "$(bots_filter 10)"
  run -0 host_run twpool-deploy --plan
  [[ "$output" == *"+ twpool-stress --bots 10 --duration 1 "*"they only read"*"+ twpool-stress --bots 0 --pairs 100 "* ]]
}

@test "--plan shows the diff and every command, and touches nothing: no file, no process" {
  host "$(bots_filter 2)"
  pid="$(cat "$host_root/run/game.pid")"
  run -0 host_run twpool-deploy --plan
  [[ "$output" == *"+default_pool_size = 25"* ]]
  [[ "$output" == *"port=$host_pool_port dbname=%DB% user=game password=***"* ]]
  [[ "$output" == *"+ kill -TERM $pid"* ]]
  [[ "$output" == *"plan: nothing was changed" ]]
  [[ "$output" != *"$host_password"* ]]
  same_tree
  [ ! -e "$host_root/var/lib/twpool" ]
  [ "$(cat "$host_root/run/game.pid")" = "$pid" ]
}

@test "without validate.command the result is unproven, and preflight says so beforehand" {
  host
  run -0 host_run twpool-deploy
  [[ "$output" == *'validate.command is empty: the result will be "unproven"'*"validate: unproven: "* ]]
  [ "$(jq -r .status "$host_root/var/lib/twpool/generations/0001/evidence.json")" = unproven ]
}

@test "bots that fail their threshold take the deploy back" {
  host "$(bots_filter 10) | .pgbouncer.max_client_conn = 6"
  run -1 host_run twpool-deploy
  [[ "$output" == *"validate: "*"no more connections allowed"*"twpool-deploy: validate failed; the host is as before"* ]]
  page=$host_root/var/lib/twpool/generations/0001/summary.txt
  grep -q '^status      failed: the server.s log says: ' "$page"
  grep -qE '^server: refusals in log +none +[1-9][0-9]* +NOT MET$' "$page"
  same_tree
  answers
}

# 20 of 20 logins succeed, and then nothing is answered any more: a count of logins would pass it.
@test "a server that the pool freezes is named with both cures, killed at once, and the host is as before" {
  host "$(freezing_filter)"
  run -1 host_run twpool-deploy
  [[ "$output" == *"warning freeze "*"3 server connections for 20 players"*"such a server needs 22 "* ]]
  [[ "$output" == *"validate: the server is frozen: "*"pool game/game is frozen: all 3 server connections are idle in transaction"* ]]
  [[ "$output" == *"HINT: "*"players, plus 2"*"a lock per connection"* ]]
  [[ "$output" == *"server: frozen, so it will not hear SIGTERM"*"twpool-deploy: validate failed; the host is as before"* ]]
  [ "$(jq -r .watch.status "$host_root/var/lib/twpool/generations/0001/evidence.json")" = critical ]
  same_tree
  answers
}

@test "a server that only holds its transactions for long is not called frozen" {
  host "$(freezing_filter) | .process.server_command[3:] = [\"--lock\", \"thread\", \"--think-in-transaction\", \"1500\"]
    | .validate.min_success = 0 | .validate.command = [\"bin/bots\", \"--port\", (.server.listen_port | tostring), \"--bots\", \"12\", \"--duration\", \"8\", \"--deadline\", \"30\", \"--min-success\", \"0\"]"
  run -0 host_run twpool-deploy
  [[ "$output" != *'is frozen'* && "$output" =~ 'server: frozen under load'\ +none\ +'none in ' ]]
}

@test "validate keeps what the bots through the pool and the watch saw as evidence" {
  host "$(bots_filter 10)"
  host_run twpool-deploy >/dev/null 2>&1
  run -0 jq -r '[.pool_load.status, .latency.status, .watch.status] + [.load_exit] | @text' \
    "$host_root/var/lib/twpool/generations/0001/evidence.json"
  [ "$output" = '["ok","ok","ok",0]' ]
}

@test "an added latency above validate.max_overhead_ms takes the deploy back" {
  host "$(bots_filter 2) | .validate.max_overhead_ms = 0"
  run -1 host_run twpool-deploy
  [[ "$output" == *"validate: latency: twpool-stress failed (exit 1)"*"the host is as before"* ]]
  same_tree
}

@test "more server connections than validate.max_server_connections take the deploy back" {
  host "$(bots_filter 10) | .validate.max_server_connections = 1"
  run -1 host_run twpool-deploy
  [[ "$output" == *"validate: pool_load: twpool-stress failed (exit 1)"*"pool: server connections   <= 1 "*"NOT MET"*"the host is as before"* ]]
  same_tree
}

@test "with --no-rollback a failed deploy stays, exits 2 and names the one command to run" {
  host "$(bots_filter 10) | .pgbouncer.max_client_conn = 6"
  run -2 host_run twpool-deploy --no-rollback
  [[ "$output" == *"HINT: run: /"*"/rollback/twpool-rollback --to 0001" ]]
  run -0 host_run twpool-rollback --to 0001
  same_tree
}

@test "a failing build leaves the running game alone, shows its output and goes back" {
  host "$(host_compiled) | .server.build = [\"sh\", \"-c\", \"echo no rule to win; exit 3\"]" DSN=compiled
  pid="$(cat "$host_root/run/game.pid")"
  run -1 host_run twpool-deploy
  [[ "$output" == *"| no rule to win"*"rebuild: the build failed: sh -c"* ]]
  same_tree
  [ "$(cat "$host_root/run/game.pid")" = "$pid" ]
}

@test "a server that does not come back is named, and the old one runs again" {
  host "$(host_compiled) | .server.build = [\"cp\", \"/bin/false\", \"bin/server\"]" DSN=compiled
  run -1 host_run twpool-deploy
  [[ "$output" == *"rebuild: the server did not come back within 10 s"* ]]
  same_tree
  answers
}

@test "a taken port is refused in preflight with its holder, and nothing is touched" {
  host
  host_site '.pgbouncer.listen_port = .postgres.port'
  run -78 host_run twpool-deploy
  [[ "$output" == *"error   port       port $CLUSTER_PORT is taken: postgres "* ]]
  same_tree
}

@test "all findings of preflight come at once, each with its remedy" {
  host
  host_site '.process.pooler_binary = "nosuchbouncer" | .server.dsn = ["bin/none.json#/app"] | .pgbouncer.listen_port = .postgres.port'
  run -78 host_run twpool-deploy
  [[ "$output" == *"PgBouncer is missing: no program 'nosuchbouncer'"*"-> apt-get install"* ]]
  [[ "$output" == *"is taken"* ]]
  [[ "$output" == *"bin/none.json"* ]]
  [[ "$output" == *"preflight: 3 finding(s) stand in the way; nothing was changed"* ]]
  same_tree
}

@test "PostgreSQL down is refused in preflight" {
  host
  cluster_stop
  run -78 host_run twpool-deploy
  [[ "$output" == *"error   postgres   "*"is PostgreSQL up"* ]]
  same_tree
}

@test "a role without a SCRAM secret is refused in preflight by name" {
  host
  cluster_sql "SET password_encryption = 'md5'; ALTER ROLE game PASSWORD 'x'"
  run -78 host_run twpool-deploy
  [[ "$output" == *"error   roles      "*game*md5* ]]
}

@test "a DSN file that is a symbolic link is refused in preflight" {
  host
  mv "$host_game/bin/bigbang.json" "$host_game/bin/real.json"
  ln -s real.json "$host_game/bin/bigbang.json"
  run -78 host_run twpool-deploy
  [[ "$output" == *"error   dsn        "*"is a symbolic link"* ]]
}

@test "an ambiguous DSN is refused with every candidate" {
  host '.server.dsn = ["bin/bigbang.json"]'
  run -78 host_run twpool-deploy
  [[ "$output" == *"error   dsn        "* ]]
  same_tree
}

# preflight logs in as the game does, and the game has a password; the pooler has only its SCRAM secret.
@test "the pooler's password check fails: phase and cause are named, and the host is as before" {
  host
  cp "$CLUSTER_DIR/data/pg_hba.conf" hba
  { echo 'host all game 127.0.0.1/32 password'; cat hba; } >"$CLUSTER_DIR/data/pg_hba.conf"
  cluster_sql 'SELECT pg_reload_conf()'
  run -1 host_run twpool-deploy
  [[ "$output" == *"install: no login through the pooler: "*"password authentication failed"* ]]
  same_tree
}

@test "a second deploy while one runs exits 75 at once, and says who holds the lock since when" {
  host '.validate.command = ["sh", "-c", "while ! [ -e /tmp/go.'"$BATS_ROOT_PID"' ]; do sleep 0.1; done"]'
  host_run twpool-deploy >talk.log 2>&1 3>&- &
  first=$!
  wait_until 90 grep -q 'load through the server' talk.log
  run -75 --separate-stderr host_run twpool-deploy
  [[ "$stderr" == "twpool-deploy: busy: twpool-deploy (pid "*") holds the lock since 20"*"HINT: "* ]]
  run -75 host_run twpool-rollback
  touch "/tmp/go.$BATS_ROOT_PID"
  wait "$first" || [ $? -eq 1 ]
  rm "/tmp/go.$BATS_ROOT_PID"
}

@test "the lock is not inherited by the pooler or the game" {
  host
  host_run twpool-deploy >/dev/null 2>&1
  run -0 bash -c "ls -l /proc/$(cat "$host_root/run/twpool/pooler.pid")/fd /proc/$(cat "$host_root/run/game.pid")/fd | grep -c 'twpool/lock' || :"
  [ "$output" = 0 ]
  run -0 host_run twpool-deploy
}

@test "a deploy that was killed is taken back by the next one" {
  host '.validate.command = ["sleep", "60"]'
  setsid env TWPOOL_ROOT="$host_root" "$tests/../deploy/twpool-deploy" --site site.json >talk.log 2>&1 3>&- &
  wait_until 90 grep -q 'load through the server' talk.log
  kill -KILL -- "-$!"
  wait $! || [ $? -eq 137 ]
  host_site "$(bots_filter 2)"
  run -0 host_run twpool-deploy
  [[ "$output" == *"generation 0001 was not finished; going back to the state before it"*"deployed: generation 0002"* ]]
}

@test "a bad site file is refused with its place, before anything else" {
  host
  host_site '.pgbouncer.listen_port = "6432"'
  run -78 --separate-stderr host_run twpool-deploy
  [[ "$stderr" == *'pgbouncer.listen_port: expected an integer, got "6432"' ]]
  run -66 --separate-stderr env TWPOOL_ROOT="$host_root" "$tests/../deploy/twpool-deploy" --site nothing.json
  [ ! -e "$host_root/var/lib/twpool" ]
}

@test "what cannot work is found before anything is touched: programs, patterns, pidfile, log, listen port" {
  host "$(bots_filter 2)"
  while IFS='|' read -r filter finding; do
    host_site "$(bots_filter 2) | $filter"
    run -78 host_run twpool-deploy
    [[ "$output" == *"$finding"* ]] || { echo "$filter: $output"; false; }
    same_tree
  done <<-'ROWS'
	.process.server_command = ["bin/nosuch"]|process.server_command: no program 'bin/nosuch'
	.validate.command = ["bin/nosuch"]|validate.command: no program 'bin/nosuch'
	.validate.success_pattern = "("|validate.success_pattern is not an extended regular expression
	.process.server_pidfile = "run/game.pid"|process.server_pidfile 'run/game.pid' is not an absolute path
	.process.server_pidfile = "/run/other.pid"|which process.server_pidfile does not name
	.server.log = "/nosuch/dir/log"|cannot be made by
	.server.listen_port = 1|but port 1 is held by nobody
	.process.pooler_binary = "/bin/false"|does not say what version of PgBouncer it is
	.pgbouncer.transaction_timeout = 5|known since PgBouncer 1.25.0, this is 1.18.0
	ROWS
}

@test "a log that is a symbolic link is refused: the server's user chooses where it leads" {
  host
  touch "$host_top/secret"
  mv "$host_game/log/server.log" "$host_game/log/real.log"
  ln -s "$host_top/secret" "$host_game/log/server.log"
  run -78 host_run twpool-deploy
  [[ "$output" == *"error   log        server.log '"*"' is a symbolic link"* ]]
  [ ! -s "$host_top/secret" ]
}

@test "a process that got the pooler's old id is not touched" {
  host
  mkdir -p "$host_root/run/twpool"
  sleep 60 3>&- &
  echo $! >"$host_root/run/twpool/pooler.pid"
  touch -d '1 hour ago' "$host_root/run/twpool/pooler.pid"
  run -0 host_run twpool-deploy
  run -0 host_run twpool-rollback
  kill $!
}

@test "a deploy goes back even if its terminal is gone" {
  host "$(bots_filter 10) | .pgbouncer.max_client_conn = 6"
  host_run twpool-deploy 2> >(sed -n 12q) || [ $? -eq 1 ]
  same_tree
  answers
}

# The load was once left behind, as a child of init.
@test "SIGTERM while the load runs takes the deploy back at once, and the load ends" {
  host '.validate.command = ["sleep", "61.25"]'
  TWPOOL_ROOT=$host_root "$tests/../deploy/twpool-deploy" --site site.json >talk.log 2>&1 3>&- &
  wait_until 90 grep -q 'load through the server' talk.log
  kill -TERM $!
  wait $! || [ $? -eq 1 ]
  grep -q 'validate (interrupted) failed; the host is as before' talk.log
  run -1 pgrep -f '^sleep 61.25$'
  same_tree
  answers
}

@test "a load that does not end is ended" {
  host '.validate.command = ["sleep", "60"] | .validate.timeout_seconds = 1'
  run -1 host_run twpool-deploy
  [[ "$output" == *"the load did not end within 1 s"* ]]
  same_tree
}

@test "a setting that was changed on the console is put right by the next deploy" {
  host "$(bots_filter 2)"
  host_run twpool-deploy >/dev/null 2>&1
  as_user "$host_pooler_user" psql -XAtq -h "$host_root/run/pgbouncer" -p "$host_pool_port" -U pgbouncer pgbouncer -c 'SET default_pool_size = 3'
  run -0 host_run twpool-deploy
  twpool-lint -q --live "host=$host_root/run/pgbouncer port=$host_pool_port" "$host_root/etc/pgbouncer/twpool/pgbouncer.ini"
}

@test "--only rebuild without a pooler leaves the server alone" {
  host
  run -1 host_run twpool-deploy --only rebuild
  [[ "$output" == *"no login through the pooler: the server is left alone"* ]]
  same_tree
}

@test "scripts whose library is missing do nothing, and say so by their exit code" {
  mkdir -p copy/deploy copy/rollback
  cp "$tests/../deploy/twpool-deploy" copy/deploy
  cp "$tests/../rollback/twpool-rollback" copy/rollback
  run -1 copy/deploy/twpool-deploy
  run -1 copy/rollback/twpool-rollback
}

@test "wrong options are usage errors, and without TWPOOL_ROOT only root deploys" {
  host
  run -64 host_run twpool-deploy --wrong
  run -64 host_run twpool-deploy --only nothing
  run -64 host_run twpool-deploy --only
  ((EUID == 0)) || return 0
  run -77 as_user games env TWPOOL_BIN="$TWPOOL_BIN" "$tests/../deploy/twpool-deploy" --site "$PWD/site.json"
}

@test "systemd below TWPOOL_ROOT is refused: it would change this host" {
  host
  host_site '.service_manager = "systemd"'
  run -78 host_run twpool-deploy
  [[ "$output" == *'TWPOOL_ROOT is set, and service_manager is "systemd"'* ]]
  run -2 getent passwd twpool-check
}

# restart_game: as an operator does.
restart_game() {
  start-stop-daemon --stop --quiet --pidfile "$host_root/run/game.pid" --retry TERM/5/KILL/5
  host_start
}

@test "a server that the operator restarts: the deploy waits with 2, goes on with --resume, and so does the way back" {
  host '.server.restart = "manual"'
  run -2 --separate-stderr host_run twpool-deploy
  [[ "$stderr" == *"waiting for the server's restart"*'--resume'* ]]
  answers
  # Not restarted yet: neither a resume nor another deploy.
  run -2 --separate-stderr host_run twpool-deploy --resume
  [[ "$stderr" == *'has not been restarted since'* ]]
  run -2 --separate-stderr host_run twpool-deploy
  [[ "$stderr" == *"waits for the server's restart"* ]]
  wait_until 5 second_is_over
  restart_game
  run -0 --separate-stderr host_run twpool-deploy --resume
  [[ "$output" == 'deployed: generation 0001, '* ]]
  answers
  run -2 --separate-stderr host_run twpool-rollback
  [[ "$stderr" == *"the server's restart, which is yours"* ]]
  answers
  wait_until 5 second_is_over
  restart_game
  run -0 --separate-stderr host_run twpool-rollback
  same_tree
  answers
  run -64 --separate-stderr host_run twpool-deploy --resume
  [[ "$stderr" == *'no deploy waits for a restart'* ]]
}

# second_is_over: process start times are compared in whole seconds.
second_is_over() {
  ((SECONDS > ${second:=$SECONDS} + 1))
}
