# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Services by name, "pooler" and "server", whoever manages them. Sourced, never run.
# This is the manager "process": children with a pidfile, a session of their own, default signal
# dispositions and no descriptor of ours, started and stopped by dpkg's start-stop-daemon.

# shellcheck source=deploy/lib/common.bash
. "$home/deploy/lib/common.bash"

# The unit of the times in proc(5): the same on every Linux that is in use.
clock_ticks=$(getconf CLK_TCK)

# service_define NAME: sets the array `service`: pidfile, user, directory, log; `service_argv`; and
# `service_signals`, SIGNAL/SECONDS one after the other until it has ended.
service_define() {
  declare -gA service=()
  case $1 in
    pooler)
      # SIGINT waits for open transactions, SIGQUIT does not (since 1.23 SIGTERM waits for clients).
      service=([pidfile]=$root/run/twpool/pooler.pid [user]=${site[process.pooler_user]}
        [directory]=/ [log]=$state_dir/pooler.log)
      service_signals=(INT/10 QUIT/5 KILL/5)
      service_argv=("$(pooler_binary)" "$root$conf_dir/pgbouncer.ini")
      ;;
    server)
      service=([pidfile]=$root${site[process.server_pidfile]} [user]=${site[server.user]}
        [directory]=$root${site[server.directory]} [log]=$(server_log))
      service_signals=("TERM/${site[server.stop_seconds]}" KILL/5)
      site_list service_argv process.server_command
      ;;
  esac
}

# pooler_binary: the path of PgBouncer's binary, or the bare name where there is none.
pooler_binary() {
  command -v -- "${site[process.pooler_binary]}" || printf '%s' "${site[process.pooler_binary]}"
}

# pooler_version: what that binary says it is, X.Y.Z.
pooler_version() {
  timeout 5 "$(pooler_binary)" -V </dev/null | sed -n '1s/^PgBouncer //p'
}

