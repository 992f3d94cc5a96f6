#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# auth.method "query" on a throwaway host: the pooler keeps no secret, PostgreSQL's pg_hba.conf and
# pg_ident.conf have one marked block, and all of it goes again.
# shellcheck disable=SC2119,SC2120,SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

# host [FILTER]: a host whose site asks for the lookup, with a running game server.
host() {
  host_pg=$PWD/root/pg
  host_make "$PWD" 40
  host_site ".auth = {method: \"query\"} | .postgres.host = .postgres.socket_directory | ${1:-.}"
  host_start
  cp -p "$host_pg/data/pg_hba.conf" "$host_pg/data/pg_ident.conf" .
}

# files_same: PostgreSQL's two files are as they were, with owner and mode.
files_same() {
  local file
  for file in pg_hba.conf pg_ident.conf; do
    cmp "$file" "$host_pg/data/$file"
    [ "$(stat -c '%U %a' "$file")" = "$(stat -c '%U %a' "$host_pg/data/$file")" ]
  done
}

@test "the pooler keeps no secret, the game goes through it, and rollback and purge leave nothing" {
  host
  run -0 --separate-stderr host_run twpool-deploy
  [[ "$output" == "deployed: generation 0001, "* ]]
  run -1 grep -r 'SCRAM-SHA-256\$' "$host_root/etc/pgbouncer"
  grep -qx 'auth_user = twpool_lookup' "$host_root/etc/pgbouncer/twpool/pgbouncer.ini"
  host_bots --bots 5 --duration 1 --think 0.1 --quiet >bots.json
  run -0 --separate-stderr host_run twpool-deploy
  [ "$output" = 'nothing to do: no file differs from site.json' ]
  run -0 --separate-stderr host_run twpool-rollback
  [[ "$output" == "rolled back: generation 0001, verified"* ]]
  files_same
  run -0 twpool-auth purge --site site.json
  [ "$output" = $'removed from game\nremoved the role twpool_lookup\nremoved the role twpool_probe' ]
  run -0 twpool-auth purge --site site.json
  [ "$output" = '' ]
  run -0 cluster_sql game "SELECT count(*) FROM pg_namespace, pg_roles WHERE nspname = 'twpool' OR rolname ~ '^twpool'"
  [ "$output" = 0 ]
}

# PgBouncer looks up nobody whom its old userlist had. The deploy failed for that, and a rollback to the lookup said
# that all is well, and no player could log in.
@test "from secrets to the lookup takes a restart: the plan says so, a deploy does it, and so does the way back" {
  host_pg=$PWD/root/pg
  host_make "$PWD" 40
  host_site .
  host_start
  host_run twpool-deploy >talk.log 2>&1
  host_site '.auth = {method: "query"} | .postgres.host = .postgres.socket_directory'
  run -0 host_run twpool-deploy --plan
  [[ "$output" == *"takes a restart: auth_user: "*" has 'twpool_lookup', the running PgBouncer has ''"* ]]
  run -0 --separate-stderr host_run twpool-deploy
  [[ "$output" == "deployed: generation 0002, "* ]]
  host_bots --bots 5 --duration 1 --think 0.1 --quiet >bots.json
  host_site .
  host_run twpool-deploy >talk.log 2>&1
  run -0 --separate-stderr host_run twpool-rollback --previous
  run -1 grep -r 'SCRAM-SHA-256\$' "$host_root/etc/pgbouncer"
  host_bots --bots 5 --duration 1 --think 0.1 --quiet >bots.json
}

@test "the six server connections of lookup and probe are reckoned with" {
  host_pg=$PWD/root/pg
  host_make "$PWD" 40
  host_site .
  run -0 twpool-size --site site.json
  [[ "$output" == *' 30 '*'S, the server connections of all pools at most'* ]]
  host_site '.auth = {method: "query"} | .postgres.host = .postgres.socket_directory'
  run -0 twpool-size --site site.json
  [[ "$output" == *' 36 '*'S, the server connections of all pools at most, and 6 of lookup and probe'* ]]
}
