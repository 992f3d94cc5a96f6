#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The lookup of auth.method "query" in a real PostgreSQL, and a real PgBouncer that goes by it: who is
# let in, and what somebody who means harm gets. Each attack is a test.
#
# LOOKUP_POOLER  the PgBouncer (default: the installed one; tests/lib/poolers.bash unpacks others)
# LOOKUP_LOGINS  how often each hostile name logs in (default: once); tests/soak/names
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # a test's variables are its own; `run` sets stderr
bats_require_minimum_version 1.5.0

setup_file() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  PATH=$TWPOOL_BIN:$PATH:/usr/sbin
  export TMPDIR=/tmp TWPOOL_ROOT POOLER_PORT POOLER_USER
  top=$(mktemp -d /tmp/twlookup.XXXXXX)
  export top
  chmod 0755 "$top"
  TWPOOL_ROOT=$top/root
  cluster_start "$TWPOOL_ROOT/pg" 60
  cluster_sql "CREATE ROLE game LOGIN PASSWORD 'pw'; CREATE ROLE other LOGIN PASSWORD 'pw2'"
  cluster_sql "CREATE DATABASE game OWNER game"
  cluster_sql "CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'boss-secret'"
  cluster_sql "CREATE ROLE owner CREATEROLE LOGIN PASSWORD 'x'"
  # A cluster as Debian makes it: over the socket everybody is who the OS says.
  printf '%s\n' 'local all all peer' 'host all all 127.0.0.1/32 scram-sha-256' >"$CLUSTER_DIR/data/pg_hba.conf"
  cluster_sql 'SELECT pg_reload_conf()' >/dev/null
  POOLER_USER=$(id -un) POOLER_PORT=$(free_port)
  ((EUID != 0)) || POOLER_USER=nobody
  cd "$top" || return
  site game other
  install_all
  pooler_start
}

teardown_file() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  kill -QUIT "$(cat "$top/pooler.pid")"
  cluster_stop
  rm -rf -- "$top"
}

setup() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/lib/cluster.bash"
  export PGCONNECT_TIMEOUT=30
  PATH=$TWPOOL_BIN:$PATH:/usr/sbin
  cd "$top" || return
}

# site ROLE...: writes site.json for these roles of database game; SITE_FILTER changes it.
site() {
  jq -n --arg dir "$CLUSTER_SOCKET" --arg su "$CLUSTER_SUPERUSER" --argjson port "$CLUSTER_PORT" \
    --argjson pool "$POOLER_PORT" \
    '{schema: 1, service_manager: "process", databases: [{name: "game"}],
      users: [$ARGS.positional[] | {name: .}], auth: {method: "query"},
      pgbouncer: {listen_port: $pool, default_pool_size: 5, server_login_retry: 0.1},
      postgres: {host: $dir, port: $port, socket_directory: $dir, superuser: $su}}' --args "$@" |
    jq "${SITE_FILTER:-.}" >site.json
}

# install_all: role, function, block and reload, as a deploy does them.
install_all() {
  local GEN code=0
  twpool-auth install --site site.json
  mkdir -p "$TWPOOL_ROOT/var/lib"
  GEN=$(twpool-generation begin)
  twpool-auth access --site site.json --pooler-user "$POOLER_USER" --json >edits.json || code=$?
  ((code == 1)) || return
  twpool-generation stage -q -g postgres --edits "$GEN" edits.json
  twpool-generation apply -q "$GEN"
  twpool-auth reload --site site.json --pooler-user "$POOLER_USER"
}

# pooler_version: of the PgBouncer that runs here.
pooler_version() {
  pooler_exec -V </dev/null | sed -n '1s/^PgBouncer //p'
}

# pooler_exec ARGUMENT...: PgBouncer, as its user.
pooler_exec() {
  with_probe as_user "$POOLER_USER" "${LOOKUP_POOLER:-/usr/sbin/pgbouncer}" "$@"
}

