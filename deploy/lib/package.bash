# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The distribution, as far as a deploy needs to know it: its package manager, and where its package of
# the pooler puts things. Two families, debian.bash and redhat.bash, have a function for each word of
# this interface. Sourced, never run.

# shellcheck source=deploy/lib/debian.bash
. "$home/deploy/lib/debian.bash"
# shellcheck source=deploy/lib/redhat.bash
. "$home/deploy/lib/redhat.bash"

# The package of the pooler.
# shellcheck disable=SC2034 # read by the scripts that source this
package=pgbouncer

# package_family: "debian" or "redhat", as os-release(5) says what this system is like, or "unknown".
package_family() {
  local like
  like=$(sed -nE 's/^ID(_LIKE)?="?([^"]*)"?$/\2/p' /etc/os-release 2>/dev/null | tr '\n' ' ') || :
  case " $like" in
    *' debian '* | *' ubuntu '*) printf 'debian' ;;
    *' rhel '* | *' fedora '* | *' centos '*) printf 'redhat' ;;
    *) printf 'unknown' ;;
  esac
}

family=$(package_family)

# package_known: this host's package manager is one of those that we know, and is there.
package_known() {
  [[ $family != unknown ]] && "${family}_known"
}

# package_binary: where the package puts PgBouncer, also before it is installed.
package_binary() {
  case $family in
    unknown) printf 'pgbouncer' ;;
    *) "${family}_binary" ;;
  esac
}

# package_logrotate: the file of /etc/logrotate.d that rotates the pooler's log once we have.
package_logrotate() {
  "${family}_logrotate"
}

# package_installed NAME
package_installed() {
  "${family}_installed" "$1"
}

# package_present NAME: it is installed, or something of it is here: its configuration, or what was not ended.
package_present() {
  "${family}_present" "$1"
}

# package_version NAME: the installed version, "1.18.0-1+deb12u1".
package_version() {
  "${family}_version" "$1"
}

# package_candidate NAME: the version that would be installed, or nothing.
package_candidate() {
  "${family}_candidate" "$1"
}

# package_upstream VERSION: PgBouncer's own version, X.Y.Z, out of a package's.
package_upstream() {
  sed -nE 's/^([0-9]+:)?([0-9]+\.[0-9]+\.[0-9]+).*/\2/p' <<<"$1"
}

# package_holder: "NAME (pid N)" of who holds a lock of the package manager, or nothing.
package_holder() {
  "${family}_holder"
}

# package_broken: one line about an installation that was interrupted, or nothing.
package_broken() {
  "${family}_broken"
}

# package_unfinished: the packages whose installation has begun and not ended, one per line.
package_unfinished() {
  "${family}_unfinished"
}

# package_mend: ends what was interrupted: configures what is there, asks no question, replaces no
# configuration file, and removes what is there by half. 1 where something remains.
package_mend() {
  "${family}_mend"
}

# package_changed NAME: its configuration files in /etc/pgbouncer that are not as it brought them, one
# per line.
package_changed() {
  "${family}_changed" "$1"
}

# package_changelog NAME: of the installed package, or nothing.
package_changelog() {
  "${family}_changelog" "$1"
}

# package_changes NAME: what an installation would bring, one package per line. Where there can be none:
# not 0, and the reason.
package_changes() {
  "${family}_changes" "$1"
}

# package_install NAME: with what it depends on and nothing else; nothing is removed for it, no
# question is asked, no configuration file is replaced.
package_install() {
  "${family}_install" "$1"
}

# package_erase NAME...: their configuration stays, where the package manager keeps it.
package_erase() {
  "${family}_erase" "$@"
}

# package_purge NAME...: with their configuration. Refused where another package needs one.
package_purge() {
  "${family}_purge" "$@"
}

# package_advice WORD NAME: the command that an operator would type: install, reinstall, search, repair,
# simulate or changelog.
package_advice() {
  "${family}_advice" "$@"
}

# lock_holder FILE...: "NAME (pid N)" of who holds a lock on one of them, or nothing.
lock_holder() {
  local file inode pid name
  for file; do
    [[ -e $file ]] || continue
    inode=$(stat -c %i -- "$file")
    pid=$(awk -v inode="$inode" '{ n = split($6, part, ":") } part[n] == inode { print $5; exit }' /proc/locks)
    [[ -n $pid ]] || continue
    { read -r name <"/proc/$pid/comm"; } 2>/dev/null || name=process
    printf '%s (pid %s)' "$name" "$pid"
    return
  done
}
