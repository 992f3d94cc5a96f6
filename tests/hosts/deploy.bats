#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# `make deploy`, the daily change of a setting, what a production host lives through, and
# twpool-rollback, on a booted Debian with systemd.
# `run --separate-stderr` sets stderr; each test is a subshell.
# shellcheck disable=SC2030,SC2031,SC2119,SC2154
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/production_setup.bash
. "$BATS_TEST_DIRNAME/../lib/production_setup.bash"

# host IMAGE: this test's own, booted from an image.
host() {
  booted_boot "t$BATS_TEST_NUMBER" "$1"
  wait_until 20 booted_plays
}

# deploy [OPTION]...
deploy() {
  booted_run twpool-deploy "$@"
}

# bots N SECONDS: that many players; their figures are in bots.json.
bots() {
  booted_bots --bots "$1" --duration "$2" --think 0.2 --min-success 0 >bots.json
}

# all_well N: all of them logged in, and every command of theirs was answered.
all_well() {
  jq -e --argjson n "$1" '.logins == $n and .command_success == 1' bots.json
}

# backends: the game's server connections at PostgreSQL.
backends() {
  booted_sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'twclone' AND backend_type = 'client backend'"
}

# peak: the most of them while bots play.
peak() {
  local most=0 now
  bots 100 3 &
  load=$!
  while kill -0 "$load" 2>/dev/null; do
    now=$(backends)
    ((now <= most)) || most=$now
  done
  wait "$load"
  load=
  printf '%s\n' "$most"
}

# pids: the main processes of pooler and game.
pids() {
  booted_run systemctl show -P MainPID pgbouncer.service twclone.service
}

# answers: a player logs in and is answered.
answers() {
  booted_bots --bots 1 --duration 0.2 --think 0.1 2>/dev/null | jq -e '.logins == 1 and .command_success == 1' >/dev/null
}

# everything: all files but logs, what the kernel shows, who holds twpool's lock, and what cron's check remembers.
everything() {
  booted_files root var/log var/lib/systemd var/lib/twpool/lock var/lib/twpool-check/state srv/twclone/bin/twclone.log tmp run proc sys dev
}

# foreign_changes: of a diff of file listings, the lines whose path belongs to no package that the
# deploy installed.
foreign_changes() {
  # shellcheck disable=SC2016 # for the host's shell
  booted_run bash -c 'dpkg -L $(/usr/local/bin/twpool-generation get 1 package.installed | tr -d "\0")' | sed -E 's#^/##; s#^(lib|bin|sbin)/#usr/&#' >packages.paths
  awk 'NR == FNR { own[$0]; next } /^[<>]/ && !($2 in own)' packages.paths -
}

# checked: the health check as cron runs it, which is silent only if all is well.
checked() {
  booted_run runuser -u twpool-check -- twpool-check --site /var/lib/twpool-check/expected.json
}

@test "make deploy: from 100 direct connections to at most 30, with everybody logged in and answered" {
  host "$READY"
  run -0 peak
  echo "direct: $output server connections"
  [ "$output" -ge 95 ]
  booted_drop
  host "$DEPLOYED"
  run -0 peak
  echo "pooled: $output server connections"
  [ "$output" -le 30 ]
  all_well 100
  run -0 checked
}

@test "the pooler is the package's unit, as its own user, with the descriptors it needs" {
  host "$DEPLOYED"
  pid=$(booted_run systemctl show -P MainPID pgbouncer.service)
  run -0 booted_run ps -o user= -p "$pid"
  [ "$output" = pgbouncer ]
  booted_run grep -q '^Max open files  *4096 ' "/proc/$pid/limits"
  run -0 booted_run systemctl is-enabled pgbouncer.service
  [ "$output" = enabled ]
  # The hosts lack the documentation of packages; conffiles are what counts.
  run -1 bash -c 'set -o pipefail; grep -v "missing .* /usr/share/"' < <(booted_run dpkg --verify pgbouncer)
  run -0 booted_run systemd-analyze security --no-pager pgbouncer.service
  score=$(grep -o 'exposure level for pgbouncer.service: [0-9.]*' <<<"$output" | grep -o '[0-9.]*$')
  echo "systemd-analyze security: $score"
  awk -v score="$score" 'BEGIN { exit !(score <= 1.5) }'
}

@test "a second make deploy has nothing to do: no file, no restart" {
  host "$DEPLOYED"
  before=$(pids)
  everything >before
  run -0 --separate-stderr booted_run make -s -C /root/twpool deploy
  [ "$output" = 'nothing to do: no file differs from site.json' ]
  [ "$(pids)" = "$before" ]
  everything | diff before -
}

@test "an edited pool size under load is a reload: no restart, and no command fails" {
  host "$DEPLOYED"
  before=$(pids)
  production_edit '.pgbouncer.default_pool_size = 20'
  bots 100 40 &
  load=$!
  run -0 --separate-stderr deploy
  [[ "$output" == "deployed: generation 0002, "* ]]
  wait "$load"
  load=
  all_well 100
  [ "$(pids)" = "$before" ]
}