# with_probe COMMAND...: where root runs it, on a host that has the OS user twpool_probe.
with_probe() {
  ((EUID == 0)) || {
    "$@"
    return
  }
  [[ -e passwd ]] || { cat /etc/passwd; echo 'twpool_probe:x:64873:65534::/nonexistent:/usr/sbin/nologin'; } >passwd
  # shellcheck disable=SC2016 # for the shell in the namespace
  unshare --mount --propagation private bash -c "$(declare -f as_user)"'; mount --bind "$top/passwd" /etc/passwd && "$@"' - "$@"
}

# pooler_start: a PgBouncer with rendered files.
pooler_start() {
  local etc=$TWPOOL_ROOT/etc/pgbouncer/twpool
  mkdir -p "$etc" "$TWPOOL_ROOT/run/pgbouncer"
  cluster_open_way "$TWPOOL_ROOT"
  twpool-render --site site.json --secrets 0 --pgbouncer-version "$(pooler_version)" --out "$etc" -q </dev/null
  ((EUID != 0)) || chown -R "$POOLER_USER:" "$etc" "$TWPOOL_ROOT/run/pgbouncer"
  rm -f pooler.log # the last one's says "process up" too
  pooler_exec "$etc/pgbouncer.ini" 2>pooler.log 3>&- 4>&- &
  wait_until 10 grep -q 'process up' pooler.log
  sed -n 's/.* \[\([0-9]*\)\] LOG process up.*/\1/p' pooler.log | tail -n 1 >pooler.pid
}

# login ROLE PASSWORD [HOST]: who one is, through the pooler.
login() {
  PGPASSWORD=$2 PGCONNECT_TIMEOUT=10 psql -XAtq -h "${3:-127.0.0.1}" -p "$POOLER_PORT" -U "$1" -d game -c 'SELECT current_user'
}

# login_to ROLE PASSWORD: in which database one is, through the pooler, asked for PGDATABASE.
login_to() {
  PGPASSWORD=$2 psql -XAtq -h 127.0.0.1 -p "$POOLER_PORT" -U "$1" -c 'SELECT current_database()'
}

# logins_told NAMES: how many logins that were, where somebody wants to know.
logins_told() {
  [[ -z ${LOOKUP_LOGINS:-} ]] || printf '# %d logins\n' "$(($1 * LOOKUP_LOGINS))" >&3
}

# refused ROLE PASSWORD [HOST]
refused() {
  run -2 login "$@"
}

# lookup ROLE: what the function hands out, to its own role.
lookup() {
  as_user "$CLUSTER_SUPERUSER" psql -XAtq -v ON_ERROR_STOP=1 -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" -U "$CLUSTER_SUPERUSER" \
    -d game -c 'SET SESSION AUTHORIZATION twpool_lookup' -c "SELECT uname, phash FROM twpool.user_lookup('$1')"
}

# --- who is let in --------------------------------------------------------------------------------

@test "roles of the site log in, over TCP and the socket, and no secret is in the pooler's files" {
  run -0 login game pw
  [ "$output" = game ]
  run -0 login other pw2 "$TWPOOL_ROOT/run/pgbouncer"
  [ "$output" = other ]
  run -1 grep -r 'SCRAM-SHA-256\$' "$TWPOOL_ROOT/etc"
  refused game wrong
}

@test "a hundred clients at once are looked up by no more than five server connections" {
  for i in {1..100}; do
    login game pw >>all.out &
    pids+=($!)
  done
  for i in "${pids[@]}"; do
    wait "$i"
  done
  [ "$(grep -c '^game$' all.out)" = 100 ]
  run -0 cluster_sql "SELECT count(*) BETWEEN 1 AND 5 FROM pg_stat_activity WHERE usename = 'twpool_lookup'"
  [ "$output" = t ]
}

@test "a changed password holds from the next login on, without a reload" {
  cluster_sql "ALTER ROLE other PASSWORD 'new'"
  run -0 login other new
  refused other pw2
  cluster_sql "ALTER ROLE other PASSWORD 'pw2'"
  run -0 login other pw2
}

