#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# preflight: what it finds, that it says what to do, and that it only reads. On a throwaway host with
# the real PostgreSQL and PgBouncer; where systemd, dpkg or apt would be asked, with stand-ins that say
# so (tests/lib/standins.bash). Booted hosts are for tests/hosts.
# shellcheck disable=SC2016,SC2094,SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

# shellcheck source=tests/lib/host_setup.bash
. "$BATS_TEST_DIRNAME/lib/host_setup.bash"
# shellcheck source=tests/lib/standins.bash
. "$BATS_TEST_DIRNAME/lib/standins.bash"

# host [FILTER]: a throwaway host without a running server.
host() {
  host_make "$PWD" 40
  host_site "${1:-.}"
}

# preflight [OPTION]...: its findings as JSON.
preflight() {
  host_run twpool-deploy --only preflight --json "$@"
}

# a_standin_host: stand-ins instead of a host.
a_standin_host() {
  standins_make "$PWD/host"
}

# --- the report -----------------------------------------------------------------------------------

@test "findings become a table with the worst last, and every remedy" {
  run -78 --separate-stderr twpool-site findings < <(printf '%s\0' error port '6432 is taken' 'stop it.' \
    ok root root '' warning freeze 'may freeze' 'look.')
  [ "$output" = "$(printf '%s\n' \
    '  ok      root       root' \
    '  warning freeze     may freeze' \
    '                     -> look.' \
    '  error   port       6432 is taken' \
    '                     -> stop it.')" ]
  [ -z "$stderr" ]
}

@test "the exit code of findings: 0 fit, 75 only busy, 78 unfit; and the status says the same" {
  while IFS='|' read -r code word levels; do
    run "-$code" twpool-site findings --json --tool twpool-deploy < <(for level in $levels; do printf '%s\0' "$level" id text remedy; done)
    [ "$(jq -r '[.schema, .tool, .status, (.findings | length)] | @text' <<<"$output")" = "[1,\"twpool-deploy\",\"$word\",$(wc -w <<<"$levels")]" ]
  done <<-'ROWS'
	0|fit|
	0|fit|ok warning
	75|busy|busy ok
	78|unfit|busy error
	ROWS
}

@test "findings that are none are refused: fields missing, no remedy, another level, no end" {
  for input in 'ok\0id\0' 'warning\0id\0text\0\0' 'fine\0id\0text\0\0' 'ok\0id\0text\0' 'ok\0id\0text\0x' 'ok\0\0text\0\0'; do
    # shellcheck disable=SC2059 # the escapes are the input
    run -65 --separate-stderr twpool-site findings < <(printf "$input")
    [ -z "$output" ]
  done
}

@test "control bytes and broken UTF-8 in a finding harm neither terminal nor JSON" {
  run -0 twpool-site findings < <(printf '%s\0' ok id $'a\e[31m\xff' '')
  [[ "$output" == *'a\x1b[31m'* ]]
  run -0 twpool-site findings --json < <(printf '%s\0' ok id $'a\e[31m\xff' '')
  [ "$(jq -r '.findings[0].text' <<<"$output")" = $'a\e[31m?' ]
}

# --- a host ---------------------------------------------------------------------------------------

@test "--only preflight prints the table on stdout, reads only, and takes no lock" {
  host
  host_tree >before
  run -0 --separate-stderr host_run twpool-deploy --only preflight
  [[ "$output" == "  ok      "*"  ok      port       $host_pool_port is free"*"  warning server     does not run"* ]]
  [[ "$output" == *"PostgreSQL "[1-9]*", max_connections 40"* ]]
  host_tree | diff before -
  [ ! -e "$host_root/var/lib/twpool" ]
}

@test "--json prints one object, and every error and warning in it has a remedy" {
  host '.process.pooler_binary = "nosuchbouncer" | .server.dsn = ["bin/none.json#/app"]'
  run -78 --separate-stderr preflight
  jq -e '.schema == 1 and .tool == "twpool-deploy" and .status == "unfit" and (.version | length > 0) and (.time | endswith("Z"))' <<<"$output"
  jq -e 'all(.findings[]; (.id | test("^[a-z]{2,10}$")) and (.text | length > 0) and
    (.severity == "ok" or (.severity | test("^(warning|error)$")) and (.remedy | length > 0)))' <<<"$output"
  [ "$(jq -r '[.findings[] | select(.severity == "error") | .id] | join(" ")' <<<"$output")" = "pooler dsn" ]
  run -64 host_run twpool-deploy --json
  run -64 host_run twpool-deploy --only preflight --json --plan
}

