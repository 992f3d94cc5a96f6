# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The server: its directory and what git says of it, its DSNs, what rebuild needs, that it runs under
# the name that the site gives it, and the load of validate. Sourced by phases/preflight.

# check_server: the directory, each DSN and the programs that the rebuild needs.
check_server() {
  local dsn=() build=() binaries=() one directory=$root${site[server.directory]}
  site_list dsn server.dsn
  site_list build server.build
  site_list binaries server.binaries
  if [[ -z ${site[server.directory]} || ! -d $directory ]]; then
    finding error server "server.directory '${site[server.directory]}' is not a directory" \
      'name the directory of the server that is to go through the pooler.'
    return
  fi
  finding ok server "$directory"
  check_git
  ((${#dsn[@]})) || finding error dsn 'server.dsn is empty' 'name the DSN: "bin/bigbang.json#/app".'
  for one in "${dsn[@]}"; do
    check_dsn "$one"
  done
  if ((${#build[@]})) && [[ -z $(cd -- "$directory" && command -v -- "${build[0]}") ]]; then
    finding error build "no program '${build[0]}'" 'install it, or correct server.build.'
  elif ((${#build[@]})); then
    finding ok build "$(printf '%q ' "${build[@]}")"
  fi
  for one in "${binaries[@]}"; do
    [[ -f $directory/$one ]] || finding error build "server.binaries: no file '$one'" 'build it once, or correct the name.'
  done
  check_restart
  [[ -z $manager_fit ]] || check_running
  check_log
}

# ask_git ARGUMENT...: as the server's user, whose directory it is; nothing is refreshed or run.
ask_git() {
  as_user "${site[server.user]}" timeout 10 git --no-optional-locks -c core.fsmonitor=false -C "$directory" "$@" 2>/dev/null
}

# check_git: what state the server's sources are in, and that the password is not among them.
check_git() {
  local commit branch changes one path
  [[ -n $(command -v git) ]] && commit=$(ask_git rev-parse --short HEAD) || return 0
  branch=$(ask_git rev-parse --abbrev-ref HEAD) || branch=
  changes=$(ask_git status --porcelain --untracked-files=no | wc -l) || changes=
  finding ok git "${branch:-a commit} at $commit, ${changes:-unknown} changed files"
  for one in "${dsn[@]}"; do
    path=${one%%#*}
    [[ ! $path =~ ^(.*):[0-9]+$ ]] || path=${BASH_REMATCH[1]}
    ask_git ls-files --error-unmatch -- "$path" >/dev/null || continue
    finding warning git "'$path', which holds the DSN, is tracked by git: so is its password, and the deploy changes it" \
      'keep it out of git; a checkout of it would take the server around the pooler again.'
  done
}

# check_restart: the first word of the server's own command for it.
check_restart() {
  local restart=()
  site_list restart server.restart
  case ${restart[*]} in
    '') ;;
    manual) finding ok restart "the deploy waits for you to restart the server, and goes on with --resume" ;;
    *) check_program restart server.restart "${restart[0]}" ;;
  esac
}

# check_program ID KEY WORD: the first word of a command is a program, seen from the server's directory.
check_program() {
  if [[ -z $3 ]]; then
    finding error "$1" "$2 is empty" 'name the command.'
  elif ! (cd -- "$root${site[server.directory]}" && [[ -n $(command -v -- "$3") ]]); then
    finding error "$1" "$2: no program '$3'" "correct $2: a path is seen from server.directory."
  fi
}

# check_log: under systemd the log is the unit's to open, and only read by us; otherwise it is opened
# by the server's user, so it must be theirs.
check_log() {
  local log user=${site[server.user]} do=write
  [[ -n ${site[server.log]} ]] || return 0
  log=$(server_log)
  ! on_systemd || do=read
  if [[ -L $log ]]; then
    finding error log "server.log '$log' is a symbolic link" 'name the file itself: whoever owns the link decides where it leads.'
  elif [[ -e $log ]]; then
    as_user "$user" test -f "$log" -a "-${do:0:1}" "$log" ||
      finding error log "server.log '$log' is not a file that ${user:-its user} can $do" \
        'correct server.log, or give the file to the user.'
  elif on_systemd; then
    [[ -d ${log%/*} ]] || finding error log "server.log '$log' is in a directory that does not exist" 'correct server.log.'
  else
    as_user "$user" test -w "${log%/*}" ||
      finding error log "server.log '$log' cannot be made by ${user:-its user}" 'correct server.log.'
  fi
}

# server_has PID: it is a process of the server, as the service manager sees it.
server_has() {
  local line
  [[ $1 != "$(service_pid server)" ]] || return 0
  on_systemd && [[ -n ${site[server.unit]} && -r /proc/$1/cgroup ]] || return
  while read -r line; do
    [[ $line/ != *"/${site[server.unit]}/"* ]] || return 0
  done <"/proc/$1/cgroup"
  return 1
}

# server_key: the key of the site that says which process is the server.
server_key() {
  if on_systemd; then
    printf 'server.unit'
  else
    printf 'process.server_pidfile'
  fi
}

# check_running: the server runs as what the site says it is, or does not run: a second one beside
# it would not get its port.
check_running() {
  local pid port=${site[server.listen_port]} holder=
  # check_server_unit has said so.
  ! on_systemd || [[ -n ${site[server.unit]} || $port -ne 0 ]] || return 0
  pid=$(service_pid server)
  ((port == 0)) || holder=$(port_holder "$port")
  if [[ -n $pid && $port -ne 0 ]] && ! server_has "${holder##* }"; then
    finding error server "runs (pid $pid), but port $port is held by ${holder:-nobody}" \
      'correct server.listen_port, or set it to 0.'
  elif [[ -n $pid ]]; then
    finding ok server "runs (pid $pid)"
  elif [[ -n $holder ]]; then
    finding error server "port $port is held by $holder, which $(server_key) does not name" \
      "stop it, or correct $(server_key): a deploy restarts the server."
  else
    finding warning server 'does not run' 'the deploy starts it.'
  fi
}

# check_dsn LOCATOR: found, unambiguous, and movable.
check_dsn() {
  local output code=0
  output=$(twpool-dsn set --dry-run --json --to-port "${site[pgbouncer.listen_port]}" \
    --to-host "$(pooler_address)" "$(dsn_file "$1")" 2>&1) || code=$?
  if ((code <= 1)); then
    finding ok dsn "$1"
  else
    output=${output:-failed without a word}
    finding error dsn "$(sed -n 's/^twpool-dsn: //p' <<<"$output" | sed -n 1p)" "$(remedy_of "$output" 'correct server.dsn.')"
  fi
}

# check_process: the command and the pidfile of a server that is a child of ours.
check_process() {
  local command=() pidfile=${site[process.server_pidfile]}
  [[ -d $root${site[server.directory]} ]] || return 0
  site_list command process.server_command
  check_program server process.server_command "${command[0]:-}"
  if [[ $pidfile != /* || ! -d $root${pidfile%/*} ]]; then
    finding error server "process.server_pidfile '$pidfile' is not an absolute path in a directory that exists" \
      'name the file that holds the id of the running server.'
  fi
}

# check_validate: the load, and the patterns that its successes are counted by.
check_validate() {
  local command=() key code
  site_list command validate.command
  for key in validate.success_pattern validate.failure_pattern; do
    code=0
    grep -qE -e "${site[$key]}" </dev/null 2>/dev/null || code=$?
    ((code <= 1)) || finding error validate "$key is not an extended regular expression" 'correct it.'
  done
  if ((${#command[@]} == 0)); then
    finding warning validate 'validate.command is empty: the result will be "unproven"' \
      'name a command that puts load on the server.'
  elif [[ -z ${site[server.log]} ]]; then
    finding error validate 'server.log is empty: successes and failures are counted in it' 'name the log.'
  else
    [[ ! -d $root${site[server.directory]} ]] || check_program validate validate.command "${command[0]}"
    finding ok validate "$(printf '%q ' "${command[@]}")"
  fi
}
