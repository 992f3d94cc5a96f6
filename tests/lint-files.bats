#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-lint: what PgBouncer lets pass in silence, one test a row, as it was met in the wild: found
# before it is published. And the ini of the hand-written guide that twpool replaces, which has many.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # secrets have dollars; a test's variables are its own; `run` sets stderr
bats_require_minimum_version 1.5.0

setup() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  PATH=$TWPOOL_BIN:$PATH
  cd "$BATS_TEST_TMPDIR" || return
  printf '"stats" ""\n' >users.txt
  printf 'local all all peer\n' >hba.conf
}

# config [LINE-OF-PGBOUNCER]...: p.ini is right but for these lines; $databases stands in [databases].
config() {
  printf '%s\n' '[databases]' "${databases:-game = host=127.0.0.1}" '[pgbouncer]' 'stats_users = stats' \
    "auth_file = $PWD/users.txt" 'ignore_startup_parameters = extra_float_digits' "$@" >p.ini
}

# finds RULE [FILE]: there is an error or a warning of that rule, in each of the versions that the
# Debians have, or in $version.
finds() {
  local one
  for one in ${version:-1.15.0 1.24.1 1.26.1 1.18.0}; do
    run -1 --separate-stderr twpool-lint --pgbouncer-version "$one" -q p.ini
    grep -q "^${2:-p.ini}:[0-9]*:[0-9]*: [a-z]*: $1: " <<<"$output" || {
      printf 'no %s for %s in:\n%s\n' "$1" "$one" "$output"
      return 1
    }
  done
}

@test "the base of these tests has no finding" {
  config
  run -0 --separate-stderr twpool-lint --pgbouncer-version 1.18.0 -q p.ini
  [ -z "$output" ]
}

@test "a garbage line in auth_file: every user behind it would be lost" {
  printf '"a" "x"\nnonsense\n"stats" ""\n' >users.txt
  config
  finds userlist "$PWD/users.txt"
  [[ "$output" == *"users.txt:2:1: error: userlist: the line does not begin with a quote: PgBouncer starts without every user from here on"* ]]
  [[ "$output" == *"admin-login: stats_users: 'stats' is not in auth_file"* ]]
}

@test "a # is no comment in auth_file, a user without secret eats the next, a doubled quote is right" {
  config
  printf '# users\n"stats" ""\n' >users.txt
  finds userlist "$PWD/users.txt"
  printf '"stats"\n"b" "x"\n' >users.txt
  finds userlist "$PWD/users.txt"
  [[ "$output" == *"PgBouncer takes the next name for it, and that user is lost"* ]]
  printf '"stats" ""\n"a""b" "x"\n; c\n' >users.txt
  run -0 twpool-lint -q --errors p.ini
}

# e18: a quote that was not doubled let a second user with admin rights in.
@test "what stands behind a secret, a user twice, and a secret that is none are found" {
  config
  printf '"stats" ""\n"a" "x" "evil" "y"\n"a" "z"\n"m" "md5D41D8CD98F00B204E9800998ECF8427E"\n"s" "SCRAM-SHA-256$4096:x"\n' >users.txt
  finds userlist "$PWD/users.txt"
  finds userlist-duplicate "$PWD/users.txt"
  finds secret-kind "$PWD/users.txt"
  [ "$(grep -c ': error: secret-kind: ' <<<"$output")" -eq 2 ]
}

@test "names and secrets longer than the version takes end the reading" {
  config
  printf '"stats" ""\n"%0100d" "x"\n' 0 >users.txt
  version=1.15.0 finds name-length "$PWD/users.txt"
  run -0 twpool-lint -q --errors --pgbouncer-version 1.18.0 p.ini
  printf '"stats" ""\n"a" "%01000d"\n' 0 >users.txt
  version=1.16.1 finds secret-length "$PWD/users.txt"
  run -0 twpool-lint -q --errors --pgbouncer-version 1.18.0 p.ini
}