@test "each problem of each role is a finding, with its own remedy" {
  host '.users += [{name: "old"}, {name: "boss"}, {name: "nobody"}]'
  cluster_sql "CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'x'; SET password_encryption = 'md5'; CREATE ROLE old PASSWORD 'x'"
  run -78 --separate-stderr preflight
  found >rows
  grep -x 'error roles role "old" cannot log in' rows
  grep -x 'error roles role "old" has an md5 secret' rows
  grep -x 'error roles role "boss" is a superuser' rows
  grep -x 'error roles role "nobody" does not exist' rows
  jq -e '.findings[] | select(.text == "role \"old\" cannot log in") | .remedy == "ALTER ROLE ... LOGIN."' <<<"$output"
}

@test "a pg_hba.conf that keeps the pooler out is found before anything is changed" {
  host
  cp "$CLUSTER_DIR/data/pg_hba.conf" hba
  { echo 'host all game 127.0.0.1/32 reject'; cat hba; } >"$CLUSTER_DIR/data/pg_hba.conf"
  cluster_sql 'SELECT pg_reload_conf()'
  run -78 --separate-stderr preflight
  found | grep '^error login .*pg_hba.conf rejects connection'
}

@test "PostgreSQL on another host needs auth.superuser_service, and its socket here is not asked" {
  host '.postgres.host = "192.0.2.1"'
  run -78 --separate-stderr preflight
  found | grep -x 'error postgres PostgreSQL is on 192.0.2.1, not on this host, and auth.superuser_service is empty'
  run -1 grep -E '^ok (postgres|roles)' <(found)
}

@test "a DSN that works only directly is refused: no password, options=" {
  host
  jq --arg dsn "$(host_dsn | sed 's/ password=.*//')" '.app = $dsn' "$host_game/bin/bigbang.json" >dsn.json
  cat dsn.json >"$host_game/bin/bigbang.json"
  run -78 --separate-stderr preflight
  found | grep -x 'error dsn bin/bigbang.json#/app: the DSN has no password, and a pooler asks for one'
  jq --arg dsn "$(host_dsn) options='-c work_mem=8MB'" '.app = $dsn' dsn.json >"$host_game/bin/bigbang.json"
  run -78 --separate-stderr preflight
  found | grep '^error dsn .*options'
}

# twpool-size is a stand-in here that repeats what the real one says: its own tests hold it.
@test "the three moments of twpool-size become findings, and only what is so afterwards stops a deploy" {
  a_standin_host
  standin twpool-size <<-'SCRIPT'
	printf '%s\n' 'OVERSUBSCRIBED: 40 of 37 usable connections' \
	  '        135 of 37  cut-over          OVERSUBSCRIBED  direct 95 + S 40 + others 0' \
	  '         40 of 37  after             OVERSUBSCRIBED  S 40 + others 0' \
	  '        100 of 37  after a rollback  OVERSUBSCRIBED  direct 100 (validate.bots) + others 0' \
	  '  SAFE with these in site.json:' '    pgbouncer.default_pool_size: 24    (now 35)' \
	  '  SAFE also with max_connections = 53 in postgresql.conf, and a restart of PostgreSQL' 'Descriptors'
	exit 1
	SCRIPT
  run -78 --separate-stderr checks check_size
  [ "$(found)" = "$(printf '%s\n' \
    'warning size cut-over: 135 of 37 usable connections, OVERSUBSCRIBED: direct 95 + S 40 + others 0' \
    'error size after: 40 of 37 usable connections, OVERSUBSCRIBED: S 40 + others 0' \
    'warning size after a rollback: 100 of 37 usable connections, OVERSUBSCRIBED: direct 100 (validate.bots) + others 0')" ]
  [ "$(jq -r '.findings[1].remedy' <<<"$output")" = \
    "pgbouncer.default_pool_size: 24; or SAFE also with max_connections = 53 in postgresql.conf, and a restart of PostgreSQL" ]
  standin twpool-size <<<'echo "twpool-size: no answer" >&2; exit 69'
  run -0 --separate-stderr checks check_size
  [ "$(found)" = 'warning size no answer' ]
}

