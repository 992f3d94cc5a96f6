#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-check of several instances: each sampled on its own and at once, one verdict, and labels that
# begin with the instance's name on every surface.
# shellcheck disable=SC2030,SC2031,SC2119,SC2154 # a test's variables are its own
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/pooler_setup.bash
. "$BATS_TEST_DIRNAME/lib/pooler_setup.bash"

setup_file() {
  pooled_cluster 20
  second_start
}

# second_start: the other instance, whose directory and port are SECOND_DIR and SECOND_PORT.
second_start() {
  export SECOND_DIR=$CLUSTER_DIR/second SECOND_PORT
  SECOND_PORT=$(free_port)
  pooler_other "$SECOND_DIR" "s|^listen_port.*|listen_port = $SECOND_PORT|" "$SECOND_PORT"
}

setup() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  sessions=() hung=()
  one=$POOLER_DIR:$POOLER_PORT two=$SECOND_DIR:$SECOND_PORT
  both=(--dsn "$CONSOLE" --dsn "host=$SECOND_DIR port=$SECOND_PORT")
}

teardown() {
  kill -CONT "$(pooler_pid)" "$(cat "$SECOND_DIR/pid")"
  ((${#sessions[@]} == 0)) || kill "${sessions[@]}" || :
  ((${#hung[@]} == 0)) || kill "${hung[@]}" || :
  console 'RESUME game' 2>/dev/null || :
  wait_until 20 idle
}

teardown_file() {
  load_words
  kill -QUIT "$(cat "$SECOND_DIR/pid")"
  pooler_halt
  cluster_stop
}

# check_all ARG...
check_all() {
  timeout 60 twpool-check --timeout 20 "$@"
}

# values_of: the labels of the output's first line, one a line.
values_of() {
  sed -n '1s/.* | //p' <<<"$output" | grep -oE "'[^']+'="
}

@test "several that are well: one line, the values of each behind its name in the order given, 0" {
  run -0 --separate-stderr check_all "${both[@]}"
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == "TWPOOL OK: 2 instances: $one: "*" of 200 clients, "*"; $two: "*" of 200 clients, "*" | '$one clients'="*" '$two clients'="* ]]
  [[ -z "$stderr" ]]
  run -0 check_all "${both[@]}" -q
  [ -z "$output" ]
  run -0 check_all "${both[@]}" -v --only console
  [[ "${lines[1]}" == "$one: OK console: PgBouncer 1."* && "${lines[2]}" == "$two: OK console: PgBouncer 1."* ]]
}

@test "the worst comes first and decides, with its cause behind its name; thresholds hold for all" {
  session a 'SELECT 1'
  wait_until 20 grep -qx 1 a.out
  console 'PAUSE game'
  run -2 check_all --dsn "host=$SECOND_DIR port=$SECOND_PORT" --dsn "$CONSOLE"
  [[ "${lines[0]}" == "TWPOOL CRITICAL: 1 of 2 instances: $one: pool game/game: "*": its database is paused (RESUME) | '$two clients'="* ]]
  [[ "${lines[1]}" == "$one: somebody has paused it in the console, "* && "${#lines[@]}" -eq 2 ]]
  run -2 check_all "${both[@]}" -w clients=0
  [[ "${lines[0]}" == "TWPOOL CRITICAL: 2 of 2 instances: $one: "*"; $two: "*" of 200 clients | "* ]]
}

@test "one that hangs and one that is not there do not hide the others, and the labels stay" {
  local three=("${both[@]}" --dsn "host=$PWD port=1")
  run -2 check_all "${three[@]}"
  [[ "${lines[0]}" == "TWPOOL CRITICAL: 1 of 3 instances: $PWD:1: console: "*"No such file or directory | '$one "*"'$one clients'="*"'$PWD:1 clients'=U;"* ]]
  values_of | grep -v "/game " >labels
  kill -STOP "$(pooler_pid)"
  run -2 timeout 30 twpool-check "${three[@]}" --timeout 2 -v
  [[ "${lines[0]}" == "TWPOOL CRITICAL: 2 of 3 instances: $one: the console gives no answer within 2 s: it hangs"*"; $PWD:1: "* ]]
  [[ "$output" == *$'\n'"$two: OK console: PgBouncer 1."* ]]
  values_of | grep -v "/game " | diff labels -
}

# One after the other these would take 16 s.
@test "instances are asked at once: eight that hang take no longer than one" {
  local i dsns=()
  for i in {1..8}; do
    mkdir "h$i"
    perl "$BATS_TEST_DIRNAME/lib/hang.pl" mute "$PWD/h$i/.s.PGSQL.7000" >"ready$i" 3>&- 4>&- &
    hung+=("$!")
    dsns+=(--dsn "host=$PWD/h$i port=7000 user=x")
  done
  for i in {1..8}; do
    wait_until 10 grep -q ready "ready$i"
  done
  run -2 timeout 12 twpool-check "${dsns[@]}" "${both[@]}" --timeout 2
  [[ "${lines[0]}" == "TWPOOL CRITICAL: 8 of 10 instances: $PWD/h1:7000: the console gives no answer within 2 s: it hangs"*"; $PWD/h2:7000: "* ]]
}

@test "one whose name nobody resolves in time is unknown, in every format, and the other is judged" {
  ((EUID == 0)) || skip "root can have a resolv.conf of its own"
  local format address=127.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1)).55
  perl "$BATS_TEST_DIRNAME/lib/hang.pl" dns "$address" >ready 3>&- 4>&- &
  hung+=("$!")
  wait_until 10 grep -q ready ready
  printf 'nameserver %s\n' "$address" >resolv.conf
  for format in nagios json prometheus; do
    # shellcheck disable=SC2016 # for the inner shell
    run -3 --separate-stderr timeout 30 unshare -m bash -c 'mount --bind resolv.conf /etc/resolv.conf && exec "$@"' - \
      twpool-check --dsn "$CONSOLE" --dsn 'host=pooler.twpool.invalid port=6432 user=x' --timeout 2 --format "$format" --textfile "$format.prom"
    case $format in
      nagios) [[ "${lines[0]}" == "TWPOOL UNKNOWN: 1 of 2 instances: pooler.twpool.invalid:6432: no verdict in time: looking up a name, or a login, does not end | '$one "* ]] ;;
      json) [ "$(jq -c '[.status, (.instances[] | .status)]' <<<"$output")" = '["unknown","ok","unknown"]' ] ;;
      prometheus)
        grep -qx 'twpool_check_status{pooler="pooler.twpool.invalid:6432"} 3' <<<"$output"
        grep -qx "twpool_check_status{pooler=\"$one\"} 0" <<<"$output" ;;
    esac
    grep -qx 'twpool_check_status{pooler="pooler.twpool.invalid:6432"} 3' "$format.prom"
    grep -qx "pgbouncer_up{pooler=\"$one\"} 1" "$format.prom"
  done
}

