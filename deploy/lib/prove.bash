# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Proof that a change is in force: asked of the running processes, never of files. Sourced,
# never run.

# shellcheck source=deploy/lib/service.bash
. "$home/deploy/lib/service.bash"

# pooler_lint: holds the running pooler against its file: every setting, every database, and that
# its process owns the listener. Prints findings; 0 same, 1 differs, 69 not reachable.
pooler_lint() {
  local pid
  pid=$(service_pid pooler)
  [[ -n $pid ]] || {
    printf 'the pooler is not running\n'
    return 69
  }
  twpool-lint -q --errors --pid "$pid" --timeout 2 "$root$conf_dir/pgbouncer.ini" \
    --live "$(pooler_console)" 2>&1
}

# pooler_sound OUT: the rendered files in OUT, before anything is published: by the rules for the
# installed PgBouncer, and by that PgBouncer itself, started aside on a copy. Prints findings.
pooler_sound() {
  twpool-lint -q --errors --boot --timeout 20 --binary "$(pooler_binary)" --user "$(pooler_user)" --staged "$1" \
    "$1/pgbouncer.ini" >&2
}

# pooler_reload [PREVIOUS [OPTION]...]: the running pooler reads what is on disk, if that is sound, and is asked
# what it has: a reload that stops half-way answers as if all were well. Where it has something else, the
# files of the directory PREVIOUS come back, and are reloaded. 1: it is as before. One that is to look roles up from
# now on is restarted: after a reload it would let none of the old ones in.
pooler_reload() {
  if pooler_begins_lookup; then
    pooler_cut=yes
    service_restart pooler
    return
  fi
  run twpool-lint -q --reload "$(pooler_console)" ${1:+--previous "$1"} "${@:2}" --timeout 20 \
    --binary "$(pooler_binary)" --user "$(pooler_user)" "$root$conf_dir/pgbouncer.ini" >&2
}

# pooler_begins_lookup: the file on disk has a lookup, and the running pooler has none.
pooler_begins_lookup() {
  [[ -z ${TWPOOL_PLAN:-} ]] || return 1
  { twpool-lint -q --timeout 5 --live "$(pooler_console)" "$root$conf_dir/pgbouncer.ini" || :; } |
    grep -q ' restart-needed: auth_user: .* has .* differs'
}

# pooler_drift OUT: what the running pooler would still lack after a reload of the files in OUT: one
# line for each setting that takes a restart.
pooler_drift() {
  { twpool-lint -q --timeout 5 --live "$(pooler_console)" --staged "$1" "$1/pgbouncer.ini" || :; } |
    sed -n 's/.* restart-needed: \(.*\) -- .*/\1/p'
}

# pooler_settled: waits until the running pooler is the rendered one. Reloads it once where a setting
# was changed at run time, and restarts it once where one takes that: `pooler_cut` is then set.
pooler_cut=
pooler_settled() {
  local deadline=$((SECONDS + 10)) findings reloaded=
  until findings=$(pooler_lint); do
    if [[ -z $pooler_cut && $findings == *restart-needed* ]]; then
      pooler_cut=yes
      service_restart pooler || return
    elif [[ -z $reloaded && ($findings == *reload-needed* || $findings == *default-in-force*) ]]; then
      reloaded=yes
      pooler_reload || return
    elif ((SECONDS >= deadline)) || ! service_running pooler; then
      say "$findings"
      return 1
    fi
    sleep 0.1
  done
}

# pooler_complaint: one sentence of advice, after the end of the pooler's log.
pooler_complaint() {
  service_log_tail pooler
  printf 'the end of its log is above.'
}

# pooler_cause: ": " and the last refusal in the pooler's log, where it has one.
pooler_cause() {
  service_log pooler 50 |
    sed -n 's/.*\(server login failed: .*\|pooler error: .*\)/: \1/p' | tail -n 1
}

# prove_login pooler|direct [OPTION]...: each DSN of the server logs in and runs a transaction, as
# the server would with what stands in its files now, and meets a pooler, or PostgreSQL itself.
prove_login() {
  local dsn=() one expect=$1
  shift
  site_list dsn server.dsn || return
  ((${#dsn[@]})) || return 1
  for one in "${dsn[@]}"; do
    talk twpool-auth verify --db "${site[databases[0].name]}" --retry 10 --timeout 5 "--expect-$expect" \
      --dsn "@$(dsn_file "$one")" "$@" || return
  done
}
