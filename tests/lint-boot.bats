#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-lint with a PgBouncer: the shadow boot, drift, and the reload that cannot lie; with each
# PgBouncer that there is: the installed one, and those of POOLERS_DIR (tests/lib/poolers.bash).
# shellcheck disable=SC2030,SC2031,SC2154 # a test's variables are its own; `run` sets stderr
bats_require_minimum_version 1.5.0

setup() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  # shellcheck source=tests/lib/poolers.bash
  . "$BATS_TEST_DIRNAME/lib/poolers.bash"
  PATH=$TWPOOL_BIN:$PATH:/usr/sbin
  # A socket's path is short.
  work=$(mktemp -d /tmp/twlint.XXXXXX)
  cd "$work" || return
  chmod 755 .
  touch mark
  owner=$(_cluster_owner)
  mapfile -t binaries < <(poolers)
}

teardown() {
  local pid
  for pid in "$work"/run*/pid; do
    [ ! -s "$pid" ] || kill -QUIT "$(cat "$pid")" || :
  done
  rm -rf "$work"
}

# config DIR [LINE]...: DIR/p.ini and what it names, of PgBouncer's user; the lines end [pgbouncer].
config() {
  local dir=$work/$1
  mkdir -p "$dir"
  printf '"stats" ""\n' >"$dir/users.txt"
  printf '%s\n' '[databases]' "game = host=127.0.0.1 port=1 pool_size=7${forced:-}" '[pgbouncer]' 'listen_addr = 127.0.0.1' \
    "listen_port = $(free_port)" "unix_socket_dir = $dir" "pidfile = $dir/pid" "logfile = $dir/log" 'stats_users = stats' \
    "auth_file = $dir/users.txt" 'ignore_startup_parameters = extra_float_digits' "${@:2}" >"$dir/p.ini"
  ((EUID != 0)) || chown -R "$owner:" "$dir"
}

# start DIR BINARY: a PgBouncer that stays; sets dsn.
start() {
  as_user "$owner" "$2" -q -d "$work/$1/p.ini" 3>&- 4>&-
  dsn="host=$work/$1 port=$(sed -n 's/^listen_port = //p' "$work/$1/p.ini")"
  wait_until 20 running "$1"
}

running() {
  twpool-lint -q --errors --live "$dsn" "$work/$1/p.ini" >/dev/null 2>&1
}

# edit DIR SED: the configuration is replaced by an edited one, as by an editor; the old one is in DIR/old.
edit() {
  mkdir -p "$work/$1/old"
  cp "$work/$1/p.ini" "$work/$1/users.txt" "$work/$1/old"
  sed -i "$2" "$work/$1/p.ini"
  ((EUID != 0)) || chown -R "$owner:" "$work/$1"
}

# reload DIR BINARY: the reload under test.
reload() {
  twpool-lint -q --binary "$2" --reload "$dsn" --timeout 20 --previous "$work/$1/old" "$work/$1/p.ini"
}

# live KEY: its value in the running PgBouncer.
live() {
  as_user "$owner" psql -XAt -d "$dsn user=pgbouncer dbname=pgbouncer" -c 'SHOW CONFIG' |
    awk -F '|' -v key="$1" '$1 == key { print $2 }'
}

# nothing_left: no directory of a shadow boot. (Those of other tests do not last.)
nothing_left() {
  [ -z "$(find /tmp -maxdepth 1 -name 'twpool-boot.*' -newer "$work/mark")" ]
}

