# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# A throwaway production host below one directory, for the demo and the tests: a PostgreSQL that is
# small, a game server that is built there and runs, and a site.json for the service manager
# "process". Sourced; needs TWPOOL_BIN and `tests`, the directory of the tests. As root the
# database, the pooler and the game are three users, as on a real host.

# shellcheck source=tests/lib/cluster.bash
. "$tests/lib/cluster.bash"

# host_make TOP MAX_CONNECTIONS [MAKE-OPTION]...: everything but a running game server. Sets
# host_top, host_root, host_game (the server's directory), host_game_port, host_pool_port,
# host_game_user, host_pooler_user and host_password. host_pg is where the cluster goes (TOP/pg).
host_make() {
  local max=$2
  host_top=$1
  shift 2
  host_root=$host_top/root host_game=$host_top/root/srv/game
  host_pooler_user=$(id -un) host_game_user=$(id -un)
  if ((EUID == 0)); then
    host_pooler_user=nobody host_game_user=games
  fi
  host_password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  host_game_port=$(free_port) host_pool_port=$(free_port)
  mkdir -p "$host_root"/{run,etc,var/lib} "$host_game/log"
  cluster_start "${host_pg:-$host_top/pg}" "$max"
  cluster_sql "CREATE ROLE game LOGIN PASSWORD '$host_password'"
  cluster_sql 'CREATE DATABASE game OWNER game'
  host_server "$@"
}

# host_dsn: the game's DSN, directly, over the socket; %DB% is the server's own marker.
host_dsn() {
  printf 'host=%s port=%s dbname=%%DB%% user=game password=%s' \
    "$CLUSTER_SOCKET" "$CLUSTER_PORT" "$host_password"
}

