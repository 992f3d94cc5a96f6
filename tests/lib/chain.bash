# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The real chain: DSN files with hostile passwords, moved to a pooler by twpool-dsn, each logged in with
# by twpool-auth through PgBouncer to PostgreSQL. Sourced after cluster.bash, pooler.bash and against.bash.

# chain_logins DIR EVERY: with the cluster and the pooler of pooler_start running. Prints the number of
# passwords, of those that logged in, and of those refused with a reason; the other ones on stderr.
chain_logins() {
  local dir=$1 n all=0 in=0 refused=0
  mkdir -p -- "$dir"
  against_build chain "$dir/chain"
  "$dir/chain" "$dir" "$CLUSTER_PORT" "$2" >"$dir/secrets"
  sed -E "s/^([0-9]+)\t(.*)/CREATE ROLE r\1 LOGIN PASSWORD '\2';/" "$dir/secrets" |
    as_user "$CLUSTER_SUPERUSER" psql -Xq -v ON_ERROR_STOP=1 -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" -U "$CLUSTER_SUPERUSER" -d postgres
  sed -E 's/^([0-9]+)\t(.*)/"r\1" "\2"/' "$dir/secrets" >>"$POOLER_DIR/userlist.txt"
  sed -E 's/^([0-9]+)\t.*/host game r\1 127.0.0.1\/32 scram-sha-256/' "$dir/secrets" >>"$POOLER_DIR/hba.conf"
  console RELOAD
  # Each by itself: one that is refused leaves the others alone.
  for n in $(cut -f 1 "$dir/secrets"); do
    all=$((all + 1))
    if ! twpool-dsn set -q --plain --to-port "$POOLER_PORT" "$dir/$n.dsn" 2>"$dir/$n.err"; then
      if grep -qE ':[0-9]+:[0-9]+: ' "$dir/$n.err"; then refused=$((refused + 1)); else cat "$dir/$n.err" >&2; fi
    elif twpool-auth verify -q --expect-pooler --timeout 60 --dsn "@$dir/$n.dsn" 2>"$dir/$n.err"; then
      in=$((in + 1))
    else
      cat "$dir/$n.err" >&2
    fi
  done
  printf '%d passwords, %d logged in, %d refused with their place\n' "$all" "$in" "$refused"
}
