# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Booted Debian hosts for tests: systemd as PID 1 (systemd-nspawn), PostgreSQL as the distribution's
# unit, the sample game server as a unit of its own user, and PgBouncer as a package that can be
# installed but is not. Sourced; needs root, no bats, and works under `set -euo pipefail`.
#
# An image is a directory of the cache: a root file system, or what a host changed on top of
# one. A host is an overlay over an image: it costs nothing to make, and hosts share nothing. It has
# its own network namespace with loopback in it and nothing else; its apt knows one file: repository.
# Functions of several steps rely on the caller's errexit, so none but booted_run goes after `if`.
#
# BOOTED_CACHE  a directory that keeps the images (default: one that goes with booted_end)
# BOOTED_DIR    this run's hosts, by booted_begin: in memory where there is room, unless TMPDIR is set
# BOOTED_HOST   the host that all functions mean, by booted_boot

# shellcheck source=tests/lib/cluster.bash
. "${BASH_SOURCE[0]%/*}/cluster.bash"

_booted_lib=$(readlink -f -- "${BASH_SOURCE[0]}")
_booted_tests=${_booted_lib%/lib/*}

# What a root holds beside apt and its essentials, what its repository offers, and what roots of other
# kinds have too: one that can compile, and one on which rpm, dnf and a repository of theirs can be had.
_booted_packages=(systemd systemd-sysv dbus mount procps iproute2 netbase cron logrotate postgresql
  libpq5 libjansson4 libmd0 make)
_booted_offers=(pgbouncer)
_booted_compiler=(gcc libc6-dev pkg-config libpq-dev libjansson-dev libmd-dev libssl-dev)
_booted_redhat=(rpm dnf createrepo-c libevent-2.1-7 libc-ares2)

# booted_can: this machine can boot hosts; otherwise 1, and the reason on stdout.
booted_can() {
  local program
  ((EUID == 0)) || { printf 'not root\n'; return 1; }
  for program in apt-get mmdebstrap nsenter unshare findmnt flock jq; do
    [[ -n $(command -v "$program") ]] || { printf 'no %s\n' "$program"; return 1; }
  done
  [[ -n $(_booted_cgroup2) ]] || { printf 'no cgroup v2\n'; return 1; }
  [[ -w $(_booted_cgroup2)/cgroup.procs ]] || { printf 'cgroups are read-only\n'; return 1; }
  grep -qw overlay /proc/filesystems || { printf 'no overlay file system\n'; return 1; }
  unshare --mount true 2>/dev/null || { printf 'mounts are not allowed\n'; return 1; }
}

# booted_begin: a directory for the hosts of this shell. It and they go with booted_end, or with
# this shell, however that ends; what a run whose janitor was killed too has left goes first.
booted_begin() {
  local stale
  for stale in {"${TMPDIR:-/tmp}",/dev/shm}/twbooted-*; do
    ! _booted_is_stale "$stale" || BOOTED_DIR=$stale booted_end
  done
  BOOTED_DIR=$(mktemp -d "$(_booted_place)/twbooted-XXXXXX")
  BOOTED_CACHE=${BOOTED_CACHE:-$BOOTED_DIR/cache}
  export BOOTED_DIR BOOTED_CACHE BOOTED_HOST=
  mkdir -p "$BOOTED_CACHE" "$BOOTED_DIR/hosts"
  printf '%s %s\n' "$$" "$(readlink /proc/self/ns/pid)" >"$BOOTED_DIR/owner"
  # shellcheck disable=SC2016 # for the shell that waits
  setsid --fork bash -c 'cd /; tail --pid="$2" -f /dev/null; . "$1"; booted_end' booted-janitor \
    "$_booted_lib" "$$" </dev/null >/dev/null 2>&1 3>&- 4>&-
}

# booted_end: all hosts of this run, their processes, mounts, cgroups and directories are gone.
booted_end() {
  local host
  [[ -n ${BOOTED_DIR:-} && -d $BOOTED_DIR ]] || return 0
  for host in "$BOOTED_DIR"/hosts/*/; do
    [[ ! -d $host ]] || BOOTED_HOST=$(basename "$host") booted_drop
  done
  rm -rf --one-file-system -- "$BOOTED_DIR"
}