@test "--boot starts the binary aside and reads it back; the port, the pidfile and the log stay untouched" {
  local binary port
  for binary in "${binaries[@]}"; do
    config run 'pool_mode = Transaction' 'server_lifetime = 1234567' 'unix_socket_mode = 0700'
    port=$(sed -n 's/^listen_port = //p' run/p.ini)
    # Somebody else has the port: nobody is to notice.
    taken "$port"
    run -0 --separate-stderr twpool-lint -q --boot --binary "$binary" run/p.ini
    kill "$holder"
    [ -z "$output" ]
    run -0 twpool-lint --json --boot --binary "$binary" run/p.ini
    [ "$(jq -c '.boot | [.started, .usable, .settings.pool_mode, .settings.server_lifetime, (.databases[] | select(.name == "game") | .pool_size)]' <<<"$output")" = \
      '[true,true,"transaction","1.23457e+06","7"]' ]
    [ ! -e run/pid ] && [ ! -e run/log ]
    [ -z "$(find run -name '.s.PGSQL*')" ]
  done
}

@test "--boot: a refused start is named with its line, a password is not" {
  local binary
  for binary in "${binaries[@]}"; do
    config run 'max_client_conn = 50 ; many'
    run -1 --separate-stderr twpool-lint -q --boot --binary "$binary" run/p.ini
    [[ "$output" == *"run/p.ini:12:1: error: boot-refused: this PgBouncer does not start: invalid value \"50 ; many\" for parameter max_client_conn"* ]]
    forced=' password=some\ hunter2!' config run 'job_name = x'
    run -1 --separate-stderr twpool-lint -q --boot --binary "$binary" run/p.ini
    [[ "$output" == *boot-* && "$output" != *hunter2* && "$stderr" != *hunter2* ]]
  done
}

@test "--boot: what is staged is what it starts with" {
  config run 'auth_type = hba' "auth_hba_file = $work/run/hba.conf"
  mkdir staged
  cp run/p.ini staged
  run -1 twpool-lint -q --boot run/p.ini
  printf '"stats" ""\n' >staged/users.txt
  printf 'local all all peer\n' >staged/hba.conf
  run -0 --separate-stderr twpool-lint -q --user "$owner" --boot --staged "$work/staged" staged/p.ini
  printf 'nonsense\n' >staged/users.txt
  run -1 --separate-stderr twpool-lint -q --user "$owner" --boot --staged "$work/staged" staged/p.ini
  [[ "$output" == *": error: userlist: "* && "$output" == *": warning: boot-log: this PgBouncer says at its start: broken auth file"* ]]
}

@test "--boot: a binary that hangs, or is none, is given up, and nothing is left" {
  config run
  printf '#!/bin/sh\nexec sleep 601\n' >hangs
  chmod 755 hangs
  run -75 --separate-stderr twpool-lint --pgbouncer-version 1.18.0 --boot --timeout 1 --binary "$work/hangs" run/p.ini
  [[ "$stderr" == *"the shadow boot took too long" ]]
  run -1 pgrep -f 'sleep 601'
  run -69 --separate-stderr twpool-lint --pgbouncer-version 1.18.0 --boot --binary "$work/none" run/p.ini
  run -69 --separate-stderr twpool-lint --boot --binary /bin/true run/p.ini
  wait_until 20 nothing_left
}

@test "--boot: SIGTERM ends it, and nothing is left" {
  local pid
  config run
  printf '#!/bin/sh\nexec sleep 602\n' >hangs
  chmod 755 hangs
  env --default-signal twpool-lint --pgbouncer-version 1.18.0 --boot --timeout 600 --binary "$work/hangs" run/p.ini 3>&- 4>&- &
  pid=$!
  wait_until 20 pgrep -f 'sleep 602'
  kill "$pid"
  wait "$pid" || code=$?
  [ "${code:-0}" -ge 75 ]
  run -1 pgrep -f 'sleep 602'
  wait_until 20 nothing_left
}

@test "--boot as root needs PgBouncer's user, who is not root" {
  ((EUID == 0)) || skip "needs root"
  config run
  chown -R root: run
  run -78 --separate-stderr twpool-lint --boot run/p.ini
  [[ "$stderr" == *"PgBouncer's user is not known"* ]]
  run -78 twpool-lint --boot --user root run/p.ini
}

