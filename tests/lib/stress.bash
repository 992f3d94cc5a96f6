# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Runs of twpool-stress through the pooler of pooler.bash, and their reports. Sourced after
# pooler_setup.bash by bats files, whose setup calls stress_ready.

# stress_ready [OPTION]...: the test has a directory, the DSNs POOLED and DIRECT, `watched`, the options
# by which the pooler and PostgreSQL are looked at, and options for each of its runs.
stress_ready() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  # shellcheck disable=SC2034 # for the tests
  POOLED="host=127.0.0.1 port=$POOLER_PORT user=game dbname=game" DIRECT="host=127.0.0.1 port=$CLUSTER_PORT user=game dbname=game"
  # shellcheck disable=SC2034
  watched=(--console "$CONSOLE" --postgres "$POSTGRES")
  stress_options=("$@")
}

# stress CODE OPTION...: a short run of four bots that must end with this code, and is killed if it does
# not end. Its report is out.json.
stress() {
  local code=$1
  shift
  run -"$code" --separate-stderr timeout -k 1 90 twpool-stress --bots 4 --think 0.05 --json out.json "${stress_options[@]}" "$@"
}

# report FILTER: what jq makes of the report.
report() {
  jq -c "$1" out.json
}