# Its plan once said "reload".
@test "more clients than LimitNOFILE has room for: the plan says that it takes a restart, and it does" {
  host "$DEPLOYED"
  before=$(pids)
  production_edit '.pgbouncer.max_client_conn = 5100'
  run -0 deploy --plan
  [[ "$output" == *"+LimitNOFILE=8192"*"takes a restart: what its unit has above"*"it is restarted too"* ]]
  [ "$(pids)" = "$before" ]
  run -0 --separate-stderr deploy
  pid=$(booted_run systemctl show -P MainPID pgbouncer.service)
  booted_run grep -q '^Max open files  *8192 ' "/proc/$pid/limits"
  wait_until 20 answers
}

@test "after a reboot the game answers by itself, through the pool" {
  host "$DEPLOYED"
  booted_reboot
  wait_until 20 answers
  run -0 checked
}

@test "after a reinstallation of the package the game answers by itself, through the pool" {
  host "$DEPLOYED"
  run -0 booted_run env DEBIAN_FRONTEND=noninteractive apt-get -y install --reinstall pgbouncer
  wait_until 20 answers
  wait_until 10 checked >/dev/null
}

@test "after kill -9 of the pooler the game answers by itself, through the pool" {
  host "$DEPLOYED"
  booted_run systemctl kill --signal KILL pgbouncer.service
  wait_until 20 answers
  wait_until 10 checked >/dev/null
}

# cron_run: the command of the cron file, as the user that stands there.
cron_run() {
  booted_run sh -c 'sed -n "s/^\* \* \* \* \* twpool-check //p" /etc/cron.d/twpool-check >/run/command
    exec runuser -u twpool-check -- sh /run/command'
}

@test "cron: runs the check by itself; silent while all is well, one line at a change, in syslog too" {
  host "$DEPLOYED"
  wait_until 90 booted_run test -e /var/lib/twpool-check/state/last
  run -0 cron_run
  [ -z "$output" ]
  booted_run systemctl stop pgbouncer.service
  run -2 cron_run
  [[ "$output" == 'TWPOOL CRITICAL: '* ]]
  run -2 cron_run
  [ -z "$output" ]
  booted_run journalctl -t twpool-check -o cat | grep -q '^TWPOOL CRITICAL'
  booted_run systemctl start pgbouncer.service twclone.service
  run -0 cron_run
  [[ "$output" == *'OK'* ]]
}

@test "a forced rotation under load: PgBouncer reads no configuration again, PostgreSQL's log rotates too" {
  host "$DEPLOYED"
  bots 20 6 &
  load=$!
  reloads=$(booted_run journalctl -u pgbouncer.service -o cat | grep -c 'got SIGHUP' || :)
  run -0 booted_run logrotate --force /etc/logrotate.conf
  wait "$load"
  load=
  all_well 20
  booted_run test -s /var/log/pgbouncer/pgbouncer.log.1
  booted_run bash -c 'ls /var/log/postgresql/*.log.1'
  [ "$(booted_run journalctl -u pgbouncer.service -o cat | grep -c 'got SIGHUP' || :)" -eq "$reloads" ]
}

@test "twpool-rollback: every file and unit as before, but for the package; bots directly; twice is once" {
  host "$DEPLOYED"
  run -0 --separate-stderr booted_run twpool-rollback
  [[ "$output" == "rolled back: generation 0001, verified, "* ]]
  run -0 foreign_changes < <(production_files | diff "$DEPLOYED.before" -)
  echo "$output"
  [ -z "$output" ]
  # The package's unit files are there, disabled; nothing else differs.
  run -0 bash -c 'grep "^[<>]" | sort' < <(booted_units | diff "$DEPLOYED.units" -)
  [ "$output" = "$(printf '> file %s disabled\n' pgbouncer.service pgbouncer.socket)" ]
  bots 50 1
  all_well 50
  run -0 --separate-stderr booted_run twpool-rollback
  [ "$output" = 'nothing to do: no deploy is active' ]
  # The package that stays is not started at the next boot.
  booted_reboot
  run -3 booted_run systemctl is-active pgbouncer.service
}

@test "the game is away for its restart only, in a deploy and in a rollback (goal: 2 s each)" {
  host "$READY"
  booted_gap_start
  run -0 --separate-stderr deploy
  deploy_gap=$(booted_gap_stop)
  echo "# $output; of that: $(grep -E '^== (preflight|install|rebuild|validate|watch): done' <<<"$stderr" | sed 's/^== //; s/: done in//' | paste -sd ,)" >&3
  booted_gap_start
  run -0 --separate-stderr booted_run twpool-rollback
  rollback_gap=$(booted_gap_stop)
  echo "# gap: deploy $deploy_gap s, rollback $rollback_gap s; $output" >&3
  # The package stays: this is a deploy that finds it.
  run -0 --separate-stderr deploy
  echo "# with the package there: $output" >&3
  # A loaded machine is slow; a deploy takes longer than this in any case.
  awk -v a="$deploy_gap" -v b="$rollback_gap" 'BEGIN { exit !(a <= 8 && b <= 8) }'
}

@test "twpool-rollback --purge: the packages too" {
  host "$DEPLOYED"
  run -0 booted_run twpool-rollback --purge
  production_files | diff "$DEPLOYED.before" -
  booted_units | diff "$DEPLOYED.units" -
}