@test "JSON has a whole report for each instance, and fits the schema" {
  run -2 check_all "${both[@]}" --dsn "host=$PWD port=1" --format json
  printf '%s\n' "$output" >report.json
  [ "$(jq -c '[.status, (.instances[] | [.instance, .status, .tool])]' report.json)" = \
    "$(jq -nc --arg one "$one" --arg two "$two" --arg gone "$PWD:1" '["critical", [$one, "ok", "twpool-check"], [$two, "ok", "twpool-check"], [$gone, "critical", "twpool-check"]]')" ]
  [[ "$(jq -r .summary report.json)" == "TWPOOL CRITICAL: 1 of 3 instances: $PWD:1: console: "* ]]
  python3 -c 'import jsonschema' || skip "no python3-jsonschema here"
  python3 -c 'import json, jsonschema, sys
schema, report = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(report)' "$BATS_TEST_DIRNAME/../docs/check.schema.json" report.json
}

@test "metrics have a label pooler, each family stands once, and promtool finds nothing; --textfile too" {
  session a 'SELECT 1'
  wait_until 20 grep -qx 1 a.out
  run -2 check_all "${both[@]}" --dsn "host=$PWD port=1" --format prometheus
  printf '%s\n' "$output" >out.prom
  grep -qx "pgbouncer_up{pooler=\"$two\"} 1" out.prom
  grep -qx "pgbouncer_up{pooler=\"$PWD:1\"} 0" out.prom
  grep -q "^pgbouncer_pools_client_active_connections{pooler=\"$one\",database=\"game\",user=\"game\"} 1" out.prom
  [ -z "$(grep '^# TYPE' out.prom | sort | uniq -d)" ]
  # Of each family all samples are in one piece.
  [ -z "$(grep -v '^#' out.prom | sed 's/{.*//' | uniq | sort | uniq -d)" ]
  [ "$(grep -c '^twpool_check_status{' out.prom)" -eq 3 ]
  run -2 check_all "${both[@]}" --dsn "host=$PWD port=1" --textfile file.prom
  [[ "$output" == "TWPOOL CRITICAL: 1 of 3 instances: "* ]]
  diff <(sed 's/ [^ ]*$//' out.prom) <(sed 's/ [^ ]*$//' file.prom)
  run -3 check_all "${both[@]}" --textfile none/file.prom
  [[ "${lines[0]}" == "TWPOOL UNKNOWN: 1 of 3 instances: twpool-check: --textfile: "* ]]
  [[ -z $(type -P promtool) ]] || promtool check metrics <out.prom
}

