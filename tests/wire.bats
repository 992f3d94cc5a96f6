#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The wire client of twpool-stress, against real servers and held against libpq on the same load.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/pooler_setup.bash
. "$BATS_TEST_DIRNAME/lib/pooler_setup.bash"
# shellcheck source=tests/lib/stress.bash
. "$BATS_TEST_DIRNAME/lib/stress.bash"

setup_file() {
  pooled_cluster 20
  cluster_sql "CREATE ROLE easy LOGIN"
  cluster_sql "CREATE ROLE plain LOGIN PASSWORD 'pw-plain'"
  cluster_sql "SET password_encryption = md5; CREATE ROLE old LOGIN PASSWORD 'pw-old'"
  certificate "$CLUSTER_DIR/data"
  printf '%s\n' "local all $CLUSTER_SUPERUSER peer" 'host all easy 127.0.0.1/32 trust' 'host all plain 127.0.0.1/32 password' \
    'host all old 127.0.0.1/32 md5' 'host all all 127.0.0.1/32 scram-sha-256' 'local all all scram-sha-256' |
    as_user "$CLUSTER_SUPERUSER" tee "$CLUSTER_DIR/data/pg_hba.conf" >/dev/null
  cluster_sql "ALTER SYSTEM SET ssl = on"
  cluster_sql 'SELECT pg_reload_conf()'
  printf '*:*:*:%s:pw-%s\n' plain plain old old >>"$PGPASSFILE"
}

setup() {
  stress_ready --duration 0.3 --client wire
}

# certificate DATA: a server's certificate for localhost, and one that has not signed it, beside it.
certificate() {
  as_user "$CLUSTER_SUPERUSER" openssl req -new -x509 -nodes -newkey rsa:2048 -days 30 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$1/server.key" -out "$1/server.crt" 2>/dev/null
  as_user "$CLUSTER_SUPERUSER" chmod 0600 "$1/server.key"
  openssl req -new -x509 -nodes -newkey rsa:2048 -days 30 -subj /CN=other -keyout "$BATS_FILE_TMPDIR/other.key" \
    -out "$BATS_FILE_TMPDIR/other.crt" 2>/dev/null
  cp "$1/server.crt" "$BATS_FILE_TMPDIR/server.crt"
}

# both ARG...: the same run by either client; wire.json and libpq.json.
both() {
  local client
  for client in wire libpq; do
    timeout -k 1 60 twpool-stress --client "$client" --json "$client.json" "$@" >"$client.out" 2>&1 || :
  done
}

# same FILTER: the two reports are the same there.
same() {
  diff <(jq "$1" wire.json) <(jq "$1" libpq.json)
}

@test "logs in by trust, a password in plain text, md5 and SCRAM, with either protocol" {
  local role protocol
  for role in easy plain old game; do
    for protocol in simple extended; do
      stress 0 --dsn "$DIRECT user=$role" -M "$protocol" --min-success 1
      [ "$(report '.targets[0] | [.client_kind, .user, .logins.succeeded, .pooled]')" = "[\"wire\",\"$role\",4,false]" ]
    done
  done
  stress 0 --dsn "host=$CLUSTER_SOCKET port=$CLUSTER_PORT user=game dbname=game" --min-success 1
  stress 0 --dsn "$POOLED" --min-success 1
  [ "$(report '.targets[0].pooled')" = true ]
}

@test "a wrong password is refused in each way, and no password too" {
  local role
  for role in plain old game; do
    printf '*:*:*:%s:wrong\n' "$role" >pass
    chmod 600 pass
    PGPASSFILE=$PWD/pass stress 77 --dsn "$DIRECT user=$role"
    [ "$(report '.targets[0].failures[0] | [.class, .sqlstate, .count]')" = '["authentication","28P01",4]' ]
    PGPASSFILE=/dev/null stress 77 --dsn "$DIRECT user=$role"
    [[ "$(report '.targets[0].failures[0].message')" == *'fe_sendauth: no password supplied"' ]]
  done
}

@test "a role's salted password is computed once: a login takes a fraction of libpq's CPU" {
  console 'SET default_pool_size = 3'
  both --dsn "$POOLED" --bots 100 --duration 0
  same '.targets[0].logins.succeeded'
  [ "$(jq -n --slurpfile a wire.json --slurpfile b libpq.json '$a[0].targets[0].client.cpu_per_login_ms * 4 < $b[0].targets[0].client.cpu_per_login_ms')" = true ]
}

@test "TLS: asked for by default, required, verified by certificate and by name" {
  local root=$BATS_FILE_TMPDIR/server.crt local="port=$CLUSTER_PORT user=game dbname=game" over
  # shellcheck disable=SC2016 # a script of SQL
  printf 'SELECT 1 / (SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid())\n' >encrypted.sql
  for over in '' sslmode=require "sslmode=verify-ca sslrootcert=$root"; do
    stress 0 --dsn "host=127.0.0.1 $local $over" --script encrypted.sql --min-success 1
  done
  stress 0 --dsn "host=localhost hostaddr=127.0.0.1 $local sslmode=verify-full sslrootcert=$root" --script encrypted.sql --min-success 1
  stress 69 --dsn "host=127.0.0.1 $local sslmode=verify-full sslrootcert=$root"
  [[ "$(report '.targets[0].failures[0].message')" == *"certificate verify failed"* ]]
  stress 69 --dsn "host=localhost hostaddr=127.0.0.1 $local sslmode=verify-ca sslrootcert=$BATS_FILE_TMPDIR/other.crt"
  [[ "$(report '.targets[0].failures[0].message')" == *"certificate verify failed"* ]]
  stress 0 --dsn "host=127.0.0.1 $local sslmode=disable" --script encrypted.sql
  [ "$(report '.targets[0].failures[0].sqlstate')" = '"22012"' ]
  stress 69 --dsn "$POOLED sslmode=require"
  [[ "$(report '.targets[0].failures[0].message')" == *"server does not support SSL, but SSL was required"* ]]
}

