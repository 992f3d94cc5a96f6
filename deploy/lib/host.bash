# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What a systemd host has beside files: accounts, the package, and the state of the pooler's unit.
# Each is noted in the generation before it is changed, and taken back from there. Sourced, never run.

# shellcheck source=deploy/lib/package.bash
. "$home/deploy/lib/package.bash"

# The pooler's own user, and that of the check in cron, whom the console knows by this name.
accounts=(pgbouncer twpool-check)

# account_add NAME: a system user with a group of its own, no home and no shell.
account_add() {
  ! getent passwd "$1" >/dev/null || return 0
  twpool-generation note "$GEN" "account.$1" created
  run useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin -- "$1"
}

# account_remove NAME: what one of the generations that go has created. What its process has left is
# root's from now on.
account_remove() {
  noted "account.$1" && getent passwd "$1" >/dev/null || return 0
  account_orphans "$1"
  run userdel -- "$1" || return
  ! getent group "$1" >/dev/null || run groupdel -- "$1"
}

# account_orphans NAME: logs stay, for whoever asks later what happened.
account_orphans() {
  if [[ $1 == pgbouncer && -d /var/log/pgbouncer ]]; then
    run chown -hR --from="$1" root:root -- /var/log/pgbouncer
  fi
}

# package_add: the pooler's package, with what it needs.
package_add() {
  ! package_installed "$package" || return 0
  [[ -n ${TWPOOL_PLAN:-} ]] || twpool-generation note "$GEN" package.installed "$(package_changes "$package" | tr '\n' ' ')"
  package_install "$package" || die 1 "the package $package could not be installed" \
    'what the package manager says is above.'
}

# package_remove: the packages that any recorded deploy has installed.
package_remove() {
  local GEN all=() words=() one wanted=()
  mapfile -t all < <(twpool-generation list -q)
  wait "$!" || return
  for GEN in "${all[@]}"; do
    read -r -a words <<<"$(gen_get package.installed)"
    for one in "${words[@]}"; do
      ! package_installed "$one" || wanted+=("$one")
    done
  done
  ((${#wanted[@]} == 0)) || package_purge "${wanted[@]}"
}

# unit_note: how the pooler's unit stood before: "absent", or whether it was enabled and active.
unit_note() {
  local enabled=absent active=inactive
  if package_installed "$package"; then
    enabled=$(systemctl is-enabled pgbouncer.service 2>/dev/null) || :
    ! service_running pooler || active=active
  fi
  twpool-generation note "$GEN" unit.enabled "$enabled" unit.active "$active"
}

# unit_on: the pooler starts at boot.
unit_on() {
  [[ $(systemctl is-enabled pgbouncer.service 2>/dev/null) == enabled ]] ||
    run systemctl --quiet enable pgbouncer.service
}

# unit_back: the unit as it stood before the oldest generation that goes. A package that a deploy
# brought and that stays does nothing: it is not started at boot, by systemd or by init scripts.
unit_back() {
  local enabled active
  enabled=$(GEN=${undo[0]} gen_get unit.enabled) active=$(GEN=${undo[0]} gen_get unit.active)
  package_installed "$package" || return 0
  case $enabled in
    absent)
      run systemctl --quiet disable pgbouncer.service || return
      [[ ! -x /usr/sbin/update-rc.d ]] || run update-rc.d -f pgbouncer remove >/dev/null
      ;;
    disabled) run systemctl --quiet disable pgbouncer.service || return ;;
  esac
  [[ $active != active ]] || service_start pooler
}