@test "auth_file and auth_hba_file that are missing: PgBouncer starts, and nobody gets in" {
  config
  rm users.txt
  finds auth-file
  printf '"stats" ""\n' >users.txt
  config 'auth_type = hba' 'auth_hba_file = nothing'
  finds hba-file
}

@test "auth_file that PgBouncer's user cannot read is found, and not read for it" {
  ((EUID == 0)) || skip "needs root"
  config
  cluster_open_way "$PWD"
  printf '"stats" ""\n# hunter2\n' >users.txt
  chmod 600 users.txt
  chmod 644 p.ini
  run -1 --separate-stderr twpool-lint -q --user postgres p.ini
  [[ "$output" == *": error: auth-file: auth_file: "*"Permission denied"* && "$output" != *"userlist:"* ]]
  printf '%%include %s/users.txt\n' "$PWD" >>p.ini
  run -1 --separate-stderr twpool-lint -q --user postgres p.ini
  [[ "$output" == *": error: include: PgBouncer cannot include it: "*"Permission denied"* && "$output" != *hunter2* ]]
}

@test "%include is followed, the section goes on both ways, and a loop ends" {
  config "%include $PWD/more.ini" 'game = pool_mode=session'
  printf 'listen_port = x\n[users]\n' >more.ini
  finds integer "$PWD/more.ini"
  [[ "$output" == *"more.ini:1:15: error: integer"* && "$output" != *unknown-key* ]]
  printf '%%include %s/more.ini\n' "$PWD" >more.ini
  config "%include $PWD/more.ini"
  finds include "$PWD/more.ini"
}

@test "the hba file: a mistyped reject would open the door" {
  config 'auth_type = hba' "auth_hba_file = $PWD/hba.conf"
  printf 'local all all peer\nhost all all 0.0.0.0/0 rejct\nhost all +g 1.2.3.4/32 md5\nhost all all 1.2.3.4/33 md5\n' >hba.conf
  finds hba "$PWD/hba.conf"
  [ "$(grep -c ': error: hba: ' <<<"$output")" -eq 3 ]
  [[ "$output" == *"hba.conf:2:24: error: hba: PgBouncer does not know the method: PgBouncer skips the line"* ]]
  printf 'host all all all scram-sha-256\n' >hba.conf
  for version in 1.15.0 1.18.0; do # it is known since 1.23
    finds hba "$PWD/hba.conf"
  done
  run -0 twpool-lint -q --errors --pgbouncer-version 1.24.1 p.ini
}

@test "an unknown key and an empty file stop PgBouncer, a second [pgbouncer] takes everything back" {
  config 'bogus = 1'
  finds unknown-key
  : >p.ini
  run -65 twpool-lint p.ini
  printf '[databases]\n' >p.ini
  finds no-section
  config '[pgbouncer]' 'pool_mode = transaction'
  finds duplicate-section
}

@test "ports: 99999 listens on 34463, -1 and 6432x, and 5432abc on a line" {
  local value
  for value in 99999 -1 ; do
    config "listen_port = $value"
    finds port
  done
  config 'listen_port = 6432x'
  finds integer
  databases='game = host=127.0.0.1 port=5432abc' config
  finds integer
  [[ "$output" == *"PgBouncer makes 5432 of it, in silence"* ]]
}

# The shadow boot opens no TCP, so a restart would be the first to see it.
@test "listen_addr: blanks, quotes and ports are no address, and a foreign one stops PgBouncer since 1.19" {
  local value
  for value in '127.0.0.1 127.0.0.2' '"127.0.0.1"' 127.0.0.1:6432 300.1.1.1; do
    config "listen_addr = $value"
    finds listen-address
    [[ "$output" == *"is neither an address nor a name: PgBouncer does not start"* ]]
  done
  config 'listen_addr = 203.0.113.7'
  finds listen-address
  run -1 twpool-lint --json --pgbouncer-version 1.18.0 p.ini
  [ "$(jq .refused <<<"$output")" = false ]
  run -1 twpool-lint --json --pgbouncer-version 1.24.1 p.ini
  [ "$(jq .refused <<<"$output")" = true ]
  run -0 twpool-lint -q --elsewhere --errors --pgbouncer-version 1.18.0 p.ini
  config 'listen_addr = 127.0.0.1, *, db-1.example.org'
  run -0 --separate-stderr twpool-lint -q p.ini
}