# server_log: the host path of the server's log, which may be relative to its directory.
server_log() {
  case ${site[server.log]} in
    '') printf '/dev/null' ;;
    /*) printf '%s' "$root${site[server.log]}" ;;
    *) printf '%s' "$root${site[server.directory]}/${site[server.log]}" ;;
  esac
}

# service_pid NAME: its process id if it runs, or nothing. A zombie does not run: in a container
# there may be nobody who reaps it. Nor is it ours if it is another user's, or younger than the
# pidfile: ids are used again, and we would end an innocent process.
service_pid() {
  local pid state uid started written
  service_define "$1"
  [[ -s ${service[pidfile]} ]] || return 0
  pid=$(<"${service[pidfile]}")
  [[ $pid =~ ^[0-9]+$ ]] && process_read "$pid" || return 0
  [[ $state != [ZX] && $uid -eq $(service_uid) ]] || return 0
  written=$(stat -c %Y -- "${service[pidfile]}") || return 0
  ((started <= written + 5)) || return 0
  printf '%s' "$pid"
}

# process_read PID: sets `state`, `uid` and `started` (seconds since the epoch) from proc(5).
process_read() {
  local line fields ticks uptime now
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return
  read -r -a fields <<<"${line##*) }"
  state=${fields[0]} ticks=${fields[19]}
  uid=
  while read -r line; do
    [[ $line != Uid:* ]] || read -r _ _ uid _ <<<"$line"
  done 2>/dev/null <"/proc/$1/status"
  [[ -n $uid ]] || return
  read -r uptime _ </proc/uptime
  printf -v now '%(%s)T' -1
  started=$((now - ${uptime%.*} + ticks / clock_ticks))
}

# service_uid: whose process the defined service is.
service_uid() {
  if [[ $EUID -eq 0 && -n ${service[user]} ]]; then
    id -u -- "${service[user]}"
  else
    printf '%s' "$EUID"
  fi
}

# service_running NAME
service_running() {
  [[ -n $(service_pid "$1") ]]
}

# service_start NAME: starts it; whether it works is the caller's question. The pooler's log is in
# our own directory; the server's log is opened by the server's user, whose directory it is in.
service_start() {
  local argv=()
  service_define "$1"
  [[ ! -e ${service[pidfile]} ]] || service_running "$1" || run rm -- "${service[pidfile]}"
  argv=(start-stop-daemon --start --oknodo --quiet --background --make-pidfile
    --pidfile "${service[pidfile]}" --chdir "${service[directory]}" --umask 022)
  if [[ $EUID -eq 0 && -n ${service[user]} ]]; then
    argv+=(--chuid "${service[user]}")
  fi
  if [[ $1 == pooler ]]; then
    argv+=(--output "${service[log]}" --startas "${service_argv[0]}" -- "${service_argv[@]:1}")
  else
    # shellcheck disable=SC2016 # for the shell that opens the log
    argv+=(--startas /bin/sh -- -c 'exec >>"$0" 2>&1 && exec "$@"' "${service[log]}" "${service_argv[@]}")
  fi
  say "+ start $1:$(printf ' %q' "${service_argv[@]}")${service[user]:+    (as ${service[user]})}"
  [[ -z ${TWPOOL_PLAN:-} ]] || return 0
  service_spawn "$1" "${argv[@]}" || return
  # For an instant it is still root's; one that has ended by then is the caller's to notice.
  wait_for 2 service_running "$1" || :
}

# service_spawn NAME COMMAND...: the child gets default signals (bash hands ignored ones down), an
# environment of its own, not our lock, and as a pooler the descriptors that it may need.
service_spawn() (
  clients=${site[pgbouncer.max_client_conn]}
  if [[ $1 == pooler ]]; then
    descriptors_raise $((clients + 300))
  fi
  shift
  lock_drop
  account=${service[user]}
  [[ $EUID -eq 0 ]] || account=
  exec env -i --default-signal PATH="$PATH" LC_ALL=C HOME="$(account_field "$account" 6)" \
    USER="$(account_field "$account" 1)" "$@"
)

# descriptors_raise N: the soft limit becomes N, or the hard limit where that is lower.
descriptors_raise() {
  local hard
  hard=$(ulimit -Hn)
  if [[ $hard == unlimited || $hard -ge $1 ]]; then
    ulimit -Sn "$1"
  else
    ulimit -Sn "$hard"
  fi
}

# service_stop NAME: asks, waits, insists; fine if it does not run.
service_stop() {
  local signal patience
  service_define "$1"
  if [[ $1 == server ]] && service_running server && server_frozen; then
    say 'server: frozen, so it will not hear SIGTERM'
    service_signals=(TERM/3 KILL/5)
  fi
  for signal in "${service_signals[@]}"; do
    patience=${signal#*/} signal=${signal%/*}
    service_running "$1" || break
    run kill "-$signal" "$(service_pid "$1")"
    [[ -z ${TWPOOL_PLAN:-} ]] || return 0
    ! wait_for "$patience" service_stopped "$1" || break
  done
  service_stopped "$1" || return
  [[ ! -e ${service[pidfile]} ]] || run rm -- "${service[pidfile]}"
}

# service_stopped NAME
service_stopped() {
  ! service_running "$1"
}

# service_reload NAME
service_reload() {
  run kill -HUP "$(service_pid "$1")"
}

# service_restart NAME
service_restart() {
  service_stop "$1"
  service_start "$1"
}

# service_log_tail NAME: the end of its log, for an error message. Read as the service's user: the
# file may be theirs, and a link.
service_log_tail() {
  service_define "$1"
  if [[ $1 == pooler ]]; then
    tail -n 5 -- "${service[log]}" 2>&1
  else
    as_user "${service[user]}" timeout 5 tail -n 5 -- "${service[log]}" 2>&1
  fi | masked | sed 's/^/  | /' >&2 || :
}

# server_ready: the server runs and, where its port is known, accepts.
server_ready() {
  local port=${site[server.listen_port]}
  service_running server && { ((port == 0)) || port_open 127.0.0.1 "$port"; }
}

# server_up: waits until it is ready; 1, with the end of its log, where it is gone or late.
server_up() {
  local patience=${site[server.start_seconds]} deadline
  deadline=$((SECONDS + patience))
  until server_ready; do
    if ! service_running server || ((SECONDS >= deadline)); then
      service_log_tail server
      return 1
    fi
    sleep 0.05
  done
}

# server_frozen: the server waits for itself, as twpool-check can tell from its pools in the running
# pooler. A pooler or PostgreSQL that cannot be asked within 3 s means no.
server_frozen() {
  local code=0 options=()
  [[ -z ${TWPOOL_PLAN:-} ]] && service_running pooler || return 1
  check_options
  timeout 5 twpool-check "${options[@]}" --only freeze --timeout 3 >/dev/null || code=$?
  ((code == 2))
}

# check_options: makes the array `options` those of a twpool-check that sees the server's own pools.
check_options() {
  local dsn=() one
  site_list dsn server.dsn
  options=(--site "$SITE" --dsn "$(pooler_console)" --freeze-after "${site[validate.freeze_seconds]}"
    --db "${site[databases[0].name]}")
  for one in "${dsn[@]}"; do
    options+=(--pool "@$(dsn_file "$one")")
  done
}

# pooler_console: the DSN of the running pooler's console.
pooler_console() {
  printf "host='%s' port=%s" "$(conninfo_quoted "$root/run/pgbouncer")" "$(console_port)"
}

# conninfo_quoted TEXT: as libpq reads it between single quotes.
conninfo_quoted() {
  sed "s/[\\\\']/\\\\&/g" <<<"$1"
}

# console_port: where the running pooler has its socket, which is not where the file says as long
# as it has not been restarted.
console_port() {
  local socket port=${site[pgbouncer.listen_port]}
  for socket in "$root"/run/pgbouncer/.s.PGSQL.*; do
    [[ ! -S $socket || -S $root/run/pgbouncer/.s.PGSQL.$port ]] || port=${socket##*.}
  done
  printf '%s' "$port"
}

# port_holder PORT: "name pid" of who listens there, "another user's process", or nothing.
port_holder() {
  ss -Hltnp "sport = :$1" | awk '
    NR == 1 && match($0, /users:\(\("[^"]*",pid=[0-9]+/) {
      split(substr($0, RSTART + 9, RLENGTH - 9), part, /",pid=/)
      print part[1], part[2]; found = 1
    }
    NR == 1 && !found { print "another user'"'"'s process" }'
}

# port_open HOST PORT: somebody accepts a connection there.
port_open() {
  # shellcheck disable=SC2034 # opening it is the question
  (exec {probe}<>"/dev/tcp/$1/$2") 2>/dev/null
}
