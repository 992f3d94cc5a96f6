#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The family of Red Hat on a stand-in: the real rpm, dnf and systemd, but on a booted Debian that calls
# itself Rocky Linux, and with a package that has the layout of the PostgreSQL Global Development Group's
# and Debian's binary in it. What it cannot show: their libraries, SELinux, firewalld, the real package.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets output and stderr
bats_require_minimum_version 1.5.0

setup_file() {
  # shellcheck source=tests/lib/production.bash
  . "$BATS_TEST_DIRNAME/../lib/production.bash"
  export READY UNFIT
  UNFIT=$(booted_can) || return 0
  export BOOTED_CACHE=${BOOTED_CACHE:-$BATS_RUN_TMPDIR/booted}
  booted_begin
  READY=$(production_image bookworm 115 redhat)
}

teardown_file() {
  booted_end
}

setup() {
  [[ -z $UNFIT ]] || skip "no booted host: $UNFIT"
  # shellcheck source=tests/lib/production.bash
  . "$BATS_TEST_DIRNAME/../lib/production.bash"
  cd "$BATS_TEST_TMPDIR" || return
  # dnf's and rpm's databases, and what the forced rotation remembers.
  production_excluded+=(var/lib/dnf var/lib/rpm var/lib/logrotate)
}

teardown() {
  [[ -z ${BOOTED_HOST:-} ]] || booted_drop
}

# redhat_host: a booted one of that kind, whose only repository has the stand-in's package.
redhat_host() {
  booted_boot "t$BATS_TEST_NUMBER" "$READY"
  wait_until 20 booted_plays
  booted_run bash -s <"$BATS_TEST_DIRNAME/redhat-repository" >repository.log 2>&1 || {
    cat repository.log
    return 1
  }
}

# answers: players log in, and all their commands succeed.
answers() {
  booted_bots --bots 20 --duration 0.5 --think 0.1 | jq -e '.logins == 20 and .command_success == 1'
}

@test "stand-in: make deploy brings the package by dnf, and twpool-rollback --purge takes everything back" {
  redhat_host
  production_edit '.check.schedule = "timer"'
  production_files >before
  booted_units >units.before
  run -0 booted_run twpool-deploy --plan
  [[ "$output" == *'+ dnf_do --quiet --assumeyes install pgbouncer'* ]]
  run -0 --separate-stderr booted_run make -s -C /root/twpool deploy
  [[ "$output" == 'deployed: generation 0001, '* ]]
  [[ "$stderr" == *'package    pgbouncer 1.18.0-1 would be installed'* ]]
  answers
  run -0 booted_run ps -o user=,args= -C pgbouncer
  [[ "$output" == 'pgbounc'*'/usr/bin/pgbouncer /etc/pgbouncer/twpool/pgbouncer.ini' ]]
  # The package's own rotation would send a SIGHUP.
  run -1 booted_run grep postrotate /etc/logrotate.d/pgbouncer
  booted_run logrotate --force /etc/logrotate.conf
  booted_run test -s /var/log/pgbouncer/pgbouncer.log.1
  # The timer runs the check; nothing else does.
  run -0 booted_run systemctl is-active twpool-check.timer
  wait_until 90 booted_run test -e /var/lib/twpool-check/state/last
  run -1 booted_run grep '^[^#]' /etc/cron.d/twpool-check
  run -0 --separate-stderr booted_run make -s -C /root/twpool deploy
  [ "$output" = 'nothing to do: no file differs from site.json' ]
  run -0 booted_run twpool-rollback --purge
  production_files | diff before -
  booted_units | diff units.before -
  answers
  run -1 booted_run rpm -q pgbouncer
}

@test "stand-in: no repository with the package, and dnf at work, are refused before the first change" {
  redhat_host
  booted_run mv /etc/yum.repos.d/standin.repo /root
  production_files >before
  run -78 booted_run twpool-deploy
  [[ "$output" == *'error   package    no package pgbouncer can be had'* ]]
  production_files | diff before -
  booted_run mv /root/standin.repo /etc/yum.repos.d
  booted_run mkfifo /run/held
  # shellcheck disable=SC2016 # perl's variables
  booted_run bash -c 'exec 3<>/var/lib/rpm/.rpm.lock; perl -e '\''
    use Fcntl; open my $l, "+<", "/var/lib/rpm/.rpm.lock"; my $f = pack "ssx4qqi", F_WRLCK, 0, 0, 0, 0;
    fcntl $l, F_SETLK, $f or die; open my $x, ">", "/run/held"; close $x; sleep 600'\'' >/dev/null 2>&1 &'
  booted_run timeout 10 cat /run/held
  run -75 booted_run twpool-deploy
  [[ "$output" == *'the package manager is at work: perl (pid '* ]]
}

@test "stand-in: a deploy that fails after the installation leaves the package's own files as they were" {
  redhat_host
  booted_run dnf -q -y install pgbouncer
  production_files >before
  production_edit '.validate.command = ["false"]'
  run -1 booted_run twpool-deploy
  [[ "$output" == *'the host is as before'* ]]
  production_files | diff before - | awk '/^[<>]/ && $2 != "etc/twpool/site.json"' >differs
  cat differs
  [ ! -s differs ]
  answers
}
