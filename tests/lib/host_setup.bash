# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The set-up of test files whose tests each make a throwaway host of their own (host.bash): one
# directory per file, with templates in it that only the first test has to make, and one per test.
# Then the words that they share. Sourced by bats files, at their top.

setup_file() {
  export tests=$BATS_TEST_DIRNAME TMPDIR=/tmp
  # Whole hosts meet whatever else a shared CI machine does: what fails there is tried once more.
  # shellcheck disable=SC2034 # bats'
  BATS_TEST_RETRIES=${CI:+1}
  top=$(mktemp -d /tmp/twhost.XXXXXX)
  export top
  chmod 0755 "$top"
}

teardown_file() {
  rm -rf -- "$top"
}

setup() {
  PATH=$TWPOOL_BIN:$PATH:/usr/sbin:/sbin
  # shellcheck source=tests/lib/host.bash
  . "$tests/lib/host.bash"
  export CLUSTER_TEMPLATE=$top/template HOST_TEMPLATE=$top/game
  mkdir "$top/$BATS_TEST_NUMBER$BATS_TEST_TRY_NUMBER"
  cd "$top/$BATS_TEST_NUMBER$BATS_TEST_TRY_NUMBER" || return
}

teardown() {
  try_told
  host_end
}

# host [FILTER] [MAKE-OPTION]...: a host with a running game server, and its tree before.
host() {
  local filter=${1:-.}
  shift || :
  host_make "$PWD" 40 "$@"
  host_site "$filter"
  host_start
  host_tree >before
}

# deployed [FILTER] [MAKE-OPTION]...: a host whose game goes through the pool; `before` is its tree
# before that.
deployed() {
  local filter=${1:-.}
  shift || :
  host "$filter" "$@"
  host_run twpool-deploy >deploy.log 2>&1 || {
    cat deploy.log
    return 1
  }
}

# pids: of the game and, where it runs, the pooler.
pids() {
  cat "$host_root/run/game.pid"
  [[ ! -e $host_root/run/twpool/pooler.pid ]] || cat "$host_root/run/twpool/pooler.pid"
}

# same_tree: the host is as it was.
same_tree() {
  host_tree | diff before -
}

# printed: types the command that `output` says remains, as it stands there.
printed() {
  local command
  # shellcheck disable=SC2154 # by `run`
  command=$(sed -n 's/^  correct the cause above, then: //p; s/^HINT: run: //p' <<<"$output" | tail -n 1)
  [[ $command == /*/twpool-rollback\ --to\ * ]]
  TWPOOL_ROOT=$host_root bash -c "$command"
}

# bots_filter N: validate.command is N bots.
bots_filter() {
  printf '.validate += {bots: %d, command: ["bin/bots", "--port", (.server.listen_port | tostring), "--bots", "%d", "--duration", "2", "--think", "0.2", "--quiet"]}' "$1" "$1"
}

# freezing_filter: a server with one lock for all its connections, 20 bots, and a pool of 3.
freezing_filter() {
  printf '%s | %s' "$(bots_filter 20)" '.pgbouncer += {default_pool_size: 3, reserve_pool_size: 0}
    | .process.server_command[3:] = ["--lock", "process", "--think-in-transaction", "20"]
    | .server.stop_seconds = 600 | .validate.freeze_seconds = 4'
}

# answers: a few players log in and are answered.
answers() {
  host_bots --bots 5 --duration 1 --think 0.1 --quiet >answers.json
}
