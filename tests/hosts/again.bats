#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A second run finds what a killed one left: states between two steps of a deploy or of the way back, made by hand,
# and what an operator sees of the next run.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets output and stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/production_setup.bash
. "$BATS_TEST_DIRNAME/../lib/production_setup.bash"

# host IMAGE: this test's own, booted, with the game answering.
host() {
  booted_boot "t$BATS_TEST_NUMBER" "$1"
  wait_until 60 booted_plays
}

# exits CODE COMMAND...: what it says is in `output` and `stderr`, and shown where the test fails.
exits() {
  run "-$1" --separate-stderr booted_run "${@:2}"
  printf '%s\n' "$output" "$stderr"
}

# deploy SITE-EDIT: as an operator does. Ten players are enough for what is looked at here.
deploy() {
  production_edit "$1 | .validate |= (.bots = 10 | .command |= map(if . == \"100\" then \"10\" else . end))"
  exits 0 twpool-deploy
  [[ "$output" == 'deployed: generation '* ]]
}

# answers: five players log in, each as a new login of the game's, and are answered.
answers() {
  wait_until 60 booted_plays
  booted_bots --bots 5 --duration 0.5 --think 0.1 | jq -e '.logins == 5 and .command_success == 1'
}

# killed_back: what a rollback leaves that is killed between the server's files and all that comes after.
killed_back() {
  booted_run twpool-generation mark 1 undoing
  booted_run twpool-generation restore --to 1 -g server
  booted_run test ! -e /etc/systemd/system/twclone.service.d/50-twpool.conf
}

# pooler: whether and as which process it runs.
pooler() {
  booted_run systemctl show -P ActiveState -P MainPID pgbouncer.service
}

# undisturbed BEFORE: the pooler runs, as the process that it was.
undisturbed() {
  [[ "$1" == *active* && "$1" != *inactive* ]]
  [ "$(pooler)" = "$1" ]
}

# systemd had the drop-in in memory still, and with it PartOf=: the game went down with the pooler, for good.
@test "a rollback killed before systemd read units again: the next leaves the game running" {
  host "$DEPLOYED"
  killed_back
  exits 0 twpool-rollback
  exits 0 systemctl is-active twclone.service
  answers
  exits 3 systemctl is-active pgbouncer.service
}

# Its pooler was stopped: what it had been was not known yet, so nobody started it again.
@test "a deploy killed before it looked at somebody else's pooler: rollback leaves that alone" {
  host "$READY"
  production_edit '.adopt = true'
  exits 0 env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install pgbouncer
  before=$(pooler)
  exits 0 twpool-generation begin --site /etc/twpool/site.json
  exits 0 twpool-rollback
  undisturbed "$before"
  run -0 booted_run twpool-generation list --active
  [ -z "$output" ]
}

# nothing_to_do: a deploy says so, and touches neither pooler nor dpkg.
nothing_to_do() {
  local before audit
  before=$(pooler)
  audit=$(booted_run dpkg --audit)
  [ -n "$audit" ]
  exits 0 twpool-deploy
  [[ "$output" == 'nothing to do: '* ]]
  undisturbed "$before"
  run -0 booted_run systemctl is-enabled pgbouncer.service
  [ "$output" = enabled ]
  [ "$(booted_run dpkg --audit)" = "$audit" ]
  answers
}

# trigger_pending: as a dpkg leaves it that was killed before its last step, or was told to.
trigger_pending() {
  booted_run sh -c 'dpkg --no-triggers -i /srv/apt/libevent-*.deb'
}

# A deploy of before there was the note package.ended: the pooler in service was stopped, and did not start at boot.
@test "dpkg's trouble with somebody else's package, after a deploy: the next has nothing to do" {
  host "$DEPLOYED"
  booted_run twpool-generation note 1 package.ended ''
  fault_dpkg_interrupted
  nothing_to_do
  fault_dpkg_interrupted_undo
  trigger_pending
  nothing_to_do
}

