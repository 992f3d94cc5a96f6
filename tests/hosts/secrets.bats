#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# auth.method "query" on a booted Debian: the pooler keeps no secret, a probe logs in from end to end without
# one, and none is in the journal, in a log, or in a file where it does not belong, whatever happens.
# `run --separate-stderr` sets stderr; each test is a subshell.
# shellcheck disable=SC2030,SC2031,SC2119,SC2154
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/production_setup.bash
. "$BATS_TEST_DIRNAME/../lib/production_setup.bash"

# canaries_add: the password in the game's DSN, and what is secret in its role's SCRAM secret, as they are now.
canaries_add() {
  booted_run cat /srv/twclone/bin/bigbang.json | jq -r .app | sed -nE "s/.*password='?([^' ]+).*/\1/p" >>canaries
  booted_sql "SELECT unnest(ARRAY[split_part(v, ':', 1), split_part(v, ':', 2)])
    FROM (SELECT split_part(rolpassword, '\$', 3) FROM pg_authid WHERE rolname = 'twclone') AS s (v)" >>canaries
}

# clean COMMAND...: what the host says has no canary in it, and is not empty.
clean() {
  booted_run "$@" >said 2>&1
  [ -s said ]
  run -1 grep -aF -f canaries said
}

@test "a deploy with the lookup, its probe, checks, a rotation, a failure and the way back: no secret in journal, logs, arguments, files" {
  booted_boot "t$BATS_TEST_NUMBER" "$READY"
  wait_until 20 booted_plays
  production_edit '.auth = {method: "query"} | .postgres.host = "/var/run/postgresql"'
  canaries_add
  [ "$(wc -l <canaries)" = 3 ]
  # The host was made with the password in an argument of psql, and the journal keeps command lines.
  booted_run journalctl -q --rotate
  booted_run journalctl -q --vacuum-time=1ms
  clean journalctl --no-pager -a -o export
  run -0 booted_run twpool-deploy --plan
  run -1 grep -aF -f canaries <<<"$output"
  run -0 booted_run twpool-deploy
  [[ "$output" == *'login and transaction as twpool_probe on twclone through /run/pgbouncer:6432: ok'* ]]
  run -1 grep -aF -f canaries <<<"$output"
  # From end to end, by the two who may; and by nobody else.
  run -0 booted_run twpool-auth probe --site /etc/twpool/site.json
  run -0 booted_run runuser -u twpool_probe -- twpool-auth probe -q --site /var/lib/twpool-check/expected.json
  run -77 booted_run runuser -u twpool-check -- twpool-auth probe --site /var/lib/twpool-check/expected.json
  run -0 booted_run runuser -u twpool-check -- twpool-check --site /var/lib/twpool-check/expected.json --format json
  jq -e '.not_judged[] | select(.check == "login")' <<<"$output"
  run -0 booted_run twpool-auth rotate twclone --site /etc/twpool/site.json
  canaries_add
  [ "$(sort -u canaries | wc -l)" = 6 ]
  production_edit '.validate.command = ["false"] | .pgbouncer.default_pool_size = 24'
  run -1 booted_run twpool-deploy
  run -1 grep -aF -f canaries <<<"$output"
  clean ps -eo args
  # Every file that is there now, but PostgreSQL's own, the game's DSN, and the private record.
  booted_run tee /run/canaries >/dev/null <canaries
  run booted_run grep -rlaF -f /run/canaries /etc /var /run /tmp /root /srv /home /opt --exclude-dir=base --exclude-dir=pg_wal --exclude=canaries
  printf '%s\n' "$output" | grep -vE '^(/srv/twclone/(bin/(bigbang.json|server|bots)|compiled_dsn.h)|/var/lib/twpool/generations/[0-9]{4}/(files/[0-9a-f]{64}|manifest.json)|/var/lib/postgresql/.*|)$' >elsewhere || :
  [ ! -s elsewhere ] || { cat elsewhere; false; }
  [ "$(booted_run stat -c %a /var/lib/twpool)" = 700 ]
  run -0 booted_run twpool-rollback
  clean journalctl --no-pager -a -o export
  clean bash -c 'cat /var/log/postgresql/*.log'
  run -2 booted_run getent passwd twpool_probe
}
