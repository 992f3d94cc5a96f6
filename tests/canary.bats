#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# 32 secrets are planted, and a whole life is traced: deploy, check, rotation, rollback, and a deploy
# that fails. No process has one in its arguments or its environment, and none is written anywhere but
# where it belongs.
# shellcheck disable=SC2016,SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"

# plant: fourteen more roles, with passwords and SCRAM secrets; all 32 canaries in the file canaries: a
# secret is known by its StoredKey.
plant() {
  local i
  for i in {1..14}; do
    printf "CREATE ROLE r%d LOGIN PASSWORD 'canary%dP%s';\n" "$i" "$i" "$host_password"
  done >roles.sql
  cluster_sql "$(<roles.sql)"
  sed -n "s/.*PASSWORD '\(.*\)';/\1/p" roles.sql >canaries
  cluster_sql "SELECT substr(split_part(split_part(rolpassword, '\$', 3), ':', 1), 1, 30) FROM pg_authid WHERE rolpassword IS NOT NULL" |
    sed 's/\\/\\\\/g' >>canaries
  printf '%s\n' "$host_password" PGPASSWORDcanaryEnvironment PGSSLPASSWORDcanary >>canaries
  rm roles.sql
}

# traced NAME COMMAND...: the command, with every program that it starts and every byte that these write.
# The tracer stays with the services that were started, and nobody waits for it.
traced() {
  local name=$1
  shift
  status=0
  strace -D -f -qq -v -y -s 1000000 --seccomp-bpf -e trace=execve,write,pwrite64,writev,openat,open,creat \
    -o "trace.$name" "$BASH" -c '. "$tests/lib/host.bash"; host_run "$@"' - "$@" >"talk.$name" 2>&1 3>&- 4>&- || status=$?
}

# written: PATH of each file that a canary was written to, from the traces; pipes and sockets are no files.
written() {
  cat trace.* | grep -E '^[0-9]+ +(p?write(v|64)?)\(' | grep -F -f canaries |
    sed -nE 's/^[0-9]+ +[a-z0-9]+\([0-9]+<([^>]*)>.*/\1/p' | grep -vE '^(pipe|socket|TCP|UNIX|UDP|anon_inode)' | sort -u
}

@test "32 secrets through deploy, check, rotation, rollback and a failure: in no argument, no environment, no log, no file but their own" {
  [[ -n $(command -v strace) ]] || skip 'no strace'
  host_make "$PWD" 60
  plant
  [ "$(wc -l <canaries)" = 32 ]
  host_site '.users += [range(1; 15) | {name: "r\(.)"}] | .pgbouncer += {default_pool_size: 2, reserve_pool_size: 0}
    | .validate += {bots: 1, latency_pairs: 0, observe_seconds: 0, pool_seconds: 0}'
  host_start
  export host_root host_top tests PGPASSWORD=PGPASSWORDcanaryEnvironment PGSSLPASSWORD=PGSSLPASSWORDcanary
  traced deploy twpool-deploy
  [ "$status" = 0 ] || { tail -n 70 talk.deploy; false; }
  unset PGPASSWORD PGSSLPASSWORD
  TWPOOL_ROOT=$host_root run -0 strace -f -qq -v -y -s 1000000 -e trace=execve,write,pwrite64,writev,openat -o trace.check \
    twpool-check --site site.json --format json --dsn "host=$host_root/run/pgbouncer port=$host_pool_port"
  printf '%s\n' "$output" >talk.check
  TWPOOL_ROOT=$host_root run -0 strace -f -qq -v -y -s 1000000 -e trace=execve,write,pwrite64,writev,openat -o trace.rotate \
    twpool-auth rotate r1 --site site.json
  traced rollback twpool-rollback
  [ "$status" = 0 ] || { tail -n 30 talk.rollback; false; }
  jq '.validate.command = ["false"] | .validate.observe_seconds = 1' site.json >broken && mv broken site.json
  traced failure twpool-deploy
  [ "$status" = 1 ]
  # The environment of the first bash is what the operator had; of what it started nothing has it.
  run -1 grep -hF -f canaries talk.deploy talk.check talk.rollback talk.failure
  grep -hE '^[0-9]+ +execve\(' trace.* | grep -vF '. \"$tests/lib/host.bash\"' |
    grep -vE 'execve\("[^"]*/deploy/twpool-deploy"|\["bash", "[^"]*/deploy/twpool-deploy"' >started
  (($(wc -l <started) > 200))
  run -1 grep -F -f canaries started
  # The server's own file, the pooler's userlist, the private record, what is about to become one of them, and
  # the copy of the userlist for the shadow boot, in a directory that is the pooler's alone.
  run written
  printf '%s\n' "$output" | grep -vE "^$host_root/(srv/game/bin/(bigbang.json|\.twpool-[0-9a-f]{16})|etc/pgbouncer/twpool/(userlist.txt|\.twpool-[0-9a-f]{16})|var/lib/twpool/generations/[0-9]{4}/.*|$)" |
    grep -vE '^(/memfd:diff.*|/dev/shm/.*|/tmp/twpool-boot\.[0-9]+\.[A-Za-z0-9]{6}/auth_file)?$' >elsewhere || :
  [ ! -s elsewhere ] || { cat elsewhere; false; }
  [ "$(stat -c %a "$host_root/var/lib/twpool")" = 700 ]
  # What is left on the disk.
  run grep -rlF -f canaries "$host_root" --exclude-dir=pg
  printf '%s\n' "$output" | grep -vE "^$host_root/(srv/game/bin/bigbang.json|srv/game/compiled_dsn.h|var/lib/twpool/generations/[0-9]{4}/(files/[0-9a-f]{64}|manifest.json))$" >left || :
  [ ! -s left ] || { cat left; false; }
  # Managed files are made with the mode 0600 and given the final one before they have their name.
  grep -hE 'open(at)?\(.*/etc/pgbouncer/twpool.*O_CREAT' trace.* >created || grep -hE 'O_CREAT\|O_EXCL\|O_NOFOLLOW' trace.* >created
  [ -s created ]
  run -1 grep -vE ', 0[0-7]?00\)|, 0600\)' created
}
