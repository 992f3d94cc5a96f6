#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-site: what it accepts, what it refuses and where it says the error is.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
}

# site JSON: writes site.json from the smallest right one with the given members added.
site() {
  printf '{"schema": 1, "databases": [{"name": "game"}], "users": [{"name": "game"}]%s}\n' "${1:+, $1}" >site.json
}

@test "the smallest site file is right" {
  site
  run -0 --separate-stderr twpool-site check site.json
  [ "$output" = "site.json: ok" ]
}

@test "the example that we ship is right" {
  run -0 twpool-site check "$BATS_TEST_DIRNAME/../templates/site.example.json"
}

@test "the defaults are the table of the guide: 25 + 5 of 1000, at most 100, port 6432, transaction" {
  site
  run -0 bash -c 'twpool-site get --site site.json pgbouncer.default_pool_size pgbouncer.reserve_pool_size pgbouncer.max_client_conn pgbouncer.max_db_connections pgbouncer.listen_port pgbouncer.pool_mode | tr "\0" " "'
  [ "$output" = "25 5 1000 100 6432 transaction " ]
}

@test "a list is printed element by element, each ended by NUL" {
  site '"server": {"build": ["make", "-j 2", "a b"]}'
  mapfile -d '' -t words < <(twpool-site get --site site.json server.build)
  [ "${#words[@]}" -eq 3 ]
  [ "${words[1]}" = "-j 2" ]
}

@test "a wrong type names the key's path, what was expected and what came" {
  printf '{"schema": 1, "databases": [{"name": "game", "port": "25"}], "users": [{"name": "game"}]}' >site.json
  run -78 --separate-stderr twpool-site check site.json
  [ "$stderr" = 'twpool-site: site.json: databases[0].port: expected an integer, got "25"' ]
  [ -z "$output" ]
}

@test "an unknown key is refused by its path" {
  site '"server": {"directroy": "/srv"}'
  run -78 --separate-stderr twpool-site check site.json
  [ "$stderr" = "twpool-site: site.json: server.directroy: unknown key" ]
}

@test "a key under pgbouncer that no version knows is refused by its path" {
  site '"pgbouncer": {"statement_timeout": 30}'
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *"pgbouncer.statement_timeout: "*"no version of PgBouncer knows this key" ]]
}

@test "a key under pgbouncer that twpool sets itself is refused by name" {
  site '"pgbouncer": {"logfile": "/tmp/x"}'
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *"pgbouncer.logfile: "*"twpool sets this key itself" ]]
}

@test "malformed JSON is refused with line and column" {
  printf '{"schema": 1,\n "databases": [}\n' >site.json
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == "twpool-site: site.json:2:"*": "* ]]
}

@test "a duplicate key is refused" {
  printf '{"schema": 1, "schema": 1, "databases": [{"name": "a"}], "users": [{"name": "a"}]}' >site.json
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *"duplicate object key"* ]]
}

@test "a newline in a value is refused: no grammar downstream can hold it" {
  site '"postgres": {"host": "127.0.0.1\nadmin_users = x"}'
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *"postgres.host: contains the control byte 0x0a" ]]
}

@test "a NUL in a value is refused" {
  site '"postgres": {"host": "127\u0000.1"}'
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == "twpool-site: site.json:1:"* ]]
}

@test "a number out of bounds is refused with the bounds" {
  site '"pgbouncer": {"listen_port": 99999}'
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *"pgbouncer.listen_port: expected 1 to 65535, got 99999" ]]
}

@test "a missing list, an empty list and a name that comes twice are refused" {
  printf '{"schema": 1, "users": [{"name": "a"}]}' >site.json
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *"databases: missing" ]]
  printf '{"schema": 1, "databases": [], "users": [{"name": "a"}]}' >site.json
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *"databases: the list is empty" ]]
  printf '{"schema": 1, "databases": [{"name": "a"}, {"name": "a"}], "users": [{"name": "a"}]}' >site.json
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" == *'databases[1].name: "a" comes twice' ]]
}

@test "a missing file, a directory and a symbolic link are no input" {
  run -66 twpool-site check nothing.json
  run -66 twpool-site check .
  site
  ln -s site.json link.json
  run -66 --separate-stderr twpool-site check link.json
  [[ "$stderr" == *"'link.json' is a symbolic link"* ]]
}

@test "a key that does not exist is a usage error" {
  site
  run -64 --separate-stderr twpool-site get --site site.json server.nothing
  [[ "$stderr" == *"'server.nothing': site.json has no such key" ]]
}