# booted_root SUITE [compiler|redhat]: prints the image of a bare host with PostgreSQL, and with the
# packages of that kind, made where the cache lacks it.
booted_root() {
  local suite=$1 root image
  image=$BOOTED_CACHE/$suite-$({
    declare -p _booted_packages _booted_offers
    declare -f _booted_make_root booted_repository _booted_sources
  } | _booted_key)
  root=$(_booted_once "$image" _booted_make_root "$suite")
  if [[ -z ${2:-} ]]; then
    printf '%s\n' "$root"
    return
  fi
  local -n packages=_booted_$2
  image=$root-$2-$({
    printf '%s\n' "${packages[*]}"
    declare -f _booted_make_layer _booted_add
  } | _booted_key)
  _booted_once "$image" _booted_make_layer "$root" "$suite" "${packages[@]}"
}

# booted_game_root SUITE MAX_CONNECTIONS [compiler|redhat] [MAKE-OPTION]...: prints the image of a host on
# which booted_game was called and that was powered off then.
booted_game_root() {
  local suite=$1 max=$2 root image
  shift 2
  if [[ ${1:-} == @(compiler|redhat) ]]; then
    root=$(booted_root "$suite" "$1")
    shift
  else
    root=$(booted_root "$suite")
  fi
  set -- "$max" "$@"
  image=$root-game-$({
    printf '%s\n' "$*"
    declare -f booted_game _booted_build_game
    cat "$_booted_tests"/gameserver/{Makefile,*.[ch]} "$_booted_tests/hosts/twclone.service"
  } | _booted_key)
  _booted_once "$image" _booted_make_game "$root" "$@"
}

