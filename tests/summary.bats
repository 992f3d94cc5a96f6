#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-generation summary: what a deploy left behind, on one page, from the evidence of a real one.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

setup() {
  PATH=$TWPOOL_BIN:$PATH
  fixtures=$BATS_TEST_DIRNAME/fixtures/summary
  TWPOOL_ROOT=$(mktemp -d /tmp/tws.XXXXXX)
  export TWPOOL_ROOT
  mkdir "$TWPOOL_ROOT/etc" "$TWPOOL_ROOT/srv"
  cd "$TWPOOL_ROOT" || return
  gen=$TWPOOL_ROOT/var/lib/twpool/generations/0001
}

teardown() {
  rm -rf -- "$TWPOOL_ROOT"
}

# deployed [FILTER]: generation 1 with a new file, an edit and a replaced file, and the recorded
# evidence, changed by the filter.
deployed() {
  printf 'new\n' >new
  printf 'old\n' >etc/replaced
  printf '{"app": "dbname=x password=geheim"}' >srv/dsn.json
  printf '{"files": [{"path": "%s/srv/dsn.json", "edits": [{"offset": 17, "old": "", "new": " port=6432"}]}]}' \
    "$TWPOOL_ROOT" >edits.json
  twpool-generation begin --site "$fixtures/site.json" >/dev/null
  twpool-generation stage -q -g pooler 1 new /etc/pgbouncer/twpool/pgbouncer.ini
  twpool-generation stage -q -g pooler 1 new /etc/replaced
  twpool-generation stage -q -g server --edits 1 edits.json
  twpool-generation apply -q 1
  twpool-generation note 1 pooler.started yes server.touched yes
  jq "${1:-.}" "$fixtures/evidence.json" >"$gen/evidence.json"
}

# row TITLE: the line of one criterion, with single spaces.
row() {
  grep "^$1 " <<<"$output" | tr -s ' '
}

# judged FILTER TITLE: the line of one criterion after the filter has been over the evidence.
judged() {
  jq "$1" "$fixtures/evidence.json" >"$gen/evidence.json"
  run twpool-generation summary 1
  row "$2"
}

