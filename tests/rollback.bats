#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-rollback on a throwaway host with a real PostgreSQL, the real PgBouncer and a game server
# that runs: back, whatever else is broken.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

@test "with nothing deployed there is nothing to do, and nothing is written but the lock" {
  host_make "$PWD" 20
  host_tree >before
  run -0 --separate-stderr host_run twpool-rollback
  [ "$output" = "nothing to do: no deploy is active" ]
  same_tree
}

@test "everything is as before the deploy, and the game talks to PostgreSQL directly" {
  deployed
  run -0 --separate-stderr host_run twpool-rollback
  [[ "$output" == "rolled back: generation 0001, verified, "*" s" ]]
  same_tree
  answers
  run -0 cluster_sql "SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'game' AND client_addr IS NULL"
  [ "$output" = t ]
  run -1 bash -c "exec 3<>/dev/tcp/127.0.0.1/$host_pool_port"
}

@test "the server is back on its own port before the pooler goes" {
  deployed
  run -0 host_run twpool-rollback
  [[ "$output" == *"restored  /srv/game/bin/bigbang.json"*"== server restart: done"*"== login: done"*"kill -INT"*"removed   /etc/pgbouncer/twpool/pgbouncer.ini"* ]]
}

@test "a server that is frozen in the incident is killed at once, not after its stop_seconds" {
  deployed '.pgbouncer += {default_pool_size: 3, reserve_pool_size: 0} | .server.stop_seconds = 600 | .validate.freeze_seconds = 3
    | .process.server_command[3:] = ["--lock", "process", "--think-in-transaction", "20"]'
  host_bots --bots 20 --duration 60 --think 0.1 --deadline 60 --min-success 0 --quiet >bots.json 3>&- &
  bots=$!
  run -2 env TWPOOL_ROOT="$host_root" twpool-check --site site.json --only freeze --freeze-after 3 --watch 60 \
    --postgres "host=$CLUSTER_SOCKET port=$CLUSTER_PORT user=$CLUSTER_SUPERUSER dbname=postgres"
  run -0 timeout 120 env TWPOOL_ROOT="$host_root" "$tests/../rollback/twpool-rollback"
  [[ "$output" == *"server: frozen, so it will not hear SIGTERM"*"rolled back"* ]]
  ! kill -0 "$bots" 2>/dev/null || kill "$bots"
  same_tree
  answers
}

@test "a second rollback changes nothing and restarts nothing" {
  deployed
  host_run twpool-rollback >/dev/null 2>&1
  pid="$(cat "$host_root/run/game.pid")"
  run -0 --separate-stderr host_run twpool-rollback
  [ "$output" = "nothing to do: no deploy is active" ]
  [ "$(cat "$host_root/run/game.pid")" = "$pid" ]
  same_tree
}

@test "it works with PostgreSQL stopped, and says that the login is not proven" {
  # The sample server gives up without its database; this one could not care less.
  deployed '.process.server_command = ["sleep", "600"] | .server.listen_port = 0'
  cluster_stop
  run -0 host_run twpool-rollback
  [[ "$output" == *"login: not proven: PostgreSQL cannot be reached"*"rolled back"* ]]
  same_tree
}

@test "it works with the pooler dead and its binary gone" {
  ln -s "$(command -v pgbouncer)" bouncer
  deployed ".process.pooler_binary = \"$PWD/bouncer\""
  rm bouncer
  kill -KILL "$(cat "$host_root/run/twpool/pooler.pid")"
  run -0 host_run twpool-rollback
  same_tree
  answers
}

@test "it works with site.json gone: the record has its own" {
  deployed
  rm site.json
  run -0 host_run twpool-rollback
  same_tree
}

@test "a server that cannot start is exit 2, with what remains as commands; and again, once it can" {
  deployed
  mv "$host_game/bin/server" "$host_game/bin/away"
  run -2 host_run twpool-rollback
  [[ "$output" == *"partly restored. What remains:"*"twpool-rollback --to"*"failed: server restart" ]]
  mv "$host_game/bin/away" "$host_game/bin/server"
  run -0 host_run twpool-rollback
  same_tree
  answers
}

