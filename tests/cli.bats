#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What every program has: help, version, a man page that says the same, and manners.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

setup() {
  top=$BATS_TEST_DIRNAME/..
  PATH=$TWPOOL_BIN:$top/deploy:$top/rollback:$PATH
  mapfile -t programs < <(cd "$TWPOOL_BIN" && printf '%s\n' twpool-*)
  programs+=(twpool-deploy twpool-rollback)
}

# options_of_help PROGRAM, options_of_man PROGRAM: the long options that each names, sorted.
options_of_help() {
  "$1" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u
}

options_of_man() {
  cat "$top"/docs/man/"$1".[18] | grep -oE -- '(Fl |^\.It Fl .*, Fl )-[a-z][a-z-]+' | grep -oE -- '-[a-z][a-z-]+$' | sed 's/^/-/' | sort -u
}

@test "there are eleven programs and each has a man page with an EXIT STATUS" {
  [ "${#programs[@]}" -eq 11 ]
  for program in "${programs[@]}"; do
    grep -qx '.Sh EXIT STATUS' "$top"/docs/man/"$program".[18]
    grep -q "Xr $program [18]" "$top/docs/man/twpool.7"
  done
}

@test "--help goes to stdout, exits 0 and names the program" {
  for program in "${programs[@]}"; do
    run -0 --separate-stderr "$program" --help
    [[ "$output" == "$program: "* ]]
    [ -z "$stderr" ]
  done
}

@test "--version says the one version of the CHANGELOG" {
  version=$(sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' "$top/docs/CHANGELOG.md" | sed -n 1p)
  for program in "${programs[@]}"; do
    run -0 "$program" --version
    [ "$output" = "$program (twpool) $version" ]
  done
}

@test "--help and the man page name the same options" {
  for program in "${programs[@]}"; do
    diff <(options_of_help "$program") <(options_of_man "$program") || {
      echo "$program"
      return 1
    }
  done
}

# refusal PROGRAM CODE: its exit code for an error of sysexits; a plugin has no other than 3.
refusal() {
  if [[ $1 == twpool-check ]]; then
    echo 3
  else
    echo "$2"
  fi
}

@test "an unknown option is a usage error on stderr" {
  for program in "${programs[@]}"; do
    run "-$(refusal "$program" 64)" --separate-stderr "$program" --no-such-option
    [[ "$stderr" == "$program: unknown option"*"HINT: "* ]]
    [[ -z $output || $program == twpool-check ]]
  done
}

@test "a full disk behind stdout is an error, not silence" {
  for program in "${programs[@]}"; do
    [[ $program != *deploy && $program != *rollback ]] || continue
    run "-$(refusal "$program" 74)" --separate-stderr bash -c "$program --help >/dev/full"
    [[ "$stderr" == *"write to standard output"* ]]
  done
}

@test "closed descriptors do no harm" {
  cd "$BATS_TEST_TMPDIR"
  export TWPOOL_ROOT=$PWD
  run bash -c 'twpool-generation begin >&- 2>&- <&-'
  run -0 bash -c 'twpool-generation list -q'
  [ "$output" = 0001 ]
  run -0 jq -r .state var/lib/twpool/generations/0001/manifest.json
  [ "$output" = open ]
}

@test "make install honours DESTDIR and PREFIX, the installed programs run, and uninstall leaves nothing" {
  cd "$top"
  make -s install DESTDIR="$BATS_TEST_TMPDIR/image" PREFIX=/opt/tw
  bin=$BATS_TEST_TMPDIR/image/opt/tw/bin
  for program in "${programs[@]}"; do
    run -0 env -u TWPOOL_BIN "$bin/$program" --version
  done
  [ -e "$BATS_TEST_TMPDIR/image/opt/tw/lib/twpool/templates/pgbouncer.ini.tmpl" ]
  diff -r "$top/deploy/preflight" "$BATS_TEST_TMPDIR/image/opt/tw/lib/twpool/deploy/preflight"
  [ -e "$BATS_TEST_TMPDIR/image/opt/tw/lib/twpool/deploy/advisories" ]
  [ -e "$BATS_TEST_TMPDIR/image/opt/tw/share/man/man8/twpool-deploy.8" ]
  make -s uninstall DESTDIR="$BATS_TEST_TMPDIR/image" PREFIX=/opt/tw
  run -0 find "$BATS_TEST_TMPDIR/image/opt" -mindepth 1 ! -type d
  [ -z "$output" ]
}

@test "make help lists every target that people use" {
  run -0 make -s -C "$top" help
  for target in all check demo install uninstall deploy plan preflight rollback lint clean help; do
    [[ "$output" == *"make $target "* ]]
  done
}

@test "bootstrap that is not root says the one command to run" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/dpkg-query"
  chmod 0755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/bin/dpkg-query"
  cp "$top/deploy/bootstrap" "$BATS_TEST_TMPDIR/bin"
  # shellcheck source=tests/lib/cluster.bash
  . "$top/tests/lib/cluster.bash"
  cluster_open_way "$BATS_TEST_TMPDIR"
  ((EUID != 0)) || lower=(setpriv --reuid games --regid games --clear-groups)
  run -77 "${lower[@]}" env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$BATS_TEST_TMPDIR/bin/bootstrap" demo
  [[ "$output" == *"bootstrap: missing: gcc libc6-dev make"*"bootstrap: run: sudo apt-get install --no-install-recommends gcc libc6-dev make"* ]]
  run -1 "${lower[@]}" env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$BATS_TEST_TMPDIR/bin/bootstrap" --check
  run -64 "$top/deploy/bootstrap" --wrong
}
