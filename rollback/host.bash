# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The way back of deploy/lib/host.bash: accounts, packages and the pooler's unit, as the notes of the
# generations say that they were. Sourced by twpool-rollback, whose `undo` are those that go.

# shellcheck source=deploy/lib/host.bash
. "$home/deploy/lib/host.bash"

# host_back: what a host has beside files, as it was.
host_back() {
  local account
  unit_back || return
  for account in "${accounts[@]}" "$probe_account"; do
    account_remove "$account" || account_stays "$account"
  done
}

# account_stays NAME: userdel removes nobody who has a process. That is no reason to leave the rest.
account_stays() {
  say "twpool-rollback: the account '$1' could not be removed; going on"
  remaining+=("the account '$1', which may have processes (ps -u $1): end them, and run it again")
}

# account_remove NAME: what one of the generations that go has created. What its process has left is root's from
# now on.
account_remove() {
  noted "account.$1" || return 0
  accounts_unlock && account_whole "$1" || return
  getent passwd "$1" >/dev/null || return 0
  account_orphans "$1"
  run userdel -- "$1" || return
  ! getent group "$1" >/dev/null || run groupdel -- "$1"
}

# account_whole NAME: useradd and userdel write one file after the other. Of what one that did not end has left beside
# passwd, only an account that is whole can be rid of.
account_whole() {
  local own=--user-group
  ! getent passwd "$1" >/dev/null || return 0
  ! getent group "$1" >/dev/null || own=--gid=$1
  [[ $own == --gid=* ]] || getent shadow "$1" >/dev/null || return 0
  account_make "$own" "$1"
}

# probe_back: an older deploy without the probe stays, and had no account of its own.
probe_back() {
  on_query || account_remove "$probe_account" || account_stays "$probe_account"
}

# schedule_then: the timer goes while its unit is there to be asked, where the older deploy has none.
schedule_then() {
  [[ ${site[check.schedule]} == timer ]] || schedule_off
}

# account_orphans NAME: logs stay, for whoever asks later what happened.
account_orphans() {
  [[ $1 == pgbouncer ]] || return 0
  [[ ! -d /var/log/pgbouncer ]] || run chown -hR --from="$1" root:root -- /var/log/pgbouncer
  # What others changed there is kept, with secrets for a group whose number somebody else gets.
  [[ ! -d $conf_dir ]] || run chown -hR --from=":$1" :root -- "$conf_dir"
}

# package_back: what a deploy's package manager left when it was killed is ended, and the pooler's unit is as it was
# before. Noted before and after, for we may be killed too; and noted where nothing was left, so that no later
# trouble of the package manager is taken for ours.
package_back() {
  local left undo
  left=$(package_left) || return
  [[ -n $left ]] || return 0
  if [[ -z $(package_broken) && -z $(GEN=$left gen_get package.mending) ]]; then
    package_noted "$left" package.ended
    return
  fi
  # At boot the package's scripts would wait for what waits for us.
  [[ -z ${TWPOOL_BOOT:-} ]] && ! package_foreign "$left" || return 0
  undo=("$left")
  say "the package manager was interrupted in the deploy of generation $left: what it left is ended"
  package_noted "$left" package.mending
  package_mend || return
  # Its own start of the pooler is no part of that.
  ! unit_there || run timeout 30 systemctl stop -- pgbouncer.service || return
  unit_back || return
  package_noted "$left" package.ended
}

# package_noted GENERATION KEY [VALUE]: "yes". A record that cannot be written is no reason to stop.
package_noted() {
  [[ -n ${TWPOOL_PLAN:-} ]] || twpool-generation note "$1" "$2" "${3-yes}" || say "$2 could not be noted; going on"
}

# package_stays: the package manager's trouble is no reason to leave the rest.
package_stays() {
  say 'twpool-rollback: what the package manager left unfinished could not be ended; going on'
  remaining+=("the package manager's unfinished work: $(package_advice repair)")
}

# package_remove: the packages that recorded deploys have brought since this was done last. Whose configuration was
# here before, leaves it here.
package_remove() {
  local GEN all=() words=() one last='' brought=() configured=' ' erased=() purged=()
  elements all $'\n' twpool-generation list -q || return
  for GEN in "${all[@]}"; do
    read -r -a words <<<"$(gen_get package.installed)"
    for one in "${words[@]}"; do
      last=$GEN
      [[ " ${brought[*]} " != *" $one "* ]] || continue
      brought+=("$one")
      [[ " $(gen_get package.configured) " != *" $one "* ]] || configured+="$one "
    done
    [[ -z $(gen_get package.removed) ]] || brought=() configured=' '
  done
  ((${#brought[@]} > 0)) || return 0
  for one in "${brought[@]}"; do
    if [[ $configured == *" $one "* ]]; then
      ! package_installed "$one" || erased+=("$one")
    else
      ! package_present "$one" || purged+=("$one")
    fi
  done
  # What a package manager leaves that is killed here is ours to end, too.
  package_noted "$last" package.ended ''
  ((${#erased[@]} == 0)) || package_erase "${erased[@]}" || return
  ((${#purged[@]} == 0)) || package_purge "${purged[@]}" || return
  package_noted "$last" package.ended
  package_noted "${all[-1]}" package.removed
}

# unit_there: systemd knows the pooler's unit, which a package that is there by half may lack.
unit_there() {
  [[ $(systemd_is pooler LoadState) == loaded ]]
}

# unit_back: the unit as it stood before the oldest generation that goes. A package that a deploy
# brought and that stays, whole or not, does nothing: it is not started at boot, by systemd or by init scripts.
unit_back() {
  local GEN=${undo[0]} enabled active links
  enabled=$(gen_get unit.enabled) active=$(gen_get unit.active) links=$(gen_get unit.links)
  package_installed "$package" || { package_unfinished | grep -qx -- "$package" && unit_there; } || return 0
  [[ $enabled != absent ]] || links=none
  if [[ $enabled == absent || $enabled == disabled ]]; then
    run systemctl --quiet disable pgbouncer.service || return
    [[ $links != none || ! -x /usr/sbin/update-rc.d ]] || run update-rc.d -f pgbouncer remove >/dev/null
  fi
  [[ $active == active ]] || return 0
  service_start pooler
  [[ -n ${TWPOOL_PLAN:-}${TWPOOL_BOOT:-} ]] || service_running pooler
}
