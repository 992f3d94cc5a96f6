#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-check: one sampling on every surface: the plugin's line and its values, JSON, metrics, the table;
# what check_postgres's users type; causes and remedies; lines of a log.
# shellcheck disable=SC2030,SC2031,SC2119 # a test's variables are its own
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/pooler_setup.bash
. "$BATS_TEST_DIRNAME/lib/pooler_setup.bash"

setup() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  fixtures=$BATS_TEST_DIRNAME/fixtures/check
  sessions=()
}

teardown() {
  kill -CONT "$(pooler_pid)"
  ((${#sessions[@]} == 0)) || kill "${sessions[@]}" || :
  console 'RESUME game' 2>/dev/null || :
  wait_until 20 idle
}

check() {
  timeout 60 twpool-check --dsn "$CONSOLE" --postgres "$POSTGRES" --timeout 20 "$@"
}

# promtool ARG...: the real one, which bootstrap installs.
promtool() {
  [[ -n $(type -P promtool) ]] || skip "no promtool here (Debian: prometheus)"
  command promtool "$@"
}

# states COMMAND...: runs COMMAND with the arguments of a check in each state that a check can be in:
# well, used, paused, waiting, without a console, without PostgreSQL, with a login that fails.
states() {
  local well=(--dsn "$CONSOLE" --postgres "$POSTGRES" --timeout 20) dead=(--dsn "host=$POOLER_DIR port=1")
  "$@" "${well[@]}"
  session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  "$@" "${well[@]}" --state state -w sv_active=0 -w 'mean_wait=~:'
  "$@" "${well[@]}" -c clients=0 -w memory=1 -c descriptors=0 --login "host=127.0.0.1 port=$POOLER_PORT user=nobody dbname='it''s | ="
  console 'PAUSE game'
  "$@" "${well[@]}" --watch 0.3
  console 'RESUME game'
  "$@" "${dead[@]}"
  "$@" "${well[@]}" --postgres 'host=127.0.0.1 port=1'
  site
  "$@" --site site.json --postgres "$POSTGRES" --timeout 20
  "$@" --site site.json "${dead[@]}" --timeout 20
  "$@" --site /nonexistent
}

# --- the plugin's line ----------------------------------------------------------------------------

# perfdata_strict ARG...: the first line by the grammar of the Monitoring Plugins' guidelines.
perfdata_strict() {
  local line number='-?[0-9]+(\.[0-9]+)?' label="'([^'=|]|'')+'" range
  range="(@?(~|$number)?:?($number)?)"
  line=$(twpool-check "$@" | head -n 1)
  [[ "$line" =~ ^"TWPOOL "(OK|WARNING|CRITICAL|UNKNOWN)": "[^|]+(\|.*)?$ ]] || { echo "$line"; return 1; }
  [[ "$line" == *'|'* ]] || return 0
  grep -qE "^ ($label=(U|$number(s|B)?);$range;$range;0(;$number)?( |$))+$" <<<"${line#*|}" || { echo "${line#*|}"; return 1; }
  # Each label comes once.
  [ -z "$(grep -oE "$label=" <<<"${line#*|}" | sort | uniq -d)" ]
}

@test "in every state the values keep the grammar, and no label comes twice" {
  states perfdata_strict
}

@test "with --site the labels are the same whether the pooler is there or not" {
  # The second has the certificate too.
  site '.pgbouncer.client_tls_cert_file = "/nowhere/cert.pem"'
  run twpool-check --site site.json --dsn "host=$POOLER_DIR port=1" --postgres "$POSTGRES"
  grep -q "'client_tls_cert_file certificate'=U" <<<"$output"
  site
  run check --site site.json --state state
  labels >well
  run -2 twpool-check --site site.json --dsn "host=$POOLER_DIR port=1" --postgres "$POSTGRES" --state state
  labels | diff well -
  grep -q "'game mean_wait'=" well
}

# labels: those of the output's perfdata, one a line.
labels() {
  sed -n '1s/.* | //p' <<<"$output" | grep -oE "'[^']+'="
}

@test "-v ends in a table of the pools" {
  session one 'BEGIN; SELECT 1'
  wait_until 20 pool_has sv_active 1
  run -0 check -v
  [ "${lines[-2]}" = 'POOL      CLIENTS WAITING     MAXWAIT  ACTIVE    IDLE   LOGIN   LIMIT  STATE' ]
  [[ "${lines[-1]}" =~ ^'game/game       1       0    0.000000       1       '[0-2]'       0       3  free'$ ]]
}

# --- what check_postgres's users know -------------------------------------------------------------

@test "an action of check_postgres is a check, with its thresholds and its way to name the console" {
  local at=(-H "$POOLER_DIR" -p "$POOLER_PORT" -t 20)
  session one 'BEGIN; SELECT 1'
  wait_until 20 pool_has sv_active 1
  run -2 twpool-check "${at[@]}" --action pgb_pool_sv_active -w 0 -c 0
  [[ "$output" == *"'game/game sv_active'=1;0;0;0"* ]]
  run -0 twpool-check "${at[@]}" --action pgb_pool_cl_waiting -w 1 -c 2
  run -0 twpool-check "${at[@]}" --action pgb_pool_maxwait
  run -0 twpool-check "${at[@]}" --action pgbouncer_backends -w '90%' -c '95%'
  [[ "$output" == *"'clients'="*";180;190;0;200" ]]
  run -1 twpool-check "${at[@]}" --action pgbouncer_backends -w 0 -c 90
  site
  run -0 twpool-check "${at[@]}" --site site.json --action pgbouncer_checksum
  run -3 twpool-check "${at[@]}" --action nonsense
  [[ "$output" == "TWPOOL UNKNOWN: --action: 'nonsense' is not known"* ]]
  run -1 twpool-check "${at[@]}" -w pgb_pool_cl_active=0 -w pgb_pool_maxwait=2
  [[ "$output" == *"'game/game cl_active'=1;0;;0"* && "$output" == *"'game/game maxwait'=0.000000s;2;5;0"* ]]
  run -0 twpool-check -H 127.0.0.1 -p "$POOLER_PORT" -u stats -t 20
}

# --- JSON -----------------------------------------------------------------------------------------

# json_valid ARG...: the report fits the schema.
json_valid() {
  twpool-check "$@" --format json >report.json || :
  python3 - "$BATS_TEST_DIRNAME/../docs/check.schema.json" report.json <<'PY'
import json, sys
import jsonschema
schema, report = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(report)
PY
}

@test "in every state JSON fits docs/check.schema.json" {
  python3 -c 'import jsonschema' || skip "no python3-jsonschema here"
  states json_valid
  # And the schema is no sieve.
  jq 'del(.checks[0].status)' report.json >broken.json || :
  json_valid --dsn "$CONSOLE"
  jq '.clients = "many"' report.json >broken
  mv broken report.json
  run ! python3 -c 'import json, jsonschema, sys
jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.load(open("report.json")))' "$BATS_TEST_DIRNAME/../docs/check.schema.json"
}

# --- metrics --------------------------------------------------------------------------------------

# metrics_strict ARG...
metrics_strict() {
  twpool-check "$@" --format prometheus >out.prom || :
  command promtool check metrics <out.prom
  grep -q '^twpool_check_status [0-3]$' out.prom
  grep -qE '^twpool_check_last_run_timestamp_seconds [0-9]+$' out.prom
}

@test "in every state promtool finds nothing in the metrics, and a status and a time are among them" {
  promtool --version >/dev/null
  states metrics_strict
}

@test "the dialects differ in the names of SHOW STATS, and both is both" {
  session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  run -0 check --format prometheus --dialect old
  [[ "$output" == *'pgbouncer_stats_queries_pooled_total{database="game"}'* ]]
  [[ "$output" != *pgbouncer_stats_totals_* && "$output" != *pgbouncer_client_connections* ]]
  run -0 check --format prometheus --dialect new
  [[ "$output" == *'pgbouncer_stats_totals_queries_pooled_total{database="game"}'* ]]
  [[ "$output" != *pgbouncer_stats_queries_* ]]
  # A client without a transaction is idle since 1.25, and was active before.
  [[ "$output" =~ 'pgbouncer_client_connections{database="game",user="game",application_name="psql",state="'(active|idle)'"} 1' ]]
  run -0 check --format prometheus
  [[ "$output" == *pgbouncer_stats_queries_pooled_total* && "$output" == *pgbouncer_stats_totals_queries_pooled_total* ]]
  run -3 check --format prometheus --dialect latin
}

@test "what a client calls itself cannot forge a metric" {
  promtool --version >/dev/null
  PGAPPNAME=$'a"} 1\nforged 1 \\' session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  run -0 check --format prometheus
  printf '%s\n' "$output" >out.prom
  command promtool check metrics <out.prom
  run ! grep -q '^forged' out.prom
  grep -qF 'application_name="a\"} 1' out.prom
}

@test "--textfile writes metrics beside the report, whole, for everybody to read" {
  local before
  mkdir out
  run -0 check --textfile out/twpool.prom
  [[ "$output" == "TWPOOL OK: "* ]]
  [ "$(stat -c %a out/twpool.prom)" = 644 ]
  grep -qx 'pgbouncer_up 1' out/twpool.prom
  before=$(stat -c %i out/twpool.prom)
  run -2 twpool-check --dsn "host=$POOLER_DIR port=1" --textfile out/twpool.prom
  [ "$(stat -c %i out/twpool.prom)" != "$before" ]
  grep -qx 'pgbouncer_up 0' out/twpool.prom
  [ "$(ls -A out)" = twpool.prom ]
  run -3 check --textfile none/twpool.prom
  [[ "${lines[0]}" == "TWPOOL UNKNOWN: --textfile: "*"none"* ]]
}

@test "--output writes the report to a file, and says on stdout only that it cannot" {
  run -0 check --output out.json --format json
  [ -z "$output" ]
  [ "$(jq -r .status out.json)" = ok ]
  run -2 check --output out.txt -c clients=0
  [[ -z "$output" && "$(<out.txt)" == "TWPOOL CRITICAL: "* ]]
  run -3 check --output none/out
  [[ "$output" == "TWPOOL UNKNOWN: --output: "* ]]
  run -3 check --remember state --output out.txt
  run -3 check --remember state --format prometheus
}

@test "the alert rules are right, and each of their metrics is one that the check writes" {
  local rules=$BATS_TEST_DIRNAME/../templates/monitoring/twpool.rules.yml name
  promtool check rules "$rules"
  session one 'SELECT 1'
  wait_until 20 grep -qx 1 one.out
  site
  ((EUID == 0)) || skip "only root has secrets compared"
  run check --site site.json --format prometheus
  printf '%s\n' "$output" >out.prom
  while IFS= read -r name; do
    # There is no certificate here, and PostgreSQL's part has its own test.
    [[ $name == twpool_certificate_expiry_timestamp_seconds ]] || grep -q "^${name}[ {]" out.prom || { echo "$name"; return 1; }
  done < <(sed -n '/expr:/,/\(for\|labels\):/p' "$rules" | grep -oE '\b(pgbouncer|twpool)_[a-z_]+' | sort -u)
}

# --- why ------------------------------------------------------------------------------------------

@test "what is not well has its cause and remedy on a line of its own; --explain says more, with the same code" {
  console 'PAUSE game'
  session one 'SELECT 1'
  wait_until 20 pool_has cl_waiting 1
  run -2 check -w 'maxwait=~:' -c 'maxwait=~:'
  [[ "${lines[0]}" == "TWPOOL CRITICAL: pool game/game: "*"is paused"* ]]
  [[ "${lines[1]}" == "somebody has paused it in the console, and clients wait without end: RESUME it there"* ]]
  [ "${#lines[@]}" -eq 2 ]
  run -2 check -w 'maxwait=~:' -c 'maxwait=~:' --explain
  [[ "${lines[2]}" == "  A console connection that is dropped while PAUSE waits leaves the pause behind"* ]]
  run -2 check -w 'maxwait=~:' -c 'maxwait=~:' --format json
  [ "$(jq -r '.checks[] | select(.status == "critical") | .cause' <<<"$output")" = paused ]
  console 'RESUME game'
  run -0 check --explain
  [ "${#lines[@]}" -eq 1 ]
}

@test "every reason for which PgBouncer ends a connection is explained" {
  local reason
  while IFS= read -r reason; do
    run -0 --separate-stderr twpool-check --explain-line "2026-11-25 20:00:00.000 UTC [7] LOG C-0x55: game/game@127.0.0.1:40000 closing because: $reason (age=3s)"
    [[ "${#lines[@]}" -eq 2 && -z "$stderr" ]] || { echo "$reason"; return 1; }
  done <"$fixtures/reasons.txt"
}

@test "a SQLSTATE and what a client is told are explained, the longest words first; a port is no SQLSTATE" {
  run -0 twpool-check --explain-line 'closing because: client_login_timeout (server down) (age=60s)'
  [[ "${lines[0]}" == "client_login_timeout (server down): "*"PostgreSQL could not be reached"* ]]
  run -0 twpool-check --explain-line 'FATAL:  53300: sorry, no room'
  [[ "${lines[0]}" == "53300: PostgreSQL is at max_connections"* ]]
  run -0 twpool-check --explain-line 'FATAL:  remaining connection slots are reserved for non-replication superuser connections'
  [[ "${lines[1]}" == *twpool-size* ]]
  run -3 twpool-check --explain-line 'S-0x1: game/game@127.0.0.1:53300 new connection to server'
  [ "$output" = 'TWPOOL UNKNOWN: nothing is known of this line' ]
}

# The list was made from the sources of two versions and the strings of a third: no version has all.
# bats test_tags=installed
@test "the reasons that we explain are those that the installed PgBouncer has" {
  local n
  n=$(strings -n 5 "$(readlink -f "$(command -v pgbouncer)")" | grep -cxFf "$fixtures/reasons.txt" || :)
  ((n >= 60))
}