@test "an expired role, one that may not log in, a superuser and one with an md5 secret are not handed out" {
  for attack in "VALID UNTIL '2001-01-01'" NOLOGIN SUPERUSER REPLICATION BYPASSRLS; do
    cluster_sql "ALTER ROLE other $attack"
    run -0 lookup other
    [ -z "$output" ]
    [[ $attack == REPLICATION ]] || refused other pw2
    cluster_sql "ALTER ROLE other VALID UNTIL 'infinity' LOGIN NOSUPERUSER NOREPLICATION NOBYPASSRLS"
  done
  cluster_sql "SET password_encryption = md5; ALTER ROLE other PASSWORD 'pw2'"
  run -0 lookup other
  [ -z "$output" ]
  refused other pw2
  cluster_sql "ALTER ROLE other PASSWORD 'pw2'"
  run -0 login other pw2
}

@test "roles that the site does not name are not handed out, and not let in" {
  run -0 lookup owner
  [ -z "$output" ]
  run -0 lookup boss
  [ -z "$output" ]
  run -0 lookup twpool_lookup
  [ -z "$output" ]
  refused owner x
  refused boss boss-secret
  refused twpool_lookup ''
}

# --- attacks in PostgreSQL ------------------------------------------------------------------------

@test "shadowed operators, types and tables, in public and in the temporary schema, change no answer" {
  cluster_sql game "CREATE SCHEMA evil; GRANT ALL ON SCHEMA evil, public TO PUBLIC"
  cluster_sql game "CREATE FUNCTION evil.yes(text, text) RETURNS bool LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.yes);
    CREATE OPERATOR evil.~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.yes);
    CREATE TABLE evil.pg_authid AS SELECT * FROM pg_catalog.pg_authid; GRANT ALL ON evil.pg_authid TO PUBLIC;
    CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''-infinity''::timestamptz'"
  cluster_sql "ALTER ROLE other VALID UNTIL '2001-01-01'"
  run -0 as_user "$CLUSTER_SUPERUSER" psql -XAtq -v ON_ERROR_STOP=1 -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" \
    -U "$CLUSTER_SUPERUSER" -d game -c 'SET SESSION AUTHORIZATION twpool_lookup' -c 'CREATE TEMP TABLE pg_authid AS SELECT * FROM evil.pg_authid' \
    -c 'SET search_path = pg_temp, evil, pg_catalog' -c "SELECT uname FROM twpool.user_lookup('other')" \
    -c "SELECT uname FROM twpool.user_lookup('boss')" -c "SELECT uname FROM twpool.user_lookup('game')"
  [ "$output" = game ]
  cluster_sql "ALTER ROLE other VALID UNTIL 'infinity'"
  # A client's own search_path does not reach the lookup either.
  PGOPTIONS='' run -0 login game pw
  cluster_sql game 'DROP SCHEMA evil CASCADE; REVOKE ALL ON SCHEMA public FROM PUBLIC'
}

@test "the game's role cannot call the function, nor touch its schema; the lookup's role cannot read pg_authid" {
  cluster_sql game "GRANT CREATE ON DATABASE game TO game"
  as_game() {
    as_user "$CLUSTER_SUPERUSER" psql -XAtq -v ON_ERROR_STOP=1 -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" -U "$CLUSTER_SUPERUSER" -d game \
      -c "SET SESSION AUTHORIZATION $1" -c "$2"
  }
  run -1 as_game game "SELECT twpool.user_lookup('game')"
  [[ "$output" == *'permission denied for schema twpool'* ]]
  run -1 as_game game "CREATE FUNCTION twpool.user_lookup(name) RETURNS text LANGUAGE sql AS 'SELECT 1'"
  [[ "$output" == *'permission denied for schema twpool'* ]]
  run -1 as_game twpool_lookup 'SELECT rolpassword FROM pg_authid'
  [[ "$output" == *'permission denied'* ]]
  run -1 as_game twpool_lookup 'CREATE TABLE twpool.t ()'
  [[ "$output" == *'permission denied for schema twpool'* ]]
  cluster_sql game "REVOKE CREATE ON DATABASE game FROM game"
}

