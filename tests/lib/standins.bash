# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Single checks of preflight on a host that is none: below a directory, with stand-ins for the
# programs that would speak to systemd, dpkg and apt. They stand in TWPOOL_BIN, which is first in the
# scripts' PATH. What they answer is what the real ones said on a booted Debian 12; that the real ones
# still do is for tests/hosts to say. Sourced; needs TWPOOL_BIN and `tests`.

# standins_make DIRECTORY: an empty host, a site file for it, and stand-ins of which systemctl knows a
# running twclone.service and nothing else, and dpkg no package but apt one.
standins_make() {
  standins=$1
  mkdir -p "$standins"/bin "$standins"/root/{etc/logrotate.d,etc/systemd/system,var/lib,srv/game}
  ln -s "$(readlink -f -- "$tests/../templates")" "$standins/templates"
  ln -s "$TWPOOL_BIN"/* "$standins/bin"
  jq -n '{ schema: 1, databases: [ { name: "game" } ], users: [ { name: "game" } ],
    server: { directory: "/srv/game", user: "games", unit: "twclone.service", dsn: [ "dsn.json#/app" ] } }' \
    >"$standins/site.json"
  printf '%s\n' 'twclone.service LoadState loaded' 'twclone.service ActiveState active' \
    'twclone.service User games' 'twclone.service MainPID 1' 'pgbouncer.service LoadState not-found' >"$standins/units"
  printf 'Candidate: 1.18.0-1+deb12u1\n' >"$standins/apt"
  : >"$standins/dpkg"
  standin systemctl <<-'SCRIPT'
	unit=${*: -1} IFS=,
	of() { sed -n "s/^$unit $1 //p" "${0%/*}/../units"; }
	case $1 in
	  --version) printf 'systemd 252 (252.38-1~deb12u1)\n' ;;
	  is-enabled) state=$(of UnitFileState); printf '%s\n' "${state:-disabled}"; [[ $state == enabled ]] ;;
	  is-active) state=$(of ActiveState); printf '%s\n' "${state:-inactive}"; [[ $state == active ]] ;;
	  show) for property in $3; do of "$property"; done ;;
	esac
	SCRIPT
  # The file dpkg: status, version, conffiles; the file apt: what a policy and a simulation print.
  standin dpkg-query <<-'SCRIPT'
	[[ -s ${0%/*}/../dpkg ]] || exit 1
	case $3 in
	  *Status*) sed -n 's/^status //p' "${0%/*}/../dpkg" | tr -d '\n' ;;
	  *Version*) sed -n 's/^version //p' "${0%/*}/../dpkg" ;;
	  *Conffiles*) sed -n 's/^conffile / /p' "${0%/*}/../dpkg" ;;
	esac
	SCRIPT
  standin dpkg <<-'SCRIPT'
	[[ $1 != --audit ]] || sed -n 's/^audit //p' "${0%/*}/../dpkg"
	SCRIPT
  standin apt-cache <<-'SCRIPT'
	sed 's/^/  /' "${0%/*}/../apt"
	SCRIPT
  standin apt-get <<-'SCRIPT'
	printf 'Inst pgbouncer (1.18.0-1+deb12u1 Debian:12 [amd64])\nConf pgbouncer\n'
	SCRIPT
}

# standin NAME <SCRIPT: that program, as bash.
standin() {
  rm -f -- "$standins/bin/$1"
  { printf '#!/bin/bash\n# A stand-in for tests.\n' && cat; } >"$standins/bin/$1"
  chmod 0755 "$standins/bin/$1"
}

# standins_site JQ-FILTER: changes the site file.
standins_site() {
  local site
  site=$(jq "$1" "$standins/site.json")
  printf '%s\n' "$site" >"$standins/site.json"
}

# unit LINE...: systemctl knows this too; what it knew of the same property is forgotten.
unit() {
  local line
  for line; do
    sed -i "\|^${line% *} |d" "$standins/units"
    printf '%s\n' "$line" >>"$standins/units"
  done
}

# checks [HOOK=COMMANDS] CHECK...: these checks on that host, and the report as JSON; its exit code.
# HOOK is run before them: functions that stand in for words of the library.
checks() {
  local hook=:
  if [[ $1 == HOOK=* ]]; then
    hook=${1#HOOK=}
    shift
  fi
  # shellcheck disable=SC2016 # for the shell that checks
  TWPOOL_ROOT=$standins/root TWPOOL_BIN=$standins/bin SITE=$standins/site.json bash -c '
    home=$1
    for file in "$home"/deploy/lib/{service,package}.bash "$home"/deploy/preflight/*.bash; do . "$file"; done
    site_load
    manager_fit=yes
    eval "$2"
    for check in "${@:3}"; do "$check"; done
    report --json' checks "$(readlink -f -- "$tests/..")" "$hook" "$@"
}

# found: the findings of the report in `output`, "severity id text", one per line.
found() {
  # shellcheck disable=SC2154 # by `run`
  jq -r '.findings[] | "\(.severity) \(.id) \(.text)"' <<<"$output"
}
