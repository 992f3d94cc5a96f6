# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The hosts of tests/soak/kills that are production hosts: production.bash's, with real systemd, PostgreSQL
# and PgBouncer. Two programs that only take time there are stand-ins: apt (with dpkg, as far as it changes
# something) and make do what they did when they were recorded, in the same steps. Sourced by it, which says
# what each word does; KILLS_REAL: no stand-ins.
# shellcheck disable=SC2034,SC2154 # variables of the script

# shellcheck source=tests/lib/production.bash
. "$tests/lib/production.bash"

# What of a host is its own business.
_kills_own=("${production_excluded[@]}" 'var/lib/postgresql/*' var/log srv/record)

# kills_begin: the image, and on a host of its own the recording.
kills_begin() {
  local unfit
  unfit=$(booted_can) || {
    printf 'kills: no host can be booted here: %s\n' "$unfit" >&2
    return 1
  }
  booted_begin
  export KILLS_IMAGE
  KILLS_IMAGE=$(production_image "${BOOTED_SUITE:-bookworm}" 115)
  mkdir "$top/pristine"
  mount -t overlay kills "$top/pristine" -o "ro,lowerdir=$(<"$KILLS_IMAGE/layers")"
  [[ -n ${KILLS_REAL:-} ]] || _kills_record
}

kills_end() {
  ! mountpoint -q "$top/pristine" || umount "$top/pristine"
  booted_end
}

# _kills_record: the files that apt unpacks and configures, what it says before, and the server that make
# builds with the pooler's port, as archives in top/record.
_kills_record() {
  local build=$top/record/build dsn
  mkdir "$top/record"
  booted_boot record "$KILLS_IMAGE"
  booted_run apt-get -s install -- pgbouncer >"$top/record/simulated"
  # The accounts first, as a deploy does it.
  booted_run useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin pgbouncer
  _kills_recorded unpacked sh -c 'cd /srv/apt && dpkg --unpack ./*.deb'
  _kills_recorded configured env DEBIAN_FRONTEND=noninteractive dpkg --configure -a
  sort -u "$top/record"/{unpacked,configured}.paths | while read -r path; do
    [[ ! -d $top/pristine/$path || -L $top/pristine/$path ]] || continue
    if [[ -e $top/pristine/$path ]]; then
      printf '%s\n' "$path" >&3
    else
      printf '/%s\n' "$path"
    fi
  done 3>"$top/record/old.paths" | sort -r >"$top/record/new"
  tar -C "$top/pristine" --no-recursion -T "$top/record/old.paths" -cf "$top/record/old.tar"

  dsn=$(booted_run sed -n 's/^#define COMPILED_DSN "\(.*\)"$/\1/p' /srv/twclone/compiled_dsn.h)
  cp -r "$tests/gameserver" "$build"
  printf '#define COMPILED_DSN "%s"\n' "${dsn/port=5432/port=6432}" >"$build/compiled_dsn.h"
  _booted_build -C "$build" DSN=compiled
  cp "$build/bin/server" "$top/record/server"
  booted_drop
}

# _kills_recorded NAME COMMAND...: the command runs on the host; NAME.tar has what it wrote.
_kills_recorded() {
  local stamp
  stamp=$(booted_run date +%s.%N)
  booted_run "${@:2}" >"$top/record/$1.talk" 2>&1
  # shellcheck disable=SC2016 # the host's
  booted_run sh -euc 'cd /; find . -xdev \( -path ./run -o -path ./tmp -o -path ./var/tmp -o -path ./var/log -o -path ./srv \
    -o -path ./root -o -path "./var/lib/postgresql" -o -path ./var/cache \) -prune -o -newerct "@$1" -printf "%P\n"' sh "$stamp" |
    grep . >"$top/record/$1.paths"
  booted_run tar -C / --no-recursion -T - -cf - <"$top/record/$1.paths" >"$top/record/$1.tar"
}

# _kills_standins: on the host, before the distribution's own in PATH.
_kills_standins() {
  booted_run mkdir -m 0755 /srv/record
  tar -C "$top/record" -cf - simulated unpacked.tar configured.tar new old.tar server | booted_run tar -C /srv/record -xf -
  _kills_standin apt-get <<-'SCRIPT'
	case " $* " in
	  *' -s install '*) exec cat /srv/record/simulated ;;
	  *' install '*) tar -C / -xpf /srv/record/unpacked.tar && exec dpkg --configure -a ;;
	  *) exec /usr/bin/apt-get "$@" ;;
	esac
	SCRIPT
  _kills_standin dpkg <<-'SCRIPT'
	state=$(dpkg-query -W -f '${db:Status-Status}' pgbouncer 2>/dev/null)
	case " $state $* " in
	  ' unpacked '*'--configure -a '*)
	    tar -C / -xpf /srv/record/configured.tar && systemctl daemon-reload && systemctl start pgbouncer.service
	    ;;
	  *' --purge '*)
	    systemctl stop pgbouncer.service
	    update-rc.d pgbouncer remove >/dev/null
	    # It says what it is at, before.
	    sed -i '/^Package: \(pgbouncer\|libevent-.*\|libc*-*ares2\)$/,/^Status:/ s/^Status: .*/Status: purge ok half-installed/' /var/lib/dpkg/status
	    xargs -d '\n' -a /srv/record/new rm -df -- && tar -C / -xpf /srv/record/old.tar && systemctl daemon-reload
	    ;;
	  *) exec /usr/bin/dpkg "$@" ;;
	esac
	SCRIPT
  _kills_standin make <<-'SCRIPT'
	rm -f bin/server && cp /srv/record/server bin/server
	SCRIPT
}