@test "a service file says where, and a password file as whom" {
  printf '[there]\nhost=127.0.0.1\nport=%s\nuser=game\ndbname=game\n' "$CLUSTER_PORT" >services
  PGSERVICEFILE=$PWD/services stress 0 --dsn service=there --min-success 1
  [ "$(report '.targets[0].client_kind')" = '"wire"' ]
}

@test "what only libpq can do is done by libpq, unless the wire client was asked for" {
  stress 69 --dsn "host=127.0.0.1,127.0.0.1 port=$CLUSTER_PORT user=game dbname=game"
  [[ "$stderr" == "twpool-stress: --dsn: the wire client takes one host" ]]
  run -0 timeout 60 twpool-stress --bots 2 --duration 0 --json out.json --dsn "host=127.0.0.1,127.0.0.1 port=$CLUSTER_PORT user=game dbname=game"
  [ "$(report '.targets[0] | [.client_kind, .logins.succeeded]')" = '["libpq",2]' ]
  stress 69 --dsn "$DIRECT target_session_attrs=read-write"
  stress 69 --dsn "$DIRECT channel_binding=require"
  run -64 --separate-stderr twpool-stress --dsn "$DIRECT" --client psql
  [[ "$stderr" == *"expected wire or libpq, got 'psql'" ]]
}

@test "rows larger than a read, many rows, notices, several results" {
  printf '%s;\n' "SELECT repeat('x', 1000000)" 'SELECT i, i FROM generate_series(1, 20000) i' \
    "DO \$\$ BEGIN RAISE WARNING 'careful'; END \$\$" 'SELECT NULL' 'SELECT WHERE false' '' >s.sql
  both --dsn "$DIRECT" --script s.sql --bots 2 --duration 0.3 --think 0.1 --min-success 1
  same '.targets[0] | [.transactions.success, .survivors, .failures]'
  [ "$(jq '.targets[0].transactions.success' wire.json)" = 1 ]
}

@test "the same load by either client: the same figures" {
  both --dsn "$POOLED" --bots 20 --duration 2 --think 0.1
  same '.targets[0] | [.pooled, .logins.attempted, .logins.succeeded, .survivors, .transactions.success, .failures]'
  # How many fit into the time depends on the server; the pauses are the same.
  [ "$(jq -n --slurpfile a wire.json --slurpfile b libpq.json '$a[0].targets[0].transactions.per_second / $b[0].targets[0].transactions.per_second | . > 0.7 and . < 1.4')" = true ]
}

@test "the same failures by either client, in the same words" {
  local failures='[.targets[0].failures[] | [.class, .sqlstate, .phase, (.message | sub("^.*failed: "; ""))]] | sort'
  printf '%s\n' BEGIN 'SELECT 1/0' COMMIT >zero.sql
  both --dsn "$DIRECT" --script zero.sql --bots 3 --duration 0.2 --think 0.05
  same "$failures"
  both --dsn "$DIRECT" --bots 18 --duration 0
  same "$failures"
  [ "$(jq -c "$failures | map(.[0])" wire.json)" = '["slots_reserved"]' ]
  printf 'SELECT pg_sleep(5)\n' >slow.sql
  both --dsn "$DIRECT" --script slow.sql --bots 3 --duration 0.2 --think 0 --deadline 0.3
  same '[.targets[0].survivors, .targets[0].failures]'
  both --dsn "host=127.0.0.1 port=1 user=game" --bots 2
  same "$failures"
  both --dsn "$DIRECT dbname=nowhere" --bots 2
  same "$failures"
  printf 'SELECT pg_terminate_backend(pg_backend_pid())\n' >end.sql
  both --dsn "$DIRECT" --script end.sql --bots 3 --duration 0.3 --think 0
  same '[.targets[0].survivors, (.targets[0].failures[] | [.class, .sqlstate, .phase, .count])]'
  printf 'COPY pg_class TO STDOUT\n' >copy.sql
  both --dsn "$DIRECT" --script copy.sql --bots 2 --duration 0.3
  same '[.targets[0].survivors, .targets[0].failures]'
}

@test "a statement is cancelled, directly and through the pooler, by either client" {
  local dsn client
  for dsn in "$DIRECT" "$POOLED"; do
    for client in wire libpq; do
      stress 0 --dsn "$dsn" --client "$client" --builtin cancel --bots 2 --min-success 1
      [ "$(report '.targets[0] | .transactions.succeeded >= 2 and .latency_ms.p50 >= 50 and .survivors == 2')" = true ]
    done
  done
  # The pooler is alive: 1.18 dies where a client that cancels hangs up first.
  console 'SHOW VERSION'
}

@test "a server that lies ends in failures, and nothing worse" {
  local server
  perl "$BATS_TEST_DIRNAME/lib/liar.pl" port 3>&- 4>&- &
  server=$!
  wait_until 10 test -e port
  run -69 --separate-stderr timeout -k 1 100 twpool-stress --client wire --bots 1500 --duration 0 --login-deadline 20 --json out.json \
    --dsn "host=127.0.0.1 port=$(<port) user=game dbname=game" || [ "$status" -eq 77 ]
  kill "$server"
  [ "$(report '.targets[0] | .logins.attempted == 1500 and ([.failures[].count] | add) == 1500')" = true ]
}