# host_build DIRECTORY [MAKE-OPTION]...: the sample game server, built there.
host_build() {
  local directory=$1
  shift
  mkdir -p "$directory"
  cp -p "$tests"/gameserver/*.[ch] "$tests/gameserver/Makefile" "$directory"
  # The variables of a `make` that runs us are not meant for this one.
  env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES make -s -C "$directory" "$@"
}

# host_server [MAKE-OPTION]...: the sample game server in a tree of its own, built and set up. Where
# HOST_TEMPLATE is set, its objects are kept there for the next host.
host_server() {
  local template=${HOST_TEMPLATE:-$host_game}
  [[ $template == "$host_game" ]] || template+=.${*:-file}
  [[ -e $template/bin/server ]] || host_build "$template" "$@"
  [[ $template == "$host_game" ]] || cp -a "$template/." "$host_game"
  jq -n --arg dsn "$(host_dsn)" '{db: "game", app: $dsn, admin: $dsn}' >"$host_game/bin/bigbang.json"
  printf '#define COMPILED_DSN "%s"\n' "$(host_dsn)" >"$host_game/compiled_dsn.h"
  make -s -C "$host_game" "$@"
  chmod 0640 "$host_game/bin/bigbang.json"
  if ((EUID == 0)); then
    chown -R "$host_game_user:" "$host_game"
  fi
  chmod o+x "$host_top" "$host_root"
  (cd "$host_game" && as_user "$host_game_user" bin/server --setup 2>"$host_top/setup.log") || {
    cat "$host_top/setup.log" >&2
    return 1
  }
}

# host_site [JQ-FILTER]: writes TOP/site.json, changed by the filter.
host_site() {
  jq -n --arg socket "$CLUSTER_SOCKET" --argjson pg "$CLUSTER_PORT" --arg super "$CLUSTER_SUPERUSER" \
    --argjson pool "$host_pool_port" --argjson game "$host_game_port" \
    --arg pooler_user "$host_pooler_user" --arg game_user "$host_game_user" '
    { schema: 1, service_manager: "process",
      postgres: { port: $pg, socket_directory: $socket, superuser: $super },
      databases: [ { name: "game" } ], users: [ { name: "game" } ],
      pgbouncer: { listen_port: $pool },
      server: { directory: "/srv/game", user: $game_user, dsn: [ "bin/bigbang.json#/app" ],
                listen_port: $game, log: "log/server.log", stop_seconds: 5, start_seconds: 10 },
      validate: { success_pattern: "Authentication successful for player", bots: 5, pool_seconds: 1,
                  latency_pairs: 100, max_overhead_ms: 50, observe_seconds: 1 },
      process: { pooler_user: $pooler_user, server_pidfile: "/run/game.pid",
                 server_command: ["bin/server", "--listen", "\($game)", "--lock", "thread"] } }' |
    jq "${1:-.}" >"$host_top/site.json"
}

# host_move_pool: the next site.json has the pooler on another port.
host_move_pool() {
  host_pool_port=$(free_port)
}

# host_compiled: the filter that makes a site's server one whose DSN is compiled in.
host_compiled() {
  printf '%s' '.server.dsn = ["compiled_dsn.h"] | .server.build = ["make", "DSN=compiled"]
    | .server.binaries = ["bin/server"]'
}

# host_start [OPTION]...: the game server runs, as it did before anybody thought of a pooler, with
# these options (--lock thread).
host_start() {
  (($#)) || set -- --lock thread
  local argv=(start-stop-daemon --start --quiet --background --make-pidfile
    --pidfile "$host_root/run/game.pid" --chdir "$host_game" --umask 022)
  ((EUID != 0)) || argv+=(--chuid "$host_game_user")
  # shellcheck disable=SC2016 # for the shell that opens the log
  env --default-signal "${argv[@]}" --startas /bin/sh -- -c 'exec >>"$0" 2>&1 && exec "$@"' \
    "$host_game/log/server.log" bin/server --listen "$host_game_port" "$@"
  wait_until 10 host_accepts || {
    cat "$host_game/log/server.log" >&2
    return 1
  }
}

# host_accepts: the game server takes connections.
host_accepts() {
  # shellcheck disable=SC2034 # opening it is the question
  (exec {probe}<>"/dev/tcp/127.0.0.1/$host_game_port") 2>/dev/null
}

# host_bots OPTION...: players of the game; their figures on stdout.
host_bots() {
  "$host_game/bin/bots" --port "$host_game_port" "$@"
}

# host_run PROGRAM ARGUMENT...: twpool-deploy or twpool-rollback on this host.
host_run() {
  local program=$1
  shift
  case $program in
    twpool-deploy) TWPOOL_ROOT=$host_root "$tests/../deploy/twpool-deploy" --site "$host_top/site.json" "$@" ;;
    *) TWPOOL_ROOT=$host_root "$tests/../rollback/$program" "$@" ;;
  esac
}

# host_tree: every path of the host's tree: kind, mode, owner, time and bytes. Left out: the record
# of the deploys, and what belongs to the running server: its log and its process id.
host_tree() {
  (
    cd "$host_root" || exit
    find . \( -path ./var/lib/twpool -o -path ./srv/game/log -o -path ./run/game.pid \) -prune \
      -o -type f -printf '%p %y %m %u %g %T@ ' -exec sha256sum {} \; -o -printf '%p %y %m %u %g\n' | sort
  )
}

# host_end: what was started ends. The directory stays.
host_end() {
  local file pid
  for file in "${host_root:-/nowhere}"/run/game.pid "${host_root:-/nowhere}"/run/twpool/pooler.pid; do
    [[ -s $file ]] || continue
    pid=$(<"$file")
    _host_has "$pid" || continue
    kill -TERM "$pid" 2>/dev/null || continue
    wait_until 5 _host_ended "$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || :
  done
  cluster_stop
}

# _host_has PID: it is a process of this host: ids are used again, and a killed one leaves its pidfile.
_host_has() {
  [[ /proc/$1/cwd -ef $host_game ]] || grep -qsF "$host_root" "/proc/$1/cmdline"
}

# _host_ended PID: a zombie has ended: in a container there may be nobody who reaps it soon.
_host_ended() {
  ! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"
}
