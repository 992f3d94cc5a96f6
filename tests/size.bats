#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-size: the arithmetic on a real PostgreSQL, and S held against a real PgBouncer at its limits.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

setup_file() {
  load_words
  cluster_start "$BATS_FILE_TMPDIR/c" 40
  export POOL_PORT PGPASSFILE=$CLUSTER_DIR/passfile
  POOL_PORT=$(free_port)
  cluster_sql "CREATE ROLE game LOGIN PASSWORD 'pw-game'"
  cluster_sql "CREATE ROLE web LOGIN PASSWORD 'pw-web'"
  cluster_sql "CREATE ROLE guest LOGIN PASSWORD 'pw-guest'"
  cluster_sql "CREATE DATABASE game OWNER game"
  cluster_sql "CREATE DATABASE extra OWNER game"
  printf '*:*:*:%s:pw-%s\n' game game web web guest guest >"$PGPASSFILE"
  chmod 0600 "$PGPASSFILE"
}

teardown_file() {
  load_words
  kill -CONT "$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid")"
  cluster_stop
}

setup() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  # Where no pooler runs, no console of somebody else's is asked.
  export TWPOOL_ROOT=$BATS_TEST_TMPDIR/root
  sessions=()
}

# Whatever a test began or set is over before the next one.
teardown() {
  kill -CONT "$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid")"
  ((${#sessions[@]} == 0)) || kill "${sessions[@]}" || :
  if [[ -n ${pooler:-} ]]; then
    kill -CONT "$pooler"
    kill -QUIT "$pooler"
    wait_until 10 gone "$pooler"
  fi
  cluster_sql "ALTER ROLE game CONNECTION LIMIT -1 NOSUPERUSER"
  cluster_sql "ALTER ROLE web CONNECTION LIMIT -1"
  cluster_sql "ALTER DATABASE game CONNECTION LIMIT -1"
  wait_until 20 connected 'game web guest' 0
}

load_words() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
}

gone() {
  ! kill -0 "$1" 2>/dev/null
}

# connected ROLES N: PostgreSQL has N connections of these roles.
connected() {
  (($(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = ANY (string_to_array('$1', ' '))") == $2))
}

# site [JQ-FILTER]: writes site.json, changed by the filter. A pool of 10 + 2, and 8 bots.
site() {
  jq -n --arg socket "$CLUSTER_SOCKET" --arg super "$CLUSTER_SUPERUSER" --argjson pg "$CLUSTER_PORT" \
    --argjson pool "$POOL_PORT" '
    { schema: 1, service_manager: "process",
      postgres: { port: $pg, socket_directory: $socket, superuser: $super },
      databases: [ { name: "game" } ], users: [ { name: "game" } ],
      pgbouncer: { listen_port: $pool, default_pool_size: 10, reserve_pool_size: 2 },
      validate: { bots: 8 } }' | jq "${1:-.}" >site.json
}

size() {
  timeout 60 twpool-size --site site.json --timeout 20 "$@"
}

# said JQ-FILTER: of the report that `run` has got.
said() {
  jq -cr "$1" <<<"$output"
}

# session ROLE N [PORT] [DB]: N sessions of a role, each in a transaction. The caller waits for them.
session() {
  local i fifo
  for ((i = 0; i < $2; i++)); do
    fifo=session.$1.${#sessions[@]}
    mkfifo "$fifo"
    psql -XAtq -h 127.0.0.1 -p "${3:-$CLUSTER_PORT}" -U "$1" -d "${4:-game}" 0<>"$fifo" >"$fifo.out" 2>&1 3>&- 4>&- &
    sessions+=("$!")
    printf 'BEGIN; SELECT 1;\n' >"$fifo"
  done
}

# pooler_start: the pooler of site.json, as twpool renders it. Sets `pooler`, its pid.
pooler_start() {
  local run=$TWPOOL_ROOT/run/pgbouncer out=$TWPOOL_ROOT/etc/pgbouncer/twpool
  mkdir -p "$run" "$out"
  twpool-auth export --site site.json | twpool-render -q --site site.json --secrets 0 --out "$out"
  printf 'pidfile = %s\n' "$run/pid" >>"$out/pgbouncer.ini"
  if ((EUID == 0)); then
    chmod o+x "$TWPOOL_ROOT" "$TWPOOL_ROOT"/{run,etc,etc/pgbouncer}
    cluster_open_way "$BATS_TEST_TMPDIR"
    chown -R "$CLUSTER_SUPERUSER:" "$run" "$out"
  fi
  as_user "$CLUSTER_SUPERUSER" pgbouncer -q -d "$out/pgbouncer.ini" 3>&- 4>&- 2>pooler.log
  wait_until 10 test -S "$run/.s.PGSQL.$POOL_PORT"
  pooler=$(cat "$run/pid")
}

# --- the verdict ----------------------------------------------------------------------------------

@test "pools with room to spare are SAFE, and every term is shown" {
  site
  run -0 --separate-stderr size
  [ -z "$stderr" ]
  diff - <(printf '%s\n' "${output//:$CLUSTER_PORT/:PORT}") <<'TABLE'
SAFE: 12 of 37 usable connections of PostgreSQL at 127.0.0.1:PORT, after the deploy
PostgreSQL 127.0.0.1:PORT
         40  max_connections
          3  superuser_reserved_connections
          -  reserved_connections (since PostgreSQL 16)
         37  usable
          0  others now
          0  pooled roles now, past the pooler
          -  pooled roles now, through the pooler: it does not answer
         12  database game: (10 + 2), max_db_connections 100
         12  S, the server connections of all pools at most
         12 of 37  cut-over          SAFE            direct 0 + S 12 + others 0
         12 of 37  after             SAFE            S 12 + others 0
          8 of 37  after a rollback  SAFE            direct 8 (validate.bots) + others 0
Descriptors
       1122  the pooler: 1000 clients, its pools twice, and 100; set LimitNOFILE=4096
         16  the game server: 2 for each of 8 players, and its own files
TABLE
}

@test "80 % of what is usable is SAFE, one more is TIGHT, all of it still, and one more is too much" {
  site
  # 37 are usable, 29 are 80 % of them, and 12 are the pool's.
  run -0 size --json --others 17
  [ "$(said '.status, .servers[0].states.after.connections')" = $'safe\n29' ]
  run -0 size --json --others 18
  [ "$(said .status)" = tight ]
  run -0 size --json --others 25
  [ "$(said '.status, .servers[0].states.after.connections')" = $'tight\n37' ]
  run -1 size --json --others 26
  [ "$(said .status)" = oversubscribed ]
  run -1 size --others 26
  [[ "$output" == "OVERSUBSCRIBED: 38 of 37 usable connections"* ]]
}

@test "-q is silent when the pools fit, and only then" {
  site
  run -0 --separate-stderr size -q --others 25
  [ -z "$output$stderr" ]
  run -1 size -q --others 26
  [[ "$output" == "OVERSUBSCRIBED: "* ]]
}

@test "--json is one object of the schema, and what has no limit is null" {
  site
  run -0 --separate-stderr size --json --pgbouncer-version 1.18.0
  [ "$(said '.schema, .tool, .status, .pgbouncer_version')" = $'1\ntwpool-size\nsafe\n1.18.0' ]
  [[ "$(said .time)" == 20??-??-??T??:??:??Z ]]
  [ "$(said '.servers | length')" = 1 ]
  [ "$(said '.servers[0] | [.max_connections, .superuser_reserved_connections, .usable_connections, .pool_connections]')" = '[40,3,37,12]' ]
  [ "$(said '.servers[0].databases[0] | [.max_db_connections, .connection_limit, .pools[0].pool_size, .pools[0].reserve_pool_size]')" = '[100,null,10,2]' ]
  [ "$(said '.servers[0] | [.error, .advice, .users[0].connection_limit]')" = '[null,null,null]' ]
  [ "$(said .descriptors)" = '{"pooler":1122,"pooler_limit":4096,"server":16}' ]
}

@test "-v says for each pool which keys set its size" {
  site '.users += [{ name: "web", pool_size: 3 }]'
  run -0 size -v
  [[ "$output" == *"- pool game/web: (3 + 2) by users[1].pool_size, pgbouncer.reserve_pool_size"* ]]
}

# --- who is connected -----------------------------------------------------------------------------

@test "connections of others count, those of pooled roles are direct, and --others is a lower bound" {
  site
  session guest 4
  session game 3
  wait_until 20 connected 'guest' 4
  wait_until 20 connected 'game' 3
  run -0 size --json
  [ "$(said '.servers[0].connections')" = '{"others":4,"others_reckoned":4,"direct":3,"pooled":null}' ]
  [ "$(said '[.servers[0].states[].connections]')" = '[19,16,12]' ]
  run -0 size --json --others 6
  [ "$(said '[.servers[0].states[].connections]')" = '[21,18,14]' ]
  run -0 size --json --others 2
  [ "$(said '[.servers[0].states[].connections]')" = '[19,16,12]' ]
}

@test "after a rollback there are the bots, or the direct connections of now where they are more" {
  site '.validate.bots = 2'
  session game 5
  wait_until 20 connected game 5
  run -0 size
  [[ "$output" == *" 5 of 37  after a rollback  SAFE            direct 5 + others 0"* ]]
  site '.validate.bots = 60'
  run -0 size
  [[ "$output" == *"60 of 37  after a rollback  OVERSUBSCRIBED  direct 60 (validate.bots) + others 0"* ]]
}

@test "a cut-over that is too much is a warning and no error: the server stops first" {
  site '.pgbouncer.default_pool_size = 27'
  session game 12
  wait_until 20 connected game 12
  run -0 size
  [[ "$output" == "TIGHT: 29 of 37 "* || "$output" == "SAFE: 29 of 37 "* ]]
  [[ "$output" == *"41 of 37  cut-over          OVERSUBSCRIBED  direct 12 + S 29 + others 0"* ]]
  [[ "$output" == *"warning: the cut-over fits only because a deploy stops the server first"* ]]
}

# --- S --------------------------------------------------------------------------------------------

# bound JQ-FILTER [OPTION]...: S of such a site, null where it has no bound.
bound() {
  local filter=$1
  shift
  site "$filter"
  size --json "$@" | jq '.servers[0].pool_connections'
}

@test "one pool for each database and user, each database capped" {
  [ "$(bound '.users += [{ name: "web" }]')" = 24 ]
  [ "$(bound '.users += [{ name: "web" }] | .databases += [{ name: "extra" }]' || :)" = 48 ]
  [ "$(bound '.users += [{ name: "web" }] | .pgbouncer.max_db_connections = 20')" = 20 ]
  [ "$(bound '.databases += [{ name: "extra", max_db_connections: 5 }]')" = 17 ]
  [ "$(bound '.databases[0].max_db_connections = 0 | .pgbouncer.max_db_connections = 7')" = 7 ]
}

@test "a database's size wins over the default, and a user's over both" {
  [ "$(bound '.databases[0].pool_size = 3')" = 5 ]
  [ "$(bound '.databases[0].reserve_pool = 0')" = 10 ]
  [ "$(bound '.databases[0].reserve_pool_size = 1')" = 11 ]
  [ "$(bound '.databases[0].pool_size = 3 | .users[0].pool_size = 4 | .users[0].reserve_pool_size = 1')" = 5 ]
  [ "$(bound '.databases[0].pool_size = "3"')" = 5 ]
  [ "$(bound '.pgbouncer.reserve_pool_timeout = 0')" = 10 ]
  [ "$(bound '.pgbouncer.reserve_pool_timeout = 0.5')" = 12 ]
}

@test "the limit of a user counts in all databases together" {
  [ "$(bound '.databases += [{ name: "extra" }] | .pgbouncer.max_user_connections = 15')" = 15 ]
  [ "$(bound '.databases += [{ name: "extra" }] | .users[0].max_user_connections = 7')" = 7 ]
  [ "$(bound '.users += [{ name: "web" }] | .users[0].max_user_connections = 7')" = 19 ]
  site '.databases += [{ name: "extra" }] | .users[0].max_user_connections = 7'
  run -0 size
  [[ "$output" == *"  7  user game, in all databases, max_user_connections 7"* ]]
  [[ "$output" == *"  7  database extra: min(7, 10 + 2), max_db_connections 100"* ]]
}

@test "CONNECTION LIMIT of PostgreSQL caps too, and says so" {
  site '.users += [{ name: "web" }]'
  cluster_sql "ALTER ROLE web CONNECTION LIMIT 4"
  run -0 size
  [[ "$output" == *" 16  S, "* && "$output" == *"  4  user web, in all databases, CONNECTION LIMIT 4"* ]]
  cluster_sql "ALTER DATABASE game CONNECTION LIMIT 9"
  run -0 size
  [[ "$output" == *"  9  database game: (10 + 2) + min(4, 10 + 2), max_db_connections 100, CONNECTION LIMIT 9"* ]]
  [[ "$output" == *"  9  S, "* ]]
}

@test "no CONNECTION LIMIT holds for a superuser, and that is said" {
  site
  cluster_sql "ALTER ROLE game SUPERUSER CONNECTION LIMIT 4"
  cluster_sql "ALTER DATABASE game CONNECTION LIMIT 5"
  run -0 size
  [[ "$output" == *" 12  S, "*"warning: game is a superuser"* ]]
}

@test "a pool size of 0 has no bound from 1.24 on, and opens one connection and the reserve before" {
  [ "$(bound '.pgbouncer.default_pool_size = 0' --pgbouncer-version 1.24.0)" = 100 ]
  [ "$(bound '.pgbouncer.default_pool_size = 0' --pgbouncer-version 1.23.1)" = 2 ]
  [ "$(bound '.pgbouncer.default_pool_size = 0 | .pgbouncer.reserve_pool_size = 0' --pgbouncer-version 1.18.0)" = 1 ]
  site '.pgbouncer.default_pool_size = 0 | .pgbouncer.max_db_connections = 0'
  run -1 size
  [[ "$output" == "OVERSUBSCRIBED: unlimited of 37 usable connections"* ]]
  [[ "$output" == *"unlimited  database game: unlimited"*"unlimited  S, "* ]]
  [[ "$output" != *"max_connections = "* ]]
  run -1 size --json
  [ "$(said '.servers[0] | [.bounded, .pool_connections]')" = '[false,null]' ]
}

@test "a key that this version does not know is refused with its place" {
  site '.users[0].pool_size = 4'
  run -78 --separate-stderr size --pgbouncer-version 1.22.1
  [[ "$stderr" == "twpool-size: "*"site.json: users[0].pool_size: pool_size: known since PgBouncer 1.23.0, this is 1.22.1" ]]
  run -0 size --pgbouncer-version 1.23.0
}

@test "two names of this host are one server" {
  site '.databases += [{ name: "extra", host: "localhost" }, { name: "more", host: "/var/run/postgresql" }]'
  run -0 size --json
  [ "$(said '[.servers[] | .pool_connections]')" = '[36]' ]
}

@test "so_reuseport is warned of: each process has its own pools" {
  site '.pgbouncer.so_reuseport = true'
  run -0 size
  [[ "$output" == *"warning: so_reuseport: with N processes of the pooler, S is N times that" ]]
}

# --- a real pooler at its limits ------------------------------------------------------------------

@test "S is what a real PgBouncer opens when everybody wants more, and its connections are not direct" {
  site '.pgbouncer += { default_pool_size: 2, reserve_pool_size: 1, reserve_pool_timeout: 0.1 }
    | .users += [{ name: "web" }] | .databases += [{ name: "extra", max_db_connections: 4 }]'
  pooler_start
  session game 6 "$POOL_PORT" game
  session web 6 "$POOL_PORT" game
  session game 6 "$POOL_PORT" extra
  session web 6 "$POOL_PORT" extra
  wait_until 30 connected 'game web' 10
  session game 1
  wait_until 20 connected 'game web' 11
  run -0 size --json
  [ "$(said '.servers[0] | [.pool_connections, .connections.pooled, .connections.direct]')" = '[10,10,1]' ]
  [ "$(said '.servers[0].states.cut_over.connections')" = 11 ]
}

# A sum of capped databases, or of capped users, is more than all limits allow together.
@test "S of 1,000 random sites is what a simulator opens one by one, which shares no code with it" {
  local i
  mkdir sites
  perl "$BATS_TEST_DIRNAME/lib/pools.pl" make sites 1000
  perl "$BATS_TEST_DIRNAME/lib/pools.pl" most sites/*.json >expected
  for i in sites/*.json; do
    twpool-size --json --site "$i" --timeout 5 2>>log || :
  done | jq -r '.servers[0].pool_connections' | paste -d' ' <(printf '%s\n' sites/*.json) - >bounds
  [ "$(wc -l <bounds)" -eq 1000 ]
  diff expected bounds
}

@test "a pooler that hangs keeps nobody waiting: its connections then count as direct" {
  site
  pooler_start
  session game 2 "$POOL_PORT"
  wait_until 20 connected game 2
  kill -STOP "$pooler"
  run -0 timeout 40 twpool-size --site site.json --timeout 9 --json
  [ "$(said '.servers[0].connections | [.direct, .pooled]')" = '[2,null]' ]
}

# --- what to change -------------------------------------------------------------------------------

# heed JQ-FILTER: such a site, with the changes that the report in `output` advises.
heed() {
  site "$1 $(said '.servers[].advice.site[] | "| .\(.key) = \(.value)"')"
}

@test "the advised changes, heeded, make it SAFE" {
  local filter
  for filter in \
    '.pgbouncer.default_pool_size = 30' \
    '.pgbouncer.default_pool_size = 0 | .pgbouncer.max_db_connections = 0' \
    '.databases += [{ name: "a", pool_size: 40, reserve_pool: 9 }, { name: "b", max_db_connections: 200, pool_size: 5 }]' \
    '.users += [{ name: "web", pool_size: 25 }, { name: "guest" }] | .pgbouncer.max_db_connections = 0' \
    '.databases += [range(9) | { name: "shard\(.)" }] | .users += [{ name: "web" }]'; do
    site "$filter"
    run size --json --others 7
    [ "$(said '.servers[0].advice.site | length > 0')" = true ]
    heed "$filter"
    run -0 size --json --others 7
    [ "$(said .status)" = safe ] || {
      echo "$filter"
      cat site.json
      return 1
    }
  done
}

@test "the advice is read as lines, and a database that needs little keeps its settings" {
  site '.databases += [{ name: "extra", pool_size: 3 }] | .pgbouncer.default_pool_size = 40'
  run -1 size
  [[ "$output" == *"  SAFE with these in site.json:"$'\n'"    pgbouncer.default_pool_size: 22    (now 40)"$'\n'"    pgbouncer.max_db_connections: 24    (now 100)"$'\n'* ]]
  [[ "$output" == *"  SAFE also with max_connections = 62 in postgresql.conf, and a restart of PostgreSQL"* ]]
}

@test "the advised max_connections, heeded, makes it SAFE" {
  site '.databases += [{ name: "extra" }, { name: "more" }]'
  run -0 size --json
  [ "$(said '.status, .servers[0].advice.max_connections')" = $'tight\n48' ]
  cluster_sql "ALTER SYSTEM SET max_connections = 48"
  cluster_restart
  run size --json
  cluster_sql "ALTER SYSTEM RESET max_connections"
  cluster_restart
  [ "$(said '.status, .servers[0].usable_connections')" = $'safe\n45' ]
}

@test "where others leave nothing, no setting of the pooler is advised" {
  site
  run -1 size --others 36
  [[ "$output" != *"site.json:"* && "$output" == *"  SAFE with max_connections = 63 in"* ]]
}

# --- other servers --------------------------------------------------------------------------------

@test "a database elsewhere is reckoned apart, and is unknown until somebody names its server" {
  site '.databases += [{ name: "far", host: "192.0.2.7", port: 5432, pool_size: 6 }]'
  run -69 --separate-stderr size --json
  [ "$(said '[.servers[] | [.host, .status, .pool_connections, .max_connections]]')" = '[["127.0.0.1","safe",12,40],["192.0.2.7","unknown",8,null]]' ]
  [ "$(said .status)" = unknown ]
  [[ "$stderr" == "twpool-size: nobody can be asked for the limits of 192.0.2.7:5432"$'\n'"HINT: Name it with --postgres." ]]
  run -69 --separate-stderr size
  [[ "$output" == "UNKNOWN: the limits of PostgreSQL at 192.0.2.7:5432"* ]]
  # What is too much is too much, whatever is unknown besides.
  run -1 --separate-stderr size --others 26
  [[ "$output" == "OVERSUBSCRIBED: 38 of 37 "* ]]
}

@test "--postgres asks the server at its host and port, as any role, and a remote one is not taken for the local one" {
  site '.postgres.host = "192.0.2.7" | .databases += [{ name: "extra", host: "127.0.0.1", pool_size: 4 }]'
  run -69 --separate-stderr size --json --postgres "host=127.0.0.1 port=$CLUSTER_PORT user=guest dbname=game"
  [ "$(said '[.servers[] | [.host, .status, .usable_connections]]')" = '[["192.0.2.7","unknown",null],["127.0.0.1","safe",37]]' ]
  site '.postgres.host = "192.0.2.7"'
  run -0 size --json --postgres "host=$CLUSTER_SOCKET port=$CLUSTER_PORT user=$CLUSTER_SUPERUSER dbname=postgres"
  [ "$(said '[.servers[] | [.host, .status]]')" = '[["192.0.2.7","safe"]]' ]
}

# --- what goes wrong ------------------------------------------------------------------------------

@test "a PostgreSQL that does not answer is 69 with S all the same, within the time" {
  site
  kill -STOP "$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid")"
  run -69 --separate-stderr timeout 20 twpool-size --site site.json --timeout 3
  [[ "$output" == "UNKNOWN: "*" 12  S, "*"LimitNOFILE=4096"* ]]
  [[ "$stderr" == "twpool-size: PostgreSQL at 127.0.0.1:$CLUSTER_PORT: "*"no answer in time" ]]
}

@test "a PostgreSQL that is not there is 69, a refused login 77" {
  site '.postgres.port = 1'
  run -69 --separate-stderr size --json
  [ "$(said '.status, .servers[0].states.after.status, .servers[0].connections.others')" = $'unknown\nunknown\nnull' ]
  [[ "$(said '.servers[0].error')" == *".s.PGSQL.1"* ]]
  site
  run -77 --separate-stderr size --postgres "host=127.0.0.1 port=$CLUSTER_PORT user=nobody dbname=game"
  [[ "$output" == "UNKNOWN: "* ]]
}

@test "something that is not PostgreSQL is 69" {
  site
  pooler_start
  run -69 --separate-stderr size --postgres "host=$TWPOOL_ROOT/run/pgbouncer port=$POOL_PORT user=pgbouncer dbname=pgbouncer"
  [[ "$output" == "UNKNOWN: "* && "$stderr" == "twpool-size: PostgreSQL at "* ]]
}

@test "wrong usage is 64, a missing site 66, a wrong one 78" {
  site
  run -64 --separate-stderr twpool-size
  [[ "$stderr" == "twpool-size: --site FILE is required" ]]
  run -64 size --pgbouncer-version new
  run -64 size --others -1
  run -64 size --descriptors --json
  run -64 --separate-stderr size --postgres 'host=127.0.0.1 password=hunter2'
  [[ "$stderr" != *hunter2* ]]
  run -66 twpool-size --site nowhere.json
  site '.databases[0].pool_size = "many"'
  run -78 --separate-stderr size
  [[ "$stderr" == *"site.json: databases[0].pool_size: expected an integer, got a string" ]]
  site '.databases[0].name = "*"'
  run -78 --separate-stderr size
  [[ "$stderr" == *"databases[0].name: '*' is not supported" ]]
  site '.databases[0].pool_size = 99999999999'
  run -78 size
}

# --- descriptors ----------------------------------------------------------------------------------

@test "--descriptors prints the limit and nothing else, and asks nobody" {
  site '.postgres.port = 1'
  run -0 --separate-stderr size --descriptors
  [ "$output" = 4096 ]
  [ -z "$stderr" ]
}

@test "the pooler's descriptors: clients, every pool twice and its reserve, a hundred; in steps of 4096" {
  local pools='.users += [{ name: "web" }] | .pgbouncer.default_pool_size = 20 | .pgbouncer.max_client_conn ='
  site "$pools 3912" # and 2 x (2 x 20 + 2) + 100
  [ "$(size --descriptors)" = 4096 ]
  site "$pools 3913"
  [ "$(size --descriptors)" = 8192 ]
  run -1 size --json
  [ "$(said .descriptors.pooler)" = 4097 ]
  # A pool without limit has one in its database, or in the clients that can want something of it.
  site '.pgbouncer.default_pool_size = 0 | .pgbouncer.max_client_conn = 3896'
  [ "$(size --descriptors)" = 4096 ]
  site '.pgbouncer.default_pool_size = 0 | .pgbouncer.max_client_conn = 2000 | .pgbouncer.max_db_connections = 0'
  [ "$(size --descriptors)" = 8192 ]
}
