# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What any host must have: root, a service manager, programs, room, the accounts that the site names,
# a port for the pooler, descriptors. Sourced by phases/preflight.

# check_root: a host is changed by root alone, a tree below TWPOOL_ROOT by whoever owns it.
check_root() {
  if ((EUID == 0)); then
    finding ok root 'root'
  elif [[ -n $root ]]; then
    finding ok root "not root, which is enough below TWPOOL_ROOT ($root)"
  else
    finding error root "not root, but $(id -un): a host is changed by root alone, and not all of it can be seen" \
      "run: sudo ${0##*/deploy/} ..."
  fi
}

# check_lock: no other deploy or rollback is at work. Our own has the lock itself.
check_lock() {
  local file=$state_dir/lock
  [[ -z ${TWPOOL_LOCK_FD:-} && -r $file ]] || return 0
  (flock -n -s 9) 9<"$file" || finding busy lock "$(<"$file")" 'wait until it has ended.'
}

# check_manager: 1 where the site's service manager cannot manage here.
check_manager() {
  if ! on_systemd; then
    finding ok manager 'children with a pidfile (service_manager is "process")'
  elif [[ -n $root ]]; then
    finding error manager 'TWPOOL_ROOT is set, and service_manager is "systemd", which has one root only' \
      'unset TWPOOL_ROOT, or set service_manager to "process".'
    return 1
  elif [[ ! -d /run/systemd/system ]]; then
    finding error manager 'service_manager is "systemd", which does not run here' \
      'deploy where it runs, or set service_manager to "process".'
    return 1
  else
    finding ok manager "$(systemctl --version | sed -n '1s/ (.*//p')"
  fi
}