@test "whatever is changed at the function, its privileges or its role is found, and put right" {
  local change
  for change in 'GRANT EXECUTE ON FUNCTION twpool.user_lookup TO PUBLIC' \
    'ALTER FUNCTION twpool.user_lookup RESET search_path' 'ALTER FUNCTION twpool.user_lookup SECURITY INVOKER' \
    'ALTER FUNCTION twpool.user_lookup VOLATILE' "ALTER ROLE twpool_lookup PASSWORD 'known'" 'ALTER ROLE twpool_lookup SUPERUSER' \
    "CREATE OR REPLACE FUNCTION twpool.user_lookup(i_username text) RETURNS TABLE (uname text, phash text) LANGUAGE sql SECURITY DEFINER STABLE STRICT SET search_path = pg_catalog, pg_temp AS 'SELECT rolname::text, rolpassword FROM pg_authid'" \
    'ALTER ROLE twpool_lookup CONNECTION LIMIT -1'; do
    cluster_sql game "$change"
    run -1 twpool-auth install --dry-run --site site.json
    [[ "$output" == 'game: '* ]]
    run -0 twpool-auth install --site site.json
    [ "$output" = 'installed in game' ]
    run -0 twpool-auth install --dry-run --site site.json
  done
  run -0 login game pw
}

@test "what others have granted is no twpool's to take: the installation is refused, and nothing is half done" {
  cluster_sql game 'GRANT game TO twpool_lookup'
  run -78 --separate-stderr twpool-auth install --site site.json
  [[ "$stderr" == *"not as it should be after the installation: game: its memberships: '1', not '0'"* ]]
  cluster_sql game 'REVOKE game FROM twpool_lookup'
  cluster_sql game 'GRANT USAGE ON SCHEMA twpool TO game'
  run -78 --separate-stderr twpool-auth install --site site.json
  [[ "$stderr" == *"the schema: 'of a superuser,game=USAGE,twpool_lookup=USAGE'"* ]]
  cluster_sql game 'REVOKE USAGE ON SCHEMA twpool FROM game'
  cluster_sql game 'ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO game'
  cluster_sql game 'DROP FUNCTION twpool.user_lookup'
  run -78 --separate-stderr twpool-auth install --site site.json
  [[ "$stderr" == *"privileges of the function: 'game=EXECUTE,twpool_lookup=EXECUTE'"* ]]
  run -0 cluster_sql game "SELECT count(*) FROM pg_proc WHERE proname = 'user_lookup'"
  [ "$output" = 0 ]
  cluster_sql game 'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM game'
  run -0 twpool-auth install --site site.json
  run -0 login game pw
}

# --- attacks at the sockets -----------------------------------------------------------------------

@test "another OS user does not come in as the lookup's role, nor to the console, nor the console over TCP" {
  ((EUID == 0)) || skip 'only root becomes others'
  run -2 as_user games psql -XAtq -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" -U twpool_lookup -d game -c 'SELECT 1'
  [[ "$output" == *'Peer authentication failed for user "twpool_lookup"'* ]]
  run -0 as_user "$POOLER_USER" psql -XAtq -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" -U twpool_lookup -d game -c 'SELECT 1'
  run -2 as_user "$POOLER_USER" psql -XAtq -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" -U twpool_lookup -d postgres -c 'SELECT 1'
  [[ "$output" == *'pg_hba.conf rejects connection'* ]]
  run -2 psql -XAtq -h 127.0.0.1 -p "$CLUSTER_PORT" -U twpool_lookup -d game -c 'SELECT 1'
  [[ "$output" == *'pg_hba.conf rejects connection'* ]]
  local user
  # PgBouncer 1.18 keeps a role that is not in its userlist waiting: it is not let in, and not told so.
  export PGCONNECT_TIMEOUT=2
  for user in twpool-check pgbouncer game; do
    run -2 as_user games psql -XAtq -h "$TWPOOL_ROOT/run/pgbouncer" -p "$POOLER_PORT" -U "$user" -d pgbouncer -c 'SHOW POOLS'
    PGPASSWORD=pw run -2 psql -XAtq -h 127.0.0.1 -p "$POOLER_PORT" -U "$user" -d pgbouncer -c 'SHOW POOLS'
  done
}

# --- from end to end without a secret -------------------------------------------------------------

