#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-check --remember: what cron gets to see, what syslog gets, and which files are believed.
# shellcheck disable=SC2030,SC2031 # a test's variables are its own
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/pooler_setup.bash
. "$BATS_TEST_DIRNAME/lib/pooler_setup.bash"

setup() {
  load_words
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  syslogd log syslog
}

teardown() {
  kill -CONT "$(pooler_pid)"
  kill "${daemons[@]}"
}

# syslogd SOCKET FILE [hang]: begins to listen.
syslogd() {
  perl "$BATS_TEST_DIRNAME/lib/syslogd.pl" "$@" 3>&- 4>&- &
  daemons+=("$!")
  wait_until 10 test -e "$2"
}

# aside CMD...: runs CMD where /dev/log is the socket ./log. Only root can have a /dev of its own;
# for others syslog is the host's.
aside() {
  if ((EUID == 0)); then
    # shellcheck disable=SC2016 # for the inner shell
    unshare -m bash -c 'mount -t tmpfs none /dev && mknod -m 0666 /dev/null c 1 3 && ln -s "$0" /dev/log && exec "$@"' \
      "$PWD/log" "$@"
  else
    "$@"
  fi
}

# later SECONDS CMD...: runs CMD where so much more time has passed since boot.
later() {
  local seconds=$1 who=()
  shift
  ((EUID == 0)) || who=(--map-current-user)
  unshare "${who[@]}" --time --boottime "$seconds" --fork -- "$@"
}

# check ARG...: as cron does it. -c clients=0 makes a CRITICAL of it, -w clients=0 a WARNING: there
# is always a client, itself.
check() {
  aside timeout 60 twpool-check -q --dsn "${whom:-$CONSOLE}" --timeout 20 --only console --only clients --remember state "$@"
}

# check_later SECONDS ARG...
check_later() {
  local seconds=$1
  shift
  later "$seconds" "$TWPOOL_BIN/twpool-check" -q --dsn "${whom:-$CONSOLE}" --timeout 20 --only console --only clients --remember state "$@"
}

# told NUMBER: syslog has so many lines.
told() {
  ((EUID == 0)) || skip "root has a /dev/log of its own"
  wait_until 10 lines_are "$1"
}

lines_are() {
  (($(wc -l <syslog) == $1))
}

# state FILTER: what jq makes of the file, which stays what it was for the check: a file of ours.
state() {
  jq "$1" state >edited
  cat edited >state
}

@test "a first run that finds all well is silent, and leaves a file that everybody may read" {
  run -0 check
  [ -z "$output" ]
  [ "$(stat -c %a state)" = 644 ]
  [ "$(jq -c '[.schema, .tool, .status]' state)" = '[1,"twpool-check","ok"]' ]
  told 0
  run -0 ls -A
  [ "$output" = $'log\nstate\nstate.lock\nsyslog' ]
}

@test "a first run that finds something speaks, on stdout and to syslog" {
  run -2 --separate-stderr check -c clients=0
  [ "${#lines[@]}" -eq 2 ]
  [[ "$output" == "TWPOOL CRITICAL: 1 of 200 clients | 'clients'=1;"* ]]
  [ -z "$stderr" ]
  told 1
  [[ "$(<syslog)" =~ ^"<26>".*" twpool-check: TWPOOL CRITICAL: 1 of 200 clients"$ ]]
}

@test "a state that lasts is told once, and its code every time" {
  run -2 check -c clients=0
  cp state before
  run -2 --separate-stderr check -c clients=0
  [ -z "$output$stderr" ]
  run -2 check_later 3000 -c clients=0
  [ -z "$output" ]
  # Nothing is written where there is nothing to keep.
  cmp state before
  told 1
}

@test "what is not well is told once an hour" {
  run -2 check -c clients=0
  run -2 check_later 3600 -c clients=0
  [[ "${lines[0]}" == "TWPOOL CRITICAL: "* ]]
  [ "${lines[1]}" = "not OK for 60 min" ]
  run -2 check_later 7000 -c clients=0
  [ -z "$output" ]
  run -2 check_later 7200 -c clients=0
  [ "${lines[1]}" = "not OK for 2 h" ]
}

@test "a state that changes is told with what was before, and the way back with how long it took" {
  run -0 check
  run -1 check -w clients=0
  [ "${#lines[@]}" -eq 2 ]
  [[ "$output" == "TWPOOL WARNING: "* ]]
  run -2 check -c clients=0
  [[ "${lines[1]}" =~ ^"WARNING before, not OK for "[0-9]+" s"$ ]]
  whom="host=127.0.0.1 port=$POOLER_PORT user=game" run -3 check
  [[ "${lines[0]}" == "TWPOOL UNKNOWN: the console refuses 'game'"* ]]
  run -0 check_later 720
  [[ "${lines[0]}" == "TWPOOL OK: "* ]]
  [ "${lines[1]}" = "OK again after 12 min" ]
  run -0 check_later 730
  [ -z "$output" ]
  told 3
}