@test "a deploy that passed is one page: what, where, what changed, every criterion, and the way back" {
  deployed
  run -0 twpool-generation summary
  [[ "${lines[1]}" =~ ^"generation  0001 of "20[0-9TZ:-]+$ ]]
  [[ "$output" == *"
host        db1
status      passed
pooler      PgBouncer 1.18.0, 127.0.0.1:6432 -> 127.0.0.1:5432, transaction
            pooling
site        /srv/twclone (twclone.service), database twclone

WHAT CHANGED
created     /etc/pgbouncer/twpool/pgbouncer.ini
replaced    /etc/replaced
edited      /srv/dsn.json
and         2 directories
services    pooler started, server restarted

SUCCESS CRITERIA           needed        measured               result
pooler runs as rendered    yes           yes                    met
pool: logins               >= 99 %       100 of 100 bots        met
pool: transactions after   >= 99 %       100.00 % of 1005       met
pool: bots to the end      >= 99 %       100 of 100             met
pool: server connections   <= 30         7 (directly 100)       met
pool: added latency, p50   <= 1 ms       0.059 ms               met
server: distinct successes >= 99         100                    met
server: refusals in log    none          none                   met
server: load's exit code   0             0                      met
server: server connections <= 30         10                     met
server: frozen under load  none          none in 7.6 s          met
pooler and server run on   yes           yes                    met
twpool-check               not CRITICAL  OK                     met
13 met, 0 NOT MET, 0 not measured

THE WAY BACK
twpool-rollback               to no pooling at all (or: make rollback)
twpool-rollback --to 0001     to the state before this deploy

evidence    $gen/evidence.json
record      $gen/manifest.json" ]]
}

@test "each criterion that is not met says so with its figure, makes the deploy a failure, and exits 1" {
  deployed
  while IFS='|' read -r filter title expected; do
    run judged "$filter" "$title"
    [ "$output" = "$title $expected" ] || { echo "$filter: $output"; false; }
    run -1 twpool-generation summary 1
    [[ "$output" == *"status      failed: not every criterion is met"*", 1 NOT MET,"* ]]
  done <<'TABLE'
.pooler_as_rendered = false|pooler runs as rendered|yes no NOT MET
.pool_load.targets[0].logins += {succeeded: 98, success: 0.98}|pool: logins|>= 99 % 98 of 100 bots NOT MET
.pool_load.targets[0].transactions += {succeeded: 994, success: 0.98999}|pool: transactions after|>= 99 % 98.99 % of 1005 NOT MET
.pool_load.targets[0] += {survivors: 60, survival: 0.6}|pool: bots to the end|>= 99 % 60 of 100 NOT MET
.pool_load.targets[0].server_connections.peak = 31|pool: server connections|<= 30 31 (directly 100) NOT MET
.latency.thresholds[0].value = 1.0004|pool: added latency, p50|<= 1 ms 1.000 ms NOT MET
.success_lines = 98|server: distinct successes|>= 99 98 NOT MET
.failure_lines = 3|server: refusals in log|none 3 NOT MET
.load_exit = 124|server: load's exit code|0 124 (out of time) NOT MET
.watch.watched.peak_server_connections = 31|server: server connections|<= 30 31 NOT MET
.watch.status = "critical"|server: frozen under load|none frozen NOT MET
.pool_load.frozen = "pool x"|server: frozen under load|none frozen NOT MET
.server_running = false|pooler and server run on|yes the server does not NOT MET
.pooler_running = false|pooler and server run on|yes the pooler does not NOT MET
.health_exit = 2|twpool-check|not CRITICAL CRITICAL NOT MET
TABLE
}

@test "what nobody measured is not measured: neither 0 nor met" {
  deployed
  while IFS='|' read -r filter title expected; do
    run judged "$filter" "$title"
    [ "$output" = "$title $expected - not measured" ] || { echo "$filter: $output"; false; }
  done <<'TABLE'
del(.pooler_as_rendered)|pooler runs as rendered|yes
del(.pool_load)|pool: logins|>= 99 %
.pool_load.targets[0].transactions.success = null|pool: transactions after|>= 99 %
del(.pool_load.targets[0].survivors)|pool: bots to the end|>= 99 %
.pool_load.targets[0].server_connections.peak = null|pool: server connections|<= 30
del(.latency)|pool: added latency, p50|<= 1 ms
del(.success_lines, .success_needed)|server: distinct successes|>= 99
del(.failure_lines)|server: refusals in log|none
.load_exit = "(not UTF-8)"|server: load's exit code|0
.watch.watched = null|server: frozen under load|none
.watch.status = "unknown"|server: frozen under load|none
.watch.checks = []|server: frozen under load|none
.watch.watched.samples = 0|server: frozen under load|none
.watch = "not JSON"|server: frozen under load|none
del(.server_running)|pooler and server run on|yes
.health_exit = 3|twpool-check|not CRITICAL
TABLE
  run -0 bash -c 'twpool-generation summary --json | jq -c ".criteria[] | select(.name == \"health\") | [.value, .measured, .result]"'
  [ "$output" = '[null,null,"not_measured"]' ]
}

@test "a warning of twpool-check is met, and a latency that the pooler lowers too" {
  deployed
  run judged '.health_exit = 1' twpool-check
  [ "$output" = "twpool-check not CRITICAL WARNING met" ]
  run judged '.latency.thresholds[0].value = -0.02' "pool: added latency, p50"
  [ "$output" = "pool: added latency, p50 <= 1 ms -0.020 ms met" ]
}

@test "fewer bots than were asked for are not hidden" {
  deployed
  run judged '.pool_load.targets[0].logins += {attempted: 6, succeeded: 6}' "pool: logins"
  [ "$output" = "pool: logins >= 99 % 6 of 6 (100 asked) met" ]
}

@test "validate.max_server_connections is the limit where the site has one; a user's own pool size has none here" {
  deployed
  jq '.validate.max_server_connections = 6' "$fixtures/site.json" >"$gen/site.json"
  run -1 twpool-generation summary
  [ "$(row 'pool: server connections')" = "pool: server connections <= 6 7 (directly 100) NOT MET" ]
  jq '.users[0].pool_size = 50' "$fixtures/site.json" >"$gen/site.json"
  jq '.pool_load.targets[0].server_connections.peak = 44' "$fixtures/evidence.json" >"$gen/evidence.json"
  run -0 twpool-generation summary
  [ "$(row 'pool: server connections')" = "pool: server connections - 44 (directly 100) no limit" ]
}

@test "unproven and failed come with their reason; the page stays below 78 columns" {
  deployed '.status = "unproven" | del(.load_exit, .load, .success_lines, .success_needed, .failure_lines)'
  twpool-generation note 1 unproven 'the pool works, but no validate.command put load on the server'
  run -0 twpool-generation summary
  [[ "$output" == *"
status      unproven: the pool works, but no validate.command put load on the
            server
"* ]]
  twpool-generation note --evidence 1 status failed \
    reason "the server's log says: too many clients already; this log is long and goes on and on, as logs do"
  run -1 twpool-generation summary
  [[ "$output" == *"
status      failed: the server's log says: too many clients already; this log
            is long and goes on and on, as logs do
"* ]]
  [ "$(awk 'length > 78' <<<"$output")" = "" ]
}

@test "a generation that was not validated, or not to the end, says so, and measured nothing" {
  deployed
  rm "$gen/evidence.json"
  run -0 twpool-generation summary
  [[ "$output" == *"host        not recorded"*"status      not validated: validate did not run"*"PgBouncer (version not known)"*"0 met, 0 NOT MET, 13 not measured"* ]]
  twpool-generation note --evidence 1 pooler_as_rendered true
  run -0 twpool-generation summary
  [[ "$output" == *"status      not validated: validate did not end"*"1 met, 0 NOT MET, 12 not measured"* ]]
}

@test "packages, accounts and the unit stand beside the paths; many paths stay one page" {
  deployed
  twpool-generation note 1 package.installed 'pgbouncer libcares2 ' account.pgbouncer created \
    account.twpool-check created unit.enabled absent unit.active inactive pooler.restarted yes
  for n in {1..30}; do
    twpool-generation stage -q 1 new "/etc/many/$n"
  done
  run -0 twpool-generation summary
  [[ "$output" == *"
and         21 more files, 3 directories
packages    pgbouncer libcares2
accounts    pgbouncer twpool-check
services    pgbouncer.service (before: absent, inactive), pooler started,
            server restarted
"* ]]
  ((${#lines[@]} <= 50))
  [ "$(twpool-generation summary --json | jq '.changes | length')" = 36 ]
}

@test "--write leaves the page to its owner alone, and prints the criteria and the path" {
  deployed '.failure_lines = 1'
  run -1 twpool-generation summary --write 1
  [[ "$output" == "SUCCESS CRITERIA "*"12 met, 1 NOT MET, 0 not measured
summary: $gen/summary.txt" ]]
  [ "$(stat -c %a "$gen/summary.txt")" = 600 ]
  run -1 twpool-generation summary 1
  [ "$output" = "$(cat "$gen/summary.txt")" ]
}

@test "no DSN, no digest, no password and no terminal's control bytes are in the page or the JSON" {
  deployed
  twpool-generation note --evidence 1 status failed reason $'log: \e]0;owned\a SCRAM-SHA-256$4096:c2FsdA==$a:b host=h password=geheim'
  for option in '' --json; do
    # shellcheck disable=SC2086 # no option, or one
    run -1 twpool-generation summary $option
    [[ "$output" != *geheim* && "$output" != *c2FsdA* && "$output" != *dbname* && "$output" != *$'\e'* ]]
    [[ ! "$output" =~ [0-9a-f]{64} ]]
  done
}

@test "what was taken back says so" {
  deployed
  twpool-generation restore -q --to 1
  twpool-generation mark 1 undone
  run -0 twpool-generation summary
  [[ "${lines[1]}" == "generation  0001 of "*"; taken back since" ]]
  [[ "$output" == *"THE WAY BACK
nothing is left of this deploy on the host"* ]]
}

@test "without a site that can be read figures are shown and not judged; damaged evidence is refused" {
  deployed
  rm "$gen/site.json"
  run -0 twpool-generation summary
  [[ "$output" == *"site        not known"* ]]
  [ "$(row 'pool: logins')" = "pool: logins - 100 of 100 bots no limit" ]
  truncate -s 100 "$gen/evidence.json"
  run -65 --separate-stderr twpool-generation summary
  [ -z "$output" ]
  [[ "$stderr" == *"evidence.json"* ]]
}

@test "the newest generation is meant; without any, or with a wrong number, it is an error" {
  run -66 --separate-stderr twpool-generation summary
  [[ "$stderr" == *"nothing was deployed"* ]]
  deployed
  twpool-generation begin >/dev/null
  run -0 twpool-generation summary
  [[ "$output" == *"generation  0002 of "*"paths       none"* ]]
  run -0 twpool-generation summary 1
  [[ "$output" == *"generation  0001 of "* ]]
  run -66 twpool-generation summary 7
  run -64 twpool-generation summary last
}