# booted_boot HOST [IMAGE]: boots HOST, made from IMAGE where that is given, and waits until systemd
# has started everything. Sets BOOTED_HOST.
booted_boot() {
  export BOOTED_HOST=$1
  local dir=$BOOTED_DIR/hosts/$1
  if (($# > 1)); then
    mkdir "$dir" "$dir"/{upper,work,root}
    cp "$2/layers" "$dir/layers"
    # The root directory's own owner and mode are those of the upper layer.
    chmod 0755 "$dir/upper"
  fi
  mountpoint -q "$dir/root" ||
    mount -t overlay "$(_booted_machine)" "$dir/root" \
      -o "lowerdir=$(<"$dir/layers"),upperdir=$dir/upper,workdir=$dir/work"
  _booted_spawn "$dir"
  wait_until 60 booted_is_up || {
    tail -n 30 "$dir/console" >&2
    return 1
  }
}

# booted_is_up: systemd is done with starting, whatever became of the units. Waits for that once
# systemd can be asked.
booted_is_up() {
  [[ $(booted_run timeout 60 systemctl is-system-running --wait 2>/dev/null) =~ ^(running|degraded)$ ]]
}

# booted_run CMD...: runs CMD as root on the host, with this stdin, stdout, stderr; its exit code. 69
# where the host does not run.
booted_run() {
  local leader
  leader=$(_booted_leader) || {
    printf 'booted_run: %s is not running\n' "$BOOTED_HOST" >&2
    return 69
  }
  nsenter -t "$leader" -a -r -w -- /usr/bin/env -i LANG=C.UTF-8 HOME=/root USER=root LOGNAME=root \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# booted_run_inside CMD...: the same, as one of the host's own processes: booted_cut ends it at the same
# instant as all the others, and not a moment after them.
booted_run_inside() {
  local group
  group=$(_booted_cgroup2)/$(_booted_machine)/run
  mkdir -p "$group"
  (
    printf '%s\n' "$BASHPID" >"$group/cgroup.procs"
    booted_run "$@"
  )
}

# booted_copy PATH... DIRECTORY: copies into DIRECTORY (made where absent) of the running host.
booted_copy() {
  local into=${*: -1} path
  booted_run mkdir -p "$into"
  for path in "${@:1:$#-1}"; do
    tar -C "$(dirname "$path")" --owner=0 --group=0 -cf - "$(basename "$path")" |
      booted_run tar -C "$into" -xpf -
  done
}

# booted_install [MAKE-VARIABLE]...: `make install` of this checkout, copied into the host.
booted_install() {
  local stage
  stage=$(mktemp -d "$BOOTED_DIR/install.XXXXXX")
  chmod 0755 "$stage"
  (
    umask 022
    _booted_build -C "$_booted_tests/.." "$@" DESTDIR="$stage" install
  )
  tar -C "$stage" --owner=0 --group=0 -cf - . | booted_run tar -C / --no-overwrite-dir -xpf -
  rm -rf -- "$stage"
}

# booted_game MAX_CONNECTIONS [MAKE-OPTION]...: the host is one on which the game runs: a role with a
# SCRAM secret, its database, and the game server, set up, enabled and started. Its user builds it
# where the host can compile; elsewhere it is built here, which a host as old as we are can run.
booted_game() {
  local max=$1 password dsn
  shift
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  dsn="host=127.0.0.1 port=5432 dbname=%DB% user=twclone password=$password"
  # Where a file is durable is not what these hosts are for, and a cut host keeps its page cache.
  booted_sql "ALTER SYSTEM SET fsync = off"
  booted_sql "ALTER SYSTEM SET max_connections = $max"
  booted_sql "SET password_encryption = 'scram-sha-256';
    CREATE ROLE twclone LOGIN PASSWORD '$password'"
  booted_sql 'CREATE DATABASE twclone OWNER twclone'
  booted_run systemctl restart postgresql
  wait_until 30 booted_sql 'SELECT' >/dev/null

  booted_run useradd --system --home-dir /srv/twclone --shell /bin/bash --user-group twclone
  booted_copy "$_booted_tests"/gameserver/{*.[ch],Makefile} /srv/twclone
  booted_run mkdir /srv/twclone/bin
  jq -n --arg dsn "$dsn" '{db: "twclone", app: $dsn, admin: $dsn}' |
    booted_run tee /srv/twclone/bin/bigbang.json >/dev/null
  printf '#define COMPILED_DSN "%s"\n' "$dsn" | booted_run tee /srv/twclone/compiled_dsn.h >/dev/null
  booted_run test -x /usr/bin/gcc || _booted_build_game "$dsn" "$@"
  booted_run touch /srv/twclone/bin/twclone.log
  booted_run chmod 0640 /srv/twclone/{bin/bigbang.json,bin/twclone.log,compiled_dsn.h}
  booted_run chown -R twclone: /srv/twclone
  ! booted_run test -x /usr/bin/gcc ||
    booted_run runuser -u twclone -- make -s -j2 -C /srv/twclone "$@"
  booted_run env -C /srv/twclone runuser -u twclone -- bin/server --setup

  booted_copy "$_booted_tests/hosts/twclone.service" /etc/systemd/system
  booted_run systemctl daemon-reload
  booted_run systemctl -q enable --now twclone.service
  wait_until 10 booted_plays
}

# _booted_build_game DSN [MAKE-OPTION]...: the game server's programs, built here, on the host.
_booted_build_game() {
  local stage
  stage=$(mktemp -d "$BOOTED_DIR/game.XXXXXX")
  cp "$_booted_tests"/gameserver/{*.[ch],Makefile} "$stage"
  printf '#define COMPILED_DSN "%s"\n' "$1" >"$stage/compiled_dsn.h"
  _booted_build -j2 -C "$stage" "${@:2}"
  booted_copy "$stage"/bin/{server,bots} /srv/twclone/bin
  rm -rf -- "$stage"
}

# _booted_build MAKE-ARGUMENT...: make, here. The variables of a `make` that runs us are not meant
# for this one.
_booted_build() {
  env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES make -s "$@" >&2
}

# booted_plays: the game server takes connections.
booted_plays() {
  booted_run bash -c '</dev/tcp/127.0.0.1/7777' 2>/dev/null
}

# booted_bots OPTION...: players of the game, on the host; their figures on stdout.
booted_bots() {
  booted_run runuser -u twclone -- /srv/twclone/bin/bots --port 7777 --quiet "$@"
}

# booted_gap_start: from now on a player knocks twenty times a second from this side of the host's
# network: logs in, has one command answered and hangs up. Ends with booted_gap_stop, with this shell,
# with the host, and where the host boots again.
booted_gap_start() {
  local bots leader gap=$BOOTED_DIR/hosts/$BOOTED_HOST/gap
  bots=$(_booted_once "$BOOTED_CACHE/bots-$(cat "$_booted_tests"/gameserver/{Makefile,*.[ch]} |
    _booted_key)" _booted_make_bots)
  leader=$(_booted_leader)
  : >"$gap"
  _booted_knock "$gap" nsenter -t "$leader" -n -- "$bots/bin/bots" --port 7777 --probe 20 \
    --duration 86400 --prefix gap </dev/null >/dev/null 2>&1 3>&- 4>&- &
  wait_until 10 test -s "$gap"
}

# booted_gap_stop: prints the longest span, in seconds, in which no attempt was answered; the
# attempts stand in gap of the host's directory.
booted_gap_stop() {
  local gap=$BOOTED_DIR/hosts/$BOOTED_HOST/gap
  touch "$gap.stop"
  wait_until 10 grep -q ' end$' "$gap"
  rm "$gap.stop"
  awk '$2 == "begin" { last = $1 }
    $2 == "answered" || $2 == "end" { if ($1 - last > longest) longest = $1 - last; last = $1 }
    END { printf "%.2f\n", longest }' "$gap"
}

# _booted_knock GAP COMMAND...: COMMAND, as long as it is wanted, with its output in GAP.
_booted_knock() {
  local gap=$1 pid
  shift
  trap - DEBUG ERR
  set +e
  "$@" >"$gap" &
  pid=$!
  while [[ -e $gap && ! -e $gap.stop && -e /proc/$$ ]] && kill -0 "$pid"; do
    sleep 0.1
  done
  kill "$pid"
}

# _booted_make_bots IMAGE
_booted_make_bots() {
  mkdir "$1"
  cp "$_booted_tests"/gameserver/{*.[ch],Makefile} "$1"
  _booted_build -j2 -C "$1" bin/bots
}

# booted_sql [DB] SQL: runs SQL as PostgreSQL's superuser, prints bare rows, stops at an error.
booted_sql() {
  local db=postgres
  if (($# > 1)); then
    db=$1
    shift
  fi
  booted_run runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d "$db" -c "$1"
}

# booted_reboot: `systemctl reboot`, waited for.
booted_reboot() {
  local leader
  leader=$(_booted_leader)
  booted_run systemctl reboot
  wait_until 90 _booted_is_another "$leader"
  wait_until 60 booted_is_up
}

# booted_off: `systemctl poweroff`, waited for. The host can be booted again.
booted_off() {
  booted_run systemctl poweroff
  wait_until 90 _booted_is_dead
}

# booted_cut: power loss: every process of the host is killed at once. It can be booted again.
#
# The cgroups go too: Linux counts the kills of each (kill_seq, since 6.14), and a process that systemd starts
# straight into a cgroup with another count than its own is killed at birth (Debian 13 does so).
booted_cut() {
  local group tree machine
  machine=$(_booted_machine)
  group=$(_booted_cgroup2)/$machine
  [[ ! -d $group ]] || printf '1\n' >"$group/cgroup.kill"
  wait_until 30 _booted_is_dead
  while read -r tree; do
    [[ ! -d $tree/$machine ]] || find "$tree/$machine" -depth -type d -exec rmdir {} +
  done < <(_booted_cgroups)
}

# booted_save IMAGE: what a host that is off has changed becomes the image. The host is gone.
booted_save() {
  local dir=$BOOTED_DIR/hosts/$BOOTED_HOST
  umount "$dir/root"
  mkdir -p "$1"
  # rename where cache and hosts are on one file system, otherwise a copy with xattrs (whiteouts).
  mv "$dir/upper" "$1/upper"
  printf '%s:%s\n' "$1/upper" "$(<"$dir/layers")" >"$1/layers"
  booted_drop
}

# booted_drop: the host is gone, running or not.
booted_drop() {
  local dir=$BOOTED_DIR/hosts/$BOOTED_HOST machine
  machine=$(_booted_machine)
  booted_cut
  ! mountpoint -q "$dir/root" || umount "$dir/root"
  [[ ! -d /run/systemd/nspawn/propagate/$machine ]] || rmdir "/run/systemd/nspawn/propagate/$machine"
  rm -rf --one-file-system -- "$dir"
  BOOTED_HOST=
}

# booted_files [PATH]...: every path of the host's file system, without the leading slash: kind,
# mode, owner, and hash or target. Works on a host that is off. Left out: what a running system
# writes by itself, and each PATH (a pattern of find -path, without the leading slash) with what is
# below.
booted_files() {
  local skip=(-path ./var/log) path
  for path in 'var/lib/postgresql/*/*' var/lib/systemd 'var/tmp/systemd-private-*' "$@"; do
    skip+=(-o -path "./$path")
  done
  (
    cd "$BOOTED_DIR/hosts/$BOOTED_HOST/root" || exit
    {
      find . \( "${skip[@]}" \) -prune -o -printf '%P %y %m %U:%G %l\n'
      find . \( "${skip[@]}" \) -prune -o -type f -print0 | xargs -0 -n 500 -P 2 sha256sum |
        sed -E 's|^\\?([0-9a-f]+)  \./(.*)|\2 sha256 \1|'
    } | LC_ALL=C sort
  )
}

# booted_units: each unit file with its state (enabled, masked...), and each unit that is not at
# rest. Left out: sessions, scopes, slices, devices.
booted_units() {
  booted_run systemctl list-unit-files --plain --no-legend --no-pager |
    awk '{ print "file", $1, $2 }' | sort
  booted_run systemctl list-units --plain --no-legend --no-pager \
    --type=service,socket,timer,path,target,mount \
    --state=active,activating,deactivating,reloading,failed | awk '{ print "unit", $1, $3, $4 }' | sort
}

# _booted_make_root IMAGE SUITE (by _booted_once, which stops at an error)
_booted_make_root() {
  local image=$1 suite=$2 root=$1/root unit
  mkdir -p "$image"
  apt-config dump --format '%F "%v";%n' Acquire::Check-Valid-Until Acquire::Check-Date \
    Acquire::http Acquire::https Acquire::Languages | grep -v '""' >"$image/apt.conf"
  (
    umask 022
    # Not by --dpkgopt, which sends what is unpacked first through a filter that takes minutes.
    # i18n: the postinst of locales starts a process for each of 500 names in it. dpkg -L: those of
    # PostgreSQL start three for each of 220 man pages, which are not there.
    # maybe-merged-usr: bookworm's /usr would be merged by a converter, after unpacking.
    # shellcheck disable=SC2016 # $1 is mmdebstrap's
    _booted_sources "$suite" | LC_ALL=C.UTF-8 mmdebstrap --quiet --mode=root --variant=apt \
      --include="${_booted_packages[*]}" --aptopt="$image/apt.conf" \
      --hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr \
      --extract-hook='{
          printf "path-exclude=/usr/share/%s/*\n" doc man locale i18n
          printf "force-unsafe-io\n"
        } >"$1/etc/dpkg/dpkg.cfg.d/lean"' \
      --essential-hook='cd "$1/usr/local/bin" && {
          printf "%s\n" "#!/bin/sh" "case \$1 in" "-L) /usr/bin/dpkg \"\$@\" | grep -v /man/ ;;" \
            "*) exec /usr/bin/dpkg \"\$@\" ;;" esac
        } >dpkg && chmod 0755 dpkg' \
      --customize-hook='rm "$1/usr/local/bin/dpkg"' \
      --customize-hook='mkdir -p "$1/srv/apt/partial"' \
      --customize-hook="chroot \"\$1\" apt-get -qq -y --no-install-recommends --download-only \
        -o Dir::Cache::archives=/srv/apt -o APT::Sandbox::User=root install ${_booted_offers[*]}" \
      "$suite" "$root" -
    booted_repository "$root"
    printf 'twhost\n' >"$root/etc/hostname"
    printf '127.0.0.1 localhost\n127.0.1.1 twhost\n::1 localhost\n' >"$root/etc/hosts"
    rm -f "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id"
    : >"$root/etc/machine-id"
    # Timers that take apt's lock, and mounts that a container may not make (sid would be degraded).
    for unit in {apt-daily,apt-daily-upgrade}.timer {dev-hugepages,sys-fs-fuse-connections}.mount; do
      ln -s /dev/null "$root/etc/systemd/system/$unit"
    done
  )
  printf '%s\n' "$root" >"$image/layers"
}

# _booted_make_layer IMAGE ROOT-IMAGE SUITE PACKAGE...: a layer over the root, made in a mount namespace, so
# that no mount can stay.
_booted_make_layer() {
  mkdir -p "$1"/{upper,work,root,apt/lists/partial}
  chmod 0755 "$1/upper"
  _booted_sources "$3" >"$1/apt/sources.list"
  # shellcheck disable=SC2016 # for the shell in the namespace
  unshare --mount --propagation private bash -c 'set -euo pipefail; . "$1"; "${@:2}"' booted-add \
    "$_booted_lib" _booted_add "$1" "$(<"$2/layers")" "${@:4}"
  rm -r "$1"/{work,root,apt}
  printf '%s:%s\n' "$1/upper" "$(<"$2/layers")" >"$1/layers"
}

# _booted_add IMAGE LAYERS PACKAGE...: this machine's apt installs from the distribution into a root
# whose own apt keeps knowing one file: repository.
_booted_add() {
  local image=$1 root=$1/root
  mount -t overlay booted-add "$root" -o "lowerdir=$2,upperdir=$image/upper,workdir=$image/work"
  mount -t proc proc "$root/proc"
  local apt=(apt-get -qq -o Dir="$root" -o DPkg::Chroot-Directory="$root" -o DPkg::Use-Pty=0
    -o APT::Sandbox::User=root -o Dir::Etc::TrustedParts=/etc/apt/trusted.gpg.d
    -o Dir::Etc::SourceList="$image/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$image/apt/lists" -o Dir::State::Status="$root/var/lib/dpkg/status"
    -o Dir::Cache::PkgCache= -o Dir::Cache::SrcPkgCache=)
  umask 022
  "${apt[@]}" update
  DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "${apt[@]}" -y --no-install-recommends install "${@:3}"
  "${apt[@]}" clean
}

# booted_repository ROOT: the packages in ROOT/srv/apt are the only source of that system.
booted_repository() {
  local root=$1 deb
  rm -rf "$root/srv/apt/partial" "$root/srv/apt/lock"
  for deb in "$root"/srv/apt/*.deb; do
    dpkg-deb -f "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${deb##*/}" "$(stat -c %s "$deb")" \
      "$(sha256sum "$deb" | cut -d ' ' -f 1)"
  done >"$root/srv/apt/Packages"
  rm -f "$root"/etc/apt/sources.list.d/*
  printf 'deb [trusted=yes] file:/srv/apt ./\n' >"$root/etc/apt/sources.list"
  chroot "$root" apt-get -qq update
}

# _booted_sources SUITE: this machine's Debian sources, as lines for SUITE.
_booted_sources() {
  local suite=$1 own uri release component
  own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  # shellcheck disable=SC2016 # the fields are apt's
  apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' \
    'Origin: Debian' | sort -u | while read -r uri release component; do
    [[ $component == main && $release == "$own"* ]] || continue
    # sid has neither updates nor security.
    [[ $suite != sid || $release == "$own" ]] || continue
    printf 'deb %s %s main\n' "$uri" "$suite${release#"$own"}"
  done
}

# _booted_make_game IMAGE ROOT MAX_CONNECTIONS [MAKE-OPTION]...
_booted_make_game() {
  local image=$1 root=$2
  shift 2
  booted_boot "make-$$-$RANDOM" "$root"
  booted_game "$@"
  booted_off
  booted_save "$image"
}

# _booted_once IMAGE FUNCTION ARGUMENT...: prints IMAGE, after FUNCTION IMAGE ARGUMENT... where it is
# not there; others who want it meanwhile wait. A half-made one of an earlier run is made again. What
# is said meanwhile stands in IMAGE.log, and on stderr after a failure.
_booted_once() {
  local image=$1 lock
  (
    exec {lock}>"$image.lock"
    flock "$lock"
    [[ ! -e $image/complete ]] || exit 0
    rm -rf --one-file-system -- "$image"
    # A process, so that errexit survives whatever calls us. The hosts that it boots outlive us, and
    # must not hold the lock.
    # shellcheck disable=SC2016 # for the shell that works
    bash -c 'set -euo pipefail; shopt -s inherit_errexit; . "$1"; "${@:3:1}" "$2" "${@:4}"' \
      booted-once "$_booted_lib" "$image" "${@:2}" {lock}>&- >"$image.log" 2>&1 || {
      cat "$image.log" >&2
      exit 1
    }
    : >"$image/complete"
  ) || return
  printf '%s\n' "$image"
}

_booted_key() {
  sha256sum | cut -c 1-12
}

# _booted_spawn DIR: starts systemd-nspawn in a cgroup of its own. Status 133 is how a reboot of
# the host comes out under --keep-unit.
_booted_spawn() {
  local dir=$1 machine tree nspawn
  machine=$(_booted_machine)
  nspawn=$(_booted_nspawn)
  (
    while read -r tree; do
      mkdir -p "$tree/$machine"
      printf '%s\n' "$BASHPID" >"$tree/$machine/cgroup.procs"
    done < <(_booted_cgroups)
    cd "$dir" || exit
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
    [[ $nspawn != "$BOOTED_CACHE"/* ]] ||
      export LD_LIBRARY_PATH=$BOOTED_CACHE/nspawn/lib
    # shellcheck disable=SC2016 # for the shell that loops
    exec setsid --fork bash -c 'while code=0; "$@" || code=$?; ((code == 133)); do :; done' \
      booted-loop "$nspawn" --quiet --boot --directory="$dir/root" --machine="$machine" --hostname=twhost \
      --register=no --keep-unit --console=pipe --private-network --resolv-conf=off --timezone=off \
      --link-journal=no </dev/null >>"$dir/console" 2>&1 3>&- 4>&-
  )
}

# _booted_nspawn: prints the path of systemd-nspawn: the machine's, or one unpacked into the cache
# (installing it would upgrade the machine's own systemd).
_booted_nspawn() {
  local own=$BOOTED_CACHE/nspawn
  if [[ -n $(command -v systemd-nspawn) ]]; then
    command -v systemd-nspawn
    return
  fi
  _booted_once "$own" _booted_unpack_nspawn >/dev/null
  printf '%s\n' "$own/bin/systemd-nspawn"
}

# _booted_unpack_nspawn DIRECTORY
_booted_unpack_nspawn() {
  local deb
  mkdir -p "$1"/{lib,bin,debs}
  (
    cd "$1/debs" || exit
    apt-get -qq -o APT::Sandbox::User=root download systemd-container libsystemd-shared
  )
  for deb in "$1"/debs/*.deb; do
    dpkg-deb -x "$deb" "$1/debs/tree"
  done
  find "$1/debs/tree" -path '*/bin/systemd-nspawn' -exec cp {} "$1/bin" \;
  find "$1/debs/tree" -name 'libsystemd-shared*.so' -exec cp {} "$1/lib" \;
  rm -r "$1/debs"
}

# _booted_place: a directory for a run's hosts: in memory, where nothing waits for a disk, if that has
# room for the images too and takes device files and programs.
_booted_place() {
  local options available
  if [[ -z ${TMPDIR:-} ]]; then
    read -r options available < <(findmnt -bnro OPTIONS,AVAIL -t tmpfs --mountpoint /dev/shm) || :
    if [[ -n ${options:-} && ! $options =~ (^|,)(ro|noexec|nodev)(,|$) ]] &&
      ((available >= 8 << 30)) &&
      awk '$1 == "MemAvailable:" { exit $2 < 8 * 1024 * 1024 }' /proc/meminfo; then
      printf '/dev/shm\n'
      return
    fi
  fi
  printf '%s\n' "${TMPDIR:-/tmp}"
}

# _booted_machine: the host's name among all runs.
_booted_machine() {
  printf '%s-%s\n' "${BOOTED_DIR##*/}" "$BOOTED_HOST"
}

_booted_cgroup2() {
  findmnt -rno TARGET -t cgroup2 | head -n 1
}

# _booted_cgroups: the hierarchies in which a host gets a directory: v2, and systemd's v1 where both
# are mounted.
_booted_cgroups() {
  _booted_cgroup2
  [[ ! -w /sys/fs/cgroup/systemd/cgroup.procs ]] || printf '/sys/fs/cgroup/systemd\n'
}

# _booted_leader: prints the process that is PID 1 on the host; 1 where there is none.
_booted_leader() {
  local pid procs
  procs=$(_booted_cgroup2)/$(_booted_machine)/payload/init.scope/cgroup.procs
  while read -r pid; do
    if [[ $(sed -n 's/^NSpid:.*\t//p' "/proc/$pid/status" 2>/dev/null) == 1 ]]; then
      printf '%s\n' "$pid"
      return
    fi
  done 2>/dev/null <"$procs"
  return 1
}

_booted_is_another() {
  local leader
  leader=$(_booted_leader) && [[ $leader != "$1" ]]
}

_booted_is_dead() {
  local group
  group=$(_booted_cgroup2)/$(_booted_machine)
  [[ ! -d $group ]] || grep -qx 'populated 0' "$group/cgroup.events"
}

# _booted_is_stale DIRECTORY: a run's, of this process namespace, whose shell is gone.
_booted_is_stale() {
  local pid space
  read -r pid space 2>/dev/null <"$1/owner" || return 1
  [[ $space == "$(readlink /proc/self/ns/pid)" && ! -e /proc/$pid ]]
}