@test "a full disk is found: /var for the record, and a read-only or full /etc" {
  a_standin_host
  standin df <<-'SCRIPT'
	[[ $* == *$LOW* ]] || high=00
	printf 'Avail\n  9%s\n' "${high:-}"
	SCRIPT
  LOW=/var/lib run -78 --separate-stderr checks check_disk
  found | grep -x "error disk 9 MB free on $standins/root/var/lib: records and the package need 200"
  LOW=/etc run -78 --separate-stderr checks check_disk
  found | grep -x "error disk 9 MB free on $standins/root/etc: the configuration needs 10"
  LOW=/nowhere run -0 --separate-stderr checks check_disk
}

@test "what git says of the server's sources is printed, and a tracked DSN is a warning" {
  a_standin_host
  standin git <<-'SCRIPT'
	case $* in
	  *--short*) echo abc1234 ;;
	  *--abbrev-ref*) echo main ;;
	  *status*) printf ' M a\n M b\n' ;;
	  *ls-files*dsn.json) ;;
	  *) exit 128 ;;
	esac
	SCRIPT
  run -0 --separate-stderr checks HOOK="directory=$standins/root/srv/game dsn=('dsn.json#/app' src/db.c:12)" check_git
  [ "$(found)" = "ok git main at abc1234, 2 changed files
warning git 'dsn.json', which holds the DSN, is tracked by git: so is its password, and the deploy changes it" ]
}

@test "too few descriptors: of the pooler an error, of the server a warning" {
  a_standin_host
  unit 'twclone.service ActiveState inactive' 'twclone.service MainPID 0' 'twclone.service LimitNOFILESoft 128'
  while IFS='|' read -r hard code line; do
    run "-$code" --separate-stderr checks HOOK="hard_limit() { printf %s $hard; }" check_nofile
    found | grep -qx "$line" || { found; false; }
    found | grep -x 'warning nofile the server may have 128 descriptors: two for each of 100 players are 220 with its own'
  done <<-'ROWS'
	1024|78|error nofile the pooler may have 1024 descriptors, and needs 4096
	524288|0|ok nofile 4096 descriptors for the pooler, of 524288 that it may have
	ROWS
}

# --- advisories -----------------------------------------------------------------------------------

@test "the advisories parse, are dated, and name their source" {
  file=$tests/../deploy/advisories
  grep -qE '^# As of 20[0-9]{2}-[01][0-9]-[0-3][0-9]$' "$file"
  grep -q '^# Source: https://' "$file"
  [ "$(grep -cvE '^#' "$file")" -ge 10 ]
  run -1 grep -vE -e '^#' -e $'^[0-9]+(\\.[0-9]+\\.[0-9]+)?\\.\\.[0-9]+\\.[0-9]+\\.[0-9]+\tCVE-[0-9]{4}-[0-9]+\t[A-Z][^\t]*\\.$' "$file"
}

@test "a version is warned of what upstream mended later, never called vulnerable; the changelog counts" {
  a_standin_host
  while IFS='|' read -r version has hasnot; do
    run -0 --separate-stderr checks HOOK="version=$version; changelog() { :; }" check_advisories
    [[ "$(found)" == *"$has"* && "$(found)" != *"$hasnot"* && "$(found)" != *vulnerable* ]] || { found; false; }
  done <<-'ROWS'
	1.18.0|is affected upstream by CVE-2025-2291, |CVE-2026-6667
	1.25.1|CVE-2026-6667|CVE-2025-12819
	1.25.2|CVE-2026-19888|CVE-2026-6667
	1.26.1|ok advisory PgBouncer 1.26.1: nothing known on |affected
	ROWS
  run -0 --separate-stderr checks HOOK="version=1.18.0; changelog() { echo ' * CVE-2025-2291: mended'; }" check_advisories
  [[ "$(found)" == *CVE-2025-12819* && "$(found)" != *CVE-2025-2291* ]]
}

# --- systemd, with stand-ins ----------------------------------------------------------------------

@test "with TWPOOL_ROOT systemd is refused: it has one root only" {
  a_standin_host
  run -78 --separate-stderr env TWPOOL_ROOT="$standins/root" "$tests/../deploy/twpool-deploy" --site "$standins/site.json"
  [[ "$stderr" == *'error   manager    TWPOOL_ROOT is set, and service_manager is "systemd"'* ]]
  [[ "$stderr" == *"nothing was changed"* ]]
}

