#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A whole deploy and a whole rollback on a throwaway host whose DSN file cannot be replaced, by a shell that
# is limited, or has lost its PATH: done; or refused or taken back, with the host as before; or not finished,
# and then what is printed finishes it. What twpool-generation does by itself there: hostile.bats.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

teardown() {
  [[ ! -e ${host_game:-}/bin/bigbang.json ]] || chattr -i "$host_game/bin/bigbang.json" 2>/dev/null || :
  try_told
  host_end
}

# settled: a host whose game goes through the pool, and its tree before and since.
settled() {
  deployed .
  host_tree >between
}

# between: nothing has changed since the deploy.
between() {
  host_tree | diff between -
}

# limited LIMIT PROGRAM: with that ulimit; its exit code in `status`. A limit that the shell may not lift is one.
limited() {
  local program=rollback/$2 argv=()
  [[ $2 != twpool-deploy ]] || { program=deploy/$2 && argv=(--site "$host_top/site.json"); }
  # shellcheck disable=SC2016 # for the shell that is limited
  run env TWPOOL_ROOT="$host_root" setpriv --bounding-set -sys_resource --inh-caps -sys_resource \
    bash -c 'ulimit $1 && exec "${@:2}"' limited "$1" "$tests/../$program" "${argv[@]}"
}

@test "few descriptors, no room in a file, little memory, stack, time, no processes: done, or refused, and never half" {
  host
  for limit in '-n 10' '-n 20' '-f 0' '-Sf 0' '-v 20000' '-s 100' '-u 1' '-t 1'; do
    limited "$limit" twpool-deploy
    echo "$limit: deploy $status"
    if ((status == 0)); then
      TWPOOL_ROOT=$host_root twpool-generation verify
    else
      [[ $status == @(1|77|78) ]]
      same_tree
      answers
      continue
    fi
    host_tree >between
    limited "$limit" twpool-rollback
    echo "$limit: rollback $status"
    [ "$status" -eq 0 ]
    same_tree
    answers
  done
  host_run twpool-deploy >deploy.log 2>&1
  host_tree >between
  for limit in '-n 10' '-n 20' '-f 0' '-f 8' '-v 20000' '-s 100' '-u 1'; do
    limited "$limit" twpool-rollback
    echo "$limit: rollback $status"
    answers
    if ((status == 0)); then
      same_tree
      host_run twpool-deploy >deploy.log 2>&1
      host_tree >between
    else
      [[ $status == @(1|77) ]]
      between
    fi
  done
}

# A limit that was handed on to the server once left it down: its log was longer than that.
@test "what may be lifted is lifted, and not handed on to the game" {
  host
  run -0 env TWPOOL_ROOT="$host_root" bash -c 'ulimit -Sf 8; ulimit -Sv 100000; ulimit -Ss 200; exec "$@"' limited \
    "$tests/../deploy/twpool-deploy" --site site.json
  grep -qE '^Max file size +unlimited' "/proc/$(cat "$host_root/run/game.pid")/limits"
  grep -qE '^Max address space +unlimited' "/proc/$(cat "$host_root/run/game.pid")/limits"
  grep -qE '^Max file size +unlimited' "/proc/$(cat "$host_root/run/twpool/pooler.pid")/limits"
}

@test "without a name, without a PATH, or with one that leads nowhere" {
  host
  run -0 bash -c 'exec -a "" "$@"' name env -i TWPOOL_ROOT="$host_root" TWPOOL_BIN="$TWPOOL_BIN" "$tests/../deploy/twpool-deploy" --site site.json
  host_tree >between
  # Where even its interpreter is not found, nothing has begun.
  run -127 env -i PATH=/nonexistent TWPOOL_ROOT="$host_root" TWPOOL_BIN="$TWPOOL_BIN" "$tests/../rollback/twpool-rollback"
  between
  run -0 env -i PATH=/nonexistent TWPOOL_ROOT="$host_root" TWPOOL_BIN="$TWPOOL_BIN" /bin/bash "$tests/../rollback/twpool-rollback"
  same_tree
  answers
}

# immutable: nobody may replace the DSN file.
immutable() {
  chattr +i "$host_game/bin/bigbang.json" 2>/dev/null || skip 'no immutable files on this file system'
}

@test "an immutable DSN file: a deploy is taken back" {
  host
  immutable
  run -1 host_run twpool-deploy
  [[ "$output" == *'Operation not permitted'*'rebuild failed; the host is as before'* ]]
  same_tree
  answers
}

@test "a DSN file that became immutable: the rollback is not finished, the game keeps its pooler; and what it prints finishes it" {
  settled
  immutable
  run -2 host_run twpool-rollback
  [[ "$output" == *'failed    /srv/game/bin/bigbang.json'*'failed: server files'* ]]
  answers
  run -1 env TWPOOL_ROOT="$host_root" bash -c "$(sed -n 's/^  to see what still differs: *//p' <<<"$output")"
  [[ "$output" == *'differs   /srv/game/bin/bigbang.json'* ]]
  run -2 host_run twpool-rollback
  chattr -i "$host_game/bin/bigbang.json"
  run -0 printed
  same_tree
  answers
}

@test "a deploy that fails and cannot go back either says which command does, once it can" {
  host '.validate.command = ["sh", "-c", "until [ -e '"$PWD"'/go ]; do sleep 0.1; done; exit 1"]'
  chmod 0755 .
  host_run twpool-deploy >deploy.log 2>&1 3>&- &
  deploy=$!
  wait_until 120 grep -q 'load through the server' deploy.log
  immutable
  touch go
  code=0
  wait "$deploy" || code=$?
  [ "$code" -eq 2 ]
  answers
  chattr -i "$host_game/bin/bigbang.json"
  output=$(cat deploy.log)
  run -0 printed
  same_tree
  answers
}

# mounted COMMAND...: in a mount namespace in which the DSN file is a mount of its own, with the options in
# `options`. Services that are started there stay in it, and see the file as it was then.
mounted() {
  # shellcheck disable=SC2016 # for the shell in the namespace
  unshare --mount --propagation private bash -c '
    mount --bind "$0" "$0" && { [[ -z $1 ]] || mount -o "remount,bind,$1" "$0"; } && shift && exec "$@"' \
    "$host_game/bin/bigbang.json" "$options" "$@"
}

@test "a DSN file that is a mount, or a read-only one: a deploy is taken back; a rollback finishes outside" {
  ((EUID == 0)) && unshare --mount true 2>/dev/null || skip 'needs mounts'
  host
  for options in '' ro; do
    run -1 mounted env TWPOOL_ROOT="$host_root" "$tests/../deploy/twpool-deploy" --site "$host_top/site.json"
    [[ "$output" == *'rebuild failed; the host is as before'* ]]
    same_tree
    answers
  done
  host_run twpool-deploy >deploy.log 2>&1
  for options in '' ro; do
    run -2 mounted env TWPOOL_ROOT="$host_root" "$tests/../rollback/twpool-rollback"
    [[ "$output" == *'failed    /srv/game/bin/bigbang.json'*'failed: server files'* ]]
    answers
  done
  run -0 printed
  same_tree
  answers
}
