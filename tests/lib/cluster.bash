# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# A throwaway PostgreSQL cluster for tests and the demo. Sourced; needs no bats, and works under
# `set -euo pipefail`. As root the cluster runs as the OS user postgres, otherwise as the caller;
# that user is also its superuser. Over TCP everybody needs a SCRAM password, over the socket
# the superuser comes in by peer.
#
# CLUSTER_BINDIR    where initdb and pg_ctl are (default: the newest version installed)
# CLUSTER_TEMPLATE  a directory that keeps the result of initdb for the next cluster (default: none)

# as_user USER CMD...: runs CMD as USER where the caller is root, plainly otherwise.
as_user() {
  local user=$1
  shift
  # bash's & hands down an ignored SIGQUIT, with which PgBouncer would outlive its test.
  if ((EUID == 0)); then
    env --default-signal setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"
  else
    env --default-signal "$@"
  fi
}

# free_port: prints a TCP port below the ephemeral range on which nobody listens on loopback. Under
# bats no other test of the run gets it too: between choosing and listening there is time.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((10000 + RANDOM % 22000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null &&
      { [[ -z ${BATS_RUN_TMPDIR:-} ]] || mkdir "$BATS_RUN_TMPDIR/port.$port" 2>/dev/null; }; then
      printf '%s\n' "$port"
      return 0
    fi
  done
  printf 'free_port: none found in 100 tries\n' >&2
  return 1
}

# try_told: by a teardown: a test that failed and will be tried again says so.
try_told() {
  [[ -n ${BATS_TEST_COMPLETED:-} ]] || ((BATS_TEST_TRY_NUMBER > BATS_TEST_RETRIES)) ||
    printf '# failed, and is tried again: %s\n' "$BATS_TEST_DESCRIPTION" >&3
}

# wait_until SECONDS CMD...: runs CMD until it succeeds; 1 and a line on stderr at the deadline.
wait_until() {
  local seconds=$1 end
  shift
  end=$((${EPOCHREALTIME/[.,]/} + seconds * 1000000))
  until "$@"; do
    if ((${EPOCHREALTIME/[.,]/} >= end)); then
      printf 'wait_until: not within %s s: %s\n' "$seconds" "${*@Q}" >&2
      return 1
    fi
    sleep 0.03
  done
}