@test "a package manager at work is 75 if that is all, and 78 with any other error" {
  a_standin_host
  hook='package_holder() { printf "apt-get (pid 42)"; }'
  run -75 --separate-stderr checks HOOK="$hook" check_package
  [ "$(jq -r .status <<<"$output")" = busy ]
  found | grep -x 'error package the package manager is at work: apt-get (pid 42)'
  : >"$standins/apt"
  run -78 --separate-stderr checks HOOK="$hook" check_package
  [ "$(jq -r .status <<<"$output")" = unfit ]
}

@test "the package: installable, without a source, of an unknown version, or dpkg interrupted" {
  a_standin_host
  quiet='package_holder() { :; }; package_broken() { dpkg --audit; }'
  run -0 --separate-stderr checks HOOK="$quiet" check_package
  [ "$(found)" = 'ok package pgbouncer 1.18.0-1+deb12u1 would be installed: pgbouncer' ]
  printf 'Candidate: (none)\n' >"$standins/apt"
  run -78 --separate-stderr checks HOOK="$quiet" check_package
  [ "$(found)" = 'error package no package pgbouncer can be had' ]
  printf 'Candidate: 2026~git1\n' >"$standins/apt"
  run -78 --separate-stderr checks HOOK="$quiet" check_package
  found | grep -x 'error package what version is pgbouncer 2026~git1?'
  printf 'Candidate: 1.18.0-1\n' >"$standins/apt"
  printf 'audit The following packages are only half configured\n' >"$standins/dpkg"
  run -78 --separate-stderr checks HOOK="$quiet" check_package
  [ "$(found)" = 'error package The following packages are only half configured' ]
}

@test "a server that nobody could restart or see is refused, and so is a unit that is none" {
  a_standin_host
  while IFS='|' read -r filter line code finding; do
    standins_site ".server |= (. + {unit: \"twclone.service\", listen_port: 0, restart: []}) | $filter"
    unit 'twclone.service LoadState loaded'
    [[ -z $line ]] || unit "$line"
    run "-$code" --separate-stderr checks check_server_unit
    [[ "$(found)" == "$finding"* ]] || { echo "$filter $line: $output $stderr"; false; }
  done <<-'ROWS'
	.||0|ok unit twclone.service
	.server.unit = ""||78|error unit server.unit is empty, and so is server.restart
	.server += {unit: "", restart: "manual"}||78|error unit server.unit is empty, and server.listen_port is 0
	.server += {unit: "", restart: ["svc", "restart"]}||78|error unit server.unit is empty, and server.listen_port is 0
	.server += {unit: "", restart: "manual", listen_port: 7777}||0|
	.server.unit = "twclone"||78|error unit server.unit 'twclone' is not the name of a service
	.server.unit = "other.service"|other.service LoadState not-found|78|error unit there is no unit other.service
	.|twclone.service LoadState masked|78|error unit twclone.service is masked
	.|twclone.service LoadState bad-setting|78|error unit twclone.service cannot be loaded: bad-setting
	.server.user = "nobody"||0|ok unit twclone.service
	ROWS
  found | grep -x "warning unit twclone.service runs as games, and server.user is 'nobody'"
}

@test "the pooler's unit masked, and its socket in the pooler's place, are refused" {
  a_standin_host
  run -0 --separate-stderr checks check_pooler_unit
  unit 'pgbouncer.service LoadState masked' 'pgbouncer.socket UnitFileState enabled'
  run -78 --separate-stderr checks check_pooler_unit
  [ "$(jq -r '[.findings[].remedy] | join(";")' <<<"$output")" = \
    'systemctl unmask pgbouncer.service;systemctl disable --now pgbouncer.socket' ]
}