@test "a password on a line is found, the log would show it, and we do not" {
  databases='game = host=127.0.0.1 password=some\ hunter2!' config
  finds connection-string
  [[ "$output" == *"writes all of it to its log, the password too"* && "$output" == *": warning: password: "* && "$output" != *hunter2* ]]
}

@test "verbose 3 logs every key and value" {
  config 'verbose = 3'
  finds range
}

@test "a socket's path that does not fit is cut in silence" {
  config "unix_socket_dir = /tmp/$(printf '%0100d' 0)"
  finds socket-path
}

@test "a pidfile that is empty, no number, or another process's, and a directory that is not there, stop PgBouncer" {
  local pid
  config "pidfile = $PWD/pid"
  for pid in '' none 0 -5 $$; do
    printf '%s' "$pid" >pid
    finds pid-file
  done
  # Of a process that is gone it is removed; a PgBouncer's may be the one that a restart stops.
  printf '4194303\n' >pid
  run -0 twpool-lint -q p.ini
  bash -c 'exec -a pgbouncer sleep 600' >/dev/null 3>&- 4>&- &
  printf '%s\n' "$!" >pid
  wait_until 20 grep -q pgbouncer "/proc/$!/cmdline"
  run -0 twpool-lint -q p.ini
  kill "$!"
  config "pidfile = $PWD/no/pid"
  finds pid-file
  config "logfile = $PWD/no/log"
  finds log-file
  config "unix_socket_dir = $PWD/no"
  version=1.24.1 finds socket-directory
}

@test "more clients than descriptors hang without an error" {
  config 'max_client_conn = 1000'
  run -0 --separate-stderr twpool-lint --pgbouncer-version 1.18.0 p.ini
  [[ "$output" == *": note: descriptors: PgBouncer needs 1030 open files; systemd gives 1024"* ]]
  run -1 --separate-stderr twpool-lint --descriptors 1024 p.ini
  [[ "$output" == *": error: descriptors: PgBouncer may open 1024 files and needs 1030"* ]]
  run -0 twpool-lint --descriptors 1030 p.ini
}

@test "a forced user with a SCRAM secret cannot log in to PostgreSQL" {
  databases='game = host=127.0.0.1 user=a' config
  printf '"stats" ""\n"a" "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"\n' >users.txt
  chmod 640 users.txt
  finds forced-scram
  databases="game = host=127.0.0.1 user=a password='x'" config
  run -0 twpool-lint -q --errors p.ini
}

@test "TLS: a key that is missing, words that the version does not know" {
  config 'client_tls_sslmode = require'
  finds tls
  config 'server_tls_sslmode = prefer' 'server_tls_protocols = legacy'
  version=1.24.1 finds tls
  run -0 twpool-lint -q --errors --pgbouncer-version 1.18.0 p.ini
  config 'auth_type = cert'
  finds tls
}

@test "pools: 0 before 1.24, a minimum above the size, a cap below it, and '*' without a cap" {
  databases='game = host=127.0.0.1 pool_size=0' config
  version=1.18.0 finds pool-size
  databases='game = host=127.0.0.1 pool_size=2 min_pool_size=3' config
  finds pool-size
  databases='game = host=127.0.0.1 pool_size=20 max_db_connections=3' config
  finds pool-size
  databases='* = host=127.0.0.1' config
  finds wildcard
  databases='* = host=127.0.0.1' config 'max_db_connections = 50'
  run -0 twpool-lint -q p.ini
}

@test "the reserved name, a name too long, and peers" {
  databases='pgbouncer = host=127.0.0.1' config
  finds reserved-name
  databases="$(printf '%064d' 0) = host=127.0.0.1" config
  finds name-length
  config '[peers]' '0 = host=x' '1 = port=5'
  version=1.24.1 finds peer
  [ "$(grep -c ': error: peer: ' <<<"$output")" -eq 2 ]
}

