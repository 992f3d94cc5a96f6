# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Debian and its derivatives: dpkg and apt. Sourced by package.bash, which says what each function
# does.

debian_known() {
  [[ -n $(command -v dpkg-query) && -n $(command -v apt-get) ]]
}

debian_binary() {
  printf '/usr/sbin/pgbouncer'
}

# debian_logrotate: the package has none.
debian_logrotate() {
  printf '/etc/logrotate.d/twpool-pgbouncer'
}

debian_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' -- "$1" 2>/dev/null) == installed ]]
}

debian_present() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' -- "$1" 2>/dev/null) == [!n]* ]]
}

debian_version() {
  dpkg-query -W -f '${Version}' -- "$1"
}

debian_candidate() {
  apt-cache policy -- "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

debian_holder() {
  lock_holder /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock
}

debian_broken() {
  local line
  if [[ -n $(find /var/lib/dpkg/updates -type f -name '[0-9]*' 2>/dev/null) ]]; then
    printf 'dpkg was interrupted'
  else
    line=$(dpkg --audit 2>&1) || :
    [[ -z $line ]] || printf 'dpkg has unfinished work: %s' "${line%%$'\n'*}"
  fi
}

# debian_unfinished: dpkg's states, its journal among them. Triggers are nobody's own.
debian_unfinished() {
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' | awk '$1 ~ /^(half-installed|half-configured|unpacked)$/ { print $2 }'
}

# debian_mend: a package that was killed while it was unpacked cannot be configured any more; it goes, as does
# one whose dependencies have not come. What there was of its configuration before stays.
debian_mend() {
  local half=()
  run dpkg_do --configure -a || say 'dpkg: what cannot be configured is removed'
  [[ -z ${TWPOOL_PLAN:-} ]] || return 0
  elements half $'\n' debian_unfinished || return
  ((${#half[@]} == 0)) || run dpkg_do --remove --force-remove-reinstreq -- "${half[@]}" || return
  [[ -z $(debian_broken) ]]
}

debian_changed() {
  local path md5
  while read -r path md5 _; do
    [[ $path == /etc/pgbouncer/* && -r $root$path ]] || continue
    [[ $(md5sum <"$root$path") == "$md5 "* ]] || printf '%s\n' "$path"
  done < <(dpkg-query -W -f '${Conffiles}\n' -- "$1" 2>/dev/null)
}

debian_changelog() {
  local file=/usr/share/doc/$1/changelog.Debian.gz
  [[ ! -r $file ]] || zcat -f -- "$file"
}

debian_changes() {
  local output
  output=$(apt_get -s install -- "$1" 2>&1) || {
    grep -m 1 '^E: ' <<<"$output" | sed 's/^E: //' || printf 'apt-get would not install it\n'
    return 1
  }
  awk '$1 == "Inst" { print $2 }' <<<"$output"
}

# debian_install NAME: the index is fetched only where the package cannot be had without.
debian_install() {
  run apt_get install -- "$1" || {
    say 'apt-get: once more with a new index'
    run apt_get update && run apt_get install -- "$1"
  }
}

debian_erase() {
  run dpkg --remove -- "$@" >&2
}

debian_purge() {
  run dpkg --purge -- "$@" >&2
}

debian_advice() {
  case $1 in
    install) printf 'apt-get install --no-install-recommends %s' "$2" ;;
    reinstall) printf 'apt-get install --reinstall %s' "$2" ;;
    search) printf 'apt-get update; or add a source that has it to /etc/apt' ;;
    repair) printf 'dpkg --configure -a, and then apt-get -f install' ;;
    simulate) printf 'apt-get install -s %s' "$2" ;;
    changelog) printf 'apt-get changelog %s' "$2" ;;
  esac
}

# dpkg_do ARGUMENT...: as apt_get calls it. A package's script that hangs is ended.
dpkg_do() {
  local output code=0
  output=$(DEBIAN_FRONTEND=noninteractive timeout -k 5 300 dpkg --force-confdef --force-confold "$@" 2>&1 </dev/null) || code=$?
  ((code == 0)) || say "$output"
  return "$code"
}

# apt_get ARGUMENT...: with the options that make it ask nothing; what it prints is kept for the case
# that it fails, for the log may be a lost terminal.
apt_get() {
  local output code=0
  output=$(DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get --quiet=2 --yes \
    --no-install-recommends --no-remove -o DPkg::Lock::Timeout=60 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" 2>&1 </dev/null) || code=$?
  if [[ $code -ne 0 ]]; then
    say "$output"
  elif [[ $1 == -s ]]; then
    printf '%s\n' "$output"
  fi
  return "$code"
}