# package_is NAME: dpkg's word for it; nothing where it knows nothing of it.
package_is() {
  # shellcheck disable=SC2016 # dpkg's
  booted_run dpkg-query -W -f '${db:Status-Status}' -- "$1" 2>/dev/null || :
}

# dpkg was asked for installed packages only: their configuration stayed for good.
@test "a purge killed between removal and configuration: the next one ends it, and later takes nothing of the operator's" {
  host "$DEPLOYED"
  exits 0 twpool-rollback
  exits 0 dpkg --remove pgbouncer
  [ "$(package_is pgbouncer)" = config-files ]
  exits 0 twpool-rollback --purge
  [ "$(package_is pgbouncer)" = '' ]
  exits 1 test -e /etc/pgbouncer
  exits 0 env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install pgbouncer
  exits 0 twpool-rollback --purge
  [ "$(package_is pgbouncer)" = installed ]
}

@test "configuration that a removed package had left: there again after a rollback with --purge" {
  host "$READY"
  exits 0 env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install pgbouncer
  exits 0 sh -c 'echo "; mine" >>/etc/pgbouncer/pgbouncer.ini && dpkg --remove pgbouncer'
  deploy '.adopt = true'
  exits 0 twpool-rollback --purge
  [ "$(package_is pgbouncer)" = config-files ]
  run -0 booted_run tail -n 1 /etc/pgbouncer/pgbouncer.ini
  [ "$output" = '; mine' ]
}

