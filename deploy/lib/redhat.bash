# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Red Hat's Enterprise Linux, its rebuilds and Fedora: rpm and dnf, and the package of the PostgreSQL
# Global Development Group's repository. Tested with the real dnf and rpm, but on a Debian and with a
# package that stands in for theirs. Sourced by package.bash, which says what each function does.

redhat_known() {
  [[ -n $(command -v rpm) && -n $(command -v dnf) ]]
}

redhat_binary() {
  printf '/usr/bin/pgbouncer'
}

# redhat_logrotate: the package's own, which makes PgBouncer read its configuration again whenever the
# log is rotated. Ours stands in its place as long as it is deployed.
redhat_logrotate() {
  printf '/etc/logrotate.d/pgbouncer'
}

redhat_installed() {
  rpm -q --quiet -- "$1"
}

redhat_present() {
  redhat_installed "$1"
}

redhat_version() {
  rpm -q --qf '%{VERSION}-%{RELEASE}' -- "$1"
}

redhat_candidate() {
  dnf_do --quiet repoquery --available --latest-limit=1 --qf '%{version}-%{release}\n' "$1" 2>/dev/null | sed -n '/./{p;q}'
}

redhat_holder() {
  lock_holder /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock
}

# redhat_broken: rpm writes down nothing by which an interrupted transaction could be told.
redhat_broken() {
  :
}

redhat_unfinished() {
  :
}

# redhat_mend: dnf installs over what is half there.
redhat_mend() {
  :
}

redhat_changed() {
  local flags kind path
  while read -r flags kind path; do
    [[ $kind != c || $path != /etc/pgbouncer/* || $flags != ??5* ]] || printf '%s\n' "$path"
  done < <(rpm -V --nodeps -- "$1")
}

redhat_changelog() {
  rpm -q --changelog -- "$1"
}

# redhat_changes NAME: dnf has no simulation but the table that it shows before it asks.
redhat_changes() {
  local output
  output=$(dnf_do --assumeno install "$1" 2>&1) || :
  awk '/^Installing/ { on = 1; next } /^(Upgrading|Removing|Transaction Summary)/ { on = 0 }
    on && /^ [^ ]/ { print $1; n++ } END { exit !n }' <<<"$output" && return
  grep -E -m 1 '^(Error|No match|Unable)' <<<"$output" || printf 'dnf would not install it\n'
  return 1
}

redhat_install() {
  run dnf_do --quiet --assumeyes install "$1" >&2
}

# redhat_erase: rpm keeps of the configuration what was edited, as .rpmsave.
redhat_erase() {
  run rpm --erase -- "$@" >&2
}

redhat_purge() {
  redhat_erase "$@"
}

redhat_advice() {
  case $1 in
    install) printf 'dnf install --setopt=install_weak_deps=False %s' "$2" ;;
    reinstall) printf 'dnf reinstall %s' "$2" ;;
    search) printf 'add a repository that has it, such as that of https://yum.postgresql.org' ;;
    repair) printf 'rpm --verifydb; dnf check' ;;
    simulate) printf 'dnf --assumeno install %s' "$2" ;;
    changelog) printf 'rpm -q --changelog %s' "$2" ;;
  esac
}

# dnf_do ARGUMENT...: with the options that make it ask nothing and wait for nobody.
dnf_do() {
  dnf --color=never --setopt=install_weak_deps=False --setopt=exit_on_lock=True "$@" </dev/null
}