@test "the probe logs in through the pooler to PostgreSQL without a secret, as its own OS user and as nobody else" {
  ((EUID == 0)) || skip 'only root becomes others'
  run -0 with_probe twpool-auth probe --site site.json
  [[ "$output" == "login and transaction as twpool_probe on game through $TWPOOL_ROOT/run/pgbouncer:$POOLER_PORT: ok in "* ]]
  run -0 with_probe as_user twpool_probe twpool-auth probe -q --site site.json
  [ -z "$output" ]
  run -77 --separate-stderr with_probe as_user games twpool-auth probe --site site.json
  [[ "$stderr" == *'the probe is made by root or by the OS user twpool_probe' ]]
  # The check does not claim what it has not tried.
  run --separate-stderr twpool-check --site site.json --only login --format json
  [ "$(jq -r '.not_judged[] | select(.check == "login") | .reason' <<<"$output")" = \
    'no --login; twpool-auth probe logs in from end to end without a secret, as root or twpool_probe' ]
  jq '.auth.method = "userlist"' site.json >userlist.json
  run --separate-stderr twpool-check --site userlist.json --only login --format json
  [[ "$(jq -r '.not_judged[] | select(.check == "login") | .reason' <<<"$output")" == *'without a secret nobody logs in from end to end'* ]]
  # Another OS user at the socket, the probe over TCP, at the console, and past the pooler.
  export PGCONNECT_TIMEOUT=2
  local probe=(psql -XAtq -p "$POOLER_PORT" -U twpool_probe)
  run -2 with_probe as_user games "${probe[@]}" -h "$TWPOOL_ROOT/run/pgbouncer" -d game -c 'SELECT 1'
  run -2 with_probe as_user twpool_probe "${probe[@]}" -h 127.0.0.1 -d game -c 'SELECT 1'
  PGPASSWORD='' run -2 with_probe as_user twpool_probe "${probe[@]}" -h 127.0.0.1 -d game -c 'SELECT 1'
  run -2 with_probe as_user twpool_probe "${probe[@]}" -h "$TWPOOL_ROOT/run/pgbouncer" -d pgbouncer -c 'SHOW POOLS'
  run -2 with_probe as_user twpool_probe psql -XAtq -h "$CLUSTER_SOCKET" -p "$CLUSTER_PORT" -U twpool_probe -d game -c 'SELECT 1'
  [[ "$output" == *'Peer authentication failed'* ]]
  run -2 psql -XAtq -h 127.0.0.1 -p "$CLUSTER_PORT" -U twpool_probe -d game -c 'SELECT 1'
  [[ "$output" == *'pg_hba.conf rejects connection'* ]]
  run -0 cluster_sql "SELECT rolpassword IS NULL, rolsuper FROM pg_authid WHERE rolname = 'twpool_probe'"
  [ "$output" = 't|f' ]
}

@test "the probe fails where PostgreSQL does not let it in, and where nothing is looked up" {
  ((EUID == 0)) || skip 'only root becomes others'
  cluster_sql 'ALTER ROLE twpool_probe NOLOGIN'
  cluster_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'twpool_probe'"
  run --separate-stderr with_probe twpool-auth probe --timeout 2 --site site.json
  # A pooler that tries again keeps the client waiting, or says why.
  [[ $status == 69 || $status == 77 ]]
  [[ "$stderr" == *"database 'game': "* ]]
  cluster_sql 'ALTER ROLE twpool_probe LOGIN'
  wait_until 120 with_probe twpool-auth probe -q --site site.json
  jq '.auth.method = "userlist"' site.json >userlist.json
  run -78 --separate-stderr twpool-auth probe --site userlist.json
  [[ "$stderr" == *'auth.method is not "query"'* ]]
}

# --- the block ------------------------------------------------------------------------------------

