# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The bots of validate: load on the pool by twpool-stress, what the pooler adds to a query, and for the
# page of figures before and after and the sizes of the pool. Sourced by validate, whose `fail` it calls.

# stress NAME OPTION...: twpool-stress with the server's first DSN; its figures are kept as evidence,
# those of the bots as a page too.
stress() {
  local name=$1 page=() result table code=0
  shift
  result=$(gen_get dir)/$name.json
  [[ $name != pool_load ]] || page=(--html "${result%.json}.html")
  [[ $name != pool_load || -z ${site[validate.tune_sizes]} ]] || page+=(--curve "${result%/*}/tune.json")
  table=$(twpool-stress --site "$SITE" --console "$(pooler_console)" --dsn "$(dsn_first)" \
    --db "${site[databases[0].name]}" --json "$result" "${page[@]}" "$@" </dev/null) || code=$?
  [[ -z $table ]] || say "$table"
  [[ ! -s ${page[1]:-} ]] || say "validate: these figures as a page: ${page[1]}"
  [[ ! -s $result ]] || twpool-generation note --evidence "$GEN" "$name" "@$result"
  ((code == 0)) || fail "$name: twpool-stress failed (exit $code)" "its figures are in $result."
}

# dsn_first: the server's first DSN, as our own programs take it.
dsn_first() {
  local dsn=()
  site_list dsn server.dsn
  printf '@%s' "$(dsn_file "${dsn[0]}")"
}

# stress_options: what the bots do, one option per line.
stress_options() {
  local most=${site[validate.max_server_connections]} bots=${site[validate.bots]}
  printf '%s\n' --bots "$bots" --duration "${site[validate.pool_seconds]}" \
    --min-success "${site[validate.min_success]}"
  [[ ${site[validate.direct]} == false ]] || printf '%s\n' --versus "$(versus)" --rounds 1 \
    --pairs "${site[validate.latency_pairs]}" --sweep "$(((bots + 1) / 2)),$((bots * 2))"
  ((most == 0)) || printf '%s\n' --max-server-connections "$most"
}

# versus: the database as the pooler itself reaches it, as a DSN.
versus() {
  local host=${site[databases[0].host]} port=${site[databases[0].port]} name=${site[databases[0].dbname]}
  [[ -z $name ]] || name=" dbname='$(conninfo_quoted "$name")'"
  ((port != 0)) || port=${site[postgres.port]}
  printf "host='%s' port=%s%s" "$(conninfo_quoted "${host:-${site[postgres.host]}}")" "$port" "$name"
}

# latency_options: one client's added latency.
latency_options() {
  printf '%s\n' --bots 0 --pairs "${site[validate.latency_pairs]}" --max-overhead "${site[validate.max_overhead_ms]}" \
    --versus "$(versus)"
}

# tune: the rate over pool sizes, where the site asks for it. It decides nothing, but the settings that it
# changes must be back.
tune() {
  local result options=(--tune --sizes "${site[validate.tune_sizes]}" --bots "${site[validate.bots]}" --seconds 1)
  [[ -n ${site[validate.tune_sizes]} ]] || return 0
  say "+ twpool-size ${options[*]}    (bots through pools of these sizes)"
  [[ -z ${TWPOOL_PLAN:-} ]] || return 0
  result=$(gen_get dir)/tune.json
  twpool-size --site "$SITE" "${options[@]}" --dsn "$(dsn_first)" --db "${site[databases[0].name]}" --json \
    >"$result" </dev/null || fail "validate.tune_sizes: twpool-size failed (exit $?)"
  twpool-generation note --evidence "$GEN" tune "@$result"
}

# pool_load: bots through the pool, as many as the players there will be, reading only; and what the
# pooler adds to a query.
pool_load() {
  local options=() pairs=${site[validate.latency_pairs]}
  tune
  mapfile -t options < <(stress_options)
  say "+ twpool-stress ${options[*]}    (bots through the pool; they only read)"
  [[ -n ${TWPOOL_PLAN:-} ]] || stress pool_load "${options[@]}"
  ((pairs > 0)) || return 0
  mapfile -t options < <(latency_options)
  say "+ twpool-stress ${options[*]}    (one client, here and there by turns)"
  [[ -n ${TWPOOL_PLAN:-} ]] || stress latency "${options[@]}"
}
