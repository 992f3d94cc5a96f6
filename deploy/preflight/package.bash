# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The distribution and its package of the pooler: what is or would be installed, whether the package
# manager can, and what is known about that version. Sets `version`, PgBouncer's own. Sourced by
# phases/preflight.

# The pooler's version as far as it is known before it is installed, X.Y.Z, or nothing.
version=

# check_system: the distribution, and a package manager that this version knows.
check_system() {
  local name
  name=$(sed -nE 's/^PRETTY_NAME="?([^"]*)"?$/\1/p' /etc/os-release 2>/dev/null) || :
  if on_systemd && ! package_known; then
    finding error system "${name:-an unknown system} has neither apt nor dnf as its package manager" \
      'this version deploys on Debian, Red Hat Enterprise Linux, and what derives from them.'
    return 1
  fi
  finding ok system "${name:-an unknown system}"
}

# check_package: installed, or installable.
check_package() {
  local holder broken installed candidate
  holder=$(package_holder) broken=$(package_broken)
  [[ -z $holder ]] || finding busy package "the package manager is at work: $holder" 'wait until it has ended.'
  if package_installed "$package"; then
    installed=$(package_version "$package")
    finding ok package "$package $installed is installed"
    [[ -z $broken ]] || package_is_ours "$broken" ||
      finding warning package "$broken" "$(package_advice repair); a deploy does not need it, another does."
    check_pooler
    return
  fi
  [[ -z $broken ]] || package_is_ours "$broken" || finding error package "$broken" "$(package_advice repair)."
  candidate=$(package_candidate "$package")
  if [[ -z $candidate ]]; then
    finding error package "no package $package can be had" "$(package_advice search)."
    return
  fi
  version=$(package_upstream "$candidate")
  [[ -n $version ]] ||
    finding error package "what version is $package $candidate?" 'add a source with a package of a released version.'
  [[ -n $broken ]] || check_installable "$candidate"
}

# package_is_ours BROKEN: a deploy was interrupted at it, and the next ends it before it comes here; 1 where not.
package_is_ours() {
  local left
  [[ -r $state_dir/generations ]] && left=$(package_left) && [[ -n $left ]] && ! package_foreign "$left" || return
  finding warning package "$1" "generation $left was interrupted at it: the next deploy ends it first, as does twpool-rollback."
}

# check_installable CANDIDATE: the package manager would do it, without removing anything.
check_installable() {
  local output
  if output=$(package_changes "$package" 2>&1); then
    finding ok package "$package $1 would be installed: ${output//$'\n'/ }"
  else
    finding error package "$package $1: $output" "$(package_advice simulate "$package") says more."
  fi
}

# check_pooler: the binary is there and says its version.
check_pooler() {
  local binary remedy='correct process.pooler_binary.'
  binary=$(pooler_binary)
  ! on_systemd || remedy=$(package_advice reinstall "$package")
  if [[ -z $(command -v -- "$binary") ]]; then
    finding error pooler "PgBouncer is missing: no program '$binary'" \
      "$(package_known && package_advice install "$package" || printf 'install it.')"
    return
  fi
  version=$(pooler_version) || version=
  if [[ -n $version ]]; then
    finding ok pooler "PgBouncer $version"
  else
    finding error pooler "'$binary' does not say what version of PgBouncer it is" \
      "$remedy"
  fi
}

# version_number NAME X.Y.Z: sets the variable NAME to a number that is in the order of versions.
version_number() {
  local -n version_target=$1
  local part
  IFS=. read -r -a part <<<"$2"
  # shellcheck disable=SC2034 # a reference: read by the caller
  version_target=$((part[0] * 1000000 + ${part[1]:-0} * 1000 + ${part[2]:-0}))
}

# version_within RANGE: `version` is in FIRST..FIXED: not before FIRST, and before FIXED.
version_within() {
  local own first fixed
  version_number own "$version"
  version_number first "${1%..*}"
  version_number fixed "${1#*..}"
  ((first <= own && own < fixed))
}

# changelog: that of the installed package, where it is the pooler's.
changelog() {
  [[ $(command -v -- "$(pooler_binary)") -ef $(package_binary) ]] || return 0
  package_changelog "$package"
}

# Those that are not known to be mended.
advisories_open=()

# check_advisories: what upstream has said about this version. Distributions mend older ones: what the
# changelog of the installed package names is mended, of the rest we do not know.
check_advisories() {
  local file=$home/deploy/advisories range id date mended names
  [[ -n $version ]] || return 0
  date=$(sed -n 's/^# As of //p' "$file")
  mended=$(changelog)
  while IFS=$'\t' read -r range id _; do
    [[ -n $range && $range != '#'* ]] && version_within "$range" || continue
    [[ $mended == *"$id"* ]] || advisories_open+=("$id")
  done <"$file"
  if ((${#advisories_open[@]} == 0)); then
    finding ok advisory "PgBouncer $version: nothing known on $date is open"
    return
  fi
  printf -v names '%s, ' "${advisories_open[@]}"
  finding warning advisory "PgBouncer $version is affected upstream by ${names%, } (known on $date)" \
    "check the changelog of the package ($(package_known && package_advice changelog "$package" || printf 'its distribution has it')); what they are: $(readlink -f -- "$file")."
}
