#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-rollback where everything else is gone: the network, names, the compiler, the sources, the toolkit
# that deployed, room for temporary files, a record that can be written. And what it prints when it cannot
# finish is typed, and finishes. PostgreSQL, the pooler and the site file gone: rollback.bats.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

# apart COMMANDS [OPTION]...: a rollback in namespaces of its own, after these commands there.
apart() {
  unshare --mount true 2>/dev/null || skip 'needs namespaces'
  # shellcheck disable=SC2016 # for the shell in the namespace
  unshare --mount --propagation private "${@:2}" bash -euc "$1"'
    TWPOOL_ROOT=$0 exec "$1/../rollback/twpool-rollback" "${@:2}"' "$host_root" "$tests" "${rollback[@]}"
}

rollback=()

@test "without a network, not even loopback" {
  # It stays in that network, and has no use for one.
  deployed '.process.server_command = ["sleep", "600"] | .server.listen_port = 0'
  # shellcheck disable=SC2016 # for the shell in the namespace
  run -0 apart '[[ -z $(ip link show up) ]]' --net
  [[ "$output" == *'ok in '*' ms'*'rolled back'* ]]
  same_tree
}

@test "with names that nobody resolves: nothing waits for one" {
  deployed
  echo 'nameserver 192.0.2.1' >resolv.conf
  echo 'hosts: dns' >nsswitch.conf
  run -0 apart "mount --bind '$PWD/resolv.conf' /etc/resolv.conf; mount --bind '$PWD/nsswitch.conf' /etc/nsswitch.conf"
  same_tree
  answers
}

@test "without a compiler, a compiled-in DSN; without its sources, and those of the game" {
  deployed "$(host_compiled)" DSN=compiled
  cp -r "$TWPOOL_BIN" bin
  ln -s "$(readlink -f -- "$tests/../templates")" templates
  for tool in cc gcc make ld; do
    printf '#!/bin/sh\ntouch %s/called\nexit 127\n' "$PWD" >"bin/$tool"
    chmod +x "bin/$tool"
  done
  find "$host_game" -maxdepth 1 -type f -delete
  run -0 env TWPOOL_BIN="$PWD/bin" TWPOOL_ROOT="$host_root" "$tests/../rollback/twpool-rollback"
  [ ! -e called ]
  host_tree | diff before - >gone || :
  run -1 grep -v '^< \./srv/game/[A-Za-z_.]* f \|^[0-9,]*d[0-9]*$' gone
  grep -qF "$(host_dsn)" "$host_game/compiled_dsn.h"
  answers
}

@test "by an installed copy, where the checkout that deployed is gone" {
  host
  mkdir checkout
  cp -r "$tests"/../{deploy,rollback,templates} "$TWPOOL_BIN" checkout
  TWPOOL_ROOT=$host_root TWPOOL_BIN=$PWD/checkout/bin checkout/deploy/twpool-deploy --site site.json >deploy.log 2>&1
  mkdir -p copy/lib/twpool
  mv checkout/{rollback,bin,deploy,templates} copy/lib/twpool
  rm -r checkout site.json
  run -0 env -u TWPOOL_BIN TWPOOL_ROOT="$host_root" copy/lib/twpool/rollback/twpool-rollback
  same_tree
  answers
}

@test "without room for temporary files: /tmp, /var/tmp and TMPDIR are full, also on the way to an older deploy" {
  deployed
  host_site '.pgbouncer.default_pool_size = 7'
  host_run twpool-deploy >deploy.log 2>&1
  # The host itself is below /tmp: it is moved into the full one.
  # shellcheck disable=SC2016 # for the shell in the namespace
  full='mount --rbind "'$PWD'" /mnt
    for place in /tmp /var/tmp; do mount -t tmpfs -o size=64k none "$place"; done
    mkdir -p "'$PWD'"; mount --move /mnt "'$PWD'"
    for place in /tmp /var/tmp; do ! cat /dev/zero >"$place/full" 2>/dev/null; ! echo x >"$place/more" 2>/dev/null; done
    export TMPDIR=/tmp;'
  rollback=(--previous)
  run -0 apart "$full"
  [[ "$output" == *'No space left on device'*'rolled back: generation 0002, verified'* ]]
  answers
  rollback=()
  run -0 apart "$full"
  same_tree
  answers
}

@test "with a record that has become read-only: the host is as before, and what is printed makes the record say so" {
  deployed
  # shellcheck disable=SC2016 # for the shell in the namespace
  run -2 apart 'mount --bind "$0/var/lib/twpool" "$0/var/lib/twpool"; mount -o remount,bind,ro "$0/var/lib/twpool"'
  [[ "$output" == *'the host is as before, but the record could not be written'* ]]
  same_tree
  answers
  run -0 printed
  same_tree
  run -0 env TWPOOL_ROOT="$host_root" "$tests/../rollback/twpool-rollback"
  [[ "$output" == *'nothing to do'* ]]
}

@test "a server that could not start, and a DSN that could not be put back: what is printed finishes it" {
  deployed
  jq '.app |= sub("port=[0-9]+"; "port=7")' "$host_game/bin/bigbang.json" >edited
  cp "$host_game/bin/bigbang.json" moved
  cat edited >"$host_game/bin/bigbang.json"
  run -2 host_run twpool-rollback
  cat moved >"$host_game/bin/bigbang.json"
  mv "$host_game/bin/server" "$host_game/bin/away"
  run -2 printed
  [[ "$output" == *'failed: server restart'* ]]
  mv "$host_game/bin/away" "$host_game/bin/server"
  run -0 printed
  same_tree
  answers
}
