# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# PostgreSQL: it answers, its roles are fit, it lets the pooler in, and has room for it. Sourced by
# phases/preflight.

# postgres_local: PostgreSQL is on this host.
postgres_local() {
  local host=${site[postgres.host]}
  case $host in
    '' | /* | @* | localhost | 127.* | ::1) ;;
    *) [[ -n $(ip -o address show to "$host" 2>/dev/null) ]] ;;
  esac
}

# Whether PostgreSQL has answered.
postgres_up=

# check_postgres: its version and limit, and every role; 1 where something is wrong. No secret is shown.
check_postgres() {
  local output code=0 line
  if ! postgres_local && [[ -z ${site[auth.superuser_service]} ]]; then
    finding error postgres "PostgreSQL is on ${site[postgres.host]}, not on this host, and auth.superuser_service is empty" \
      'name a libpq service (pg_service.conf) that logs in there as a superuser.'
    return 1
  fi
  output=$(twpool-auth export --check --site "$SITE" 2>&1) || code=$?
  line=$(grep -m 1 '^PostgreSQL ' <<<"$output") || line=
  if [[ -z $line ]]; then
    line=$(grep -m 1 '^twpool-auth: ' <<<"$output") || line=$output
    finding error postgres "${line#twpool-auth: }" "$(remedy_of "$output" \
      'is PostgreSQL up, and are postgres.socket_directory, port and superuser right?')"
    return 1
  fi
  postgres_up=yes
  finding ok postgres "$line"
  check_roles
}

# check_roles: a finding for each problem of each role; 1 where there is one.
check_roles() {
  if ((code == 0)); then
    finding ok roles 'every role can log in, has a SCRAM secret and is no superuser'
    return
  fi
  while IFS= read -r line; do
    finding error roles "${line%% -- *}" "${line#* -- }."
  done < <(sed -n 's/^twpool-auth: \(role .* -- \)/\1/p' <<<"$output")
  return 1
}

# check_login: the DSNs log in where the pooler will, as its own user where that exists already.
check_login() {
  local dsn=() one output code account host=${site['databases[0].host']} port=${site['databases[0].port']}
  local options=() who='as its own user'
  site_list dsn server.dsn
  [[ -n $host ]] || host=${site[postgres.host]}
  ((port != 0)) || port=${site[postgres.port]}
  account=$(pooler_user)
  if ((EUID != 0)); then
    who="as $(id -un)"
  elif id -u -- "$account" >/dev/null 2>&1; then
    options=(--as "$account")
  else
    who="as root: its user $account comes with install, which tries again"
  fi
  for one in "${dsn[@]}"; do
    code=0
    output=$(twpool-auth verify -q --need-password --timeout 5 --expect-direct --host "$host" --port "$port" \
      --db "${site['databases[0].name']}" --dsn "@$(dsn_file "$one")" "${options[@]}" 2>&1) || code=$?
    case $code in
      0) finding ok login "PostgreSQL lets in whom the pooler will bring, $who ($one)" ;;
      # What is wrong with the DSN is said by check_dsn.
      65 | 66) ;;
      78) login_refused dsn "$one: " 'write the password into the DSN.' ;;
      77)
        if on_query && [[ $output == *[Pp]'eer authentication failed'* ]]; then
          finding warning login "pg_hba.conf lets this role in by peer ($one); the deploy puts a line before that, and it will need its password" \
            'whoever else comes as this role over the socket, without a password, must be given one.'
        else
          login_refused login '' "let the role in from there with a password: a line in pg_hba.conf for $host."
        fi
        ;;
      *) login_refused login '' "let the role in from there with a password: a line in pg_hba.conf for $host." ;;
    esac
  done
}

# login_refused ID PLACE REMEDY: what twpool-auth said.
login_refused() {
  local line
  line=$(grep -m 1 '^twpool-auth: ' <<<"$output") || line=$output
  finding error "$1" "$2${line#twpool-auth: }" "$(remedy_of "$output" "$3")"
}

# check_auth: where the secrets are. Whoever knows the password of one user in a userlist can be any
# other in it, where the pooler has not been mended.
check_auth() {
  local cve=CVE-2026-107350
  if on_query; then
    check_lookup
    return
  fi
  if ! twpool-site get --site "$SITE" 'users[1].name' >/dev/null 2>&1; then
    finding ok auth 'one role, whose SCRAM secret is copied into a userlist'
  elif [[ " ${advisories_open[*]} " == *" $cve "* ]]; then
    finding warning auth "more than one role in a userlist, and PgBouncer $version is affected upstream by $cve: who knows the password of one can log in as another" \
      'set auth.method to "query" and postgres.host to the directory of its socket: then no secret is in the pooler.'
  else
    finding ok auth 'the roles'"'"' SCRAM secrets are copied into a userlist'
  fi
}

# check_lookup: what would be installed is ours, and the two files are within reach.
check_lookup() {
  local output code=0
  output=$(twpool-auth install --dry-run -q --site "$SITE" 2>&1) || code=$?
  if ((code > 1)); then
    finding error auth "${output#twpool-auth: }" "$(remedy_of "$output" 'correct that first.')"
    return
  fi
  code=0
  output=$(lookup_access 2>&1 >/dev/null) || code=$?
  if ((code > 1)); then
    finding error auth "${output#twpool-auth: }" "$(remedy_of "$output" 'pg_hba.conf and pg_ident.conf must be files that can be edited here.')"
  else
    finding ok auth 'secrets are looked up in PostgreSQL; the pooler keeps none'
  fi
}

# check_rendering: every value fits its grammar, and is known to the version that is or will be there.
check_rendering() {
  [[ -n $version ]] || return 0
  attempt rendering "site.json renders for PgBouncer $version" 'correct the value in site.json.' render_try || return 0
  ! on_systemd || attempt rendering 'units, logrotate and cron render' 'correct the value in site.json.' \
    render_host_try || return 0
}

# render_try: a dry run; a difference (1) is what we want to find.
render_try() {
  local code=0
  twpool-auth export --site "$SITE" |
    twpool-render --site "$SITE" --secrets 0 --pgbouncer-version "$version" \
      --out "$(dirname -- "$SITE")" --dry-run -q >/dev/null || code=$?
  ((code <= 1)) || return "$code"
}

# render_host_try: the same for the files of the host.
render_host_try() {
  local code=0
  twpool-render --host --site "$SITE" --out /nonexistent --dry-run --pooler "$(pooler_binary)" \
    --check "$(readlink -f -- "$TWPOOL_BIN/twpool-check")" -q >/dev/null || code=$?
  ((code <= 1)) || return "$code"
}

# check_size: the three moments of a deploy, as twpool-size reckons them.
check_size() {
  local output code=0 line connections state remedy
  output=$(twpool-size --site "$SITE" 2>&1) || code=$?
  if ((code > 1)); then
    finding warning size "$(sed -n 's/^twpool-size: //p' <<<"$output" | sed -n 1p)" \
      "$(remedy_of "$output" 'whether the pools fit is not known: max_connections must have room for them.')"
  fi
  remedy=$(sed -nE '/^  SAFE with/,/^  [^ ]/{s/^    (.*[^ ])  *\(now.*/\1/p}; s/^  (SAFE (also )?with max_connections .*)/or \1/p' <<<"$output" |
    paste -sd ';' | sed 's/;/; /g')
  while IFS=$'\t' read -r connections state line; do
    size_moment
  done < <(sed -nE 's/^ +(.+ of [0-9]+)  (cut-over|after a rollback|after) +(SAFE|TIGHT|OVERSUBSCRIBED|UNKNOWN) +(.*)$/\2: \1 usable connections\t\3\t\4/p' <<<"$output")
}

