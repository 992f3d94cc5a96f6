# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The way back of packages: what a killed package manager has left is ended, and what deploys have brought goes.
# Sourced by host.bash, whose unit_back ends the former.

# package_back: what a deploy's package manager left when it was killed is ended, and the pooler's unit is as it was
# before. Noted before and after, for we may be killed too; and noted where nothing was left, so that no later
# trouble of the package manager is taken for ours.
package_back() {
  local left undo
  left=$(package_left) || return
  [[ -n $left ]] || return 0
  if [[ -z $(package_broken) && -z $(GEN=$left gen_get package.mending) ]]; then
    package_noted "$left" package.ended yes
    return
  fi
  # At boot the package's scripts would wait for what waits for us.
  [[ -z ${TWPOOL_BOOT:-} ]] && ! package_foreign "$left" || return 0
  undo=("$left")
  say "the package manager was interrupted in the deploy of generation $left: what it left is ended"
  package_noted "$left" package.mending yes
  package_mend || return
  # Its own start of the pooler is no part of that.
  ! unit_there || run timeout 30 systemctl stop -- pgbouncer.service || return
  unit_back || return
  package_noted "$left" package.ended yes package.mending ''
}

# package_noted GENERATION KEY VALUE...: a record that cannot be written is no reason to stop.
package_noted() {
  [[ -n ${TWPOOL_PLAN:-} ]] || twpool-generation note "$@" || say "$2 could not be noted; going on"
}

# package_stays: the package manager's trouble is no reason to leave the rest.
package_stays() {
  say 'twpool-rollback: what the package manager left unfinished could not be ended; going on'
  remaining+=("the package manager's unfinished work: $(package_advice repair)")
}

# package_remove: the packages that recorded deploys have brought since this was done last. Whose configuration was
# here before, leaves it here.
package_remove() {
  local notes=() i words=() one last='' brought=() configured=' ' erased=() purged=()
  elements notes '' twpool-generation get all number package.installed package.configured package.removed || return
  for ((i = 0; i < ${#notes[@]}; i += 4)); do
    read -r -a words <<<"${notes[i + 1]}"
    for one in "${words[@]}"; do
      last=${notes[i]}
      [[ " ${brought[*]} " != *" $one "* ]] || continue
      brought+=("$one")
      [[ " ${notes[i + 2]} " != *" $one "* ]] || configured+="$one "
    done
    [[ -z ${notes[i + 3]} ]] || brought=() configured=' '
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
  package_noted "$last" package.ended yes
  package_noted "${notes[-4]}" package.removed yes
}