@test "--reload: what can be reloaded is, and read back" {
  local binary
  for binary in "${binaries[@]}"; do
    config "run${binary//\//_}" 'pool_mode = session'
    start "run${binary//\//_}" "$binary"
    edit "run${binary//\//_}" 's/pool_size=7/pool_size=8/; s/^pool_mode.*/pool_mode = transaction/'
    run -0 --separate-stderr reload "run${binary//\//_}" "$binary"
    [ "$(live pool_mode)" = transaction ]
  done
}

# The way back from an incident needs neither.
@test "--reload: without a binary that runs, or room for the shadow boot, the rules judge, for the version that runs" {
  local why
  config run 'pool_mode = session' 'stats_period = 40'
  start run pgbouncer
  printf '#!/bin/sh\nexit 127\n' >broken
  chmod 755 broken
  for why in "$work/none" "$work/broken"; do
    edit run 's/^stats_period = ./&1/'
    run -69 --separate-stderr twpool-lint -q --boot --binary "$why" --reload "$dsn" "$work/run/p.ini"
    run -0 --separate-stderr reload run "$why"
    [[ "$output" == *": warning: reload: there was no shadow boot, the rules alone judged: '$why' is no PgBouncer -- "* ||
      "$output" == *": warning: reload: there was no shadow boot, the rules alone judged: cannot run '$why': "* ]]
    [ "$(live stats_period)" = "$(sed -n 's/^stats_period = //p' run/p.ini)" ]
  done
  if ((EUID == 0)) && unshare -m true; then
    edit run 's/^stats_period = .*/stats_period = 77/'
    # shellcheck disable=SC2016 # the inner shell's
    run -0 --separate-stderr unshare -m bash -c 'mount --bind . . && mount --rbind /tmp /tmp && mount -o remount,ro,bind /tmp && "$@"' bash \
      twpool-lint -q --reload "$dsn" --timeout 20 "$work/run/p.ini"
    [[ "$output" == *": warning: reload: there was no shadow boot, the rules alone judged: make a directory in /tmp: "* ]]
    [ "$(live stats_period)" = 77 ]
  fi
  edit run 's/^pool_mode/bogus = 1\npool_mode/'
  run -1 --separate-stderr reload run "$why"
  [[ "$output" == *": error: reload: PgBouncer was not reloaded: the old files are back"*": error: unknown-key: bogus: "* ]]
  running run
}