@test "syslog's lines have the priority of the state and say the same as stdout" {
  run -1 check -w clients=0
  whom="host=127.0.0.1 port=$POOLER_PORT user=game" run -3 check
  run -0 check
  [[ "${lines[1]}" == "OK again after "*" s" ]]
  told 3
  mapfile -t logged <syslog
  [[ "${logged[0]}" =~ ^"<28>".*" twpool-check: TWPOOL WARNING: 1 of 200 clients"$ ]]
  [[ "${logged[1]}" =~ ^"<27>".*" twpool-check: TWPOOL UNKNOWN: the console refuses 'game'".*"; WARNING before, not OK for "[0-9]+" s"$ ]]
  [[ "${logged[2]}" =~ ^"<29>".*" twpool-check: TWPOOL OK: 0 pools, 0 waiting,".*"; OK again after "[0-9]+" s"$ ]]
}

@test "JSON is printed by the same rule, and says what was before" {
  run -0 check --format json
  [ -z "$output" ]
  run -2 check --format json -c clients=0
  [ "$(jq -c '[.status, .news]' <<<"$output")" = '["critical",null]' ]
  run -2 check --format json -c clients=0
  [ -z "$output" ]
  run -0 --separate-stderr check --format json
  [[ "$(jq -r '.summary' <<<"$output")" == "TWPOOL OK: 0 pools, "* ]]
  [[ "$(jq -r '.news' <<<"$output")" == "OK again after "*" s" ]]
  told 2
  [[ "$(sed -n 1p syslog)" == *"TWPOOL CRITICAL: 1 of 200 clients" ]]
}

# --- which files are believed ---------------------------------------------------------------------

# unbelieved COMMAND: a file that says CRITICAL, and then had this done to it, counts for nothing.
unbelieved() {
  local code
  for code in 0 2; do
    rm -f state
    run -2 check -c clients=0
    eval "$1"
    if ((code == 0)); then
      run -0 check
      [ -z "$output" ] || { echo "$1"; return 1; }
    else
      run -2 check -c clients=0
      [[ "${#lines[@]}" -eq 2 && "$output" == "TWPOOL CRITICAL: "* ]] || { echo "$1"; return 1; }
    fi
    [ "$(jq -r .tool state)" = twpool-check ]
  done
}

@test "a file that is absent, empty, cut, no JSON or too long counts for nothing" {
  unbelieved 'rm state'
  unbelieved ': >state'
  unbelieved 'truncate -s 40 state'
  unbelieved 'echo nonsense >state'
  unbelieved 'head -c 2000000 /dev/zero | tr "\0" " " >>state'
}

@test "a file of the future, of another boot or of another program counts for nothing" {
  unbelieved 'state ".spoken_seconds += 100000"'
  unbelieved 'state ".not_ok_since_seconds += 100000 | .spoken_seconds += 100000"'
  unbelieved 'state ".boot_id = \"4be0643f-1d98-573b-97cd-ca98a65347dd\""'
  unbelieved 'state ".tool = \"other\""'
  unbelieved 'state ".schema = 2"'
  unbelieved 'state ".status = \"fine\""'
  unbelieved 'state "del(.spoken_seconds)"'
  unbelieved 'state ".spoken_seconds = -5"'
  unbelieved 'state ".spoken_seconds |= tostring"'
}

@test "a file that others may write counts for nothing" {
  unbelieved 'chmod 0666 state'
  ((EUID != 0)) || unbelieved 'chown 65534 state'
}

@test "the wall clock counts for nothing" {
  run -2 check -c clients=0
  state '.time = "2099-01-01T00:00:00Z"'
  run -2 check -c clients=0
  [ -z "$output" ]
  run -2 check_later 3600 -c clients=0
  [ "${lines[1]}" = "not OK for 60 min" ]
}

# --- when the state cannot be kept ----------------------------------------------------------------

@test "a symbolic link is not followed; the verdict is printed with what is wrong" {
  echo mine >target
  ln -s target state
  run -2 check -c clients=0
  [[ "${lines[0]}" == "TWPOOL CRITICAL: "* ]]
  [ "${lines[2]}" = "the state could not be kept: 'state' is not a regular file" ]
  run -0 check
  [[ "${lines[0]}" == "TWPOOL OK: "* && "${lines[1]}" == "the state could not be kept: "* ]]
  [ "$(<target)" = mine ]
  rm state
  mv state.lock lock
  ln -s lock state.lock
  run -2 check -c clients=0
  [[ "${lines[2]}" == "the state could not be kept: 'state.lock': "* ]]
}

