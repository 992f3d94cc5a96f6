#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-check: the pooler's process and what lies beside it: limits, the program on the disk,
# certificates, the log, the last deploy, secrets, and who comes past the pooler.
# shellcheck disable=SC2030,SC2031,SC2119,SC2154 # a test's variables are its own
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/pooler_setup.bash
. "$BATS_TEST_DIRNAME/lib/pooler_setup.bash"

setup() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  fixtures=$BATS_TEST_DIRNAME/fixtures/check
  sessions=()
}

teardown() {
  ((${#sessions[@]} == 0)) || kill "${sessions[@]}" || :
  if [[ -n ${other:-} ]]; then
    kill -QUIT "$(cat "$other/pid")"
  fi
}

check() {
  timeout 60 twpool-check --dsn "$CONSOLE" --timeout 20 "$@"
}

# check_other ARG...: the pooler of pooler_other.
check_other() {
  timeout 60 twpool-check --dsn "host=$other port=$port" --timeout 20 "$@"
}

# as_nobody CMD...: as somebody who is neither root nor the pooler's user, where we are root.
as_nobody() {
  ((EUID == 0)) || skip "root can be somebody else"
  cluster_open_way "$PWD"
  setpriv --reuid 65534 --regid 65534 --clear-groups -- env -i PATH="$PATH" PGPASSFILE=/dev/null "$@"
}

# --- the process ----------------------------------------------------------------------------------

@test "descriptors are counted against the process's own limit" {
  local most
  run -0 check --only process
  [[ "$output" =~ "'descriptors'="[0-9]+";"[0-9]+";"[0-9]+";0;"[0-9]+" 'memory'="[0-9]+B ]]
  port=$(free_port)
  pooler_other "$CLUSTER_DIR/h1" "s|^listen_port.*|listen_port = $port|" "$port"
  # What it has open when one asks, and one more.
  most=$(few_descriptors "$(cat "$other/pid")" 2)
  run -2 check_other --only process
  [[ "${lines[0]}" == "TWPOOL CRITICAL: $((most - 1)) of $most descriptors, "*" MiB of memory | 'descriptors'=$((most - 1));"*";0;$most "* ]]
  [[ "${lines[1]}" == "the process is nearly out of file descriptors: raise LimitNOFILE "* ]]
  run -2 check_other --only process --format json
  [ "$(jq -c '.process | [.max_descriptors, .descriptors_estimated, .memory_bytes > 1000000, .pid]' <<<"$output")" = "[$most,false,true,$(cat "$other/pid")]" ]
}

@test "whoever may not look into the process has its descriptors estimated, and its program left out" {
  local stats=(--dsn "host=$POOLER_DIR port=$POOLER_PORT user=stats dbname=pgbouncer")
  printf '%s\n' 'local pgbouncer stats trust' >>"$POOLER_DIR/hba.conf"
  console RELOAD
  run -0 as_nobody "$TWPOOL_BIN/twpool-check" "${stats[@]}" --timeout 20 -v
  [[ "$output" =~ $'\n'"OK process: "[0-9]+" (estimated) of "[0-9]+" descriptors, "[0-9.]+" of " ]]
  [[ "$output" == *$'\n'"not judged: version: "* && "$output" == *$'\n'"not judged: deploy: "* && "$output" == *$'\n'"not judged: secrets: "* ]]
  [[ "$output" != *UNKNOWN* ]]
}

@test "a console over TCP has no process: it is left out" {
  run -0 twpool-check --dsn "host=127.0.0.1 port=$POOLER_PORT user=stats" --timeout 20 -v
  [[ "$output" == *$'\n'"not judged: process: its process is known only where the console is asked over its Unix socket"* ]]
  [[ "$output" != *"'descriptors'"* ]]
}

# bats test_tags=installed
@test "a program that was replaced after the start waits for a restart" {
  ((EUID == 0)) || skip "the program must belong to root to be asked for its version"
  port=$(free_port)
  mkdir "$CLUSTER_DIR/bin"
  cp "$(readlink -f "$(command -v pgbouncer)")" "$CLUSTER_DIR/bin/pgbouncer"
  PATH=$CLUSTER_DIR/bin:$PATH pooler_other "$CLUSTER_DIR/h2" "s|^listen_port.*|listen_port = $port|" "$port"
  run -0 check_other --only version -v
  [[ "$output" == *"OK version: $CLUSTER_DIR/bin/pgbouncer is what runs: 1."* ]]
  # The same version: a rebuild of the distribution's, which no version number shows.
  cp "$CLUSTER_DIR/bin/pgbouncer" "$CLUSTER_DIR/bin/new"
  mv "$CLUSTER_DIR/bin/new" "$CLUSTER_DIR/bin/pgbouncer"
  run -1 check_other --only version
  [[ "${lines[0]}" == "TWPOOL WARNING: $CLUSTER_DIR/bin/pgbouncer was replaced after PgBouncer 1."*" was started: it waits for a restart" ]]
  printf '#!/bin/sh\necho PgBouncer 9.9.9\n' >"$CLUSTER_DIR/bin/new"
  chmod 0755 "$CLUSTER_DIR/bin/new"
  mv "$CLUSTER_DIR/bin/new" "$CLUSTER_DIR/bin/pgbouncer"
  run -1 check_other --only version
  [[ "${lines[0]}" == "TWPOOL WARNING: PgBouncer 1."*" runs, $CLUSTER_DIR/bin/pgbouncer is 9.9.9: it waits for a restart" ]]
  # Whoever else could have put it there is not run by root.
  chown 65534 "$CLUSTER_DIR/bin/pgbouncer"
  run -1 check_other --only version
  [[ "${lines[0]}" == *"was replaced after"* ]]
  rm -r "${CLUSTER_DIR:?}/bin"
}

# --- files that its settings name -----------------------------------------------------------------


@test "a certificate that has ended is critical, one that is good is not, one that is missing a warning" {
  port=$(free_port)
  cp "$fixtures/good.pem" "$fixtures/expired.pem" "$CLUSTER_DIR"
  chmod 0644 "$CLUSTER_DIR"/*.pem
  pooler_other "$CLUSTER_DIR/h3" "s|^listen_port.*|listen_port = $port\nclient_tls_cert_file = $CLUSTER_DIR/used.pem|" "$port"
  ln -s good.pem "$CLUSTER_DIR/used.pem"
  run -0 check_other --only certificates
  [[ "$output" =~ "'client_tls_cert_file certificate'="[0-9]{5}";14:;3:;0" ]]
  cat "$fixtures/expired.pem" >>"$CLUSTER_DIR/good.pem"
  run -2 check_other --only certificates
  [[ "${lines[0]}" == "TWPOOL CRITICAL: client_tls_cert_file $CLUSTER_DIR/used.pem has ended since "*" days | "* ]]
  [[ "${lines[1]}" == "a certificate has ended, or soon does: renew it"* ]]
  rm "$CLUSTER_DIR/good.pem"
  run -1 check_other --only certificates
  [[ "${lines[0]}" == "TWPOOL WARNING: client_tls_cert_file: '$CLUSTER_DIR/used.pem': No such file or directory"* ]]
  echo nonsense >"$CLUSTER_DIR/good.pem"
  run -1 check_other --only certificates
  [[ "${lines[0]}" == "TWPOOL WARNING: client_tls_cert_file: "*": no certificate in it"* ]]
  rm "$CLUSTER_DIR"/*.pem
}

@test "a log that the pooler cannot write is a warning" {
  run -0 check --only log -v
  [[ "$output" == *$'\n'"OK log: $POOLER_DIR/log can be written"* ]]
  port=$(free_port)
  mkdir "$CLUSTER_DIR/logs"
  ((EUID != 0)) || chown "$CLUSTER_SUPERUSER:" "$CLUSTER_DIR/logs"
  pooler_other "$CLUSTER_DIR/h4" "s|^listen_port.*|listen_port = $port|; s|^logfile.*|logfile = $CLUSTER_DIR/logs/log|" "$port"
  chmod 0555 "$CLUSTER_DIR/logs"
  run -1 check_other --only log
  [[ "${lines[0]}" == "TWPOOL WARNING: $CLUSTER_DIR/logs/log is in a directory that is closed to the pooler's user" ]]
  chmod 0755 "$CLUSTER_DIR/logs"
  rm -r "$CLUSTER_DIR/logs"
  run -1 check_other --only log
  [[ "${lines[0]}" == "TWPOOL WARNING: $CLUSTER_DIR/logs/log is in a directory that does not exist" ]]
}

@test "what upstream has said of the version is told, and is no warning of itself" {
  run -0 check --only advisories -v
  [[ "$output" == *$'\n'"OK advisories: PgBouncer 1."* ]]
  [[ "$output" =~ "'advisories'="[0-9]+";;;0" ]]
}

# --- deploys --------------------------------------------------------------------------------------

@test "a deploy that ended in the midst is a warning; one that is under way or done is none" {
  ((EUID == 0)) || skip "the records are root's"
  mkdir root
  export TWPOOL_ROOT=$PWD/root
  run -0 check --only console --only deploy -v
  [[ "$output" != *generation* ]]
  run -0 twpool-generation begin
  run -1 check --only deploy
  [[ "${lines[0]}" == "TWPOOL WARNING: generation 1 is open, and no deploy or rollback is under way: the last one did not end" ]]
  [[ "${lines[1]}" == *"twpool-rollback goes back, twpool-deploy --resume goes on" ]]
  : >root/var/lib/twpool/lock
  bash -c 'exec 9<>root/var/lib/twpool/lock; flock 9; exec sleep 600' 3>&- 4>&- &
  sessions+=("$!")
  wait_until 10 locked
  run -0 check --only deploy -v
  [[ "$output" == *$'\n'"OK deploy: generation 1 is open, a deploy or rollback is under way" ]]
  kill "${sessions[0]}"
  sessions=()
  wait_until 10 unlocked
}

locked() {
  ! flock -n root/var/lib/twpool/lock true
}

unlocked() {
  flock -n root/var/lib/twpool/lock true
}

# --- secrets, and who comes past the pooler -------------------------------------------------------

@test "a password that was changed in PostgreSQL is critical before anybody notices" {
  ((EUID == 0)) || skip "secrets are compared for root"
  local before
  run -0 check --postgres "$POSTGRES" --only secrets -v
  [[ "$output" == *$'\n'"OK secrets: 1 secret of the auth file is PostgreSQL's" ]]
  before=$(cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'game'")
  cluster_sql "ALTER ROLE game PASSWORD 'hunter2'"
  run -2 --separate-stderr check --postgres "$POSTGRES" --only secrets -v --explain
  [[ "${lines[0]}" == "TWPOOL CRITICAL: PostgreSQL has another secret than the pooler's auth file for game" ]]
  [[ "$output$stderr" != *SCRAM-SHA-256* && "$output$stderr" != *hunter2* ]]
  cluster_sql "ALTER ROLE game PASSWORD '$before'"
  run -0 check --postgres "$POSTGRES" --only secrets
}

@test "a client that comes past the pooler is a warning that names it; pooled ones and others are none" {
  site
  session one 'BEGIN; SELECT 1'
  wait_until 20 pool_has sv_active 1
  run -0 check --postgres "$POSTGRES" --site site.json --only stragglers -v
  [[ "$output" == *$'\n'"OK stragglers: nobody comes past the pooler"* ]]
  PGPASSWORD=pw psql -XAtq -h 127.0.0.1 -p "$CLUSTER_PORT" -U game -d game -c 'SELECT pg_sleep(600)' >/dev/null 3>&- 4>&- &
  sessions+=("$!")
  wait_until 20 sleeping
  run -1 check --postgres "$POSTGRES" --site site.json --only stragglers
  [[ "${lines[0]}" =~ ^"TWPOOL WARNING: 1 client comes past the pooler: game on game from 127.0.0.1:"[0-9]+" (pid "[0-9]+", since 2"[-0-9T:]+"Z) | 'stragglers'=1;0;;0"$ ]]
  [[ "${lines[1]}" == *"twpool-dsn find"* ]]
  run -0 check --postgres "$POSTGRES" --site site.json --only stragglers -w stragglers=5
  cluster_sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND usename = 'game'" >/dev/null
}

sleeping() {
  (($(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND wait_event = 'PgSleep'") == 1))
}

# --- a reload that went half way ------------------------------------------------------------------

# PgBouncer answers RELOAD as if all were well (before 1.25), keeps some values and resets the others.
@test "a reload that was applied by half is a warning that names what differs" {
  site '.pgbouncer += {query_wait_timeout: 33}'
  port=$(free_port)
  pooler_other "$CLUSTER_DIR/h5" "s|^listen_port.*|listen_port = $port\nquery_wait_timeout = 33|" "$port"
  jq ".pgbouncer.listen_port = $port" site.json >other.json
  run -0 check_other --site other.json --only config
  sed -i 's/^max_client_conn.*/max_client_conn = 199\nno_such_key = 1/' "$other/pgbouncer.ini"
  as_user "$CLUSTER_SUPERUSER" psql -XAtq -h "$other" -p "$port" -U pgbouncer -d pgbouncer -c RELOAD || :
  run -1 check_other --site other.json --only config
  [[ "${lines[0]}" == "TWPOOL WARNING: "*"max_client_conn: the site has '200', the running PgBouncer has '199'"* ]]
  [[ "${lines[1]}" == "the running pooler is not as the site has it: "* ]]
}
