#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What somebody else said is printed without the secrets in it: one function, which every program's errors
# and every log that the scripts show go through.
# shellcheck disable=SC2016,SC2154 # texts; `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

setup() {
  PATH=$TWPOOL_BIN:$PATH
  cd "$BATS_TEST_TMPDIR" || return
}

# scrubbed: rows of TEXT|WHAT IS LEFT, from standard input.
scrubbed() {
  local text left
  while IFS='|' read -r text left; do
    run -0 twpool-site scrub <<<"$text"
    [ "$output" = "$left" ] || {
      printf '%s\nis     %s\nnot    %s\n' "$text" "$output" "$left"
      return 1
    }
    run -0 twpool-site scrub <<<"$output" # a second time changes nothing
    [ "$output" = "$left" ]
  done
}

@test "passwords are taken out of connection text, settings, JSON, URIs and SQL; the rest stays" {
  scrubbed <<'EOF'
host=h password=SECRET user=u|host=h password=*** user=u
host=h PassWord='SEC RET' user=u|host=h PassWord='***' user=u
password='SEC\'RET' user=u|password='***' user=u
password='SEC''RET' user=u|password='***' user=u
password=SEC\ RET user=u|password=*** user=u
password=SEC"RET' user=u|password=*** user=u
password='SECRET'SECRET user=u|password=*** user=u
password='SEC RET without an end|password='***
sslpassword=SECRET PGPASSWORD=SECRET x|sslpassword=*** PGPASSWORD=*** x
  password = SEC RET|  password = ***
password: SECRET|password: ***
passwd=SECRET|passwd=***
{"password": "SEC\"RET", "n": 1}|{"password": "***", "n": 1}
{"password":"SECRET"}|{"password":"***"}
{"app": "host=h password=SECRET"}|{"app": "host=h password=***
{'password': 'SECRET', 'n': 1}|{'password': '***', 'n': 1}
"{\"password\": \"SECRET\"}"|"{\"password\": \"***"
postgresql://u:SECRET@h:5432/d?sslmode=require|postgresql://u:***@h:5432/d?sslmode=require
postgres://u:SEC@R:E/T@h/d|postgres://u:***@h/d
postgres://u:SEC<R">ET@h/d|postgres://u:***@h/d
<a href="http://h:80/x">|<a href="http://h:80/x">
postgresql://h/d?user=u&password=SECRET|postgresql://h/d?user=u&password=***
ALTER ROLE r PASSWORD 'SEC RET' VALID UNTIL 'infinity'|ALTER ROLE r PASSWORD '***' VALID UNTIL 'infinity'
alter role r password  E'SEC\'RET';|alter role r password  E'***';
alter role r password U&'SECRET';|alter role r password U&'***';
ALTER ROLE r PASSWORD $x$SEC RET$x$|ALTER ROLE r PASSWORD ***
"r" "SCRAM-SHA-256$4096:c2FsdA==$SECRET=:SECRET=" x|"r" "SCRAM-SHA-256$***" x
secret: SCRAM-SHA-256$4096:c2FsdA==$SECRET=:SECRET=|secret: SCRAM-SHA-256$***
md5dce8ca5b0bb5a5c0ea1d0a3d5a4f0c3e|md5***
EOF
}

@test "what holds no secret is left alone" {
  scrubbed <<'EOF'
FATAL:  password authentication failed for user "game"|FATAL:  password authentication failed for user "game"
fe_sendauth: no password supplied|fe_sendauth: no password supplied
wrong password type|wrong password type
password_encryption is md5|password_encryption is md5
SCRAM-SHA-256$|SCRAM-SHA-256$
md5 of dce8ca5b0bb5a5c0ea1d0a3d5a4f0c3e|md5 of dce8ca5b0bb5a5c0ea1d0a3d5a4f0c3e
postgresql://u@h/d and a@b|postgresql://u@h/d and a@b
http://127.0.0.1:6432/x|http://127.0.0.1:6432/x
postgresql://[::1]:5432/d postgresql://h:5432|postgresql://[::1]:5432/d postgresql://h:5432
EOF
}

@test "cut texts, control bytes, NUL and bytes that are no UTF-8 leave no secret and lose no line" {
  printf 'a\0password=SECRET\xff\n\x1bpassword=\x80SECRET\n\npassword=' >hostile
  run -0 bash -c 'twpool-site scrub <hostile | tr "\0" 0'
  [ "$output" = $'a0password=***\n\epassword=***\n\npassword=' ]
  local n text='x postgresql://u:SECRET@h password="SECRET" SCRAM-SHA-256$SECRET PASSWORD '"'SECRET'"
  for ((n = 1; n <= ${#text}; n++)); do
    printf '%s\n' "${text:0:n}"
  done >pieces
  twpool-site scrub <pieces >clean
  [ "$(wc -l <clean)" = "$(wc -l <pieces)" ]
  run -1 grep 'SE' clean
  run -0 twpool-site scrub </dev/null
  [ -z "$output" ]
}

@test "a program's own error quotes no password of what it was given" {
  printf '{"schema": 1, "password=SECRET": 1}' >site.json
  run -78 --separate-stderr twpool-site check site.json
  [[ "$stderr" != *SECRET* && "$stderr" == *'password=***'* ]]
}

@test "a process that holds secrets dumps no core, and the same user's other processes cannot read it" {
  ((EUID == 0)) || skip 'only root becomes others'
  mkfifo in
  chmod 0755 "$BATS_TEST_TMPDIR"
  setpriv --reuid nobody --clear-groups "$TWPOOL_BIN/twpool-site" scrub <in 3>&- 4>&- &
  exec {writer}>in
  until [[ $(tr '\0' ' ' 2>/dev/null <"/proc/$!/cmdline") == *'twpool-site scrub '* && $(stat -c %U "/proc/$!/mem") == root ]]; do
    kill -0 $!
  done
  run -0 grep -E '^Max core file size +0 +0 ' "/proc/$!/limits"
  run -1 setpriv --reuid nobody --clear-groups cat "/proc/$!/environ"
  [[ "$output" == *'Permission denied'* ]]
  exec {writer}>&-
  wait $!
}
