# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Services by name, "pooler" and "server", whoever manages them: systemd.bash or process.bash, as
# service_manager says. Sourced, never run.

# shellcheck source=deploy/lib/common.bash
. "$home/deploy/lib/common.bash"
# shellcheck source=deploy/lib/process.bash
. "$home/deploy/lib/process.bash"
# shellcheck source=deploy/lib/systemd.bash
. "$home/deploy/lib/systemd.bash"

# The unit of the times in proc(5): the same on every Linux that is in use.
clock_ticks=$(getconf CLK_TCK)

# manager WORD ARGUMENT...: the word of the site's service manager.
manager() {
  local word=$1
  shift
  "${site[service_manager]}_$word" "$@"
}

# on_systemd: the host has systemd, and is changed like a production host.
on_systemd() {
  [[ ${site[service_manager]} == systemd ]]
}

# publish GROUP: what is staged in it comes into force; units are read again. What changed is added
# to the caller's `changed`.
publish() {
  local now
  now=$(run twpool-generation apply -g "$1" "$GEN")
  [[ -z $now ]] || say "$now"
  changed+=${now:+$now$'\n'}
  ! on_systemd || systemd_reread "$now"
}

# pooler_user: whose process the pooler is.
pooler_user() {
  manager user
}

# pooler_binary: the path of PgBouncer's binary, or a bare name where there is none.
pooler_binary() {
  manager binary
}

# pooler_version: what the installed binary says it is, X.Y.Z.
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

# service_pid NAME: the id of its main process if it runs, or nothing.
service_pid() {
  manager pid "$1"
}

# proc_read PID: sets `state`, `uid`, `ticks` (its start, in clock ticks since boot) and `started`
# (the same in seconds since the epoch) from proc(5).
proc_read() {
  local line fields uptime now
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

# leftovers_removed: the temporary directories of runs that were killed, which may hold a password. Their names
# have the id of the process that made them: it is gone, or younger, and then another one. Anybody may make such
# names, and fill them faster than they go: no reason to stop.
leftovers_removed() {
  local dir pid state uid ticks started
  for dir in /tmp/twpool-{boot,plan}.* /var/tmp/twpool-build.*; do
    pid=${dir#*.} pid=${pid%%.*}
    [[ $pid =~ ^[0-9]+$ && -d $dir && ! -L $dir ]] || continue
    [[ $EUID -eq 0 || -O $dir ]] || continue
    ! proc_read "$pid" || ((started > $(stat -c %Y -- "$dir") + 1)) || continue
    run rm -rf -- "$dir" || say "'$dir' could not be removed; going on"
  done
}

# service_running NAME
service_running() {
  manager running "$1"
}

# service_stopped NAME
service_stopped() {
  ! service_running "$1"
}

# service_start NAME: starts it; whether it works is the caller's question.
service_start() {
  manager start "$1"
}

# service_stop NAME: asks, waits, insists; fine if it does not run.
service_stop() {
  local patience=${site[server.stop_seconds]}
  if [[ $1 == server ]] && service_running server && server_frozen; then
    say 'server: frozen, so it will not hear SIGTERM'
    patience=3
  fi
  manager stop "$1" "$patience"
}

# service_restart NAME: a server that has a command of its own for it is restarted by that.
service_restart() {
  local restart=()
  site_list restart server.restart
  if [[ $1 == server && ${#restart[@]} -gt 0 ]]; then
    run_loose "${restart[@]}"
  elif [[ $1 == pooler ]]; then
    manager restart pooler
  else
    service_stop server
    service_start server
  fi
}

# service_log NAME N: the last lines of its log.
service_log() {
  manager log "$1" "$2" 2>&1 | masked
}

# service_log_tail NAME: the end of its log, for an error message.
service_log_tail() {
  service_log "$1" 5 | sed 's/^/  | /' >&2 || :
}

# server_older: the server that runs is older than the pooler that runs: what it had there is gone.
server_older() {
  local pid state uid ticks started pooler
  pid=$(service_pid pooler)
  [[ -n $pid ]] && proc_read "$pid" || return
  pooler=$ticks
  pid=$(service_pid server)
  [[ -n $pid ]] && proc_read "$pid" && ((ticks < pooler))
}

# server_manual: whether the operator restarts the server himself.
server_manual() {
  local restart=()
  site_list restart server.restart
  [[ ${restart[*]} == manual ]]
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
  # Only root is taken for the superuser by a site alone.
  ((EUID == 0)) || options+=(--postgres "$(postgres_console)")
}

# postgres_console: the DSN of PostgreSQL as the site's superuser.
postgres_console() {
  local at=()
  elements at '' twpool-site get --site "$SITE" auth.superuser_service postgres.socket_directory postgres.port \
    postgres.superuser || return
  if [[ -n ${at[0]} ]]; then
    printf "service='%s'" "$(conninfo_quoted "${at[0]}")"
  else
    printf "host='%s' port=%s user='%s' dbname=postgres" "$(conninfo_quoted "${at[1]}")" "${at[2]}" "$(conninfo_quoted "${at[3]}")"
  fi
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
