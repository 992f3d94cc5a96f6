# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The real chain: DSN files with hostile passwords, moved to a pooler by twpool-dsn, each logged in with
# by twpool-auth through PgBouncer to PostgreSQL. Sourced after cluster.bash, pooler.bash and against.bash.

# chain_logins DIR EVERY: with the cluster and the pooler of pooler_start running. Prints the number of
# passwords, of those that logged in, and of those refused with a reason; the other ones on stderr.
chain_logins() {
  local dir=$1 all=() in
  mkdir -p -- "$dir"
  : >"$dir/refused"
  against_build chain "$dir/chain"
  "$dir/chain" "$dir" "$CLUSTER_PORT" "$2" >"$dir/secrets"
  sed -E "s/^([0-9]+)\.dsn\t(.*)/CREATE ROLE r\1 LOGIN PASSWORD '\2';/" "$dir/secrets" |
    as_user "$CLUSTER_SUPERUSER" psql -Xq -v ON_ERROR_STOP=1 -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" -U "$CLUSTER_SUPERUSER" -d postgres
  sed -E 's/^([0-9]+)\.dsn\t(.*)/"r\1" "\2"/' "$dir/secrets" >>"$POOLER_DIR/userlist.txt"
  sed -E 's/^([0-9]+)\.dsn\t.*/host game r\1 127.0.0.1\/32 scram-sha-256/' "$dir/secrets" >>"$POOLER_DIR/hba.conf"
  console RELOAD
  # A pool for each role, and few connections: those that rest go.
  console 'SET max_db_connections = 20'
  mapfile -t all < <(cut -f 1 "$dir/secrets")
  if ! twpool-dsn set -q --plain --to-port "$POOLER_PORT" "${all[@]/#/$dir/}" 2>"$dir/err"; then
    chain_refused "$dir" "${all[@]}"
  fi
  in=$(printf '%s\n' "${all[@]}" | grep -vxF -f "$dir/refused" |
    xargs -P 4 -I{} sh -c 'twpool-auth verify -q --expect-pooler --timeout 60 --dsn "@$1" && echo in' - "$dir/{}" | grep -c in) || :
  printf '%d passwords, %d logged in, %d refused with their place\n' "${#all[@]}" "$in" "$(wc -l <"$dir/refused")"
}

# chain_refused DIR NAME...: each file by itself: one that is refused, by its place, leaves the others alone.
chain_refused() {
  local dir=$1 n
  shift
  for n; do
    if twpool-dsn set -q --plain --to-port "$POOLER_PORT" "$dir/$n" 2>"$dir/err"; then
      continue
    elif grep -qE ':[0-9]+:[0-9]+: ' "$dir/err"; then
      printf '%s\n' "$n" >>"$dir/refused"
    else
      cat "$dir/err" >&2
    fi
  done
}
