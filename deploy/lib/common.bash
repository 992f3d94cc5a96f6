# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The words that twpool-deploy, its phases and twpool-rollback share. Sourced, never run. The
# caller has set `home`, the directory that holds deploy/, rollback/ and templates/.

set -euo pipefail
shopt -s inherit_errexit
umask 077
export LC_ALL=C
IFS=$' \t\n'
unset CDPATH BASH_ENV ENV POSIXLY_CORRECT GLOBIGNORE GREP_OPTIONS "${!PG@}" "${!LD_@}"
# A closed descriptor would become some file of the host.
[[ -e /proc/self/fd/0 ]] || exec 0</dev/null
[[ -e /proc/self/fd/1 ]] || exec 1>/dev/null
[[ -e /proc/self/fd/2 ]] || exec 2>/dev/null
# A file that may not grow is an error, and not the end of us.
trap '' XFSZ
# shellcheck source=deploy/lib/limits.bash
. "$home/deploy/lib/limits.bash"
limits_lifted
TWPOOL_BIN=${TWPOOL_BIN:-$home/bin}
PATH=$TWPOOL_BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export TWPOOL_BIN PATH

# TWPOOL_ROOT prefixes every path of the host that is written; "" on a real one.
root=${TWPOOL_ROOT:-}
[[ $root != / ]] || root=
state_dir=$root/var/lib/twpool
# shellcheck disable=SC2034 # read by the scripts that source this
conf_dir=/etc/pgbouncer/twpool

# say TEXT...: talk goes to stderr, results to stdout. A terminal that has gone away, or a full disk
# behind a log, must not stop what is under way.
say() {
  printf '%s\n' "$*" >&2 || :
}

# result FORMAT ARGUMENT...: what was done, on stdout. It is done, whether or not that can be written.
result() {
  # shellcheck disable=SC2059 # the format is the caller's
  printf "$@" || say "${0##*/}: the result could not be written to standard output"
}

# talk COMMAND...: says what the command prints, whatever becomes of the terminal; its exit code.
talk() {
  local code=0 output
  output=$("$@" 2>&1) || code=$?
  [[ -z $output ]] || say "$output"
  return "$code"
}

# die CODE MESSAGE [HINT]: the only way out after an error.
die() {
  say "${0##*/}: $2"
  [[ -z ${3:-} ]] || say "HINT: $3"
  exit "$1"
}

# run COMMAND...: the only way to change the host: printed, then done, or with --plan only printed.
run() {
  say "+$(printf ' %q' "$@")"
  [[ -n ${TWPOOL_PLAN:-} ]] || "$@"
}

# run_loose COMMAND...: the same for a command that may leave a daemon behind: it has neither our lock nor the
# signals that we ignore.
run_loose() {
  say "+$(printf ' %q' "$@")"
  [[ -n ${TWPOOL_PLAN:-} ]] || (lock_drop && exec env --default-signal "$@")
}

# usage: prints the comment at the head of the script, which is its help text.
usage() {
  sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}

# version: prints what every program of twpool prints.
version() {
  twpool-site --version | sed "s/^twpool-site/${0##*/}/"
}

# need_tools: refuses when the C programs are not where they should be.
need_tools() {
  [[ -x $TWPOOL_BIN/twpool-generation ]] ||
    die 69 "no programs in '$TWPOOL_BIN'" "run make, or make install, and start ${0##*/} from there."
}