@test "sites, or a directory of them: each is called by its file, also where it is the only one" {
  mkdir sites
  site
  mv site.json sites/alpha.json
  printf 'no site\n' >sites/beta.json
  printf 'nor read\n' >sites/README
  run -3 check_all --site sites
  [[ "${lines[0]}" == "TWPOOL UNKNOWN: 1 of 2 instances: beta: "*"beta.json"* && "${lines[0]}" == *" | 'alpha game/game waiting'="* ]]
  run -3 check_all --site sites/beta.json --site sites/alpha.json --format json
  [ "$(jq -c '[.instances[] | [.instance, .status]]' <<<"$output")" = '[["beta","unknown"],["alpha","ok"]]' ]
  rm sites/beta.json
  run -0 check_all --site sites
  [[ "$output" == "TWPOOL OK: 1 instance: alpha: "*" | 'alpha game/game waiting'="* ]]
  rm sites/alpha.json
  run -3 check_all --site sites
  [[ "$output" == "TWPOOL UNKNOWN: 'sites': no site in it: none of its files ends in .json"* ]]
}

@test "--state keeps each instance's own, and --remember speaks of news in any of them" {
  run -0 check_all "${both[@]}" --state state
  [ "$(find . -name 'state.*' ! -name state.lock | wc -l)" -eq 2 ]
  jq -e '.between.pooler_pid' state.*:* >/dev/null
  run -0 check_all "${both[@]}" --remember news
  [ -z "$output" ]
  run -2 check_all "${both[@]}" --remember news -c clients=0
  [[ "${lines[0]}" == "TWPOOL CRITICAL: 2 of 2 instances: "* ]]
  run -0 check_all "${both[@]}" --remember news
  [[ "${lines[0]}" == "TWPOOL OK: 2 instances: "* && "${lines[1]}" == "OK again after "* ]]
}

# Some daemons ignore SIGCHLD, and what they start inherits that: then nobody's exit code can be had.
@test "a caller that ignores SIGCHLD gets the same verdict" {
  # shellcheck disable=SC2016 # perl's
  run -2 timeout 60 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' twpool-check "${both[@]}" --timeout 20 -c clients=0
  [[ "${lines[0]}" == "TWPOOL CRITICAL: 2 of 2 instances: "* ]]
  # shellcheck disable=SC2016
  run -2 timeout 60 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' twpool-check --dsn "$CONSOLE" --timeout 20 -c clients=0 --remember one
  [[ "${lines[0]}" == "TWPOOL CRITICAL: "*" of 200 clients | "* ]]
}

@test "what belongs to one pooler, and two of one name, are refused" {
  run -3 check_all "${both[@]}" --login "$CONSOLE"
  [[ "$output" == "TWPOOL UNKNOWN: --host, --port, --login and --watch are for one instance"* ]]
  run -3 check_all "${both[@]}" --site x
  [[ "$output" == "TWPOOL UNKNOWN: several instances are given by --dsn or by --site"* ]]
  run -3 check_all --dsn "$CONSOLE" --dsn "$CONSOLE"
  [[ "$output" == "TWPOOL UNKNOWN: two instances are called '$one'"* ]]
  run -3 check_all --dsn "$CONSOLE" --dsn "host=x password=hunter2"
  [[ "$output" != *hunter2* ]]
}
