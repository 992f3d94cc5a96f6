# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Passwords where they should not be: files that everybody can read, the configuration and the log of a
# pooler set up by hand, logs, shell histories, git; and its pools of a superuser. Places are named, a
# password never is. Sourced by phases/preflight.

# What looks like a password in a text, for grep -E: one that is masked, a placeholder or a format is none.
leak_pattern="password[\"']? *[=:] *[\"']?[^]\"' ,;*%\$<{}[)(&|]|://[^:/@ ]+:[^@/ *%\$<{]+@|PASSWORD +'[^']"

# How many leaks were found.
leaks=0

# leak TEXT REMEDY
leak() {
  leaks=$((leaks + 1))
  finding warning leak "$1" "$2"
}

# leak_lines USER FILE: how many lines of a file look like a password, read as that user, whose file it
# is: it may lead anywhere. Not for long.
leak_lines() {
  local n
  n=$(as_user "$1" timeout 5 grep -acEi -e "$leak_pattern" -- "$2" 2>/dev/null) || n=0
  printf '%s' "${n:-0}"
}

# open_to_all PATH: everybody can read it.
open_to_all() {
  [[ -f $1 && $((0$(stat -Lc %a -- "$1") & 4)) -ne 0 ]]
}

# check_leaks: everything that can be looked at without asking anybody.
check_leaks() {
  leak_files
  leak_pooler
  leak_histories
  leak_log "${site[server.user]}" "$(server_log)"
  leak_git
  ((leaks)) || finding ok leak 'no password lies about in DSNs, the pooler'"'"'s files, logs, shell histories or git'
}

# leak_files: a DSN with a password in a file that everybody can read.
leak_files() {
  local dsn=() one path
  site_list dsn server.dsn
  for one in "${dsn[@]}"; do
    path=$(dsn_file "${one%%#*}")
    [[ ! $path =~ ^(.*):[0-9]+$ ]] || path=${BASH_REMATCH[1]}
    open_to_all "$path" && (($(leak_lines '' "$path"))) || continue
    leak "everybody can read $path and the password in it" "chmod o-rwx it, and give the role another password: twpool-auth rotate."
  done
}

# pools_as NAME FILE: an ini sends clients on as that user, or a userlist lets one in with its secret.
pools_as() {
  local name
  # shellcheck disable=SC2016 # no expression
  name=$(sed 's/[][\\.*^$+?(){}|/]/\\&/g' <<<"$1")
  if [[ $2 == *.ini ]]; then
    # In [databases] it is a part of a line; a line of its own in [pgbouncer] is the process's OS user.
    grep -qE "^[^;#=]*=([^;#]*[[:space:]])?(user|auth_user)[[:space:]]*=[[:space:]]*'?$name('|[[:space:]]|\$)" "$2" ||
      grep -qE "^[[:space:]]*auth_user[[:space:]]*=[[:space:]]*${name}[[:space:]]*\$" "$2"
  else
    grep -qE "^[[:space:]]*\"$name\"[[:space:]]+\"[^\"]" "$2"
  fi
}

# leak_superuser FILE: a file of a pooler set up by hand by which clients become PostgreSQL's superuser.
leak_superuser() {
  local name own names=(postgres)
  own=$(twpool-site get --site "$SITE" postgres.superuser | tr -d '\0')
  [[ -z $own || $own == postgres ]] || names+=("$own")
  for name in "${names[@]}"; do
    ! pools_as "$name" "$1" ||
      leak "$1 has pools of the superuser $name" 'give the game a role of its own (CREATE ROLE ... LOGIN NOSUPERUSER), and remove that line.'
  done
}

# leak_pooler: what a pooler set up by hand has in /etc/pgbouncer, and in the log that it names.
leak_pooler() {
  local file type log etc=$root/etc/pgbouncer
  for file in "$etc"/*.ini "$etc"/*.txt; do
    [[ -f $file ]] || continue
    leak_superuser "$file"
    if [[ $file == *.ini ]]; then
      type=$(sed -nE 's/^[[:space:]]*auth_type[[:space:]]*=[[:space:]]*(plain|trust|any)[[:space:]]*$/\1/p' "$file" | tail -n 1)
      [[ -z $type ]] || leak "$file has auth_type = $type" 'twpool'"'"'s own has hba with scram-sha-256: remove that file, or what uses it.'
      ! grep -qE '^[^;#]*[[:space:]]password[[:space:]]*=' "$file" ||
        leak "$file has a password in [databases]" 'remove it, and give the role another one: PgBouncer prints such a line into its log at the first mistake in it.'
      log=$(sed -nE 's/^[[:space:]]*logfile[[:space:]]*=[[:space:]]*([^[:space:]]+)[[:space:]]*$/\1/p' "$file" | tail -n 1)
      [[ -z $log || ! -e $root$log ]] || leak_log "$(stat -c %U -- "$root$log")" "$root$log"
    elif grep -qE '^[[:space:]]*"[^"]*"[[:space:]]+"([^"]+)"' "$file" &&
      grep -E '^[[:space:]]*"' "$file" | grep -qvE '^[[:space:]]*"[^"]*"[[:space:]]+"(SCRAM-SHA-256\$[^"]*)?"'; then
      leak "$file has passwords, or md5 of them, in clear" 'remove it: twpool copies SCRAM secrets, or keeps none (auth.method).'
    fi
    ! open_to_all "$file" || ! grep -qE '"[^"]+"[[:space:]]+"[^"]+"|password' "$file" ||
      leak "everybody can read $file" 'chmod 640 it, or remove it.'
  done
}

# leak_histories: what has been typed: PGPASSWORD=, a DSN, ALTER ROLE ... PASSWORD; and libpq's own file of
# passwords, open to all.
leak_histories() {
  local account name group directory file n
  for account in "$(id -un)" "${site[server.user]}" postgres; do
    [[ -n $account ]] && account_read "$account" && [[ -n $directory ]] || continue
    ! open_to_all "$root$directory/.pgpass" ||
      leak "everybody can read $root$directory/.pgpass" 'chmod 600 it, and give the roles other passwords: twpool-auth rotate.'
    for file in "$root$directory"/.{bash,zsh,psql,sh}_history; do
      n=$(leak_lines "$account" "$file")
      ((n == 0)) || leak "$file has $n line(s) with a password" 'remove the lines, and give the roles other passwords: twpool-auth rotate.'
    done
  done
}

# leak_log USER FILE: a log, read as whom it belongs to.
leak_log() {
  local n
  [[ $2 != /dev/null && -f $2 ]] || return 0
  n=$(leak_lines "$1" "$2")
  ((n == 0)) || leak "$2 has $n line(s) with a password" 'remove it, mend what prints that, and give the role another password: twpool-auth rotate.'
}

# leak_git: the server's sources, today's and, as far as ten seconds go, the older ones.
leak_git() {
  local directory=$root${site[server.directory]} files commits
  [[ -n $(command -v git) && -d $directory ]] && ask_git rev-parse --short HEAD >/dev/null || return 0
  files=$(ask_git grep -lIEi -e "$leak_pattern" | head -n 3 | paste -sd ' ') || files=
  [[ -z $files ]] || leak "git has a password in: $files" 'take it out, and give the role another one: git keeps what it had.'
  [[ -z $files ]] || return 0
  commits=$(ask_git log --all -i -E -G "$leak_pattern" --format=%h | head -n 3 | paste -sd ' ') || commits=
  [[ -z $commits ]] || leak "git had a password in: $commits" 'give the role another one: everybody with a copy of the history has it.'
}