# check_programs: 1 where one is missing that even the other checks need.
check_programs() {
  local missing=() tool tools=(setpriv setsid flock ss ip getent ps df timeout)
  if on_systemd; then
    tools+=(systemctl journalctl useradd userdel groupdel)
  else
    tools+=(start-stop-daemon)
  fi
  for tool in "${tools[@]}"; do
    [[ -n $(command -v "$tool") ]] || missing+=("$tool")
  done
  if ((${#missing[@]})); then
    finding error programs "missing: ${missing[*]}" \
      'apt-get install dpkg util-linux iproute2 procps passwd; then once more: not all could be checked.'
    return 1
  fi
  finding ok programs "${tools[*]}"
}

# check_record: an earlier deploy has ended, as far as the caller may read its record.
check_record() {
  local GEN
  [[ -r $state_dir/generations ]] || return 0
  GEN=$(generation_open) || {
    finding error record "the records below $state_dir/generations cannot be read" 'twpool-generation list says more.'
    return
  }
  if [[ -z $GEN ]]; then
    finding ok record 'no earlier deploy is unfinished'
  elif generation_waits; then
    finding error record "generation $GEN waits for the server's restart" \
      "restart it and run: twpool-deploy --resume; or go back: twpool-rollback"
  else
    finding warning record "generation $GEN was not finished: a deploy goes back to the state before it, first" \
      'twpool-rollback does the same without a new deploy.'
  fi
}

# free_mb PATH: megabytes free where PATH is or will be.
free_mb() {
  local path=$1
  while [[ ! -e $path ]]; do
    path=${path%/*}
    path=${path:-/}
  done
  df --block-size=1M --output=avail -- "$path" | sed -n '2{s/ //g;p}'
}

# check_disk: records and package on /var, files in /etc, and the copy that the server is built in.
check_disk() {
  local need=200 free build=() tree copy=
  site_list build server.build
  if ((${#build[@]})) && [[ -d $root${site[server.directory]} ]]; then
    tree=$(timeout 10 du -s --block-size=1M -- "$root${site[server.directory]}" 2>/dev/null | cut -f 1) || tree=
    copy=$((2 * ${tree:-0}))
    free=$(free_mb /var/tmp)
    ((free >= copy)) || finding error disk "$free MB free on /var/tmp, and the server is built in a copy: $copy MB" \
      'make room: the copy goes after the build.'
  fi
  free=$(free_mb "$root/var/lib")
  if ((free < need)); then
    finding error disk "$free MB free on $root/var/lib: records and the package need $need" 'make room.'
  else
    finding ok disk "$free MB free on $root/var/lib"
  fi
  free=$(free_mb "$root/etc")
  ((free >= 10)) || finding error disk "$free MB free on $root/etc: the configuration needs 10" 'make room.'
  [[ ! -d $root/etc || -w $root/etc ]] ||
    finding error disk "$root/etc cannot be written" 'mount it for writing, or give it to the user who deploys.'
}

# check_users: the accounts that the site names exist on this host.
check_users() {
  local key keys=(server.user)
  on_systemd || keys+=(process.pooler_user)
  for key in "${keys[@]}"; do
    [[ -n ${site[$key]} && $EUID -eq 0 ]] || continue
    attempt user "$key is ${site[$key]}" "create it, or name another at $key." \
      id -u -- "${site[$key]}" || continue
    [[ $key != process.pooler_user || $(id -u -- "${site[$key]}") -ne 0 ]] ||
      finding error user 'PgBouncer refuses to run as root' 'name another user at process.pooler_user.'
  done
  on_systemd || [[ $EUID -ne 0 || -n ${site[process.pooler_user]} ]] ||
    finding error user 'process.pooler_user is empty' 'PgBouncer refuses to run as root: name a user.'
  [[ $EUID -ne 0 || -n ${site[server.user]} ]] ||
    finding error user 'server.user is empty' 'the server is not built and run as root: name its user.'
}

# check_port: free, or ours, or that of the pooler which is replaced.
check_port() {
  local port=${site[pgbouncer.listen_port]} holder ours=
  holder=$(port_holder "$port")
  [[ -z $manager_fit ]] || ours=$(service_pid pooler)
  if [[ -z $holder ]]; then
    finding ok port "$port is free"
  elif [[ -z $ours || $holder != *" $ours" ]]; then
    finding error port "port $port is taken: $holder" \
      'stop that process, or set another pgbouncer.listen_port.'
  elif [[ -z $foreign ]]; then
    finding ok port "$port is held by our own pooler (pid $ours)"
  elif [[ ${site[adopt]} == true ]]; then
    finding ok port "$port is held by the pooler that is replaced (pid $ours)"
  fi
}

# check_paused: through a pool that somebody has paused nobody logs in, so that the deploy would be taken
# back; and a pause that is meant must not be ended by that.
check_paused() {
  local words
  [[ -n $manager_fit ]] && service_running pooler || return 0
  words=$(twpool-check --dsn "$(pooler_console)" --only pools --timeout 3) || :
  [[ $words != *'paused (RESUME)'* ]] ||
    finding error paused 'somebody has paused the pooler: nobody gets through it' 'ask who did; RESUME in the console ends it.'
}

# limit_of PID WORD: its soft or hard limit of open files.
limit_of() {
  awk -v field="$([[ $2 == soft ]] && printf 4 || printf 5)" '/^Max open files / { print $field }' "/proc/$1/limits"
}

# hard_limit: how many descriptors the pooler can be given. In a container systemd sets less than a
# unit asks for, and says nothing: what the first process may have is the limit.
hard_limit() {
  local hard most
  if ! on_systemd; then
    ulimit -Hn
    return
  fi
  hard=$(limit_of 1 hard) most=$(</proc/sys/fs/nr_open)
  if [[ $hard == unlimited || $hard -gt $most ]]; then
    hard=$most
  fi
  printf '%s' "$hard"
}

# check_nofile: descriptors of pooler and server. A pooler with too few lets clients hang, and says so
# in its log only; install would refuse it, where it is systemd's.
check_nofile() {
  local hard need level=warning
  hard=$(hard_limit)
  need=$(twpool-size --site "$SITE" --descriptors)
  ! on_systemd || level=error
  if [[ $hard == unlimited || $hard -ge $need ]]; then
    finding ok nofile "$need descriptors for the pooler, of $hard that it may have"
  else
    finding "$level" nofile "the pooler may have $hard descriptors, and needs $need" \
      'lower pgbouncer.max_client_conn, or raise the limit (fs.nr_open; of a container: LimitNOFILE, --ulimit nofile).'
  fi
  check_nofile_server
}

# server_limit: the soft limit of the running server, or that which it will have; or nothing.
server_limit() {
  local pid
  ! on_systemd || [[ -n ${site[server.unit]} || ${site[server.listen_port]} -ne 0 ]] || return 0
  pid=$(service_pid server)
  if [[ -n $pid && -r /proc/$pid/limits ]]; then
    limit_of "$pid" soft
  elif ! on_systemd; then
    ulimit -Sn
  elif [[ -n ${site[server.unit]} ]]; then
    systemd_is server LimitNOFILESoft
  fi
}

# check_nofile_server: a player is a socket of its own and one to PostgreSQL.
check_nofile_server() {
  local soft need=$((2 * site[validate.bots] + 20))
  soft=$(server_limit)
  if [[ -z $soft || $soft == unlimited || $soft == infinity || $soft -ge $need ]]; then
    finding ok nofile "${soft:-?} descriptors for the server: two for each of ${site[validate.bots]} players are enough"
  else
    finding warning nofile "the server may have $soft descriptors: two for each of ${site[validate.bots]} players are $need with its own" \
      "set LimitNOFILE=$need or more in the unit of the server, or the limit where it is started."
  fi
}
