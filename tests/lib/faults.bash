# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Faults on the booted host BOOTED_HOST (tests/lib/booted.bash, which is sourced first), each with its
# undo. A fault lasts until it is undone or the host goes; those of units live in /run, so that they
# leave no file on the host's disk, and end with a reboot.
#
#   fault_apt_locked                  another program holds the package manager's locks
#   fault_mirror_gone                 apt's source does not answer; its lists are still there
#   fault_dpkg_interrupted            apt refuses to work: "dpkg was interrupted"
#   fault_unit_masked [UNIT]          pgbouncer.service is masked
#   fault_port_taken [PORT [PATTERN]] a process listens on 6432, at once or once a path appears
#   fault_disk_full DIRECTORY [BYTES] so much (0) can still be written below DIRECTORY
#   fault_unit_runs UNIT COMMAND...   the unit's next start runs this instead
#   fault_unit_dies UNIT SECONDS [SIGNAL]  the unit's own command gets SIGNAL (SEGV) so long after a start
#   fault_unit_stopped UNIT           its processes stand still: they answer nothing, and no SIGTERM
#   fault_game_freezes                from its next start on the game has one lock, and freezes in a small pool
#   fault_postgres_restarts           every session is thrown out; nothing to undo
#
# The undo of fault_x is fault_x_undo with the same first argument, and of all that set what a unit runs
# fault_unit_undo UNIT.
#
#   fault_when PATTERN COMMAND...     COMMAND runs here once a path of the host matches PATTERN
#   fault_struck [SECONDS]            waits until that happened to every fault_when, and they succeeded

# fault_when PATTERN COMMAND...: looks a hundred times a second, in the background, until the path is
# there, the host is dropped or this shell ends. PATTERN is a glob without symbolic links to absolute
# paths on its way (/run, not /var/run). COMMAND may be a function.
fault_when() {
  local mark
  mark=$(mktemp "$BOOTED_DIR/hosts/$BOOTED_HOST/when.XXXXXX")
  # shellcheck disable=SC2094 # the watcher only asks whether it is there
  _fault_watch "$mark" "$@" </dev/null >"$mark" 2>&1 3>&- 4>&- &
}

# fault_struck [SECONDS]: within SECONDS (10) each COMMAND has run; 1 where one failed, and its words.
fault_struck() {
  local mark
  for mark in "$BOOTED_DIR/hosts/$BOOTED_HOST"/when.??????; do
    wait_until "${1:-10}" test -s "$mark.code" || return
    [[ $(<"$mark.code") == 0 ]] || {
      cat "$mark" >&2
      return 1
    }
  done
}

# _fault_watch MARK PATTERN COMMAND... (in the background; bats' traps are not for us)
_fault_watch() {
  trap - DEBUG ERR
  set +e
  local mark=$1 pattern=$2 leader='' never code
  shift 2
  exec {never}<> <(:)
  while [[ -e $mark && -e /proc/$$ ]]; do
    # None while the host reboots.
    [[ -n $leader && -e /proc/$leader ]] || leader=$(_booted_leader)
    if [[ -n $leader ]] && compgen -G "/proc/$leader/root$pattern" >/dev/null; then
      "$@"
      code=$?
      [[ ! -e $mark ]] || printf '%s\n' "$code" >"$mark.code"
      return
    fi
    read -rt 0.01 -u "$never"
  done
}

fault_apt_locked() {
  # shellcheck disable=SC2016 # Perl's
  _fault_process apt -MFcntl -e 'use strict; my @kept; $0 = "apt-get";
    for my $name (qw(lock-frontend lock)) {
      open my $file, ">>", "/var/lib/dpkg/$name" or die "$name: $!";
      my $lock = pack "s s x![q] q q i x![q]", F_WRLCK, 0, 0, 0, 0;
      fcntl $file, F_SETLK, $lock or die "$name: $!";
      push @kept, $file;
    }
    ready(); sleep'
}

fault_apt_locked_undo() {
  booted_run systemctl stop fault-apt
}

fault_mirror_gone() {
  booted_run sh -euc 'cd /etc/apt; cp -p sources.list sources.list.fault
    echo "deb [trusted=yes] http://127.0.0.1:9/ ./" >sources.list
    cd /var/lib/apt/lists; mv _srv_apt_._Packages 127.0.0.1:9_._Packages'
}

fault_mirror_gone_undo() {
  booted_run sh -euc 'mv /etc/apt/sources.list.fault /etc/apt/sources.list
    cd /var/lib/apt/lists; mv 127.0.0.1:9_._Packages _srv_apt_._Packages'
}

# A journal of dpkg's that says what one of its runs was at: libmd0 has no scripts.
fault_dpkg_interrupted() {
  booted_run sh -euc 'dpkg-query -s libmd0 | sed "s/^Status: .*/Status: install ok half-configured/" \
    >/var/lib/dpkg/updates/0000'
}

fault_dpkg_interrupted_undo() {
  booted_run rm -f /var/lib/dpkg/updates/0000
}

