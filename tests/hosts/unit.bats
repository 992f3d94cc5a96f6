#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The pooler's unit on a booted Debian with systemd: what a broken edit of pgbouncer.ini does to
# `systemctl reload` and `systemctl restart`.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/production_setup.bash
. "$BATS_TEST_DIRNAME/../lib/production_setup.bash"

ini=/etc/pgbouncer/twpool/pgbouncer.ini

# answers: a player logs in and is answered.
answers() {
  booted_bots --bots 1 --duration 0.2 --think 0.1 2>/dev/null | jq -e '.logins == 1 and .command_success == 1' >/dev/null
}

# pid: the pooler's main process.
pid() {
  booted_run systemctl show -P MainPID pgbouncer.service
}

# With a bare SIGHUP the live transaction pool would be a session pool, and systemctl would say nothing.
@test "a broken edit: reload is refused and nothing changes; restart stops the pooler, and the journal has the line" {
  booted_boot "t$BATS_TEST_NUMBER" "$DEPLOYED"
  wait_until 20 answers
  before=$(pid)
  booted_run cp -a "$ini" /root/kept.ini
  booted_run sed -i 's/^pool_mode/bogus = 1\npool_mode/' "$ini"
  run ! booted_run systemctl reload pgbouncer.service
  [ "$(pid)" = "$before" ]
  run booted_run twpool-lint -q --live 'host=/run/pgbouncer port=6432' "$ini"
  [[ "$output" == *': unknown-key: bogus: '* && "$output" != *default-in-force* ]]
  answers
  # systemd has stopped the old process before ExecStartPre= (systemd.service(5)): no rule can prevent that.
  run ! booted_run systemctl restart pgbouncer.service
  [ "$(pid)" = 0 ]
  run -0 booted_run journalctl -u pgbouncer.service --no-pager -n 60
  [[ "$output" == *'pgbouncer.ini:'*': unknown-key: bogus: '* ]]
  # The way round it asks PgBouncer itself, which says the same.
  booted_run touch /etc/pgbouncer/twpool/lint.off
  run ! booted_run systemctl restart pgbouncer.service
  booted_run cp -a /root/kept.ini "$ini"
  booted_run rm /etc/pgbouncer/twpool/lint.off
  booted_run systemctl reset-failed pgbouncer.service
  booted_run systemctl restart pgbouncer.service twclone.service
  wait_until 20 answers
}

@test "a right edit: reload has it in force, and read back" {
  booted_boot "t$BATS_TEST_NUMBER" "$DEPLOYED"
  wait_until 20 answers
  before=$(pid)
  booted_run sed -i 's/^default_pool_size = .*/default_pool_size = 19/' "$ini"
  run -0 booted_run systemctl reload pgbouncer.service
  [ "$(pid)" = "$before" ]
  run -0 booted_run twpool-lint -q --errors --live 'host=/run/pgbouncer port=6432' "$ini"
  answers
}