@test "a pooler of somebody else's is not replaced without adopt; a stock package that rests is nobody's" {
  a_standin_host
  mkdir -p "$standins/root/etc/pgbouncer"
  echo 'stock' >"$standins/root/etc/pgbouncer/pgbouncer.ini"
  printf '%s\n' 'status installed' 'version 1.18.0-1' \
    "conffile /etc/pgbouncer/pgbouncer.ini $(md5sum <"$standins/root/etc/pgbouncer/pgbouncer.ini" | cut -d ' ' -f 1)" >"$standins/dpkg"
  unit 'pgbouncer.service LoadState loaded' 'pgbouncer.service FragmentPath /lib/systemd/system/pgbouncer.service' \
    'pgbouncer.service UnitFileState enabled'
  run -0 --separate-stderr checks check_foreign
  [ "$(found)" = "ok adopt no pooler of somebody else" ]
  echo 'edited' >"$standins/root/etc/pgbouncer/pgbouncer.ini"
  run -78 --separate-stderr checks check_foreign
  [ "$(found)" = "error adopt pgbouncer.service is somebody else's: /etc/pgbouncer/pgbouncer.ini is changed" ]
  unit 'pgbouncer.service UnitFileState disabled'
  run -0 --separate-stderr checks check_foreign
  unit 'pgbouncer.service ActiveState active'
  run -78 --separate-stderr checks check_foreign
  found | grep 'it runs, /etc/pgbouncer/pgbouncer.ini is changed'
  standins_site '.adopt = true'
  run -0 --separate-stderr checks check_foreign
  [[ "$(found)" == "warning adopt another pooler is replaced (adopt): "* ]]
  standins_site '.adopt = false'
  mkdir -p "$standins/root/etc/systemd/system/pgbouncer.service.d"
  touch "$standins/root/etc/systemd/system/pgbouncer.service.d/50-twpool.conf"
  run -0 --separate-stderr checks check_foreign
  [ "$(found)" = "ok adopt the pooler of this host is ours" ]
}

@test "the port that somebody else's pooler holds is one finding, not two" {
  a_standin_host
  unit 'pgbouncer.service MainPID 4711'
  holder='port_holder() { printf "pgbouncer 4711"; }'
  run -0 --separate-stderr checks HOOK="$holder; foreign=runs" check_port
  [ -z "$(found)" ]
  run -0 --separate-stderr checks HOOK="$holder; foreign=" check_port
  [ "$(found)" = 'ok port 6432 is held by our own pooler (pid 4711)' ]
  run -78 --separate-stderr checks HOOK='port_holder() { printf "nginx 12"; }; foreign=runs' check_port
  [ "$(found)" = 'error port port 6432 is taken: nginx 12' ]
}

