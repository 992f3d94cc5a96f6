# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Clients of the pooler of pooler.bash that come, hold and wait, other poolers beside it, and a site as
# it is. Sourced after it, by tests that have an array `sessions` of what is to be ended.

# pools COLUMN: a number of the pool game/game, 0 where there is no such pool.
pools() {
  as_user "$CLUSTER_SUPERUSER" psql -XAq -F ' ' -h "$POOLER_DIR" -p "$POOLER_PORT" -U pgbouncer pgbouncer -c 'SHOW POOLS' |
    awk -v column="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) c = i }
      $1 == "game" { n = $c } END { print n + 0 }'
}

# pool_has COLUMN NUMBER
pool_has() {
  (($(pools "$1") == $2))
}

idle() {
  pool_has cl_active 0 && pool_has cl_waiting 0 && pool_has sv_active 0
}

# session NAME SQL: a client of the pooler that runs SQL and stays; say NAME SQL has it
# run more.
session() {
  mkfifo "$1"
  psql -XAtq -h 127.0.0.1 -p "$POOLER_PORT" -U game -d game 0<>"$1" >"$1.out" 2>&1 3>&- 4>&- &
  sessions+=("$!")
  say "$1" "$2"
}

say() {
  printf '%s;\n' "$2" >"$1"
}

# hold N: all of the pool's 3 server connections are idle in transaction, and N clients wait.
hold() {
  local i
  for i in 1 2 3; do
    session "holder$i" 'BEGIN; SELECT 1'
  done
  wait_until 20 pool_has sv_active 3
  for ((i = 1; i <= $1; i++)); do
    session "waiter$i" 'BEGIN; SELECT 1'
  done
  wait_until 20 pool_has cl_waiting "$1"
  wait_until 20 still
}

# still: PostgreSQL sees the three idle in transaction for longer than half a second.
still() {
  (($(cluster_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'game' AND state = 'idle in transaction'
    AND state_change < clock_timestamp() - interval '0.5 s'") == 3))
}

# pooler_other DIR SED: another PgBouncer of the same file, edited, in DIR. Its socket is there.
pooler_other() {
  other=$1
  mkdir "$1"
  sed "s|$POOLER_DIR|$1|; s|$1/userlist|$POOLER_DIR/userlist|; s|$1/hba|$POOLER_DIR/hba|; $2" \
    "$POOLER_DIR/pgbouncer.ini" >"$1/pgbouncer.ini"
  ((EUID != 0)) || chown -R "$CLUSTER_SUPERUSER:" "$1"
  as_user "$CLUSTER_SUPERUSER" pgbouncer -q -d "$1/pgbouncer.ini" 3>&- 4>&-
  wait_until 10 test -S "$1/.s.PGSQL.$3"
}

# pooler_needs_tcp: does this PgBouncer end where another process has its port? Since 1.19; before, it
# comes up on its Unix socket alone.
pooler_needs_tcp() {
  printf '%s\n' 1.19.0 "$(pgbouncer -V </dev/null | sed -n '1s/^PgBouncer //p')" | sort -CV
}

# few_descriptors PID MORE: the pooler may have MORE descriptors than it has open now. Prints the limit.
few_descriptors() {
  local open=(/proc/"$1"/fd/*)
  as_user "$CLUSTER_SUPERUSER" prlimit --pid "$1" --nofile="$((${#open[@]} + $2))"
  echo "$((${#open[@]} + $2))"
}

# site FILTER: site.json as the running pooler is, and what jq then makes of it; ./root has its socket.
site() {
  mkdir -p root/run
  ln -sfn "$POOLER_DIR" root/run/pgbouncer
  export TWPOOL_ROOT=$PWD/root
  jq -n --arg dir "$CLUSTER_SOCKET" --arg su "$CLUSTER_SUPERUSER" --argjson pg "$CLUSTER_PORT" --argjson port "$POOLER_PORT" \
    '{schema: 1, databases: [{name: "game"}], users: [{name: "game"}],
      pgbouncer: {listen_port: $port, default_pool_size: 3, reserve_pool_size: 0, max_client_conn: 200, max_db_connections: 0,
        server_login_retry: 1},
      postgres: {port: $pg, socket_directory: $dir, superuser: $su}} | '"${1:-.}" >site.json
}
