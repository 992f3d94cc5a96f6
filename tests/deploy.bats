#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-deploy on a throwaway host with a real PostgreSQL, the real PgBouncer and a game server
# that runs: what it does. What it refuses and takes back: deploy_failures.bats.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

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

@test "validate keeps what the bots through the pool and the watch saw as evidence" {
  host "$(bots_filter 10)"
  host_run twpool-deploy >/dev/null 2>&1
  run -0 jq -r '[.pool_load.status, .latency.status, .watch.status] + [.load_exit] | @text' \
    "$host_root/var/lib/twpool/generations/0001/evidence.json"
  [ "$output" = '["ok","ok","ok",0]' ]
}

# A reload does not change the descriptors that the pooler was started with: with 4096 of them 5,000
# clients hang, and only its log says so.
@test "more clients than the running pooler has descriptors for: it gets them, and nobody is restarted" {
  host "$(bots_filter 2)"
  host_run twpool-deploy >/dev/null 2>&1
  pooler=$(<"$host_root/run/twpool/pooler.pid") pids="$(cat "$host_root/run/game.pid" "$host_root/run/twpool/pooler.pid")"
  [ "$(descriptors "$pooler")" = 4096 ]
  host_site "$(bots_filter 2) | .pgbouncer += {max_client_conn: 5000, default_pool_size: 20}"
  run -0 host_run twpool-deploy --plan
  [[ "$output" == *"+ prlimit --pid $pooler --nofile=8192:"* && "$output" != *"takes a restart"* ]]
  [ "$(descriptors "$pooler")" = 4096 ]
  run -0 --separate-stderr host_run twpool-deploy
  [ "$(cat "$host_root/run/game.pid" "$host_root/run/twpool/pooler.pid")" = "$pids" ]
  [ "$(descriptors "$pooler")" = 8192 ]
}

# descriptors PID: its soft limit of open files.
descriptors() {
  awk '/^Max open files/ { print $4 }' "/proc/$1/limits"
}

@test "validate.direct and .tune_sizes: the page in the generation has before and after, the sweep and the pool sizes" {
  host "$(bots_filter 10) | .validate += {direct: true, tune_sizes: \"1,4\"}"
  run -0 --separate-stderr host_run twpool-deploy
  dir=$host_root/var/lib/twpool/generations/0001
  [[ "$stderr" == *"+ twpool-size --tune --sizes 1,4 "*"validate: these figures as a page: $dir/pool_load.html"* ]]
  [ "$(jq -c '[(.targets | map(.pooled)), (.sweep | map(.bots)), (.tune.curve | map(.pool_size)), .tune.pool_size_before]' "$dir/pool_load.json")" = \
    '[[true,false],[5,20],[1,4],25]' ]
  [ "$(jq '.tune.tune.curve | length' "$dir/evidence.json")" = 2 ]
  perl "$tests/lib/page.pl" "$dir/pool_load.html" "$dir/pool_load.json" 80
  [ "$(grep -c '^<h2>' "$dir/pool_load.html")" -eq 9 ]
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
  run -78 --separate-stderr host_run twpool-deploy --only preflight
  [[ "$output" == *"error   record     generation 0001 waits for the server's restart"* ]]
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

@test "a deploy that waits, and whose way back was killed, waits no more: the next deploy ends the way back" {
  host '.server.restart = "manual"'
  run -2 host_run twpool-deploy
  TWPOOL_ROOT=$host_root twpool-generation mark 1 undoing
  TWPOOL_ROOT=$host_root twpool-generation restore --to 1 -g server
  run -64 host_run twpool-deploy --resume
  run -0 --separate-stderr host_run twpool-deploy --only preflight
  [[ "$output" == *'generation 0001 was not finished: a deploy goes back'* ]]
  wait_until 5 second_is_over
  run -2 host_run twpool-rollback
  wait_until 5 second_is_over
  restart_game
  run -0 host_run twpool-rollback --boot
  same_tree
  answers
}

# A lock that it kept made every later run wait for it, and a rollback too.
@test "a daemon that server.restart leaves behind has neither our lock nor our deaf ears" {
  cat >restart <<-SH
	#!/bin/bash
	start-stop-daemon --stop --quiet --pidfile "$PWD/root/run/game.pid" --retry TERM/5/KILL/5
	$(declare -p tests TWPOOL_BIN PATH)
	sleep 600 >/dev/null 2>&1 3>&- &
	echo \$! >$PWD/daemon
	SH
  host
  {
    declare -p host_top host_root host_game host_game_port host_game_user
    printf '. %q/lib/host.bash\nhost_start\n' "$tests"
  } >>restart
  chmod +x restart
  host_site ".server.restart = [\"$PWD/restart\"]"
  run -0 host_run twpool-deploy
  run -0 flock -n "$host_root/var/lib/twpool/lock" true
  # HUP, PIPE, TERM and XFSZ; INT and QUIT are bash's for what it puts in the background.
  (((0x$(awk '/^SigIgn:/ { print $2 }' "/proc/$(<daemon)/status") & 0x1005001) == 0))
  run -0 host_run twpool-rollback
  kill "$(<daemon)"
  same_tree
}

# second_is_over: process start times are compared in whole seconds.
second_is_over() {
  ((SECONDS > ${second:=$SECONDS} + 1))
}