@test "whoever else rotates the pooler's log is named; what only looks like it is not" {
  a_standin_host
  standin logrotate <<<:
  while IFS='|' read -r code file content; do
    rm -f "$standins"/root/etc/logrotate.d/*
    # shellcheck disable=SC2059 # the escapes are the content
    printf "$content" >"$standins/root/etc/logrotate.d/$file"
    run "-$code" --separate-stderr checks check_logrotate
    [[ $code -eq 0 || "$(found)" == "error logrotate /etc/logrotate.d/$file rotates /var/log/pgbouncer too"* ]] || { echo "$content"; false; }
  done <<-'ROWS'
	78|pgbouncer|/var/log/pgbouncer/pgbouncer.log {\n  weekly\n}\n
	78|all|"/var/log/*/*.log" {\n}\n
	78|lines|/var/log/a.log\n/var/log/pgbouncer/*.log\n{\n}\n
	78|second|/var/log/a.log {\n rotate 1\n}\n/var/log/b.log /var/log/pgbouncer/p*.log {\n}\n
	0|postgresql-common|/var/log/postgresql/*.log {\n  weekly\n}\n
	0|comment|# /var/log/pgbouncer/pgbouncer.log {\n/var/log/a.log {\n}\n
	0|top|/var/log/*.log {\n}\n
	0|body|/var/log/a.log {\n  postrotate\n    cat /var/log/pgbouncer/pgbouncer.log\n  endscript\n}\n
	0|pgbouncer.dpkg-old|/var/log/pgbouncer/*.log {\n}\n
	0|twpool-pgbouncer|/var/log/pgbouncer/*.log {\n}\n
	ROWS
}

@test "programs that cron's user cannot reach are refused, with what to do" {
  a_standin_host
  cluster_open_way "$standins"
  chmod 0755 "$standins" "$standins/bin"
  rm "$standins/bin/twpool-check"
  cp /bin/true "$standins/bin/twpool-check"
  chmod 0755 "$standins/bin/twpool-check"
  hook='check() { check_reach ""; }'
  run -0 --separate-stderr checks HOOK="$hook" check
  chmod 0700 "$standins/bin"
  run -78 --separate-stderr checks HOOK="$hook" check
  [ "$(jq -r '.findings[0].remedy' <<<"$output")" = 'make install, and then twpool-deploy; make deploy does both.' ]
  run -0 --separate-stderr checks HOOK='check() { check_reach --table; }' check
  [[ "$(found)" == "warning reach "* ]]
}

# --- make -----------------------------------------------------------------------------------------

@test "without a site file make says what to do, and writes nothing" {
  for target in deploy plan preflight; do
    run -2 --separate-stderr make -s -C "$tests/.." "$target" SITE="$PWD/none.json" TWPOOL_ROOT="$PWD/root"
    [[ "$stderr" == *"No site file $PWD/none.json"*"make demo"* ]]
  done
  run -0 --separate-stderr make -s -C "$tests/.." rollback SITE="$PWD/none.json" TWPOOL_ROOT="$PWD/root"
  [[ "$output" == "nothing to do: "*"make demo" ]]
  [ ! -e root ]
}

@test "two roles in a userlist are told of CVE-2026-107350; with the lookup peer logins that end are named, and a foreign schema stops" {
  host_pg=$PWD/root/pg
  host '.users += [{name: "second"}] | .pgbouncer.default_pool_size = 5'
  cluster_sql "CREATE ROLE second LOGIN PASSWORD 'x'"
  run -0 --separate-stderr preflight
  jq -e '.findings[] | select(.id == "auth") | .severity == "warning" and (.text | contains("CVE-2026-107350"))
    and (.remedy | contains("set auth.method to \"query\""))' <<<"$output"
  printf '%s\n' 'local all all peer' 'host all all 127.0.0.1/32 scram-sha-256' >"$CLUSTER_DIR/data/pg_hba.conf"
  cluster_sql 'SELECT pg_reload_conf()'
  cp "$CLUSTER_DIR/data/pg_hba.conf" hba
  host_site '.users += [{name: "second"}] | .pgbouncer.default_pool_size = 5 | .auth = {method: "query"} | .postgres.host = .postgres.socket_directory'
  run -0 --separate-stderr preflight
  jq -e '.findings[] | select(.id == "auth") | .severity == "ok" and (.text | contains("the pooler keeps none"))' <<<"$output"
  jq -e '.findings[] | select(.id == "login") | .severity == "warning" and (.text | contains("by peer"))' <<<"$output"
  run -0 host_run twpool-deploy --plan
  [[ "$output" == *'+local "game" "second" scram-sha-256'*'+ twpool-auth reload'* ]]
  cmp hba "$CLUSTER_DIR/data/pg_hba.conf"
  cluster_sql game 'CREATE SCHEMA twpool'
  run -78 --separate-stderr preflight
  jq -e '.findings[] | select(.id == "auth") | .severity == "error" and (.text | contains("not twpool'"'"'s own"))' <<<"$output"
}

@test "passwords that lie about are found and named by place, never shown: DSN, pooler's files, history, log, git" {
  host
  run -0 --separate-stderr preflight
  jq -e '.findings[] | select(.id == "leak") | .severity == "ok"' <<<"$output"
  chmod o+r "$host_game/bin/bigbang.json"
  mkdir -p "$host_root/etc/pgbouncer" "$host_root$HOME"
  mkdir -p "$host_root/var/log/postgresql"
  printf '%s\n' '[databases]' "game = host=127.0.0.1 user=game password=$host_password" 'boss = host=h user=postgres' \
    '[pgbouncer]' 'auth_type = plain' 'logfile = /var/log/postgresql/pgbouncer.log' >"$host_root/etc/pgbouncer/pgbouncer.ini"
  printf 'ERROR syntax error in connection string: host=127.0.0.1 password=%s\n' "$host_password" >"$host_root/var/log/postgresql/pgbouncer.log"
  # A user of the process, and a comment, are no pools.
  printf '%s\n' '[databases]' 'game = host=h' '; old = user=postgres' '[pgbouncer]' 'user = postgres' >"$host_root/etc/pgbouncer/fine.ini"
  printf '"game" "%s"\n"postgres" "md5"\n' "$host_password" >"$host_root/etc/pgbouncer/userlist.txt"
  chmod 0644 "$host_root"/etc/pgbouncer/*
  home=$(getent passwd "$(id -un)" | cut -d: -f6)
  mkdir -p "$host_root$home"
  printf 'ls\nPGPASSWORD=%s psql\npsql "host=h password=%s"\n' "$host_password" "$host_password" >"$host_root$home/.bash_history"
  install -m 0644 /dev/null "$host_root$home/.pgpass"
  printf 'connecting: host=h password=%s\nconnecting: host=h password=***\n' "$host_password" >"$host_game/log/server.log"
  printf '#define DSN "host=h user=game password=%s"\n' "$host_password" >"$host_game/old.c"
  ((EUID != 0)) || chown -R "$host_game_user:" "$host_game"
  git_here() {
    as_user "$host_game_user" env HOME=/nonexistent git -C "$host_game" -c user.name=t -c user.email=t@t "$@"
  }
  git_here init -q
  git_here add old.c
  git_here commit -qm one
  run -0 --separate-stderr preflight
  [[ "$output$stderr" != *"$host_password"* ]]
  jq -r '.findings[] | select(.id == "leak") | .text' <<<"$output" >leaks
  grep -x "everybody can read $host_game/bin/bigbang.json and the password in it" leaks
  grep -x "$host_root/etc/pgbouncer/pgbouncer.ini has auth_type = plain" leaks
  grep -x "$host_root/etc/pgbouncer/pgbouncer.ini has a password in \[databases\]" leaks
  grep -x "$host_root/etc/pgbouncer/pgbouncer.ini has pools of the superuser postgres" leaks
  grep -x "$host_root/etc/pgbouncer/userlist.txt has pools of the superuser postgres" leaks
  grep -x "$host_root/var/log/postgresql/pgbouncer.log has 1 line(s) with a password" leaks
  run -1 grep fine.ini leaks
  grep -x "$host_root/etc/pgbouncer/userlist.txt has passwords, or md5 of them, in clear" leaks
  grep -x "everybody can read $host_root/etc/pgbouncer/userlist.txt" leaks
  grep -x "everybody can read $host_root$home/.pgpass" leaks
  grep -x "$host_root$home/.bash_history has 2 line(s) with a password" leaks
  grep -x "$host_game/log/server.log has 1 line(s) with a password" leaks
  grep -x 'git has a password in: old.c' leaks
  git_here rm -q old.c
  git_here commit -qm two
  run -0 --separate-stderr preflight
  jq -r '.findings[] | select(.id == "leak") | .text' <<<"$output" | grep -qE '^git had a password in: [0-9a-f]+ [0-9a-f]+$'
}

@test "TLS: not needed on loopback, asked for elsewhere, and its files must be there, readable, private and lasting" {
  host
  tls() {
    host_site "$1"
    run --separate-stderr preflight
    jq -r '.findings[] | select(.id == "tls") | .severity + " " + .text' <<<"$output" >tls
  }
  tls .
  grep -x 'ok clients come from this host only: no TLS is needed' tls
  tls '.pgbouncer.listen_addr = "127.0.0.1,0.0.0.0"'
  grep -x 'warning the pooler listens on 0.0.0.0 and asks nobody for TLS (client_tls_sslmode is disable)' tls
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 365 -subj /CN=pooler 2>/dev/null
  openssl x509 -in cert -signkey key -days 3 -out soon 2>/dev/null
  chmod 0644 key cert soon
  local files='.pgbouncer += {client_tls_sslmode: "require", client_tls_cert_file: "'$PWD'/cert", client_tls_key_file: "'$PWD'/key"}'
  tls ".pgbouncer.listen_addr = \"0.0.0.0\" | $files"
  grep -x 'ok clients of other hosts come with TLS (client_tls_sslmode = require)' tls
  grep -x "error client_tls_key_file: everybody can read $PWD/key" tls
  grep "^ok client_tls_cert_file: $PWD/cert lasts until " tls
  chmod 0600 key
  tls "$files | .pgbouncer.client_tls_cert_file = \"$PWD/soon\""
  ((EUID != 0)) || grep -x "error client_tls_key_file: $host_pooler_user cannot read $PWD/key" tls
  grep "^warning client_tls_cert_file: $PWD/soon expires on " tls
  tls "$files | .pgbouncer += {client_tls_sslmode: \"verify-full\", client_tls_protocols: \"tlsv1.1,tlsv1.2\"}"
  grep -x 'error client_tls_sslmode is verify-full, and client_tls_ca_file is missing' tls
  grep -x 'warning client_tls_protocols is tlsv1.1,tlsv1.2: TLS before 1.2 is broken' tls
  tls '.pgbouncer.client_tls_sslmode = "require"'
  grep 'error client_tls_sslmode is require, and client_tls_cert_file or client_tls_key_file is missing' tls
}
