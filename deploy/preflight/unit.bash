# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What a systemd host has of units, cron and logrotate, and a pooler of somebody else's. Sets
# `foreign` where there is one that runs or will. Sourced by phases/preflight.

drop_in=/etc/systemd/system/pgbouncer.service.d/50-twpool.conf

# Why the pooler of this host is somebody else's, or nothing.
foreign=

# check_pooler_unit: the package's unit can be started, and nobody listens in its place.
check_pooler_unit() {
  local state
  state=$(systemd_is pooler LoadState)
  case $state in
    masked) finding error unit 'pgbouncer.service is masked' 'systemctl unmask pgbouncer.service' ;;
    loaded | not-found) ;;
    *) finding error unit "pgbouncer.service cannot be loaded: ${state:-systemd does not answer}" \
      'systemctl status pgbouncer.service says why.' ;;
  esac
  state=$(systemctl show --property ActiveState,UnitFileState --value -- pgbouncer.socket)
  [[ $'\n'$state$'\n' != *$'\n'@(active|enabled)$'\n'* ]] ||
    finding error unit 'pgbouncer.socket is active or enabled: systemd would listen in the place of the pooler' \
      'systemctl disable --now pgbouncer.socket'
}

# check_server_unit: there is a way to restart the server, and to tell whether it runs.
check_server_unit() {
  local unit=${site[server.unit]} restart=() state user
  site_list restart server.restart
  if [[ -z $unit ]]; then
    if ((${#restart[@]} == 0)); then
      finding error unit 'server.unit is empty, and so is server.restart' \
        'name the unit of the server; or how it is restarted: a command, or "manual".'
    elif ((site[server.listen_port] == 0)); then
      finding error unit 'server.unit is empty, and server.listen_port is 0: nobody could tell whether the server runs' \
        'name one of them.'
    fi
    return 0
  fi
  if [[ $unit != ?*.service || $unit == */* ]]; then
    finding error unit "server.unit '$unit' is not the name of a service" 'write its whole name: game.service.'
    return
  fi
  state=$(systemd_is server LoadState)
  case $state in
    loaded) ;;
    masked) finding error unit "$unit is masked" "systemctl unmask $unit" ;;
    not-found) finding error unit "there is no unit $unit" 'correct server.unit: systemctl list-units --type=service lists them.' ;;
    *) finding error unit "$unit cannot be loaded: ${state:-systemd does not answer}" "systemctl status $unit says why." ;;
  esac
  [[ $state == loaded ]] || return 0
  finding ok unit "$unit"
  user=$(systemd_is server User)
  [[ ${user:-root} == "${site[server.user]}" ]] ||
    finding warning unit "$unit runs as ${user:-root}, and server.user is '${site[server.user]}'" \
      'let them be the same user: the load and the build run as server.user.'
  [[ $(systemd_is server NeedDaemonReload) != yes ]] ||
    finding warning unit "the file of $unit has changed since systemd read it, and a deploy makes it read again" \
      'look at it, and run systemctl daemon-reload yourself.'
}

# check_foreign: a pooler that somebody else has set up and that runs, or would at boot, is not
# replaced unless the site says so.
check_foreign() {
  local level=error enabled reasons=() path state
  if [[ -e $root$drop_in || $(systemd_is pooler ExecStart) == *"$conf_dir/pgbouncer.ini"* ]]; then
    finding ok adopt 'the pooler of this host is ours'
    return
  fi
  state=$(systemd_is pooler LoadState)
  enabled=$(systemctl is-enabled pgbouncer.service 2>/dev/null) || :
  if [[ $state == loaded ]] && { service_running pooler || [[ $enabled == enabled ]]; }; then
    foreign_reasons
  fi
  if ((${#reasons[@]} == 0)); then
    finding ok adopt 'no pooler of somebody else'
    return
  fi
  printf -v foreign '%s, ' "${reasons[@]}"
  foreign=${foreign%, }
  [[ ${site[adopt]} != true ]] || level=warning
  if [[ $level == warning ]]; then
    finding warning adopt "another pooler is replaced (adopt): $foreign" 'twpool-rollback puts it back as it is now.'
  else
    finding error adopt "pgbouncer.service is somebody else's: $foreign" \
      'set "adopt" to true: it is replaced, and put back by a rollback; or systemctl disable --now pgbouncer.service.'
  fi
}

# foreign_reasons: adds to `reasons` what is not as the package brings it.
foreign_reasons() {
  ! service_running pooler || reasons+=('it runs')
  while read -r path; do
    reasons+=("$path is changed")
  done < <(package_changed "$package")
  path=$(systemd_is pooler FragmentPath)
  [[ $path != /etc/* ]] || reasons+=("its unit is $path")
  for path in "$root"/etc/systemd/system/pgbouncer.service.d/*.conf; do
    [[ ! -e $path ]] || reasons+=("it has the drop-in ${path#"$root"}")
  done
}

# logrotate_patterns FILE: what a configuration of logrotate is for, one pattern per line.
logrotate_patterns() {
  awk '
    { sub(/^[ \t]*#.*/, ""); gsub(/"/, "") }
    inside { if (/\}/) inside = 0; next }
    { n = split($0, word, /[ \t]+/) }
    /^[ \t]*\// || open {
      for (i = 1; i <= n; i++) { if (word[i] ~ /^\//) { sub(/\{.*/, "", word[i]); print word[i] } }
      open = !/\{/
    }
    /\{/ { inside = !/\}/; open = 0 }' "$1"
}

# pattern_has PATTERN PATH: as glob(7) sees it: a star does not match a slash.
pattern_has() {
  # shellcheck disable=SC2053 # a pattern is what the right side is
  [[ ${1//[^\/]/} == "${2//[^\/]/}" && ${2%/*} == ${1%/*} && ${2##*/} == ${1##*/} ]]
}

# check_logrotate: logrotate skips what names a log that another has named, and fails.
check_logrotate() {
  local file pattern
  [[ -n $(command -v logrotate) ]] ||
    finding warning logrotate 'logrotate is not installed: the log of the pooler would grow without end' "$(package_advice install logrotate)"
  for file in "$root"/etc/logrotate.conf "$root"/etc/logrotate.d/*; do
    case $file in
      "$root$(package_logrotate)" | *.dpkg-* | *.rpmsave | *.rpmorig | *.rpmnew | *.bak | *.disabled | *.swp | *'~') continue ;;
    esac
    [[ -f $file && -r $file ]] || continue
    while read -r pattern; do
      ! pattern_has "$pattern" /var/log/pgbouncer/pgbouncer.log || {
        finding error logrotate "${file#"$root"} rotates /var/log/pgbouncer too ($pattern): logrotate would skip one and fail" \
          'take it out there; the deploy brings its own.'
        return
      }
    done < <(logrotate_patterns "$file")
  done
  finding ok logrotate 'nobody else rotates /var/log/pgbouncer'
}

# check_cron: somebody runs /etc/cron.d, where the check is scheduled there.
check_cron() {
  local state
  if [[ ${site[check.schedule]} == timer ]]; then
    finding ok cron "systemd's timer will run the health check"
    return
  fi
  state=$(systemctl is-active cron.service crond.service 2>/dev/null) || :
  if [[ $'\n'$state$'\n' == *$'\n'active$'\n'* ]]; then
    finding ok cron 'cron runs: so will the health check'
  else
    finding warning cron 'cron does not run, and so would not the health check' "$(package_advice install cron); systemctl enable --now cron; or check.schedule: \"timer\""
  fi
}

# check_reach RESULT: cron runs the health check as a user of its own, who cannot come through /root.
# Whoever only wants to know is told what a deploy from here would be refused for: `make plan` is run
# from a checkout, and `make deploy` installs first.
check_reach() {
  local path level=error
  [[ -z $1${TWPOOL_PLAN:-} ]] || level=warning
  path=$(readlink -f -- "$TWPOOL_BIN/twpool-check")
  while [[ -n $path ]]; do
    [[ $(stat -c %A -- "$path") == *[xt] ]] || {
      finding "$level" reach "'$path' is closed to others: twpool-check, run by cron as its own user, is behind it" \
        'make install, and then twpool-deploy; make deploy does both.'
      return
    }
    path=${path%/*}
  done
  finding ok reach "$TWPOOL_BIN/twpool-check can be run by everybody"
}