@test "the block is at the head of pg_hba.conf, before a line for everybody, and an error elsewhere in the file is told" {
  run -0 twpool-auth access --site site.json --pooler-user "$POOLER_USER"
  [ -z "$output" ]
  run -0 head -n 9 "$CLUSTER_DIR/data/pg_hba.conf"
  [ "${lines[1]}" = 'local "game" "twpool_lookup" peer map=twpool' ]
  [ "${lines[2]}" = 'local "game" "twpool_probe" peer map=twpool' ]
  [ "${lines[5]}" = 'local all "twpool_lookup" reject' ]
  [ "${lines[7]}" = 'local all "twpool_probe" reject' ]
  cp -p "$CLUSTER_DIR/data/pg_hba.conf" saved
  echo 'nonsense' >>"$CLUSTER_DIR/data/pg_hba.conf"
  run -78 --separate-stderr twpool-auth reload --site site.json --pooler-user "$POOLER_USER"
  [[ "$stderr" == *'pg_hba.conf:13: invalid connection type "nonsense"'*HINT:* ]]
  { echo 'local all all trust'; cat saved; } >"$CLUSTER_DIR/data/pg_hba.conf"
  run -78 --separate-stderr twpool-auth reload --site site.json --pooler-user "$POOLER_USER"
  [[ "$stderr" == *"rule 1 of pg_hba.conf is 'local all \"all\" trust', not 'local \"game\" \"twpool_lookup\" peer map=twpool'"* ]]
  cp -p saved "$CLUSTER_DIR/data/pg_hba.conf"
  run -0 twpool-auth reload --site site.json --pooler-user "$POOLER_USER"
}

@test "links that PostgreSQL's user puts in the way of its own files are not followed by root" {
  ((EUID == 0)) || skip 'only root must not follow'
  echo precious >precious
  mv "$CLUSTER_DIR/data/pg_hba.conf" "$CLUSTER_DIR/data/kept"
  ln -s "$PWD/precious" "$CLUSTER_DIR/data/pg_hba.conf"
  chown -h "$CLUSTER_SUPERUSER:" "$CLUSTER_DIR/data/pg_hba.conf"
  run -66 --separate-stderr twpool-auth access --site site.json --pooler-user "$POOLER_USER"
  [[ "$stderr" == *'pg_hba.conf'* ]]
  mv -T "$CLUSTER_DIR/data/kept" "$CLUSTER_DIR/data/pg_hba.conf"
  mkdir elsewhere && cp "$CLUSTER_DIR/data/pg_ident.conf" "$CLUSTER_DIR/data/pg_hba.conf" elsewhere
  mv "$CLUSTER_DIR/data" "$CLUSTER_DIR/data.real"
  as_user "$CLUSTER_SUPERUSER" ln -s "$PWD/elsewhere" "$CLUSTER_DIR/data"
  run --separate-stderr twpool-auth access --site site.json --pooler-user "$POOLER_USER"
  rm "$CLUSTER_DIR/data" && mv "$CLUSTER_DIR/data.real" "$CLUSTER_DIR/data"
  [ "$status" != 0 ] && [ "$status" != 1 ]
  [ "$(<precious)" = precious ]
}