# cluster_start DIR MAX_CONNECTIONS: makes a cluster in DIR (created; absent or empty) and starts
# it on loopback. Exports CLUSTER_DIR CLUSTER_PORT CLUSTER_SOCKET CLUSTER_SUPERUSER.
cluster_start() {
  local dir=$1 max=$2
  CLUSTER_SUPERUSER=$(_cluster_owner)
  CLUSTER_DIR=$dir
  mkdir -p "$dir/sock"
  cluster_open_way "$dir"
  ((EUID != 0)) || chown "$CLUSTER_SUPERUSER:" "$dir" "$dir/sock"
  # sun_path holds 107 bytes, and the file's own name takes 21 of them.
  CLUSTER_SOCKET=$dir/sock
  if ((${#CLUSTER_SOCKET} > 85)); then
    printf 'cluster_start: %s is too long for a socket\n' "$CLUSTER_SOCKET" >&2
    return 1
  fi
  export CLUSTER_DIR CLUSTER_SOCKET CLUSTER_SUPERUSER CLUSTER_PORT

  _cluster_data "$dir/data"
  # Between choosing a port and listening on it somebody else may take it.
  for _ in {1..5}; do
    CLUSTER_PORT=$(free_port)
    _cluster_settings "$max" | as_user "$CLUSTER_SUPERUSER" tee "$dir/data/twpool.conf" >/dev/null
    if _cluster_ctl start >/dev/null; then
      return 0
    fi
  done
  cat "$dir/server.log" >&2
  return 1
}

# cluster_restart: a fast restart; every session is thrown out.
cluster_restart() {
  _cluster_ctl -m fast restart >/dev/null
}

# cluster_stop: an immediate stop, waited for. Nothing to do is fine. The directory stays.
cluster_stop() {
  if [[ -n ${CLUSTER_DIR:-} && -e $CLUSTER_DIR/data/postmaster.pid ]]; then
    _cluster_ctl -m immediate stop >/dev/null
  fi
}

# cluster_sql [DB] SQL: runs SQL as the superuser (in postgres), prints bare rows, stops at an error.
cluster_sql() {
  local db=postgres
  if (($# > 1)); then
    db=$1
    shift
  fi
  as_user "$CLUSTER_SUPERUSER" psql -XAtq -v ON_ERROR_STOP=1 -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" \
    -U "$CLUSTER_SUPERUSER" -d "$db" -c "$1"
}

# cluster_open_way DIR: lets the owner of the cluster enter DIR, opening it and its parents as far
# as they are temporary directories.
cluster_open_way() {
  local dir=$1
  ((EUID == 0)) || return 0
  while [[ $dir == /tmp/* || $dir == "${TMPDIR:-/tmp}"/* ]]; do
    chmod o+x "$dir"
    dir=${dir%/*}
  done
  as_user "$(_cluster_owner)" test -x "$1" || {
    printf 'cluster_open_way: %s cannot enter %s\n' "$(_cluster_owner)" "$1" >&2
    return 1
  }
}

_cluster_owner() {
  if ((EUID == 0)); then
    printf 'postgres\n'
  else
    id -un
  fi
}

# _cluster_ctl ARG...: pg_ctl. The server must not inherit a descriptor for which somebody waits
# (bats reads 3 and 4 to their ends), nor a directory that it may not enter.
_cluster_ctl() {
  (
    cd "$CLUSTER_DIR" || exit
    as_user "$CLUSTER_SUPERUSER" "$(_cluster_bindir)/pg_ctl" -s -w -t 30 -D "$CLUSTER_DIR/data" \
      -l "$CLUSTER_DIR/server.log" "$@" </dev/null 3>&- 4>&-
  )
}

_cluster_bindir() {
  local newest
  if [[ -z ${CLUSTER_BINDIR:-} ]]; then
    newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [[ -x $newest/initdb ]] || newest=$(pg_config --bindir)
    CLUSTER_BINDIR=$newest
  fi
  printf '%s\n' "$CLUSTER_BINDIR"
}

# _cluster_data DATA: makes the data directory, from the template where there is one.
_cluster_data() {
  local template=${CLUSTER_TEMPLATE:-}
  if [[ -z $template ]]; then
    _cluster_initdb "$1"
    return
  fi
  if [[ ! -d $template ]]; then
    _cluster_initdb "$1"
    cp -a "$1" "$template.$$"
    # Somebody else may have been faster; theirs is as good.
    mv -T "$template.$$" "$template" 2>/dev/null || rm -rf "$template.$$"
    return
  fi
  cp -a "$template" "$1"
}

_cluster_initdb() {
  (
    cd "${1%/*}" || exit
    as_user "$CLUSTER_SUPERUSER" "$(_cluster_bindir)/initdb" -D "$1" -U "$CLUSTER_SUPERUSER" \
      --auth-local=peer --auth-host=scram-sha-256 --no-sync --no-instructions -E UTF8 --locale=C \
      >/dev/null
    as_user "$CLUSTER_SUPERUSER" tee "$1/pg_hba.conf" >/dev/null <<-HBA
	local all $CLUSTER_SUPERUSER peer
	local all all scram-sha-256
	host all all 127.0.0.1/32 scram-sha-256
	HBA
    printf "include 'twpool.conf'\n" | as_user "$CLUSTER_SUPERUSER" tee -a "$1/postgresql.conf" >/dev/null
  )
}

# _cluster_settings MAX_CONNECTIONS: what differs from the defaults.
_cluster_settings() {
  cat <<-CONF
	listen_addresses = '127.0.0.1'
	port = $CLUSTER_PORT
	unix_socket_directories = '$CLUSTER_SOCKET'
	max_connections = $1
	shared_buffers = 32MB
	fsync = off
	synchronous_commit = off
	full_page_writes = off
	password_encryption = 'scram-sha-256'
	CONF
}
