# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# A real PgBouncer in front of the cluster of cluster.bash, for the tests and benches of
# twpool-check. Sourced after it.

# pooler_start DIR: roles, a database and a PgBouncer in DIR (created). Exports POOLER_DIR
# POOLER_PORT, and the DSNs CONSOLE and POSTGRES. Database and role are game, the password "pw";
# pools have 3 server connections.
pooler_start() {
  export POOLER_DIR=$1 POOLER_PORT CONSOLE POSTGRES PGPASSFILE=$1/passfile
  POOLER_PORT=$(free_port)
  CONSOLE="host=$POOLER_DIR port=$POOLER_PORT"
  POSTGRES="host=$CLUSTER_SOCKET port=$CLUSTER_PORT user=$CLUSTER_SUPERUSER dbname=postgres"
  cluster_sql "CREATE ROLE game LOGIN PASSWORD 'pw'"
  cluster_sql "CREATE DATABASE game OWNER game"
  mkdir "$POOLER_DIR"
  {
    printf '"game" "%s"\n' "$(cluster_sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'game'")"
    printf '"stats" "stats-secret"\n'
  } >"$POOLER_DIR/userlist.txt"
  printf '%s\n' 'host pgbouncer stats 127.0.0.1/32 scram-sha-256' \
    'host game game 127.0.0.1/32 scram-sha-256' >"$POOLER_DIR/hba.conf"
  printf '%s\n' '*:*:*:game:pw' '*:*:*:stats:stats-secret' >"$POOLER_DIR/passfile"
  printf '%s\n' '[databases]' "game = host=127.0.0.1 port=$CLUSTER_PORT" \
    '[pgbouncer]' 'listen_addr = 127.0.0.1' "listen_port = $POOLER_PORT" "unix_socket_dir = $POOLER_DIR" \
    "pidfile = $POOLER_DIR/pid" "logfile = $POOLER_DIR/log" 'auth_type = hba' 'stats_users = stats' \
    "auth_file = $POOLER_DIR/userlist.txt" "auth_hba_file = $POOLER_DIR/hba.conf" \
    'pool_mode = transaction' 'default_pool_size = 3' 'max_client_conn = 200' 'server_login_retry = 1' \
    'ignore_startup_parameters = extra_float_digits' >"$POOLER_DIR/pgbouncer.ini"
  ((EUID != 0)) || chown -R "$CLUSTER_SUPERUSER:" "$POOLER_DIR"
  chmod 0600 "$POOLER_DIR/passfile"
  ((EUID != 0)) || chown root: "$POOLER_DIR/passfile"
  pooler_boot
}

# pooler_boot: starts it; also after pooler_halt.
pooler_boot() {
  as_user "$CLUSTER_SUPERUSER" pgbouncer -q -d "$POOLER_DIR/pgbouncer.ini" 3>&- 4>&-
  wait_until 10 console 'SHOW VERSION'
}

# pooler_halt: ends it at once, also if it is stopped, and waits until it is gone.
pooler_halt() {
  local pid
  pid=$(pooler_pid)
  kill -CONT "$pid"
  kill -QUIT "$pid"
  wait_until 10 gone "$pid"
}

pooler_pid() {
  cat "$POOLER_DIR/pid"
}

postmaster_pid() {
  head -n 1 "$CLUSTER_DIR/data/postmaster.pid"
}

gone() {
  ! kill -0 "$1" 2>/dev/null
}

# console SQL: as the pooler's OS user, whom its Unix socket takes for an administrator.
console() {
  as_user "$CLUSTER_SUPERUSER" psql -XAtq -h "$POOLER_DIR" -p "$POOLER_PORT" -U pgbouncer -d pgbouncer -c "$1" >/dev/null
}