fault_unit_masked() {
  booted_run systemctl --quiet mask "${1:-pgbouncer.service}"
}

fault_unit_masked_undo() {
  booted_run systemctl --quiet unmask "${1:-pgbouncer.service}"
}

# fault_port_taken [PORT [PATTERN]]: the process is there at once in any case, so that little time passes
# between the path and the port.
fault_port_taken() {
  # shellcheck disable=SC2016 # Perl's
  _fault_process "port-${1:-6432}" -MIO::Socket::INET -e 'my ($port, $pattern) = @ARGV;
    ready() if $pattern;
    while ($pattern and not grep { -e } glob $pattern) { select undef, undef, undef, 0.005 }
    my $socket = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 5,
      ReuseAddr => 1) or die "port $port: $@";
    ready() unless $pattern;
    sleep' "${1:-6432}" "${@:2}"
}

fault_port_taken_undo() {
  booted_run systemctl stop "fault-port-${1:-6432}"
}

# fault_disk_full DIRECTORY [BYTES]: what is in it is copied to a file system of just that size over it.
# For a directory in which nobody has a file open, or works. (tmpfs counts in pages; an empty directory
# keeps one.)
fault_disk_full() {
  # shellcheck disable=SC2016 # the host's shell
  booted_run sh -euc '[ -d "$1" ] || { mkdir "$1"; touch "/run/fault-made-$(systemd-escape -p "$1")"; }
    disk=/run/fault-disk
    mkdir "$disk"
    mount -t tmpfs fault-disk "$disk"
    cp -a "$1/." "$disk"
    size=$(($(df --output=used -B1 "$disk" | tail -n 1) + $2))
    mount -o "remount,size=$((size > 0 ? size : 4096))" "$disk"
    mount --bind "$disk" "$1"
    umount "$disk"
    rmdir "$disk"' fault-disk "$1" "${2:-0}"
}

# What was changed meanwhile stays.
fault_disk_full_undo() {
  # shellcheck disable=SC2016 # the host's shell
  booted_run sh -euc 'disk=/run/fault-disk made=/run/fault-made-$(systemd-escape -p "$1")
    mkdir "$disk"
    mount --bind "$1" "$disk"
    umount -l "$1"
    find "$1" -mindepth 1 -delete
    cp -a "$disk/." "$1"
    umount "$disk"
    rmdir "$disk"
    [ ! -e "$made" ] || { rm "$made"; rmdir --ignore-fail-on-non-empty "$1"; }' fault-disk "$1"
}

# fault_unit_runs UNIT COMMAND...: words without blanks and quotes, as systemd reads them.
fault_unit_runs() {
  local drop_in=/run/systemd/system/$1.d
  booted_run mkdir -p "$drop_in"
  printf '%s\n' '[Service]' NotifyAccess=all ExecStart= "ExecStart=${*:2}" |
    booted_run tee "$drop_in/zz-fault.conf" >/dev/null
  booted_run systemctl daemon-reload
}

# fault_unit_undo UNIT: its next start is its own again, and what its deaths used up of its start limit
# is forgotten.
fault_unit_undo() {
  local drop_in=/run/systemd/system/$1.d
  booted_run rm "$drop_in/zz-fault.conf"
  booted_run rmdir --ignore-fail-on-non-empty "$drop_in"
  booted_run systemctl daemon-reload
  booted_run systemctl reset-failed "$1"
}

fault_unit_dies() {
  local own
  own=$(booted_run systemctl show --value -p ExecStart "$1" |
    sed -n 's/.* argv\[\]=\(.*\) ; ignore_errors=.*/\1/p')
  [[ -n $own ]] || {
    printf 'fault_unit_dies: %s starts no command\n' "$1" >&2
    return 1
  }
  fault_unit_runs "$1" /usr/bin/timeout "--signal=${3:-SEGV}" "$2" "$own"
}

fault_unit_stopped() {
  booted_run systemctl kill -s STOP "$1"
}

fault_unit_stopped_undo() {
  booted_run systemctl kill -s CONT "$1"
}

# With 20 bots and a pool of 3 the freeze comes within a second: docs/SERVER_DB_CONNECTION_UPDATE.md
fault_game_freezes() {
  fault_unit_runs twclone.service /srv/twclone/bin/server --listen 7777 --lock process \
    --think-in-transaction 20
}

fault_game_freezes_undo() {
  fault_unit_undo twclone.service
}

fault_postgres_restarts() {
  booted_run systemctl restart postgresql
}

# _fault_process NAME PERL-ARGUMENT...: a process on the host, as the unit fault-NAME; returns when it
# calls ready, fails where it dies before. No argument may begin with a $, for systemd-run reads it.
_fault_process() {
  booted_run systemd-run --quiet --collect --unit="fault-$1" --service-type=notify \
    -p NotifyAccess=all /usr/bin/perl -e 'sub ready { system("systemd-notify", "--ready") == 0 or die }' \
    "${@:2}"
}