@test "stats_users of 1.24.0 to 1.25.1 may do more than look (CVE-2026-6667), and a note says so" {
  local one
  config
  for one in 1.24.1 1.25.1; do
    run -0 twpool-lint --pgbouncer-version "$one" p.ini
    [[ "$output" == *": note: stats-users: "* ]]
  done
  for one in 1.18.0 1.25.2 1.26.1; do
    run -0 twpool-lint --pgbouncer-version "$one" p.ini
    [[ "$output" != *stats-users* ]]
  done
}

@test "did you mean: PostgreSQL's names, and a letter" {
  config 'statement_timeout = 3' 'idle_in_transaction_session_timeout = 3' 'max_client_con = 3' 'pool_size = 3' 'zzzzzzzz = 3'
  run -1 --separate-stderr twpool-lint -q p.ini
  [ "$(sed -n 's/.*: unknown-key: \([a-z_]*\): .* -- /\1 /p' <<<"$output")" = "$(printf '%s\n' \
    'statement_timeout did you mean query_timeout?' 'idle_in_transaction_session_timeout did you mean idle_transaction_timeout?' \
    'max_client_con did you mean max_client_conn?' 'pool_size did you mean default_pool_size?' 'zzzzzzzz remove it')" ]
}

# What its script wrote, with the values that it had: it could not work, and nothing said so in time.
@test "the hand-written guide's ini yields each of its defects by name" {
  printf '"postgres" "secret"\n' >users.txt
  chmod 644 users.txt
  printf '%s\n' '[databases]' 'twclone = host=127.0.0.1 port=5432 dbname=twclone user=postgres password=some\ secret!' '[pgbouncer]' \
    'listen_addr = 127.0.0.1' 'listen_port = 6432' 'auth_type = plain' "auth_file = $PWD/users.txt" 'pool_mode = transaction' \
    'max_client_conn = 1000' 'default_pool_size = 25' 'reserve_pool_size = 5' 'statement_timeout = 30000' \
    'idle_in_transaction_session_timeout = 60000' 'logfile = /var/log/pgbouncer-of-the-guide/pgbouncer.log' \
    'pidfile = /var/run/pgbouncer-of-the-guide/pgbouncer.pid' >p.ini
  run -1 --separate-stderr twpool-lint --pgbouncer-version 1.18.0 p.ini
  for rule in connection-string unknown-key no-admin log-file pid-file run-directory descriptors superuser password auth-plain \
    auth-file-mode startup-parameters; do
    grep -q ": $rule: " <<<"$output" || { printf 'no %s in:\n%s\n' "$rule" "$output"; return 1; }
  done
  [ "$(grep -c ': unknown-key: ' <<<"$output")" -eq 2 ]
  [[ "$output" != *secret!* ]]
}

@test "--elsewhere: this host's files and accounts do not count" {
  config 'logfile = /nonexistent/log' 'user = nobody-knows' 'auth_hba_file = /nonexistent/hba'
  run -1 --separate-stderr twpool-lint -q p.ini
  run -0 --separate-stderr twpool-lint -q --elsewhere p.ini
}

@test "--keys prints the settings table of a version, --json the source of each fact" {
  run -0 twpool-lint --keys --pgbouncer-version 1.18.0
  [ "$(jq -c '[.pgbouncer[] | select(.name == "listen_port" or .name == "server_tls_sslmode")] | map([.name, .type, .default, .reloadable, .max])' <<<"$output")" = \
    '[["listen_port","integer","6432",false,65535],["server_tls_sslmode","enum","disable",true,null]]' ]
  [ "$(jq '[.pgbouncer[] | select(.name == "peer_id")] | length' <<<"$output")" = 0 ]
  config 'listen_port = 99999'
  run -1 --separate-stderr twpool-lint --json --pgbouncer-version 1.18.0 p.ini
  [ "$(jq -c '.pgbouncer_version, .refused, (.findings[] | select(.rule == "port") | .source | length > 9), .settings.listen_port' <<<"$output")" = \
    $'"1.18.0"\nfalse\ntrue\n"99999"' ]
}
