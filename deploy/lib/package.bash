# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The package manager, as far as a deploy needs it. Sourced, never run. This is Debian's, with its
# derivatives: dpkg and apt.

# The package of the pooler.
# shellcheck disable=SC2034 # read by the scripts that source this
package=pgbouncer

# package_known: this host has the package manager that we know.
package_known() {
  [[ -n $(command -v dpkg-query) && -n $(command -v apt-get) ]]
}

# package_installed NAME
package_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' -- "$1" 2>/dev/null) == installed ]]
}

# package_version NAME: the installed version, "1.18.0-1+deb12u1".
package_version() {
  dpkg-query -W -f '${Version}' -- "$1"
}

# package_candidate NAME: the version that would be installed, or nothing.
package_candidate() {
  apt-cache policy -- "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# package_upstream VERSION: PgBouncer's own version, X.Y.Z, out of a package's.
package_upstream() {
  sed -nE 's/^([0-9]+:)?([0-9]+\.[0-9]+\.[0-9]+).*/\2/p' <<<"$1"
}

# package_holder: "NAME (pid N)" of who holds a lock of the package manager, or nothing.
package_holder() {
  local file inode pid name
  for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock; do
    [[ -e $file ]] || continue
    inode=$(stat -c %i -- "$file")
    pid=$(awk -v inode="$inode" '{ n = split($6, part, ":") } part[n] == inode { print $5; exit }' /proc/locks)
    [[ -n $pid ]] || continue
    { read -r name <"/proc/$pid/comm"; } 2>/dev/null || name=process
    printf '%s (pid %s)' "$name" "$pid"
    return
  done
}

# package_broken: the first line of what dpkg says of an interrupted installation, or nothing.
package_broken() {
  if [[ -n $(find /var/lib/dpkg/updates -type f -name '[0-9]*' 2>/dev/null) ]]; then
    printf 'dpkg was interrupted'
  else
    dpkg --audit 2>&1 | grep -m 1 . || :
  fi
}

# package_changed NAME: its configuration files in /etc/pgbouncer that are not as it brought them, one
# per line.
package_changed() {
  local path md5
  while read -r path md5 _; do
    [[ $path == /etc/pgbouncer/* && -r $root$path ]] || continue
    [[ $(md5sum <"$root$path") == "$md5 "* ]] || printf '%s\n' "$path"
  done < <(dpkg-query -W -f '${Conffiles}\n' -- "$1" 2>/dev/null)
}

# package_changes NAME: what an installation would bring, one package per line.
package_changes() {
  apt_get -s install -- "$1" | awk '$1 == "Inst" { print $2 }'
}

# package_install NAME: with what it depends on and nothing else; nothing is removed for it, no
# question is asked, no conffile is replaced. The index is fetched only where the package cannot be
# had without.
package_install() {
  run apt_get install -- "$1" || {
    say 'apt-get: once more with a new index'
    run apt_get update && run apt_get install -- "$1"
  }
}

# package_purge NAME...: with their configuration. dpkg refuses where another package needs one.
package_purge() {
  run dpkg --purge -- "$@" >&2
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