@test "without its directory the verdict is printed every time, and one line more" {
  local code
  for code in 2 2; do
    run -"$code" --separate-stderr check --remember none/state -c clients=0
    [[ "${lines[0]}" == "TWPOOL CRITICAL: "* ]]
    [[ "${lines[2]}" == "the state could not be kept: 'none/state': "*"No such file or directory" ]]
    [ "${#lines[@]}" -eq 3 ]
  done
  run -0 check --remember none/state
  [[ "${lines[0]}" == "TWPOOL OK: "* && "${lines[1]}" == "the state could not be kept: "* ]]
  run -2 --separate-stderr check --remember none/state --format json -c clients=0
  [ "$(jq -r .status <<<"$output")" = critical ]
  [[ "$stderr" == "the state could not be kept: "* ]]
}

@test "a full disk hides nothing" {
  ((EUID == 0)) || skip "root can have a small disk"
  mkdir disk
  export -f aside check
  # shellcheck disable=SC2016 # for the inner shell
  run -2 unshare -m bash -c 'mount -t tmpfs -o size=8k none disk && check --remember disk/state; ls disk
    head -c 100000 /dev/zero >disk/rest; check --remember disk/state -c clients=0'
  [[ "$output" == *"state"*"TWPOOL CRITICAL: 1 of 200 clients"*"the state could not be kept: write 'disk/state': No space left on device" ]]
}

@test "a report that nobody could read is not taken for told" {
  run -2 --separate-stderr bash -c "$(declare -f aside check); check -c clients=0 >/dev/full"
  [[ "$stderr" == *"write to standard output"* ]]
  run -2 check -c clients=0
  [ "${#lines[@]}" -eq 2 ]
  [[ "$output" == "TWPOOL CRITICAL: "* ]]
}

# --- runs that do not end -------------------------------------------------------------------------

@test "a second run while one is under way is unknown, and says since when" {
  kill -STOP "$(pooler_pid)"
  check --timeout 30 >first 3>&- 4>&- &
  local pid=$!
  wait_until 10 locked
  run -3 --separate-stderr check
  [[ "$output" =~ ^"TWPOOL UNKNOWN: another check with 'state' is under way since "[0-9:]{8}" UTC"$ ]]
  [ -z "$stderr" ]
  run -3 check --format json
  [ "$(jq -r .status <<<"$output")" = unknown ]
  kill -CONT "$(pooler_pid)"
  wait "$pid"
  [ ! -s first ]
  run -0 check
}

locked() {
  [ -e state.lock ] && ! flock -n state.lock true
}

# struck SIGNAL PID: sends it; true once nobody is there any more. An alarm gives up at the second.
struck() {
  ! kill -"$1" "$2" 2>/dev/null
}

# ended SIGNAL TEXT: a check that this signal ends says so, the next one does not.
ended() {
  local round pid code
  rm -f state
  for round in 1 2; do
    kill -STOP "$(pooler_pid)"
    check --timeout 30 >"said$round" 3>&- 4>&- &
    pid=$! code=0
    wait_until 10 child >/dev/null
    wait_until 10 struck "$1" "$(child)"
    wait "$pid" || code=$?
    [ "$code" -eq 3 ]
    kill -CONT "$(pooler_pid)"
  done
  [ "$(<said1)" = "TWPOOL UNKNOWN: $2" ]
  [ ! -s said2 ]
  run -0 check
  [[ "${lines[1]}" == "OK again after "* ]]
}

@test "a check that crashes or is killed is unknown: once" {
  ended ABRT 'the check itself was ended by signal 6'
  ended KILL 'the check itself was ended by signal 9'
}

# The last way out, where libpq does not come back: it ends the process without a report.
@test "a check that gives up is unknown: once" {
  ended ALRM 'no verdict in time: looking up a name, or a login, does not end'
}

# child: the process that makes the check of this test, whose parent has the lock.
child() {
  local pid
  for pid in $(pgrep -x twpool-check); do
    [[ "$(readlink "/proc/$pid/cwd")" == "$PWD" && "$(cat "/proc/$(ps -o ppid= "$pid" | tr -d ' ')/comm")" == twpool-check ]] || continue
    printf '%s\n' "$pid"
    return 0
  done
  return 1
}

# Who listens takes nothing for as long as the test lasts: 2 s were once waited for it.
@test "a syslog daemon that hangs holds nobody up, neither the lock nor the output" {
  ((EUID == 0)) || skip "root has a /dev/log of its own"
  rm log
  syslogd log other hang
  run -2 timeout 20 bash -c "$(declare -f aside check); check -c clients=0"
  [[ "$output" == "TWPOOL CRITICAL: "* ]]
  flock -n state.lock true
  run -2 check -c clients=0
  [ -z "$output" ]
}

@test "--remember does not go with --watch" {
  run -3 check --watch 1
  [ "$output" = "TWPOOL UNKNOWN: --remember does not go with --watch" ]
}
