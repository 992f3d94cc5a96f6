#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A slice of tests/soak/differential: twpool-lint's rules against the installed PgBouncer itself.
bats_require_minimum_version 1.5.0

@test "of 60 generated configurations lint and PgBouncer say the same" {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  PATH=$TWPOOL_BIN:$PATH:/usr/sbin
  cd "$BATS_TEST_TMPDIR"
  mkdir corpus
  chmod 755 corpus
  cluster_open_way "$PWD"
  printf '"s" ""\n' >users
  twpool-lint --keys --pgbouncer-version any >keys.json
  version=$(pgbouncer -V | sed -n '1s/^PgBouncer //p')
  perl "$BATS_TEST_DIRNAME/differential/corpus.pl" keys.json "$PWD/users" "$version" "$PWD/corpus"
  run -0 wc -l <corpus/list
  [ "${output%% *}" -ge 3000 ]
  run -0 perl "$BATS_TEST_DIRNAME/differential/judge.pl" "$(command -v twpool-lint)" "$(command -v pgbouncer)" "$version" \
    "$(_cluster_owner)" "$PWD/corpus" 71 "$((RANDOM % 71))"
  [[ "$output" == "PgBouncer $version: "*" configurations, "*", disagreements 0" ]]
}
