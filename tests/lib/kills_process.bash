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
  mkdir "$1"
  chmod 0755 "$1" .
  export HOST_TEMPLATE=$top/template
  host_make "$1" 40 DSN=compiled
  host_site "$(host_compiled) | .server.dsn += [\"bin/bigbang.json#/app\"]
    | .validate += {bots: 2, latency_pairs: 10, pool_seconds: 0.2, min_success: 1}
    | .validate.command = [\"bin/bots\", \"--port\", \"$host_game_port\", \"--bots\", \"2\", \"--duration\", \"0.2\", \"--think\", \"0.1\"]"
  host_start
}

kills_host_end() {
  host_end
}

kills_at() {
  local program=$tests/../deploy/twpool-deploy
  [[ $2 == twpool-deploy ]] || program=$tests/../rollback/$2
  set -- "$1" told "$program"
  [[ $3 != */twpool-deploy ]] || set -- "$@" --site "$host_top/site.json"
  TWPOOL_ROOT=$host_root setsid --wait "$top/faults/killat" "$@" || :
  told=$(<told)
}

kills_run() {
  host_run "$1"
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

kills_answers() {
  host_bots --bots 2 --duration 0.2 --think 0.1 --deadline 30 --login-deadline 30 --quiet >answers.json
}
