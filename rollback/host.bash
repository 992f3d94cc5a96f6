# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The way back of deploy/lib/host.bash: accounts, schedule and the pooler's unit, as the notes of the
# generations say that they were. Sourced by twpool-rollback, whose `undo` are those that go.

# shellcheck source=deploy/lib/host.bash
. "$home/deploy/lib/host.bash"
# shellcheck source=rollback/package.bash
. "$home/rollback/package.bash"

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
