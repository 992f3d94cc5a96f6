#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A power cut in the middle of a deploy or of the way back: the boot takes it back by itself, before
# the game starts, and the game reaches its database.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets output and stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/production_setup.bash
. "$BATS_TEST_DIRNAME/../lib/production_setup.bash"

# host IMAGE: this test's own, booted, with the game answering; files are written down.
host() {
  booted_boot "t$BATS_TEST_NUMBER" "$1"
  wait_until 60 booted_plays
  production_files >files.before
}

# cut_when PATTERN COMMAND...: the command runs on the host, and the power goes as soon as it has said
# the pattern. The host boots again.
cut_when() {
  local pattern=$1
  shift
  : >talk.log
  booted_run_inside "$@" >talk.log 2>&1 3>&- &
  load=$!
  wait_until 180 grep -q -- "$pattern" talk.log
  booted_cut
  wait "$load" || :
  load=
  booted_boot "$BOOTED_HOST"
  wait_until 60 booted_plays
}

# taken_back: the files are as before, but for those of packages; the record says so; nobody is left to
# do anything; the game's players are answered.
taken_back() {
  booted_run journalctl -u twpool-recover.service --no-pager -o cat
  production_files | diff files.before - | awk '/^[<>]/' >changes || :
  # shellcheck disable=SC2016 # for the host's shell
  booted_run sh -c 'for deb in /srv/apt/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -t; done' |
    sed -E 's#^\./##; s#/$##; s#^(lib|bin|sbin)/#usr/&#' >packages.paths
  # What dpkg was unpacking when it was killed it leaves so, for the next to unpack there.
  run awk 'NR == FNR { own[$0]; next } { path = $2; sub(/\.dpkg-new$/, "", path) } !(path in own)' packages.paths changes
  echo "$output"
  [ -z "$output" ]
  run -0 booted_run twpool-generation list --active
  [ -z "$output" ]
  booted_bots --bots 5 --duration 0.5 --think 0.1 | jq -e '.logins == 5 and .command_success == 1'
  run -0 booted_run twpool-rollback --boot
  [[ "$output" == 'nothing to do: no deploy was left unfinished' ]]
}

@test "the power goes while a deploy is validated: the boot takes it back, and the game plays directly" {
  host "$READY"
  cut_when 'server: back after' twpool-deploy
  taken_back
  run -0 booted_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'twclone' AND client_addr = '127.0.0.1' AND application_name LIKE '%pgbouncer%'"
  run -3 booted_run systemctl is-active pgbouncer.service
}

@test "the power goes as soon as the pooler's files are there: the same" {
  host "$READY"
  cut_when '/etc/pgbouncer/twpool/pgbouncer.ini' twpool-deploy
  taken_back
}

@test "the power goes in the middle of a rollback: the boot ends it" {
  host "$DEPLOYED"
  cp "$DEPLOYED.before" files.before
  cut_when '== server files: done' twpool-rollback
  taken_back
}

@test "a deploy that is complete is left alone by a boot" {
  host "$DEPLOYED"
  booted_reboot
  wait_until 60 booted_plays
  run -0 booted_run systemctl show -P Result twpool-recover.service
  [ "$output" = success ]
  run -0 booted_run journalctl -b -u twpool-recover.service --no-pager -o cat
  [[ "$output" == *'nothing to do: no deploy was left unfinished'* ]]
  run -0 booted_run systemctl is-active pgbouncer.service
}

# The package manager that was killed in the middle of an installation: once the next deploy took the generation back
# and then refused to begin, as dpkg was interrupted (78), and a rollback left it so.

# hangs_in configure|unpack: the package's script hangs after it has enabled the unit, or the package is read by
# half. /run/hangs says that it is so far. (apt sets dpkg's PATH, which has no /usr/local.)
hangs_in() {
  hangs=/usr/bin/deb-systemd-invoke
  [[ $1 == configure ]] || hangs=/usr/bin/dpkg-deb
  booted_run mv "$hangs" "$hangs.real"
  booted_run tee "$hangs" >/dev/null <<-'SH'
	#!/bin/sh
	case "$0 $*" in
	*deb-systemd-invoke*pgbouncer*) ;;
	*--fsys-tarfile*/pgbouncer*) "$0.real" "$@" | head -c 100000 ;;
	*) exec "$0.real" "$@" ;;
	esac
	touch /run/hangs
	exec sleep infinity
	SH
  booted_run chmod 0755 "$hangs"
}

# hangs_no_more: and what was done until then is still unfinished.
hangs_no_more() {
  booted_run mv "$hangs.real" "$hangs"
  run -0 booted_run dpkg --audit
  [ -n "$output" ]
}

# killed_in configure|unpack: a deploy and all that it has started are killed there.
killed_in() {
  hangs_in "$1"
  booted_run systemd-run --quiet --collect --unit=killed twpool-deploy
  wait_until 60 booted_run test -e /run/hangs
  booted_run systemctl kill --signal KILL killed.service
  wait_until 20 gone killed.service
  hangs_no_more
}