# newer_library: one of those that the pooler's package needs is installed, and is needed newer; `library` is its name.
newer_library() {
  # shellcheck disable=SC2016 # for the host's shell
  library=$(booted_run sh -euc 'cd /srv/apt
    dpkg -i libevent-*.deb >&2
    library=$(dpkg-deb -f libevent-*.deb Package)
    for name in "$library" pgbouncer; do
      dpkg-deb -R "$name"_*.deb "/root/$name"
      rm "$name"_*.deb
    done
    sed -i "s/^Version: .*/&+newer/" "/root/$library/DEBIAN/control"
    version=$(sed -n "s/^Version: //p" "/root/$library/DEBIAN/control")
    sed -i -E "s/($library) \(>= [^)]*\)/\1 (>= $version)/" /root/pgbouncer/DEBIAN/control
    for name in "$library" pgbouncer; do
      dpkg-deb -b "/root/$name" . >&2
    done
    printf %s "$library"')
  booted_repository "$BOOTED_DIR/hosts/$BOOTED_HOST/root"
}

# It was taken for a package that the deploy has brought: the purge was refused, or took it along.
@test "a library that the pooler's package needs newer is the operator's, also after --purge" {
  local library
  host "$READY"
  newer_library
  deploy .
  # shellcheck disable=SC2016 # for the host's shell
  run -0 booted_run sh -c 'dpkg-query -s "$1" | grep ^Version:' sh "$library"
  [[ "$output" == *+newer ]]
  exits 0 twpool-rollback --purge
  [ "$(package_is pgbouncer)" = '' ]
  [ "$(package_is "$library")" = installed ]
}

lookup='.auth = {method: "query"} | .postgres.host = "/var/run/postgresql"'
userlist='.auth = {method: "userlist"} | del(.postgres.host)'

# no_timer: it neither runs nor starts at boot.
no_timer() {
  exits 3 systemctl is-active twpool-check.timer
  run booted_run systemctl is-enabled twpool-check.timer
  [[ "$output" != enabled ]]
  run -0 booted_run systemctl --failed --no-legend
  [ "$output" = '' ]
  run -0 booted_run find /etc/systemd/system -name 'twpool-check.*'
  [ -z "$output" ]
}

# foreign_changes: since before the deploy, beside the paths of packages.
foreign_changes() {
  # shellcheck disable=SC2016 # for the host's shell
  booted_run sh -c 'for deb in /srv/apt/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -t; done' |
    sed -E 's#^\./##; s#/$##; s#^(lib|bin|sbin)/#usr/&#' >packages.paths
  production_files | diff "$DEPLOYED.before" - >changes || :
  awk 'NR == FNR { own[$0]; next } /^[<>]/ && !($2 in own)' packages.paths changes
}

# check_failed: the last check that the timer started found the pooler frozen.
check_failed() {
  exits 0 systemctl stop twpool-check.timer
  exits 0 systemctl kill -s STOP pgbouncer.service
  exits 1 systemctl start twpool-check.service
  exits 0 systemctl kill -s CONT pgbouncer.service
  exits 0 systemctl is-failed twpool-check.service
}

# The older deploy was there with the newer one's account, and a link to a timer that was gone.
@test "back from the lookup and the timer to secrets and cron: no account, no timer, no link stays" {
  host "$DEPLOYED"
  deploy "$lookup | .check.schedule = \"timer\""
  exits 0 systemctl is-active twpool-check.timer
  exits 0 getent passwd twpool_probe
  check_failed
  exits 0 twpool-rollback --previous
  exits 2 getent passwd twpool_probe
  no_timer
  exits 0 test -e /etc/cron.d/twpool-check
  answers
  exits 0 twpool-rollback
  run -0 foreign_changes
  echo "$output"
  [ "$(grep -v ' etc/twpool/site.json ' <<<"$output")" = '' ]
}

# The block in pg_hba.conf stayed away: verification failed, and the pooler could look nobody up.
@test "back from secrets to the lookup: the block in pg_hba.conf is there again, and new logins come through" {
  host "$READY"
  deploy "$lookup"
  deploy "$userlist"
  run -1 booted_run sh -c 'grep twpool_lookup /etc/postgresql/*/main/pg_hba.conf'
  exits 0 twpool-rollback --previous
  exits 0 twpool-generation verify
  # What the pooler has open it need not look up with a new login of its own.
  booted_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename ~ '^twpool_'"
  exits 0 runuser -u twpool_probe -- twpool-auth probe --site /var/lib/twpool-check/expected.json
  answers
}

# waits_and_is_killed: a deploy that waits for the operator's restart of the server, and then a killed way back.
waits_and_is_killed() {
  production_edit '.server.restart = "manual"'
  exits 2 twpool-deploy
  [[ "$stderr" == *"the server's restart is awaited"* ]]
  killed_back
}

# The boot said that it waits for --resume, which there is nothing left for.
@test "a deploy that waits, and a killed way back: the boot takes it back" {
  host "$READY"
  waits_and_is_killed
  booted_reboot
  exits 0 journalctl -b -u twpool-recover.service --no-pager -o cat
  run -0 booted_run twpool-generation list --active
  [ -z "$output" ]
  exits 3 systemctl is-active pgbouncer.service
  answers
  exits 0 twpool-rollback --boot
  [[ "$output" == 'nothing to do: no deploy was left unfinished' ]]
}

# "manual" was run as a program, and the pooler taken from a server that still had its port.
@test "the same with a server that runs: it keeps its pooler until the operator has restarted it" {
  host "$READY"
  waits_and_is_killed
  before=$(pooler)
  exits 2 twpool-rollback --boot
  [[ "$stderr" == *'awaited'* && "$stderr" != *'+ manual'* ]]
  undisturbed "$before"
  answers
  started=$(booted_run date +%s)
  wait_until 10 second_is_over "$started"
  booted_run systemctl restart twclone.service
  exits 0 twpool-rollback
  exits 3 systemctl is-active pgbouncer.service
  answers
}

# second_is_over SECOND: process start times are compared in whole seconds.
second_is_over() {
  (($(booted_run date +%s) > $1 + 1))
}

@test "what acts at boot waits for the file system of the server's files, and the server for it" {
  host "$DEPLOYED"
  run -0 booted_run systemctl show -P RequiresMountsFor twpool-recover.service
  [[ " $output " == *' /srv/twclone '* ]]
  exits 0 systemd-analyze verify --man=no twpool-recover.service
  [ -z "$output$stderr" ]
  # The drop-in of the server says so too, but may have gone already.
  killed_back
  booted_run systemctl daemon-reload
  run -0 booted_run systemctl show -P Before twpool-recover.service
  [[ " $output " == *' twclone.service '* ]]
}