# size_moment: one of them. Only what is so after the deploy stops it: before, the server is stopped
# first, and after a rollback it is as it was.
size_moment() {
  local level=ok fix=${remedy:-twpool-size says what fits.}
  case $state/$connections in
    SAFE/* | TIGHT/cut-over:* | TIGHT/'after a rollback:'*) ;;
    OVERSUBSCRIBED/after:*) level=error ;;
    */cut-over:*) level=warning fix='a deploy stops the server first, and its direct connections go; do it when few play.' ;;
    */'after a rollback:'*) level=warning fix='a rollback goes back to what the server has today: too few connections.' ;;
    *) level=warning ;;
  esac
  [[ $level != ok ]] || fix=
  finding "$level" size "$connections, $state: $line" "$fix"
}

# check_freeze: whether a server with one lock for all of its connections would freeze here.
check_freeze() {
  local servers players=${site[validate.bots]} cap=${site[pgbouncer.max_db_connections]}
  local size=${site[pgbouncer.default_pool_size]} reserve=${site[pgbouncer.reserve_pool_size]}
  servers=$((size + reserve))
  ((cap == 0 || (size != 0 && cap >= servers))) || servers=$cap
  if ((servers >= players + 2 || (size == 0 && cap == 0))); then
    finding ok freeze "as many server connections as $players players need: no lock can freeze the server"
  elif [[ ${site[pgbouncer.pool_mode]} == session ]]; then
    finding warning freeze "$servers server connections for $players players, and pool_mode is session: the others wait until one leaves" \
      'set pool_mode to transaction, or a default_pool_size and max_db_connections that are higher.'
  else
    finding warning freeze "$servers server connections for $players players: a server with one lock for all its connections may freeze" \
      "such a server needs $((players + 2)) (default_pool_size, max_db_connections), or a lock per connection; validate tells, see docs/SERVER_DB_CONNECTION_UPDATE.md."
  fi
}