@test "names with quotes, blanks, backslashes and the words of pg_hba.conf work in the whole chain" {
  local name times names=('o"dd' "it's" 'a b' 'back\slash' 'all' 'x;y=z%#' '+plus' '@at' 'ünï' '$twpool$') quoted
  cp site.json kept.json
  for name in "${names[@]}"; do
    quoted=${name//\"/\"\"}
    cluster_sql "CREATE ROLE \"$quoted\" LOGIN PASSWORD 'pw'"
  done
  site game other "${names[@]}"
  install_all
  twpool-render --site site.json --secrets 0 --pgbouncer-version "$(pooler_version)" --out "$TWPOOL_ROOT/etc/pgbouncer/twpool" -q </dev/null
  ((EUID != 0)) || chown -R "$POOLER_USER:" "$TWPOOL_ROOT/etc/pgbouncer/twpool"
  kill -HUP "$(cat pooler.pid)"
  wait_until 10 login '$twpool$' pw
  for name in "${names[@]}"; do
    for ((times = 0; times < ${LOOKUP_LOGINS:-1}; times++)); do
      run -0 login "$name" pw
      [ "$output" = "$name" ]
    done
  done
  logins_told "${#names[@]}"
}

@test "a database of a hostile name is reached by an alias; names with control bytes are refused" {
  local name i=0 names=('o"dd' "it's" 'a b' 'back\slash' 'x;y=z%#' '+plus' '@at' 'ünï' '=eq' "a''b")
  cp site.json kept.json
  SITE_FILTER='.databases += []'
  for name in "${names[@]}"; do
    cluster_sql "CREATE DATABASE \"${name//\"/\"\"}\""
    SITE_FILTER+=" | .databases += [{name: \"alias$((++i))\", dbname: $(jq -n --arg n "$name" '$n')}]"
  done
  site game other
  install_all
  twpool-render --site site.json --secrets 0 --pgbouncer-version "$(pooler_version)" --out "$TWPOOL_ROOT/etc/pgbouncer/twpool" -q </dev/null
  ((EUID != 0)) || chown -R "$POOLER_USER:" "$TWPOOL_ROOT/etc/pgbouncer/twpool"
  kill -HUP "$(cat pooler.pid)"
  PGDATABASE=alias1 wait_until 10 login_to game pw
  local at times
  for ((at = 0; at < ${#names[@]}; at++)); do
    for ((times = 0; times < ${LOOKUP_LOGINS:-1}; times++)); do
      PGDATABASE=alias$((at + 1)) run -0 login_to game pw
      [ "$output" = "${names[at]}" ]
    done
  done
  logins_told "${#names[@]}"
  SITE_FILTER='.databases[0].dbname = "a\nb"' site game
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *'databases[0].dbname: contains the control byte 0x0a'* ]]
  SITE_FILTER='.users[0].name = "a\tb"' site game
  run -78 twpool-site check site.json
}

@test "what the lookup cannot do is refused in the site file, with its place" {
  SITE_FILTER='.postgres.host = "127.0.0.1"' site game
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *'postgres.host: "127.0.0.1" is no directory of a socket'*HINT:* ]]
  SITE_FILTER='.databases += [{name: "far", host: "10.0.0.1"}]' site game
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *'databases[1]: is not at postgres.host'* ]]
  SITE_FILTER='.pgbouncer.auth_query = "SELECT 1"' site game
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *'pgbouncer.auth_query: twpool sets this key itself'* ]]
  SITE_FILTER='.pgbouncer.track_extra_parameters = ["IntervalStyle", "Search_Path"]' site game
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *'track_extra_parameters: search_path would reach the lookup'* ]]
  SITE_FILTER='.auth.allow_superuser = ["boss"]' site boss
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *'no superuser'* ]]
  site /regex
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *'users[0].name: "/regex" begins with a slash'* ]]
}

@test "a secret that comes nevertheless is refused, and before 1.15 every database has the lookup's user" {
  site game
  printf 'game\t%s\n' 'SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' >secrets
  run -65 --separate-stderr twpool-render --site site.json --secrets 0 --out . --dry-run <secrets
  [[ "$stderr" == *'none is kept where auth.method is "query"'* ]]
  mkdir old new
  twpool-render --site site.json --secrets 0 --pgbouncer-version 1.14.0 --out old -q </dev/null
  twpool-render --site site.json --secrets 0 --pgbouncer-version 1.26.1 --out new -q </dev/null
  grep -q "^game = .* auth_user='twpool_lookup'" old/pgbouncer.ini
  run -1 grep "^game = .*auth_user" new/pgbouncer.ini
  [ "$(twpool-auth export --site site.json | wc -c)" = 0 ]
}

@test "a role or schema of somebody else's with our name is refused, by install and by purge" {
  kill -QUIT "$(cat pooler.pid)"
  wait_until 10 bash -c '! kill -0 "$(cat pooler.pid)"'
  site game
  wait_until 10 twpool-auth purge --site site.json
  cluster_sql game 'CREATE SCHEMA twpool'
  run -78 --separate-stderr twpool-auth install --site site.json
  [[ "$stderr" == *"there is a schema 'twpool' that is not twpool's own"* ]]
  run -78 twpool-auth install --dry-run --site site.json
  cluster_sql game 'DROP SCHEMA twpool; CREATE ROLE twpool_lookup'
  run -78 --separate-stderr twpool-auth install --site site.json
  [[ "$stderr" == *"there is a role 'twpool_lookup' that is not twpool's own"* ]]
  run -78 twpool-auth purge --site site.json
  cluster_sql 'DROP ROLE twpool_lookup'
  cluster_sql game 'REVOKE CONNECT ON DATABASE game FROM PUBLIC'
  twpool-auth install --site site.json
  pooler_start
  run -0 login game pw
}
