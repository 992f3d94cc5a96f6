#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-deploy on a throwaway host with a real PostgreSQL, the real PgBouncer and a game server
# that runs: what it refuses, and that every failure leaves the host as it was.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

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

@test "an added latency above validate.max_overhead_ms takes the deploy back" {
  host "$(bots_filter 2) | .validate.max_overhead_ms = 0 | .validate.latency_pairs = 2000"
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

@test "a deploy that was killed is taken back by the next one" {
  host '.validate.command = ["sleep", "60"]'
  setsid env TWPOOL_ROOT="$host_root" "$tests/../deploy/twpool-deploy" --site site.json >talk.log 2>&1 3>&- &
  wait_until 90 grep -q 'load through the server' talk.log
  kill -KILL -- "-$!"
  wait $! || [ $? -eq 137 ]
  host_site "$(bots_filter 2)"
  run host_run twpool-deploy --only preflight
  [[ "$output" == *'warning record     generation 0001 was not finished'* ]]
  run -0 host_run twpool-deploy
  [[ "$output" == *"generation 0001 was not finished; going back to the state before it"*"deployed: generation 0002"* ]]
}

@test "what a killed run has left in /tmp, which may hold a password, goes with the next one; a live one's stays" {
  host
  gone=$(bash -c 'mktemp -d "/tmp/twpool-boot.$$.XXXXXX"')
  built=$(bash -c 'mktemp -d "/var/tmp/twpool-build.$$.XXXXXX"')
  live=$(mktemp -d "/tmp/twpool-plan.$$.XXXXXX")
  reused=$(mktemp -d "/tmp/twpool-boot.$$.XXXXXX")
  touch -d '2020-01-01' "$reused"
  run -0 host_run twpool-rollback
  [[ "$output" == *"+ rm -rf -- $gone"* ]]
  [[ ! -e $gone && ! -e $built && ! -e $reused && -e $live ]]
  rm -r "$live"
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