gone() {
  ! booted_run systemctl is-active --quiet "$1"
}

# cut_hanging COMMAND...: the power goes where the command hangs, and the host boots again, which takes it back.
cut_hanging() {
  booted_run_inside "$@" >talk.log 2>&1 3>&- &
  load=$!
  wait_until 60 booted_run test -e /run/hangs
  booted_cut
  wait "$load" || :
  load=
  booted_boot "$BOOTED_HOST"
  wait_until 60 booted_plays
  run -0 booted_run twpool-generation list --active
  [ -z "$output" ]
}

# cut_in configure|unpack: in a deploy.
cut_in() {
  hangs_in "$1"
  cut_hanging twpool-deploy
  hangs_no_more
}

# ended: dpkg has nothing to do, and the pooler is at rest.
ended() {
  run -0 booted_run dpkg --audit
  [ -z "$output" ]
  at_rest
}

at_rest() {
  run -3 booted_run systemctl is-active pgbouncer.service
  run booted_run systemctl is-enabled pgbouncer.service
  [[ "$output" != enabled ]]
  run -1 booted_run sh -c 'ls /etc/rc?.d | grep pgbouncer'
}

# deployed: by itself, with the package whole, and back again.
deployed() {
  run -0 --separate-stderr booted_run twpool-deploy
  printf '%s\n' "$output" "$stderr"
  [[ "$output" == *'deployed: generation 0002, '* ]]
  [[ "$stderr" == *'+ dpkg_do --configure -a'* ]]
  booted_bots --bots 5 --duration 0.5 --think 0.1 | jq -e '.logins == 5 and .command_success == 1'
  run -0 booted_run dpkg --audit
  [ -z "$output" ]
  booted_run twpool-rollback
  taken_back
  ended
}

@test "dpkg is killed with its deploy while it configures: --plan says what will be done, the next deploy does it" {
  host "$READY"
  killed_in configure
  run -0 booted_run twpool-deploy --plan
  [[ "$output" == *'+ dpkg_do --configure -a'*'the next deploy ends it first'*'plan: nothing was changed'* ]]
  run -0 booted_run dpkg --audit
  [ -n "$output" ]
  deployed
}

@test "dpkg is killed with its deploy while it unpacks: twpool-rollback leaves no half package" {
  host "$READY"
  killed_in unpack
  run -0 booted_run twpool-rollback
  echo "$output"
  [[ "$output" == *'+ dpkg_do --configure -a'*'+ dpkg_do --remove --force-remove-reinstreq -- pgbouncer'* ]]
  taken_back
  ended
}

@test "the power goes while dpkg configures: the pooler stays off, and the next deploy ends dpkg's work" {
  host "$READY"
  cut_in configure
  at_rest
  # Of a package of somebody else's a deploy keeps its hands off.
  booted_run sh -euc 'dpkg-query -s libmd0 | sed "s/^Status: .*/Status: install ok half-configured/" >/var/lib/dpkg/updates/9999'
  run -78 booted_run twpool-deploy
  [[ "$output" == *'dpkg --configure -a'*'nothing was changed'* ]]
  booted_run rm /var/lib/dpkg/updates/9999
  deployed
}

@test "the power goes while dpkg unpacks: the next deploy ends dpkg's work" {
  host "$READY"
  cut_in unpack
  deployed
}

# userdel writes one file after the other, under a lock that says its process id. Its half-done work was left for good,
# and the next deploy failed: "group pgbouncer exists". The lock with the id of a process of this boot ended both.
@test "the power goes in the middle of userdel: the boot ends its work, past a lock of before" {
  host "$DEPLOYED"
  cp "$DEPLOYED.before" files.before
  booted_run tee /usr/local/sbin/userdel >/dev/null <<-'SH'
	#!/bin/sh
	rm "$0"
	sed -i '/^pgbouncer:/d' /etc/passwd
	printf '1\0' >/etc/passwd.lock
	sync
	touch /run/hangs
	exec sleep infinity
	SH
  booted_run chmod 0755 /usr/local/sbin/userdel
  cut_hanging twpool-rollback
  taken_back
  run -0 booted_run twpool-deploy
}

# Once units were read again between the end of what acts at boot and that of the record: a tenth of a rollback, after
# which the record said "undoing" until the next run.
@test "the power goes while a rollback reads units again for the last time: the record is closed" {
  host "$DEPLOYED"
  cp "$DEPLOYED.before" files.before
  booted_run tee /usr/local/sbin/systemctl >/dev/null <<-'SH'
	#!/bin/sh
	if [ "$*" = daemon-reload ] && [ ! -e /etc/systemd/system/twpool-recover.service ]; then
	  rm "$0"
	  touch /run/hangs
	  exec sleep infinity
	fi
	exec /usr/bin/systemctl "$@"
	SH
  booted_run chmod 0755 /usr/local/sbin/systemctl
  cut_hanging twpool-rollback
  taken_back
}