# Its issue 1482: a bad line stops RELOAD half-way, everything below it is at its default, the answer is success.
@test "--reload: a bad line is found first: PgBouncer is not asked, and the old file is back" {
  local binary dir
  for binary in "${binaries[@]}"; do
    dir=run${binary//\//_}
    config "$dir" 'pool_mode = transaction' 'max_client_conn = 200'
    start "$dir" "$binary"
    edit "$dir" 's/^pool_mode/bogus = 1\npool_mode/'
    run -1 --separate-stderr reload "$dir" "$binary"
    [[ "$output" == *": error: reload: PgBouncer was not reloaded: the old files are back"*": error: unknown-key: bogus: "* ]]
    [ "$(live pool_mode),$(live max_client_conn)" = transaction,200 ]
    run -1 grep bogus "$dir/p.ini"
    running "$dir"
  done
}

@test "--reload: a broken auth_file, one that cannot be read, an empty file, and one without [pgbouncer] never reach PgBouncer" {
  local binary dir
  for binary in "${binaries[@]}"; do
    dir=run${binary//\//_}
    config "$dir"
    start "$dir" "$binary"
    edit "$dir" 's/^/&/'
    printf 'nonsense\n' >"$dir/users.txt"
    run -1 --separate-stderr reload "$dir" "$binary"
    [ "$(cat "$dir/users.txt")" = '"stats" ""' ]
    chmod 000 "$dir/users.txt"
    run -1 --separate-stderr reload "$dir" "$binary"
    [[ "$output" == *": error: reload: PgBouncer was not reloaded: "*": error: auth-file: auth_file: "*": Permission denied: "* ]]
    chmod 644 "$dir/users.txt"
    # shellcheck disable=SC2016 # sed's
    edit "$dir" '/pgbouncer\]/,$d'
    run -1 --separate-stderr reload "$dir" "$binary"
    running "$dir"
    edit "$dir" d
    run -65 --separate-stderr reload "$dir" "$binary"
    [[ "$stderr" == *"PgBouncer was not reloaded: the old file is back." ]]
    running "$dir"
  done
}

# log_in PASSWORD: as stats, whom auth_file lets in; for --reload of a changed password.
log_in() {
  PGPASSWORD=$1 psql -XAtq -d "host=127.0.0.1 ${dsn#* } user=stats dbname=pgbouncer" -c 'SHOW VERSION' >/dev/null 2>&1
}

# PgBouncer looks at the file's inode, size and time in whole seconds: it would keep the old password.
@test "--reload: an auth_file that was edited in place within the second in which it was read is read again" {
  local binary dir
  for binary in "${binaries[@]}"; do
    dir=run${binary//\//_}
    config "$dir" 'auth_type = md5'
    printf '"stats" "aaaa"\n' >"$dir/users.txt"
    touch -d '2026-01-01 00:00:00.1' "$dir/users.txt"
    start "$dir" "$binary"
    log_in aaaa
    printf '"stats" "bbbb"\n' >"$dir/users.txt"
    touch -d '2026-01-01 00:00:00.9' "$dir/users.txt"
    run -0 --separate-stderr twpool-lint -q --binary "$binary" --reload "$dsn" --timeout 20 "$dir/p.ini"
    log_in bbbb
    run ! log_in aaaa
  done
}

@test "--reload: where the time of auth_file is not ours to change, an edit in place is said" {
  ((EUID == 0)) || skip "needs root"
  install -m 755 "$(command -v twpool-lint)" lint
  config run
  start run pgbouncer
  chown root: run/users.txt
  printf '"stats" ""\n' >run/users.txt
  run -0 --separate-stderr as_user "$owner" ./lint -q --reload "$dsn" --timeout 20 "$work/run/p.ini"
  [[ "$output" == *": warning: auth-file-time: auth_file: "*"was written in place"*" -- touch it, and reload again" ]]
  mv run/users.txt run/users.new
  mv run/users.new run/users.txt
  run -0 --separate-stderr as_user "$owner" ./lint -q --reload "$dsn" --timeout 20 "$work/run/p.ini"
  [[ "$output" != *auth-file-time* ]]
}

# Up to 1.18 it warns, says READY, and listens on the Unix socket alone.
@test "--pid: a port that another process has is found, where PgBouncer starts all the same" {
  local binary dir port
  for binary in "${binaries[@]}"; do
    dir=run${binary//\//_}
    config "$dir"
    port=$(sed -n 's/^listen_port = //p' "$dir/p.ini")
    taken "$port"
    as_user "$owner" "$binary" -q -d "$work/$dir/p.ini" 3>&- 4>&- || :
    dsn="host=$work/$dir port=$port"
    wait_until 20 refused_or_running "$dir"
    if ! grep -q 'failed to listen on any address' "$dir/log"; then
      run -1 --separate-stderr twpool-lint -q --live "$dsn" --pid "$(cat "$dir/pid")" "$dir/p.ini"
      [[ "$output" == *": error: listener: "* ]]
    fi
    kill "$holder"
  done
}

# taken PORT: somebody else listens there; sets holder.
taken() {
  rm -f up
  perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => shift) or die; $| = 1; print "up\n"; sleep 600' \
    "$1" >up 3>&- 4>&- &
  holder=$!
  wait_until 20 test -s up
}

# refused_or_running DIR: its PgBouncer gave up, or answers.
refused_or_running() {
  grep -q 'failed to listen on any address' "$1/log" || running "$1"
}

@test "--reload: a change that PgBouncer keeps to itself is taken back" {
  local binary dir
  for binary in "${binaries[@]}"; do
    dir=run${binary//\//_}
    forced=' user=u' config "$dir"
    start "$dir" "$binary"
    edit "$dir" 's/ user=u//; s/pool_size=7/pool_size=9/'
    run -1 --separate-stderr reload "$dir" "$binary"
    [[ "$output" == *"database 'game': the file has user '', the running PgBouncer has 'u'"*": error: reload: the reload was taken back: PgBouncer is as before"* ]]
    grep -q 'pool_size=7 user=u' "$dir/p.ini"
    running "$dir"
  done
}

@test "--reload: what takes a restart is said, and the rest is in force" {
  config run 'pool_mode = session'
  start run pgbouncer
  edit run 's/^listen_port = .*/listen_port = 7/; s/^pool_mode.*/pool_mode = statement/'
  run -0 --separate-stderr reload run /usr/sbin/pgbouncer
  [[ "$output" == *": error: restart-needed: listen_port: the file has '7', the running PgBouncer has "* ]]
  [ "$(live pool_mode)" = statement ]
}

@test "--live: a half-applied reload shows as defaults in force" {
  local binary dir
  for binary in "${binaries[@]}"; do
    dir=run${binary//\//_}
    config "$dir" 'pool_mode = transaction' 'query_wait_timeout = 33'
    start "$dir" "$binary"
    edit "$dir" 's/^pool_mode/bogus = 1\npool_mode/'
    kill -HUP "$(cat "$dir/pid")"
    wait_until 20 half_applied "$dir"
    [[ "$findings" == *": error: default-in-force: pool_mode: the file has 'transaction', the running PgBouncer has 'session', the compiled default"* ]]
    sed -i '/bogus/d' "$dir/p.ini"
    ((EUID != 0)) || chown "$owner:" "$dir/p.ini"
    run -0 --separate-stderr twpool-lint -q --binary "$binary" --reload "$dsn" "$dir/p.ini"
    [ "$(live pool_mode)" = transaction ]
  done
}

# half_applied DIR: sets findings.
half_applied() {
  findings=$(twpool-lint -q --live "$dsn" "$work/$1/p.ini") || [[ "$findings" == *default-in-force* ]]
}

@test "--live: a key that the file no longer has, and limits of [users] are drift" {
  local binary dir
  for binary in "${binaries[@]}"; do
    dir=run${binary//\//_}
    config "$dir" 'query_wait_timeout = 33'
    start "$dir" "$binary"
    edit "$dir" '/^query_wait_timeout/d'
    run -1 --separate-stderr twpool-lint -q --live "$dsn" "$dir/p.ini"
    [[ "$output" == *": error: reload-needed: query_wait_timeout: the file does not have it, the running PgBouncer has '33', which is not its default"* ]]
    printf '[users]\nu = pool_mode=session\n' >>"$dir/p.ini"
    run -1 --separate-stderr twpool-lint -q --live "$dsn" "$dir/p.ini"
    [[ "$output" == *": error: reload-needed: the running PgBouncer has no user 'u'"* ]]
  done
}

@test "--live: a newer binary on disk is reported" {
  config run
  start run pgbouncer
  printf '#!/bin/sh\necho PgBouncer 1.99.9\n' >newer
  chmod 755 newer
  run -1 --separate-stderr twpool-lint -q --pgbouncer-version 1.18.0 --live "$dsn" --binary "$work/newer" run/p.ini
  [[ "$output" == *": error: binary-newer: PgBouncer 1.99.9 is installed, and "*" is running -- restart PgBouncer" ]]
  install -m 755 "$(command -v pgbouncer)" copy
  config run2
  as_user "$owner" ./copy -q -d "$work/run2/p.ini" 3>&- 4>&-
  wait_until 20 test -s run2/pid
  dsn="host=$work/run2 port=$(sed -n 's/^listen_port = //p' run2/p.ini)"
  rm copy
  run -1 --separate-stderr twpool-lint -q --live "$dsn" --pid "$(cat run2/pid)" run2/p.ini
  [[ "$output" == *": warning: binary-newer: the binary of process "*" was replaced since it started"* ]]
}