@test "killed at any of its commands and run again, it finishes" {
  deployed
  # A wrapper of the publisher that kills its caller at the n-th call.
  mkdir bin
  cp "$TWPOOL_BIN"/* bin
  mv bin/twpool-generation bin/real
  cat >bin/twpool-generation <<-'SH'
	#!/bin/bash
	n=$(($(cat "$COUNT") - 1))
	echo "$n" >"$COUNT"
	[ "$n" -ne 0 ] || { "$(dirname "$0")/real" "$@"; kill -KILL "$PPID"; exit; }
	exec "$(dirname "$0")/real" "$@"
	SH
  chmod +x bin/twpool-generation
  export COUNT=$PWD/count
  for n in 4 5 7 9; do
    echo "$n" >count
    TWPOOL_BIN=$PWD/bin host_run twpool-rollback >killed.log 2>&1 3>&- || :
  done
  echo 0 >count
  run -0 host_run twpool-rollback
  same_tree
  answers
}

@test "a DSN file that was edited since keeps that edit" {
  deployed
  jq -c '. + {motd: "hello"}' "$host_game/bin/bigbang.json" >edited
  cat edited >"$host_game/bin/bigbang.json"
  run -0 host_run twpool-rollback
  [[ "$output" == *"restored  /srv/game/bin/bigbang.json (only twpool's own edit; others' changes stay)"* ]]
  [ "$(jq -r .motd "$host_game/bin/bigbang.json")" = hello ]
  [ "$(jq -r .app "$host_game/bin/bigbang.json")" = "$(host_dsn)" ]
}

@test "a DSN that cannot be put back keeps its pooler: exit 2, and the game still answers" {
  deployed
  jq '.app |= sub("port=[0-9]+"; "port=7")' "$host_game/bin/bigbang.json" >edited
  cat edited >"$host_game/bin/bigbang.json"
  run -2 host_run twpool-rollback
  [[ "$output" == *"failed    /srv/game/bin/bigbang.json"*"failed: server files"* ]]
  cmp edited "$host_game/bin/bigbang.json"
  answers
}

@test "a configuration that was edited since is kept beside, and reported" {
  deployed
  echo '; by hand' >>"$host_root/etc/pgbouncer/twpool/pgbouncer.ini"
  run -0 host_run twpool-rollback
  [[ "$output" == *"saved     /etc/pgbouncer/twpool/pgbouncer.ini"* ]]
  grep -q 'by hand' "$host_root/etc/pgbouncer/twpool/pgbouncer.ini.twpool-save-0001"
}

@test "--previous goes back one deploy, and the pool stays up with the older settings" {
  deployed
  host_site '.pgbouncer.default_pool_size = 7'
  host_run twpool-deploy >/dev/null 2>&1
  before=$(pids)
  run -0 --separate-stderr host_run twpool-rollback --previous
  [[ "$output" == "rolled back: generation 0002, verified,"* ]]
  [ "$(pids)" = "$before" ]
  twpool-lint -q --live "host=$host_root/run/pgbouncer port=$host_pool_port" "$host_root/etc/pgbouncer/twpool/pgbouncer.ini"
  grep -qx 'default_pool_size = 25' "$host_root/etc/pgbouncer/twpool/pgbouncer.ini"
  answers
  run -0 host_run twpool-rollback
  same_tree
}

# PgBouncer would not notice that the certificates are gone, and log in to PostgreSQL all the same.
@test "--previous to settings that the pooler cannot take whole: it keeps the newer ones, and that is said" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out ca.pem -days 9 -subj /CN=x 2>/dev/null
  chmod 644 ca.pem
  deployed ".pgbouncer += {server_tls_sslmode: \"prefer\", server_tls_ca_file: \"$PWD/ca.pem\", default_pool_size: 9}"
  host_site '.pgbouncer.default_pool_size = 7'
  host_run twpool-deploy >/dev/null 2>&1
  rm ca.pem
  run -2 --separate-stderr host_run twpool-rollback --previous
  [[ "$stderr" == *': error: reload: PgBouncer was not reloaded'*'failed: pooler'* ]]
  answers
}

@test "--previous with the pooler's binary gone: what runs takes the older settings" {
  ln -s "$(command -v pgbouncer)" bouncer
  deployed ".process.pooler_binary = \"$PWD/bouncer\" | .pgbouncer.default_pool_size = 9"
  host_site ".process.pooler_binary = \"$PWD/bouncer\" | .pgbouncer.default_pool_size = 7"
  host_run twpool-deploy >/dev/null 2>&1
  rm bouncer
  run -0 --separate-stderr host_run twpool-rollback --previous
  [[ "$stderr" == *': warning: reload: there was no shadow boot, the rules alone judged: cannot run '* ]]
  answers
}

@test "--previous over a moved port brings pooler and game back to the old one" {
  deployed
  old=$host_pool_port
  host_move_pool
  host_site
  host_run twpool-deploy >/dev/null 2>&1
  run -0 host_run twpool-rollback --previous
  [[ "$(jq -r .app "$host_game/bin/bigbang.json")" == "host=127.0.0.1 port=$old "* ]]
  answers
}

# userdel fails while a process of the user runs, and may find no user at all.
@test "an account that cannot be removed is among what remains, and the others go" {
  # shellcheck disable=SC2016 # the inner shell's
  run -0 bash -euc 'home=$1 remaining=()
    . "$home/rollback/host.bash"
    unit_back() { :; }
    accounts_unlock() { :; }
    conf_dir=/nonexistent
    noted() { :; }
    say() { echo "$*"; }
    getent() { [[ $2 != twpool-check ]]; }
    run() { echo "$*"; [[ $* != "userdel -- pgbouncer" ]] || return 8; }
    host_back
    printf "%s\n" "${remaining[@]}"' bash "$tests/.."
  [[ "$output" == *"userdel -- pgbouncer"$'\n'*"'pgbouncer' could not be removed; going on"$'\n'"userdel -- twpool_probe"$'\n'"groupdel -- twpool_probe"$'\n'"the account 'pgbouncer', which may have processes (ps -u pgbouncer): end them, and run it again" ]]
}

@test "killed between the marks of two generations and run again, it finishes" {
  deployed
  host_site '.pgbouncer.default_pool_size = 7'
  host_run twpool-deploy >/dev/null 2>&1
  mkdir bin
  cp "$TWPOOL_BIN"/* bin
  mv bin/twpool-generation bin/real
  cat >bin/twpool-generation <<-'SH'
	#!/bin/bash
	"$(dirname "$0")/real" "$@" || exit
	[ "$1 $3" != "mark undone" ] || kill -KILL "$PPID"
	SH
  chmod +x bin/twpool-generation
  run -137 env TWPOOL_BIN="$PWD/bin" TWPOOL_ROOT="$host_root" "$tests/../rollback/twpool-rollback"
  run -0 host_run twpool-rollback
  same_tree
  answers
}

@test "--previous after a way back further that was killed: that one is ended" {
  deployed
  host_site '.pgbouncer.default_pool_size = 7'
  host_run twpool-deploy >/dev/null 2>&1
  for n in 2 1; do
    TWPOOL_ROOT=$host_root twpool-generation mark "$n" undoing
  done
  TWPOOL_ROOT=$host_root twpool-generation restore --to 1 -g server
  run -0 host_run twpool-rollback --previous
  [[ "$output" == *'the way back to the state before generation 0001 was interrupted: that is ended'*'rolled back: generation 0001 0002, verified,'* ]]
  same_tree
  answers
}

@test "a pooler that the killed run had already restarted: the server, which never reconnects, is restarted after it" {
  deployed
  host_site '.pgbouncer.default_pool_size = 7'
  host_run twpool-deploy >/dev/null 2>&1
  game=$(<"$host_root/run/game.pid")
  TWPOOL_ROOT=$host_root twpool-generation mark 2 undoing
  TWPOOL_ROOT=$host_root twpool-generation restore --to 2
  pooler=$(<"$host_root/run/twpool/pooler.pid")
  kill -KILL "$pooler"
  wait_until 5 _host_ended "$pooler"
  host_site
  # shellcheck disable=SC2016 # the inner shell's
  run -0 env TWPOOL_ROOT="$host_root" SITE="$host_top/site.json" home="$tests/.." bash -c '. "$home/deploy/lib/service.bash"; site_load; service_start pooler'
  run -0 host_run twpool-rollback
  [[ "$output" != *FAILED* && "$(<"$host_root/run/game.pid")" != "$game" ]]
  same_tree
  answers
}

@test "a generation that does not exist is a usage error" {
  deployed
  run -64 host_run twpool-rollback --to 7
  [[ "$output" == *"there is no generation 7"* ]]
}

@test "--list lists, --plan prints the commands, and neither changes anything" {
  deployed
  before=$(pids)
  host_tree >between
  run -0 host_run twpool-rollback --list
  [[ "$output" =~ ^0001\ \ complete\  ]]
  run -0 host_run twpool-rollback --plan
  [[ "$output" == *"+ twpool-generation restore --to 0001 -g server"*"+ kill -TERM"*"+ twpool-generation restore --to 0001 -g pooler"* ]]
  host_tree | diff between -
  [ "$(pids)" = "$before" ]
}

@test "a damaged record is refused with exit 1, and nothing is changed" {
  deployed
  host_tree >between
  truncate -s 50 "$host_root/var/lib/twpool/generations/0001/manifest.json"
  run -1 host_run twpool-rollback
  [[ "$output" == *"the records cannot be read; nothing was changed"* ]]
  host_tree | diff between -
}

@test "wrong options are usage errors" {
  run -64 env TWPOOL_ROOT="$PWD" "$tests/../rollback/twpool-rollback" --wrong
  run -64 env TWPOOL_ROOT="$PWD" "$tests/../rollback/twpool-rollback" --to now
  run -64 env TWPOOL_ROOT="$PWD" "$tests/../rollback/twpool-rollback" --to 1 --previous
}
