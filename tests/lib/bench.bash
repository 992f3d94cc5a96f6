# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What benches and soaks of twpool-stress share: a throwaway PostgreSQL with a pooler, and the runs.
# Sourced after cluster.bash and pooler.bash.

# bench_start MAX_CONNECTIONS MAX_CLIENTS: both are up, with a pool of 25; gone again at exit. Sets
# bench_dir, POOLED and DIRECT (DSNs).
bench_start() {
  # The pooler's and the bots': a login shell's 1024 are too few.
  ulimit -Sn "$(($2 + 200))" || return
  bench_dir=$(mktemp -d /tmp/twpool-bench.XXXXXX)
  export CLUSTER_TEMPLATE=
  cluster_start "$bench_dir/c" "$1"
  pooler_start "$CLUSTER_DIR/pool"
  trap bench_end EXIT
  console "SET max_client_conn = $2"
  console 'SET default_pool_size = 25'
  # shellcheck disable=SC2034 # for who sources this
  POOLED="host=127.0.0.1 port=$POOLER_PORT user=game dbname=game"
  # shellcheck disable=SC2034
  DIRECT="host=127.0.0.1 port=$CLUSTER_PORT user=game dbname=game"
  printf 'SELECT 1;\n' >"$bench_dir/one.sql"
}

bench_end() {
  pooler_halt
  cluster_stop
  rm -rf -- "$bench_dir"
}

# cpu_timed FILE COMMAND...: runs it; its CPU time, in seconds, is in FILE afterwards.
cpu_timed() {
  local file=$1 TIMEFORMAT='%U %S'
  shift
  { time "$@" 2>"$file.err"; } 2>"$file"
  awk '{ print $1 + $2 }' "$file" >"$file.sum"
  mv "$file.sum" "$file"
}

# median: of the numbers on stdin.
median() {
  sort -g | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'
}
