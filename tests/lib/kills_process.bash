# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The hosts of tests/soak/kills that are throwaway ones: host.bash's, with a real PostgreSQL, the real
# PgBouncer and a DSN that is compiled in too. Sourced by it, which says what each word does.
# shellcheck disable=SC2034,SC2154 # variables of the script

# shellcheck source=tests/lib/host.bash
. "$tests/lib/host.bash"

kills_begin() { :; }

kills_end() { :; }

kills_host() {
  mkdir "$1" twpool
  chmod 0755 "$1" .
  cp -r "$tests"/../{deploy,rollback,templates} twpool
  export HOST_TEMPLATE=$dir.template
  host_make "$1" 40 DSN=compiled
  host_site "$(host_compiled) | .server.dsn += [\"bin/bigbang.json#/app\"]
    | .validate += {bots: 2, latency_pairs: 10, pool_seconds: 1, min_success: 1}
    | .validate.command = [\"bin/bots\", \"--port\", \"$host_game_port\", \"--bots\", \"2\", \"--duration\", \"1\", \"--think\", \"0.1\"]"
  host_start
}

kills_fit() {
  local preflight=$PWD/twpool/deploy/phases/preflight
  if [[ $1 == yes ]]; then
    printf '#!/bin/sh\n' >"$preflight"
  else
    cp "$tests/../deploy/phases/preflight" "$preflight"
  fi
}

kills_host_end() {
  host_end
}

kills_at() {
  local argv
  mapfile -t argv < <(_kills_argv "$2")
  TWPOOL_ROOT=$host_root setsid --wait "$top/faults/killat" "$1" told "${argv[@]}" || :
  told=$(<told)
}

kills_run() {
  local argv
  mapfile -t argv < <(_kills_argv "$1")
  TWPOOL_ROOT=$host_root "${argv[@]}"
}

# _kills_argv PROGRAM: how it is called, one word per line.
_kills_argv() {
  case $1 in
    twpool-deploy) printf '%s\n' "$PWD/twpool/deploy/$1" --site "$host_top/site.json" ;;
    *) printf '%s\n' "$PWD/twpool/rollback/$1" ;;
  esac
}

kills_deployed() {
  TWPOOL_ROOT=$host_root "$TWPOOL_BIN/twpool-generation" list --active | grep -q ' complete ' &&
    TWPOOL_ROOT=$host_root "$TWPOOL_BIN/twpool-generation" verify && kills_answers
}

kills_state() {
  host_tree
}

kills_left() {
  find "$host_root/var/lib/twpool" \( -name render -o -name previous -o -name edits.json -o -name access.json \)
}

# A host under load may not get around to one command in the first try's time.
kills_answers() {
  local patient=(--deadline 30 --login-deadline 30 --quiet)
  host_bots --bots 2 --duration 0.2 --think 0.1 "${patient[@]}" >answers.json ||
    host_bots --bots 2 --duration 5 --think 0.1 "${patient[@]}" >answers.json
}