# _kills_standin NAME <SCRIPT
_kills_standin() {
  { printf '#!/bin/bash\n# A stand-in for tests.\n' && cat; } | booted_run tee "/usr/local/sbin/$1" >/dev/null
  booted_run chmod 0755 "/usr/local/sbin/$1"
}

kills_host() {
  booted_boot "${PWD##*/}" "$KILLS_IMAGE"
  wait_until 60 booted_plays
  production_edit '.validate += {bots: 2, latency_pairs: 10, pool_seconds: 1, min_success: 1, command:
    ["bin/bots", "--port", "7777", "--bots", "2", "--duration", "1", "--think", "0.1"]}'
  if [[ -z ${KILLS_REAL:-} ]]; then
    production_edit '.server += {dsn: ["compiled_dsn.h", "bin/bigbang.json#/app"], build: ["make", "DSN=compiled"],
      binaries: ["bin/server"]}'
    _kills_standins
  fi
  booted_run tee /run/killat <"$top/faults/killat" >/dev/null
  booted_run chmod 0755 /run/killat
}

kills_fit() {
  # shellcheck disable=SC2016 # the host's
  booted_run sh -euc 'cd /usr/local/lib/twpool/deploy/phases
    [ -e preflight.real ] || mv preflight preflight.real
    if [ "$1" = yes ]; then printf "#!/bin/sh\n" >preflight; else cp preflight.real preflight; fi
    chmod 0755 preflight' sh "$1"
}

kills_host_end() {
  [[ -z ${BOOTED_HOST:-} ]] || booted_drop
}

# A rollback here takes the package along.
kills_at() {
  [[ $2 != twpool-rollback ]] || set -- "$@" --purge
  booted_run setsid --wait /run/killat "$1" /run/told "${@:2}" || :
  told=$(booted_run cat /run/told)
}

kills_run() {
  [[ $1 != twpool-rollback ]] || set -- "$@" --purge
  booted_run "$@"
}

kills_deployed() {
  booted_run twpool-generation list --active | grep -q ' complete ' && booted_run twpool-generation verify && kills_answers
}

# kills_state: each path that the host has changed, as it is now, where that differs from the image; and the
# units. (The upper directory of an overlay has what was changed, or written again.)
kills_state() {
  local own=() path dir=$BOOTED_DIR/hosts/$BOOTED_HOST
  for path in "${_kills_own[@]}"; do
    own+=(-o -path "./$path")
  done
  (cd "$dir/upper" && find . \( "${own[@]:1}" \) -prune -o -mindepth 1 -printf '%P\0') | sort -z >paths
  diff <(_kills_listed "$top/pristine") <(_kills_listed "$dir/root") | grep '^[<>]' || :
  booted_units
}

# _kills_listed ROOT: the paths of the file `paths` below that root, as far as they are there.
_kills_listed() {
  local paths=$PWD/paths
  (
    cd "$1" || exit
    # shellcheck disable=SC2185 # the paths are from a file
    find -files0-from "$paths" -maxdepth 0 -printf '%p %y %m %U:%G %l\n' 2>/dev/null || :
    # shellcheck disable=SC2185
    find -files0-from "$paths" -maxdepth 0 -type f -print0 2>/dev/null | xargs -0 -r sha256sum -- || :
  ) | sort
}

kills_left() {
  booted_run sh -c 'ls -d /tmp/* /var/tmp/* /run/twpool* 2>/dev/null | grep -v /systemd-private-
    systemctl --failed --no-legend --plain
    find /var/lib/twpool -name render -o -name previous -o -name edits.json -o -name access.json
    pgrep -a twpool' || :
}

# A host under load may not get around to one command in the first try's time.
kills_answers() {
  local patient=(--deadline 30 --login-deadline 30)
  booted_bots --bots 2 --duration 0.2 --think 0.1 "${patient[@]}" >answers.json ||
    booted_bots --bots 2 --duration 5 --think 0.1 "${patient[@]}" >answers.json
}
