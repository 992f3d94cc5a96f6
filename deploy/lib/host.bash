# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What a systemd host has beside files: accounts, the package, and the state of the pooler's unit. Each
# is noted in the generation before it is changed; rollback/host.bash takes it back from there.
# Sourced, never run.

# The pooler's own user, and that of the check in cron, whom the console knows by this name.
accounts=(pgbouncer twpool-check)

# The OS user of the check from end to end, where the pooler looks secrets up.
probe_account=twpool_probe

# The path of the check's service and timer, without their suffixes.
check_unit=/etc/systemd/system/twpool-check

# schedule_set: what runs the check, cron or the timer, is what the site says.
schedule_set() {
  if [[ ${site[check.schedule]} == timer ]]; then
    run systemctl --quiet enable --now twpool-check.timer
  else
    schedule_off
  fi
}

# schedule_off: the timer, where there is one, runs the check no more.
schedule_off() {
  [[ -e $check_unit.timer ]] || return 0
  run systemctl --quiet disable --now twpool-check.timer && run systemctl stop -- twpool-check.service || return
  # One that was stopped or had failed would stay in the list of failed units, without a file.
  ! systemctl --quiet is-failed twpool-check.service || run systemctl reset-failed twpool-check.service
}

# accounts_unlock: what locks the accounts since before this boot, as useradd or userdel was at work when the power
# went. They take it for somebody's who is alive where its process id has been given out again.
accounts_unlock() {
  local file state uid ticks started
  proc_read 1 || return
  for file in /etc/{passwd,shadow,group,gshadow,subuid,subgid}.lock; do
    [[ ! -e $file ]] || (($(stat -c %Y -- "$file") >= started)) || run rm -f -- "$file" || return
  done
}

# account_add NAME: a system user with a group of its own, no home and no shell. A group of that name is somebody's,
# and goes with no rollback.
account_add() {
  ! getent passwd "$1" >/dev/null || return 0
  [[ -z $(getent group "$1") ]] || die 1 "there is a group '$1', and no such user" 'remove it, or make the user with it.'
  accounts_unlock
  twpool-generation note "$GEN" "account.$1" created
  account_make --user-group "$1"
}

# account_make GROUP-OPTION NAME
account_make() {
  run useradd --system "$1" --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin -- "$2"
}

# package_add: the pooler's package, with what it needs. What a package manager leaves that is killed here is
# ours to end (package_left).
package_add() {
  ! package_installed "$package" || return 0
  [[ -n ${TWPOOL_PLAN:-} ]] || package_note
  package_install "$package" || die 1 "the package $package could not be installed" \
    'what the package manager says is above.'
  [[ -n ${TWPOOL_PLAN:-} ]] || twpool-generation note "$GEN" package.ended yes
}

# package_note: what the installation will bring, as lists of names: the packages that are new, those of them whose
# configuration is here already, and those that are replaced by a newer version, which are the operator's.
package_note() {
  local one installed=() configured=() upgraded=() changes=()
  elements changes $'\n' package_changes "$package" || die 1 "the package $package could not be installed" "${changes[*]}"
  for one in "${changes[@]}"; do
    if package_installed "$one"; then
      upgraded+=("$one")
    else
      installed+=("$one")
      ! package_present "$one" || configured+=("$one")
    fi
  done
  twpool-generation note "$GEN" package.installed "${installed[*]}" package.configured "${configured[*]}" \
    package.upgraded "${upgraded[*]}"
}

# package_left: the deploy that was interrupted at the installation of packages, or nothing: the last one that brought
# any, unless that has ended, well or not.
package_left() {
  local notes=() i
  elements notes '' twpool-generation get all number package.installed package.ended state || return
  for ((i = ${#notes[@]} - 4; i >= 0; i -= 4)); do
    [[ -z ${notes[i + 1]} ]] || break
  done
  ((i < 0)) || [[ -n ${notes[i + 2]} || ${notes[i + 3]} == complete ]] || printf '%s' "${notes[i]}"
}

# package_foreign GENERATION: a package is unfinished that this deploy has not begun: that is the operator's.
package_foreign() {
  package_unfinished | awk -v own="$(GEN=$1 gen_get package.installed) $(GEN=$1 gen_get package.upgraded)" '
    BEGIN { n = split(own, name, " "); for (i = 1; i <= n; i++) ours[name[i]] }
    !($1 in ours) { foreign = 1 }
    END { exit !foreign }'
}

# unit_note: how the pooler's unit stood before: "absent", or whether it was enabled and active; and whether init
# scripts had links to it, which systemctl makes along with its own.
unit_note() {
  local enabled=absent active=inactive links=none
  if package_installed "$package"; then
    enabled=$(systemctl is-enabled pgbouncer.service 2>/dev/null) || :
    ! service_running pooler || active=active
    [[ -z $(compgen -G '/etc/rc?.d/[SK]??pgbouncer') ]] || links=some
  fi
  twpool-generation note "$GEN" unit.enabled "$enabled" unit.active "$active" unit.links "$links"
}

# unit_on: the pooler starts at boot.
unit_on() {
  [[ $(systemctl is-enabled pgbouncer.service 2>/dev/null) == enabled ]] ||
    run systemctl --quiet enable pgbouncer.service
}