# need_root: a host is changed by root alone; a tree below TWPOOL_ROOT by whoever owns it. A relative
# one would mean another place to each program that is started. And what would be broken off is not begun.
need_root() {
  [[ -z $root || $root == /* ]] || die 64 "TWPOOL_ROOT '$root' is not an absolute path"
  [[ -n $root || $EUID -eq 0 ]] || die 77 'must be root' "run: sudo ${0##*/} ..."
  [[ -z $limits_short ]] || die 77 "limited to too little, and not allowed to lift it: $limits_short" \
    'run it from a shell without that limit (ulimit -a).'
}

# seconds_since START: START is a value of EPOCHREALTIME; prints seconds with one decimal.
seconds_since() {
  awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

# wait_for SECONDS COMMAND...: polls until the command succeeds; 1 when the time is over.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# lock_drop: closes the lock in a subshell that is about to become somebody else's program.
lock_drop() {
  [[ -z ${TWPOOL_LOCK_FD:-} ]] || exec {TWPOOL_LOCK_FD}>&-
  unset TWPOOL_LOCK_FD
}

# as_user USER COMMAND...: becomes that user: with an environment of its own, default signals, and
# without our lock and our terminal, into which it could type. An empty USER, or not being root,
# means: as ourselves.
as_user() (
  as_user_exec "$@"
)

# as_user_exec USER COMMAND...: the same in the place of this shell: whoever has its process id can
# end the command.
as_user_exec() {
  local account=$1 name directory group become
  shift
  lock_drop
  [[ $EUID -eq 0 && -n $account ]] || account=
  account_read "$account"
  become=(env -i --default-signal PATH="$PATH" LC_ALL=C HOME="$directory" USER="$name")
  [[ -z $account ]] || become+=(setpriv --reuid "$account" --regid "$group" --init-groups --)
  exec setsid --wait "${become[@]}" "$@"
}

# elements NAME DELIMITER COMMAND...: makes the array NAME of what COMMAND prints, each element ended by
# DELIMITER ('' is NUL); returns what COMMAND returned. Its status comes as one more element: `wait "$!"` now
# and then does not know the process of a substitution any more (bash 5.2: once in some hundred times
# on a loaded host).
elements() {
  local -n elements_target=$1
  local code
  mapfile -d "$2" -t elements_target < <(code=0; "${@:3}" || code=$?; printf '%s' "$code")
  code=${elements_target[-1]-1}
  unset 'elements_target[-1]'
  return "$code"
}

# account_read USER: sets `name`, `group` (an id) and `directory` from its line in the user database; our own where
# USER is empty. 1 where there is none.
account_read() {
  IFS=: read -r name _ _ group _ directory _ < <(getent passwd "${1:-$EUID}")
}

# supervised COMMAND...: waits for it in a way that a signal to us ends it too. COMMAND is a program,
# or a function that ends in exec: what has the process id must be what is to end.
supervised() {
  local code=0
  "$@" &
  trap "kill -TERM $! 2>/dev/null; exit 143" INT TERM HUP
  wait "$!" || code=$?
  trap 'exit 143' INT TERM HUP
  return "$code"
}

# masked: what a log says, without the passwords and secrets in it.
masked() {
  twpool-site scrub
}

# generation_open: the oldest generation that is neither complete nor undone, or nothing.
generation_open() {
  twpool-generation list --active | awk '$2 != "complete" && !n++ { print $1 }'
}

# lock_take NAME [READ-ONLY]: one writer. The lock dies with its holder, whose phases may need an instant
# to follow; an inherited one is kept. With a second argument a lock that cannot be written is enough:
# the way back is open where a file system has become read-only.
lock_take() {
  local file=$state_dir/lock
  if [[ -n ${TWPOOL_LOCK_FD:-} && /proc/self/fd/$TWPOOL_LOCK_FD -ef $file ]]; then
    return
  fi
  [[ -d $root/var/lib ]] || (umask 022 && mkdir -p -- "$root/var/lib")
  [[ -d $state_dir ]] || mkdir -p -m 0700 -- "$state_dir"
  if [[ -n ${2:-} && -r $file && ! -w $file ]]; then
    say "${0##*/}: '$file' cannot be written; going on"
    exec {TWPOOL_LOCK_FD}<"$file"
  else
    [[ -w $state_dir ]] || die 77 "no permission for '$state_dir'"
    exec {TWPOOL_LOCK_FD}>>"$file"
  fi
  flock -w 0.5 "$TWPOOL_LOCK_FD" || die 75 "busy: $(lock_text "$file")" 'wait until it has ended, or send it SIGTERM: it then goes back.'
  # A full disk has no room for that either.
  [[ ! -w $file ]] || { printf '%s (pid %s) holds the lock since %(%FT%TZ)T\n' "$1" "$$" -1 >"$file"; } 2>/dev/null || :
  export TWPOOL_LOCK_FD
}

# lock_text FILE: who holds the lock and since when, as its holder wrote it.
lock_text() {
  local text
  text=$(<"$1")
  printf '%s' "${text:-somebody has just taken the lock}"
}

declare -A site=()

# site_load: the scalar values of the site file SITE, as site[KEY].
site_load() {
  local i values keys=(
    service_manager postgres.host postgres.port 'databases[0].name' 'databases[0].host'
    'databases[0].port' 'databases[0].dbname' pgbouncer.listen_addr pgbouncer.listen_port pgbouncer.pool_mode
    pgbouncer.default_pool_size pgbouncer.reserve_pool_size pgbouncer.max_db_connections
    pgbouncer.max_client_conn adopt auth.superuser_service auth.method
    server.directory server.user server.unit server.reconnects server.listen_port
    server.start_seconds server.stop_seconds server.build_seconds server.log
    validate.timeout_seconds validate.bots validate.min_success validate.max_overhead_ms
    validate.max_server_connections validate.observe_seconds validate.pool_seconds validate.latency_pairs
    validate.tune_sizes validate.direct
    validate.freeze_seconds validate.success_pattern validate.failure_pattern check.schedule
    process.pooler_user process.pooler_binary process.server_pidfile
  )
  # shellcheck disable=SC2153 # SITE is the scripts' own variable
  elements values '' twpool-site get --site "$SITE" "${keys[@]}" || return
  for i in "${!keys[@]}"; do
    site[${keys[i]}]=${values[i]}
  done
}

# site_list NAME KEY: makes the array NAME the list at KEY of the site file.
site_list() {
  elements "$1" '' twpool-site get --site "$SITE" "$2"
}

# gen_get KEY: a note of the generation GEN.
gen_get() {
  twpool-generation get "$GEN" "$1" | tr -d '\0'
}

# generation_waits: the generation GEN waits for a restart of its server that is the operator's; no longer where it
# is on its way back.
generation_waits() {
  [[ -n $(gen_get waiting) && $(gen_get state) == open ]]
}

# dsn_file LOCATOR: the host path of an element of server.dsn, with its #/pointer or :LINE.
dsn_file() {
  printf '%s' "$root${site[server.directory]}/$1"
}

# pooler_address: where the pooler listens, as a client on this host reaches it.
pooler_address() {
  local first=${site[pgbouncer.listen_addr]%%,*}
  case $first in
    '*' | 0.0.0.0) first=127.0.0.1 ;;
    ::) first=::1 ;;
  esac
  printf '%s' "$first"
}
