# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The service manager "process", for containers and the demo: children with a pidfile, a session of
# their own, default signal dispositions and no descriptor of ours, started by dpkg's
# start-stop-daemon. Sourced by service.bash, which says what each function does.

# process_define NAME [PATIENCE]: sets the array `service`: pidfile, user, directory, log; `service_argv`; and
# `service_signals`, SIGNAL/SECONDS one after the other until it has ended.
process_define() {
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
      service_signals=("TERM/${2:-0}" KILL/5)
      site_list service_argv process.server_command
      ;;
  esac
}

# process_user: whose process the pooler is; as an ordinary user, ours.
process_user() {
  local user=${site[process.pooler_user]}
  [[ $EUID -eq 0 && -n $user ]] || user=$(id -un)
  printf '%s' "$user"
}

process_binary() {
  command -v -- "${site[process.pooler_binary]}" || printf '%s' "${site[process.pooler_binary]}"
}

# process_pid NAME: a zombie does not run: in a container there may be nobody who reaps it. Nor is it
# ours if it is another user's, or younger than the pidfile: ids are used again, and we would end an
# innocent process.
process_pid() {
  local pid state uid ticks started written
  process_define "$1"
  [[ -s ${service[pidfile]} ]] || return 0
  pid=$(<"${service[pidfile]}")
  [[ $pid =~ ^[0-9]+$ ]] && proc_read "$pid" || return 0
  [[ $state != [ZX] && $uid -eq $(process_uid) ]] || return 0
  written=$(stat -c %Y -- "${service[pidfile]}") || return 0
  ((started <= written + 5)) || return 0
  printf '%s' "$pid"
}

# process_uid: whose process the defined service is.
process_uid() {
  if [[ $EUID -eq 0 && -n ${service[user]} ]]; then
    id -u -- "${service[user]}"
  else
    printf '%s' "$EUID"
  fi
}

# process_running NAME
process_running() {
  [[ -n $(process_pid "$1") ]]
}

# process_start NAME: the pooler's log is in our own directory; the server's log is opened by the
# server's user, whose directory it is in.
process_start() {
  local argv=()
  process_define "$1"
  [[ ! -e ${service[pidfile]} ]] || process_running "$1" || run rm -- "${service[pidfile]}"
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
  process_spawn "$1" "${argv[@]}" || return
  # For an instant it is still root's; one that has ended by then is the caller's to notice.
  wait_for 2 process_running "$1" || :
}

# process_spawn NAME COMMAND...: the child gets default signals (bash hands ignored ones down), an
# environment of its own, not our lock, and as a pooler the descriptors that it may need.
process_spawn() (
  if [[ $1 == pooler ]]; then
    ulimit -Sn "$(descriptors_possible "$(ulimit -Hn)")"
  fi
  shift
  lock_drop
  account=${service[user]}
  [[ $EUID -eq 0 ]] || account=
  account_read "$account"
  exec env -i --default-signal PATH="$PATH" LC_ALL=C HOME="$directory" USER="$name" "$@"
)

# descriptors_possible HARD: as many as the site's pooler may need, or HARD, a limit, where that is lower.
descriptors_possible() {
  local wanted
  wanted=$(twpool-size --site "$SITE" --descriptors)
  if [[ $1 == unlimited || $1 -ge $wanted ]]; then
    printf '%s' "$wanted"
  else
    printf '%s' "$1"
  fi
}

# process_descriptors: the running pooler, which a reload gives more clients only, gets the descriptors
# for them too. It keeps those that it has more.
process_descriptors() {
  local pid soft hard wanted
  pid=$(process_pid pooler)
  read -r _ _ _ soft hard _ < <(grep '^Max open files' "/proc/$pid/limits")
  wanted=$(descriptors_possible "$hard")
  [[ $soft != unlimited && $soft -lt $wanted ]] || return 0
  say "+ prlimit --pid $pid --nofile=$wanted:"
  [[ -n ${TWPOOL_PLAN:-} ]] || as_user "$(process_user)" prlimit --pid "$pid" --nofile="$wanted:"
}

# process_stop NAME [PATIENCE]: asks, waits, insists. The pooler's patience is its own.
process_stop() {
  local signal patience
  process_define "$@"
  for signal in "${service_signals[@]}"; do
    patience=${signal#*/} signal=${signal%/*}
    process_running "$1" || break
    run kill "-$signal" "$(process_pid "$1")"
    [[ -z ${TWPOOL_PLAN:-} ]] || return 0
    ! wait_for "$patience" service_stopped "$1" || break
  done
  service_stopped "$1" || return
  [[ ! -e ${service[pidfile]} ]] || run rm -- "${service[pidfile]}"
}

# process_restart NAME
process_restart() {
  process_stop "$1"
  process_start "$1"
}

# process_log NAME N: read as the service's user: the server's file may be theirs, and a link.
process_log() {
  process_define "$1"
  if [[ $1 == pooler ]]; then
    tail -n "$2" -- "${service[log]}"
  else
    as_user "${service[user]}" timeout 5 tail -n "$2" -- "${service[log]}"
  fi
}
