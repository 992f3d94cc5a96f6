# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# auth.method "query": role and function in PostgreSQL, and the marked block in its pg_hba.conf and
# pg_ident.conf, which are edits of the generation like any other. Sourced, never run.

# on_query: the pooler looks secrets up in PostgreSQL.
on_query() {
  [[ ${site[auth.method]} == query ]]
}

# lookup_access [OPTION]...: how the two files must change; 0 not at all.
lookup_access() {
  twpool-auth access --site "$SITE" --pooler-user "$(pooler_user)" "$@"
}

# lookup_there: a deploy that is in force has put the block there.
lookup_there() {
  local GEN all=()
  elements all $'\n' twpool-generation list --active -q || return
  for GEN in "${all[@]}"; do
    [[ -z $(gen_get lookup.installed) ]] || return 0
  done
  return 1
}

# lookup_plan: what would change in PostgreSQL.
lookup_plan() {
  local code=0
  if on_query; then
    twpool-auth install --dry-run --site "$SITE" || code=$?
    ((code <= 1)) || return "$code"
    ((code == 0)) || run twpool-auth install --site "$SITE"
  elif ! lookup_there; then
    return 0
  fi
  code=0
  lookup_access || code=$?
  ((code <= 1)) || return "$code"
  ((code == 0)) || run twpool-auth reload --site "$SITE"
}

# lookup_in: role and function first, so that nobody who comes in by the block finds them missing.
lookup_in() {
  on_query || return 0
  twpool-generation note "$GEN" lookup.installed yes
  talk run twpool-auth install --site "$SITE"
  lookup_publish
  talk run twpool-auth reload --site "$SITE" --pooler-user "$(pooler_user)"
}

# lookup_out: the block of an older deploy goes once the pooler keeps its own secrets.
lookup_out() {
  ! on_query && lookup_there || return 0
  twpool-generation note "$GEN" lookup.removed yes
  lookup_publish
  talk run twpool-auth reload --site "$SITE"
}

# lookup_publish: the edits come into force as files; PostgreSQL has not read them yet.
lookup_publish() {
  local edits code=0
  edits=$(gen_get dir)/access.json
  lookup_access --json >"$edits" || code=$?
  ((code <= 1)) || die 1 "pg_hba.conf and pg_ident.conf cannot be edited"
  ((code == 0)) || twpool-generation stage -q -g postgres --edits "$GEN" "$edits"
  rm -- "$edits"
  publish postgres
}

# lookup_reread: PostgreSQL reads its files again; one that is down reads them when it starts.
lookup_reread() {
  local code=0
  talk run twpool-auth reload --site "$SITE" || code=$?
  ((code != 69)) || say 'pg_hba.conf: PostgreSQL cannot be reached, and reads it when it starts'
  ((code == 0 || code == 69))
}
