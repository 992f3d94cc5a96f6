#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2154 # stderr_lines is set by run
# twpool-dsn: what it takes for a DSN, which bytes it changes, what it refuses, and the way back.
bats_require_minimum_version 1.5.0

SECRET=hunter2

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  FIXTURES=$BATS_TEST_DIRNAME/fixtures/dsn
}

# json TEXT: writes a.json, in which /app is TEXT (raw, as it stands between the quotes).
json() { printf '{"app": "%s"}\n' "$1" >a.json; }

# c TEXT: writes a.c, in which a literal is TEXT (raw).
c() { printf 'const char *dsn = "%s";\n' "$1" >a.c; }

# rows FUNCTION: calls FUNCTION with the columns of each row of standard input, split at " | ".
# A row may begin and end with blanks; an empty row and one that begins with # are skipped.
rows() {
  local row one two three
  while IFS= read -r row; do
    [[ -n $row && $row != \#* ]] || continue
    one=${row%%" | "*} two=${row#*" | "} three=
    [[ $two != *" | "* ]] || { three=${two#*" | "} two=${two%%" | "*}; }
    "$1" "$one" "$two" "$three" || { echo "row: $row"; return 1; }
  done
}

# moved TEXT NEW: both containers turn TEXT into NEW with the options in $ARGS, and a second run changes nothing.
moved() {
  local want
  json "$1" && c "$1"
  run -0 --separate-stderr twpool-dsn set "${ARGS[@]}" a.json a.c
  printf -v want '{"app": "%s"}' "$2"
  [[ $(<a.json) == "$want" ]] || { cat a.json; return 1; }
  printf -v want 'const char *dsn = "%s";' "$2"
  [[ $(<a.c) == "$want" ]] || { cat a.c; return 1; }
  run -0 --separate-stderr twpool-dsn set "${ARGS[@]}" a.json a.c
  [[ $output == *": unchanged"*": unchanged" ]]
}

# refused TEXT MESSAGE: TEXT is refused with 65 and MESSAGE, and the file stays as it was.
refused() {
  json "$1" && cp a.json before
  run -65 --separate-stderr twpool-dsn set "${ARGS[@]}" a.json
  [[ $stderr == *"$2"* && -z $output ]] || { echo "$stderr"; return 1; }
  cmp a.json before
}

# fixtures DIRECTORY: every file of fixtures/dsn/DIRECTORY, each with its expected result beside it:
#   NAME.want     what `set` makes of it
#   NAME.verdict  "untouched": it is no DSN, or one that is as asked; or "refused: EXIT TEXT"
#   NAME.args     one option or operand a line (absent: --to-port 6432; FILE is the file's name)
fixtures() {
  local input count=0 failed=0
  shopt -s dotglob
  for input in "$FIXTURES/$1"/*; do
    case $input in *.want | *.verdict | *.args) continue ;; esac
    count=$((count + 1))
    mkdir "$BATS_TEST_TMPDIR/$count" && cd "$BATS_TEST_TMPDIR/$count" || return
    fixture "$input" "${input##*/}" || { echo "${input##*/}: $output $stderr" && failed=$((failed + 1)); }
  done
  ((count > 0 && failed == 0))
}

# fixture INPUT NAME: one of them, as NAME in the current directory, which is empty.
fixture() {
  local args=(--to-port 6432) verdict=moved
  [[ ! -e $1.args ]] || mapfile -t args <"$1.args"
  [[ ! -e $1.verdict ]] || verdict=$(<"$1.verdict")
  args=("${args[@]/#FILE/"$2"}")
  [[ "${args[*]}" == *"$2"* ]] || args+=("$2")
  cp "$1" "$2" && chmod 0640 "$2" && touch -d '2001-02-03 04:05:06.789' "$2" || return
  stat -c '%a %u %y' "$2" >before
  case $verdict in
    moved) fixture_moved "$1" "$2" "${args[@]}" ;;
    untouched) fixture_untouched "${args[@]}" && cmp "$1" "$2" && stat -c '%a %u %y' "$2" | cmp - before ;;
    *) fixture_refused "$verdict" "${args[@]}" && cmp "$1" "$2" && stat -c '%a %u %y' "$2" | cmp - before ;;
  esac
}

# fixture_moved INPUT NAME ARGUMENT...: moved as wanted; again, nothing; taken back, as it was in everything.
fixture_moved() {
  run --separate-stderr twpool-dsn set --record r.json "${@:3}"
  [[ $status -eq 0 && $output == *": changed" ]] && cmp "$1.want" "$2" || return
  run --separate-stderr twpool-dsn set "${@:3}"
  [[ $status -eq 0 && $output == *": unchanged" ]] && cmp "$1.want" "$2" || return
  run --separate-stderr twpool-dsn revert r.json
  [[ $status -eq 0 && $output == *": changed" ]] && cmp "$1" "$2" && attributes_back "$2"
}

# attributes_back NAME: mode, owner and time are as before; but what was built in between from a source
# must be built again, so its time is new.
attributes_back() {
  case $1 in
    *.c | *.h | *.cc | *.cpp | *.hpp | *.go | *.ts | *.java | *.kt)
      [[ $(stat -c '%a %u' "$1") == "$(cut -d ' ' -f 1,2 before)" && $(stat -c %y "$1") != 2001* ]]
      ;;
    *) stat -c '%a %u %y' "$1" | cmp - before ;;
  esac
}

# fixture_untouched ARGUMENT...: nothing to do, or nothing that could be meant.
fixture_untouched() {
  run --separate-stderr twpool-dsn set "$@"
  [[ ($status -eq 0 && $output == *": unchanged") || ($status -eq 65 && $stderr == *": no DSN in this file"*) ]]
}

# fixture_refused VERDICT ARGUMENT...: refused as it says, and a remedy where it is one of the pooler's.
fixture_refused() {
  local code=${1#refused: }
  run --separate-stderr twpool-dsn set "${@:2}"
  [[ $status -eq ${code%% *} && $stderr == *"${code#* }"* ]] || return
  [[ $stderr != *"breaks through a pooler"* || $stderr == *"HINT: "*"--accept "* ]]
}

# --- fixtures -------------------------------------------------------------------------------

@test "fixtures: forms" { fixtures forms; }
@test "fixtures: json" { fixtures json; }
@test "fixtures: c" { fixtures c; }
@test "fixtures: python" { fixtures python; }
@test "fixtures: go" { fixtures go; }
@test "fixtures: js" { fixtures js; }
@test "fixtures: java" { fixtures java; }
@test "fixtures: toml" { fixtures toml; }
@test "fixtures: yaml" { fixtures yaml; }
@test "fixtures: ini" { fixtures ini; }
@test "fixtures: env" { fixtures env; }
@test "fixtures: shell" { fixtures shell; }
@test "fixtures: docker" { fixtures docker; }
@test "fixtures: settings" { fixtures settings; }
@test "fixtures: define" { fixtures define; }
@test "fixtures: plain" { fixtures plain; }
@test "fixtures: named" { fixtures named; }

@test "fixtures: each directory has a test, each file one expected result" {
  local dir input
  for dir in "$FIXTURES"/*/; do
    grep -q "^@test \"fixtures: $(basename "$dir")\"" "$BATS_TEST_FILENAME"
  done
  shopt -s dotglob
  for input in "$FIXTURES"/*/*; do
    case $input in
      *.want | *.verdict | *.args) [[ -e ${input%.*} ]] ;;
      *) [[ (-e $input.want && ! -e $input.verdict) || (! -e $input.want && -e $input.verdict) ]] ;;
    esac || { echo "$input"; return 1; }
  done
}

# --- the two grammars -------------------------------------------------------------------------

@test "keyword text: the effective port moves, however it is written; an absent one is appended" {
  ARGS=(--to-port 6432)
  rows moved <<'ROWS'
host=h port=5432 dbname=d | host=h port=6432 dbname=d
dbname=d | dbname=d port=6432
dbname=%DB% user=u | dbname=%DB% user=u port=6432
port = 5432 dbname = d | port = 6432 dbname = d
port='5432' dbname=d | port='6432' dbname=d
port='5432'dbname=d | port='6432'dbname=d
port=\\5432 dbname=d | port=6432 dbname=d
port=1 port=5432 | port=1 port=6432
port=5432 user=5432 password=5432 | port=6432 user=5432 password=5432
password='a \\'port=5432' port=5432 | password='a \\'port=5432' port=6432
password=a\\ port=5432 user=u | password=a\\ port=5432 user=u port=6432
host=/run/pg port=5432 | host=/run/pg port=6432
hostaddr=127.0.0.1 port=5432 | hostaddr=127.0.0.1 port=6432
host='' dbname=d | host='' dbname=d port=6432
host=%HOST% port=5432 | host=%HOST% port=6432
port=65432 | port=6432
port=06432 | port=06432
ROWS
}

@test "URI text: the effective port moves, and the parameter goes before the authority" {
  ARGS=(--to-port 6432)
  rows moved <<'ROWS'
postgresql://u:p@h:5432/d | postgresql://u:p@h:6432/d
postgres://h:5432 | postgres://h:6432
postgresql://h/d | postgresql://h:6432/d
postgresql://h:/d | postgresql://h:6432/d
postgresql://u:p%40:5432@h/d | postgresql://u:p%40:5432@h:6432/d
postgresql:///d | postgresql://:6432/d
postgresql://u@/d | postgresql://u@:6432/d
postgresql://u@ | postgresql://u@:6432
postgresql://[::1]:5432/d | postgresql://[::1]:6432/d
postgresql://[::1]/d | postgresql://[::1]:6432/d
postgresql://h:5432/d?port=5433 | postgresql://h:5432/d?port=6432
postgresql://h/d?port=5432&port=5433 | postgresql://h/d?port=5432&port=6432
postgresql://h/d?p%6Frt=5432 | postgresql://h/d?p%6Frt=6432
postgresql://h:543%32/d | postgresql://h:6432/d
postgresql://%2Frun%2Fpg:5432/d | postgresql://%2Frun%2Fpg:6432/d
postgresql:///d?host=/run/pg | postgresql://:6432/d?host=/run/pg
postgresql://u:5432@h:5432/%DB% | postgresql://u:5432@h:6432/%DB%
postgresql://h?sslmode=disable | postgresql://h:6432?sslmode=disable
postgresql://u:a?b@h/d | postgresql://u:a?b@h:6432/d
postgresql://h:5432/port:5432 | postgresql://h:6432/port:5432
ROWS
}

@test "with --to-host an absent, empty or socket host gains or becomes it, in one piece with the port" {
  ARGS=(--to-port 6432 --to-host 127.0.0.1)
  rows moved <<'ROWS'
dbname=d | dbname=d host=127.0.0.1 port=6432
host=/run/pg dbname=d | host=127.0.0.1 dbname=d port=6432
host='' dbname=d | host='127.0.0.1' dbname=d port=6432
host=a host=b port=5432 | host=a host=127.0.0.1 port=6432
hostaddr=10.0.0.1 host=h | hostaddr=127.0.0.1 host=127.0.0.1 port=6432
hostaddr=10.0.0.1 port=5432 | hostaddr=127.0.0.1 port=6432
postgresql:///d | postgresql://127.0.0.1:6432/d
postgresql://u:p@/d | postgresql://u:p@127.0.0.1:6432/d
postgresql://:5432/d | postgresql://127.0.0.1:6432/d
postgresql://h:5432/d | postgresql://127.0.0.1:6432/d
postgresql://[::1]/d | postgresql://127.0.0.1:6432/d
postgresql://%2Frun%2Fpg/d | postgresql://127.0.0.1:6432/d
postgresql://h/d?host=/run/pg | postgresql://h:6432/d?host=127.0.0.1
postgresql://h/d?hostaddr=10.0.0.1 | postgresql://127.0.0.1:6432/d?hostaddr=127.0.0.1
ROWS
}

@test "a URI takes an IPv6 address in brackets and a directory percent-encoded; keywords take both as they are" {
  ARGS=(--to-port 6432 --to-host ::1)
  rows moved <<'ROWS'
postgresql://h:5432/d | postgresql://[::1]:6432/d
postgresql:///d?host=h | postgresql://:6432/d?host=::1
host=h | host=::1 port=6432
ROWS
  ARGS=(--to-port 6432 --to-host /run/pg)
  rows moved <<'ROWS'
postgresql://h:5432/d | postgresql://%2Frun%2Fpg:6432/d
postgresql:///d?host=h | postgresql://:6432/d?host=%2Frun%2Fpg
host=h | host=/run/pg port=6432
ROWS
}

@test "a DSN whose effective port is not certain is refused with its place and the reason" {
  ARGS=(--to-port 6432)
  rows refused <<'ROWS'
service=s | a.json:1:9: its service may set host and port elsewhere
host=a,b port=5432 | a.json:1:9: it names several hosts
hostaddr=127.0.0.1,::1 | a.json:1:9: it names several hosts
host=h port=5432,5433 | a.json:1:9: it names several ports
postgresql://a:1,b:2/d | a.json:1:9: it names several hosts
host=h port='' | a.json:1:9: its port is empty
host=h port= | a.json:1:9: its port is empty
postgresql://h/d?port= | a.json:1:9: its port is empty
host=h port=%PORT% | a.json:1:9: its port is a marker
postgresql://h:%PORT%/d | a.json:1:9: its port is a marker
host=h port=54x2 | a.json:1:9: its port is not a number
host=h port=-5432 | a.json:1:9: its port is not a number
host=h dbname= | a.json:1:9: its last value is not finished
postgresql://u:12/3@h:5432/d | a.json:1:9: cannot tell host, port and password apart
postgresql://u:a@b@h:5432/d | a.json:1:9: cannot tell host, port and password apart
dbname=postgresql://u:p@h/d port=5432 | a.json:1:9: cannot tell host, port and password apart
ROWS
  ARGS=(--to-port 6432 --to-host db.example)
  rows refused <<'ROWS'
hostaddr=127.0.0.1 port=5432 | a.json:1:9: its hostaddr overrides a host, and 'db.example' is no address
host=%HOST% port=5432 | a.json:1:9: its host is a marker
ROWS
}

@test "what libpq does not read, or reads without one of our keywords, is not a DSN" {
  ARGS=(--to-port 6432)
  rows refused <<'ROWS'
hello | a.json: no DSN in this file
a=b | a.json: no DSN in this file
host=h junk | a.json: no DSN in this file
host=h nonsense=1 | a.json: no DSN in this file
sslmode=disable | a.json: no DSN in this file
host='h | a.json: no DSN in this file
mysql://h:5432/d | a.json: no DSN in this file
postgresql://h/d?nonsense=1 | a.json: no DSN in this file
postgresql://h/%zz | a.json: no DSN in this file
ROWS
  json 'host=h\u0000 port=5432'
  run -65 twpool-dsn set --to-port 6432 a.json
}

@test "a proof that fails changes nothing: here the new host would make libpq see a user" {
  json 'postgresql://h?host=/&user=@' && cp a.json before
  run -70 --separate-stderr twpool-dsn set --to-port 6432 --to-host /run/pg a.json
  [[ $stderr == "twpool-dsn: a.json:1:9: cannot prove that the change moves host and port only" ]]
  cmp a.json before
}

# --- JSON -------------------------------------------------------------------------------------

@test "JSON escapes are read, and only those of the port are rewritten" {
  json 'host\u003dh\tport=\u0035432 dbname=\"d\/\u00e4\ud83d\ude00'
  run -0 twpool-dsn set --to-port 6432 a.json
  [ "$(<a.json)" = '{"app": "host\u003dh\tport=6432 dbname=\"d\/\u00e4\ud83d\ude00"}' ]
}

@test "all bytes outside the DSN stay: CRLF, byte order mark, blanks, no final newline, the admin key" {
  printf '\xef\xbb\xbf{\r\n\t"admin" :"port=5432 dbname=postgres",\r\n  "app":\t"port=5432 dbname=game" , "n":[1,-2.50E+3,null]\r\n}' >a.json
  sed 's/port=5432 dbname=game/port=6432 dbname=game/' a.json >want
  run -0 twpool-dsn set --to-port 6432 'a.json#/app'
  cmp a.json want
}

@test "a pointer means the last of two equal keys, also where a parent comes twice" {
  printf '{"a": {"x": "port=1"}, "a": {"x": "port=2", "x": "port=3"}, "a~b/c": ["port=4"]}' >a.json
  run -0 --separate-stderr twpool-dsn show 'a.json#/a/x'
  [[ $output == "a.json:1:50"$'\t'"keyword"$'\t-\t3\t'* ]]
  run -0 twpool-dsn show 'a.json#/a~0b~1c/0'
  [[ $output == *$'\t4\t-\t-\t/a~0b~1c/0\tpossible' ]]
  printf '{"a": {"x": "port=1"}, "a": {}}' >a.json
  run -65 --separate-stderr twpool-dsn show 'a.json#/a/x'
  [ "$stderr" = "twpool-dsn: a.json: no value at '/a/x'" ]
}

@test "a value that a later equal key overrides is not moved: it would have no effect" {
  printf '{"app": "port=5432",\n "app": "port=5433"}' >a.json && cp a.json before
  run -65 --separate-stderr twpool-dsn set --to-port 6432 a.json:1
  [ "$stderr" = "twpool-dsn: a.json:1:9: a later '/app' overrides this DSN" ]
  run -65 twpool-dsn set --to-port 6432 --from-port 5432 a.json
  cmp a.json before
}

@test "a locator that points at something else says what and where" {
  printf '{"app": "hello",\n "n": [5]}' >a.json
  run -65 --separate-stderr twpool-dsn set --to-port 6432 'a.json#/app'
  [ "$stderr" = "twpool-dsn: a.json:1:9: the value at '/app' is not a DSN" ]
  run -65 --separate-stderr twpool-dsn set --to-port 6432 'a.json#/n/0'
  [ "$stderr" = "twpool-dsn: a.json:2:8: the value at '/n/0' is not a string" ]
  run -65 --separate-stderr twpool-dsn set --to-port 6432 'a.json#/x'
  [ "$stderr" = "twpool-dsn: a.json: no value at '/x'" ]
  run -65 --separate-stderr twpool-dsn set --to-port 6432 a.json:2
  [ "$stderr" = "twpool-dsn: a.json:2: no DSN there" ]
  run -64 --separate-stderr twpool-dsn set --to-port 6432 'a.json#/~x'
  run -64 --separate-stderr twpool-dsn set --to-port 6432 'a.c#/app'
}

# malformed TEXT MESSAGE: a JSON file of TEXT is refused.
malformed() {
  printf '%b' "$1" >a.json
  run -65 --separate-stderr twpool-dsn show a.json
  [[ $stderr == "twpool-dsn: a.json:$2" ]] || { echo "$stderr"; return 1; }
}

@test "malformed JSON is refused with line and column" {
  rows malformed <<'ROWS'
{"a": "port=5432" | 1:18: expected ',' or '}'
{"a": "port=5432"}} | 1:19: more after the document's end
{"a"\n "port=5432"} | 2:2: expected ':'
{a: "port=5432"} | 1:2: expected a key
["port=5432",] | 1:14: expected a value
["port=5432 | 1:12: unterminated string
["a\n"] | 1:4: control byte in a string
["\\x"] | 1:4: invalid escape
["\\u12g4"] | 1:7: invalid \u escape
[1.] | 1:4: malformed number
ROWS
}

@test "nesting a million deep is refused, and nesting of 512 is not" {
  head -c 1000000 /dev/zero | tr '\0' '[' >a.json
  run -65 --separate-stderr twpool-dsn show a.json
  [ "$stderr" = "twpool-dsn: a.json:1:513: nested more than 512 deep" ]
  { printf '[%.0s' {1..512}; printf '"port=5432"'; printf ']%.0s' {1..512}; } >a.json
  run -0 twpool-dsn show a.json
}

# --- C ----------------------------------------------------------------------------------------

@test "C escapes are read, and only those of the port are rewritten" {
  c 'host\075h\x20port\075\0654\u00332 dbname=\"d\"'
  run -0 twpool-dsn set --to-port 6432 a.c
  [ "$(<a.c)" = 'const char *dsn = "host\075h\x20port\0756432 dbname=\"d\"";' ]
}

@test "an escape that would swallow the new port is refused: \\x3d before 6432 would be one character" {
  c 'port\x3d\065432' && cp a.c before
  run -70 --separate-stderr twpool-dsn set --to-port 6432 a.c
  [ "$stderr" = "twpool-dsn: a.c: cannot prove that the file still says the same" ]
  cmp a.c before
}

@test "adjacent literals are one DSN, whatever stands between them, and that stays" {
  cat >a.c <<'C'
dsn = "host=h "  /* a "comment" */ u8"po" "rt=5\
4"   // "another
  "32 dbname=d";
C
  cat >want <<'C'
dsn = "host=h "  /* a "comment" */ u8"po" "rt=6432\
"   // "another
  " dbname=d";
C
  run -0 --separate-stderr twpool-dsn set --to-port 6432 a.c
  [ "$output" = "a.c:1:7: changed" ]
  cmp a.c want
}

@test "the literals that are DSNs are found; those in comments, includes, constants and raw strings are not" {
  run -0 --separate-stderr twpool-dsn show "$FIXTURES/literals.cpp"
  cut -f1,4 <<<"${output//"$FIXTURES/"/}" >got
  diff got "$FIXTURES/literals.expected"
}

@test "a DSN that a macro or an expression is a part of is listed, but refused" {
  while IFS= read -r line; do
    printf '%s\n' "$line" >a.c && cp a.c before
    run -65 --separate-stderr twpool-dsn set --to-port 6432 a.c:1:9
    [[ $stderr == *"a.c:1:9: a macro or an expression adds text to this one"* ]] || { echo "$line: $stderr"; return 1; }
    cmp a.c before
  done <<'C'
x =     "host=h port=5432" SUFFIX;
x = PRE "host=h port=5432";
x=STR(P)"host=h port=5432";
x =     "host=h port=5432" + rest;
x = a + "host=h port=5432";
x=R"(h)""port=5432";
C
}

@test "a cast, a return and a string suffix do not make a DSN uncertain" {
  for line in 'x = (char *)"port=5432";' 'return "port=5432";' 'x = "port=5432"sv;' '#define F(x) "port=5432"'; do
    printf '%s\n' "$line" >a.cc
    run -0 twpool-dsn set --to-port 6432 a.cc
    [ "$(<a.cc)" = "${line/5432/6432}" ]
  done
}

@test "all bytes outside the DSN stay in C: CRLF, bytes that are not UTF-8, no final newline" {
  printf '// caf\xe9 "port=5432"\r\n#define DSN "host=h " \\\r\n  "port=5432"\r\nchar *x = "\xff\xfe"; // port=5432' >a.h
  sed '3s/5432/6432/' a.h >want
  run -0 twpool-dsn set --to-port 6432 a.h:2
  cmp a.h want
  run -0 twpool-dsn set --to-port 5432 a.h:3
  sed '3s/6432/5432/' want | cmp - a.h
}

@test "prose that is not C does no harm" {
  printf '#if 0\ndon'"'"'t say "unfinished\n#endif\n#error it'"'"'s "bad\nchar *d = "port=5432";\n' >a.c
  run -0 --separate-stderr twpool-dsn set --to-port 6432 a.c
  [ "$output" = "a.c:5:11: changed" ]
}

# --- which one --------------------------------------------------------------------------------

@test "where several could be meant, all are listed and none is changed" {
  cp "$FIXTURES/server.json" a.json && cp a.json before
  run -65 --separate-stderr twpool-dsn set --to-port 6432 a.json
  [ "${stderr_lines[0]}" = "a.json:3:12" ]
  [ "${stderr_lines[1]}" = "a.json:4:10" ]
  [ "${stderr_lines[2]}" = "twpool-dsn: a.json: 2 DSNs could be meant" ]
  [[ ${stderr_lines[3]} == "HINT: name one as FILE#/json/pointer or "* ]]
  [ -z "$output" ]
  cmp a.json before
}

@test "the --from values narrow down: port (5432 where absent), host (empty where absent), database" {
  printf '["dbname=a", "dbname=b port=5433", "dbname=c host=h port=5433"]' >before
  for args in '--from-port 5432 |/0' '--from-dbname b |/1' '--from-port 5433 --from-host= |/1' '--from-host x --from-host h |/2'; do
    cp before a.json
    read -ra from <<<"${args%|*}"
    run -0 --separate-stderr twpool-dsn set --to-port 6432 --json "${from[@]}" a.json
    [ "$(jq -r '.files[].pointer' <<<"$output")" = "${args#*|}" ]
    run -0 --separate-stderr twpool-dsn set --to-port 6432 "${from[@]}" a.json
    [[ $output == *": unchanged" ]]
  done
  cp before a.json
  run -65 --separate-stderr twpool-dsn set --to-port 6432 --from-port 1 a.json
  [[ $stderr == *"a.json: no DSN here has the --from values" ]]
  [ "${stderr_lines[0]}" = "a.json:1:2" ]
}

@test "a locator does not set aside the --from values" {
  json 'port=5433'
  run -65 twpool-dsn set --to-port 6432 --from-port 5432 'a.json#/app'
}

@test "two DSNs of one file are moved in one run, whatever their order" {
  cp "$FIXTURES/server.json" a.json && cp a.json before
  run -0 twpool-dsn set --to-port 6432 --record r.json 'a.json#/app' './a.json#/admin' 'a.json#/app'
  [ "$(jq -r .app a.json)" = "dbname=%DB% user=game password='$SECRET \\'x' port=6432" ]
  [ "$(jq -r .admin a.json)" = "host=127.0.0.1 port=6432 dbname=postgres user=admin password=$SECRET" ]
  run -0 twpool-dsn revert r.json
  cmp a.json before
}

@test "where one file is refused, no file is changed and no record is left" {
  json 'port=5432' && cp a.json before
  c 'port=1,2'
  run -65 twpool-dsn set --to-port 6432 --record r.json a.json a.c
  cmp a.json before
  [ ! -e r.json ]
  run -66 twpool-dsn set --to-port 6432 --record r.json a.json nothing.json
  cmp a.json before
  c 'port=1' && ln a.c other
  run -73 --separate-stderr twpool-dsn set --to-port 6432 --record r.json a.json a.c
  [ "$stderr" = "twpool-dsn: 'a.c' has 2 names (hard links)" ]
  cmp a.json before
  [ ! -e r.json ]
}

@test "where a write fails, what was written before is put back, and the record is removed" {
  [ "$EUID" -eq 0 ] || skip "needs root"
  json 'port=5432' && touch -d '2001-02-03 04:05:06.789' a.json && cp -p a.json before
  mkdir locked && printf '["port=5432"]' >locked/b.json && chown -R nobody . && chmod a+rx . && chmod 0555 locked
  run -73 setpriv --reuid nobody --clear-groups "$(command -v twpool-dsn)" set --to-port 6432 --record r.json a.json locked/b.json
  cmp a.json before
  [ "$(stat -c %y a.json)" = "$(stat -c %y before)" ]
  [ ! -e r.json ]
}

# --- files ------------------------------------------------------------------------------------

@test "find lists every kind of file below a directory, in order, and says which it skipped" {
  mkdir -p d/.git d/sub
  for name in d/a.json d/.git/x.json d/sub/b.cc; do printf '["port=5432"]' >"$name"; done
  printf '"postgresql://u:%s@[::1]:1/d"' "$SECRET" >d/c.hpp
  printf '["port=5432"' >d/broken.json
  printf '["port=\0"]' >d/nul.json
  printf 'port=5432' >d/notes.txt
  ln -s a.json d/link.json && ln -s . d/loop
  truncate -s 17M d/large.c
  run -0 --separate-stderr twpool-dsn find d
  [ "$output" = "d/a.json:1:2"$'\tkeyword\t-\t5432\t-\t-\t/0\tpossible\n'"d/c.hpp:1:1"$'\turi\t::1\t1\td\tu\t-\tcertain\n'"d/sub/b.cc:1:2"$'\tkeyword\t-\t5432\t-\t-\t-\tpossible' ]
  [ "${stderr_lines[0]}" = "twpool-dsn: skipped: d/broken.json:1:13: expected ',' or ']'" ]
  [ "${stderr_lines[1]}" = "twpool-dsn: skipped: 'd/large.c' is larger than 16777216 bytes" ]
  [ "${stderr_lines[2]}" = "twpool-dsn: skipped: 'd/nul.json' contains a NUL byte" ]
  [ "${#stderr_lines[@]}" -eq 3 ]
  run -66 twpool-dsn find d/a.json
  run -66 twpool-dsn find d/loop
  run -66 twpool-dsn find nothing
}

@test "show and find report the same as JSON; an absent value is null" {
  json 'dbname=d port=5432'
  run -0 --separate-stderr twpool-dsn show --json a.json
  [ "$(jq -c '[.schema, .tool, .status, .dsns]' <<<"$output")" = '[1,"twpool-dsn","ok",[{"path":"'"$PWD"'/a.json","line":1,"column":9,"pointer":"/app","form":"keyword","host":null,"hostaddr":null,"port":5432,"dbname":"d","user":null,"confidence":"likely","breaks":[]}]]' ]
  run -0 --separate-stderr twpool-dsn find --json .
  [ "$(jq '.dsns | length' <<<"$output")" = 1 ]
}

@test "find knows the sources and settings of a project: place, form, host, port, and how sure it is" {
  mkdir d && cp "$FIXTURES"/{python/fstring.py,yaml/compose.yml,ini/pgbouncer.ini,env/plain.env,java/spring.properties,docker/Dockerfile,forms/odbc.json} d
  printf '2026-11-24 host=h port=5432\n' >d/server.log && cp d/server.log d/dump.sql
  run -0 --separate-stderr twpool-dsn find d
  [ -z "$stderr" ]
  cut -f1-4,8 <<<"$output" >got
  diff got - <<'FOUND'
d/Dockerfile:3:5	uri	db	5432	certain
d/compose.yml:4:9	uri	db	5432	certain
d/compose.yml:5:9	environment	-	5432	likely
d/fstring.py:1:7	sqlalchemy	{host}	5432	certain
d/odbc.json:1:9	odbc	h	5432	likely
d/plain.env:3:1	uri	db	5432	certain
d/spring.properties:2:23	jdbc	db	5432	certain
FOUND
  run -1 grep -E '\bpw\b|pw\[' <<<"$output"
  printf '{"a": "host=h sslmode=require options=x"}' >d/breaks.json
  run -0 twpool-dsn show --json d/breaks.json
  [ "$(jq -c '.dsns[].breaks' <<<"$output")" = '["options","sslmode"]' ]
}

@test "a .pgpass that has the password for the old port only is warned of, and moves with the DSN" {
  mkdir home && printf '*:1:*:*:x\nh:5432:d:u:%s\n' "$SECRET" >home/.pgpass && chmod 0600 home/.pgpass
  json 'host=h port=5432 dbname=d user=u' && chmod 0600 a.json && cp -p home/.pgpass before
  HOME=$PWD/home run -1 --separate-stderr twpool-dsn set --to-port 6432 --dry-run a.json
  [ "$stderr" = "$PWD/home/.pgpass:2:1: warning: here is the password of a.json:1:9 for port 5432 only: name this too" ]
  HOME=$PWD/home run -0 --separate-stderr twpool-dsn set --to-port 6432 --record r.json a.json home/.pgpass:2
  [[ -z $stderr && $output == *"a.json:1:9: changed"*"home/.pgpass:2:1: changed" ]]
  [ "$(<home/.pgpass)" = "*:1:*:*:x
h:6432:d:u:$SECRET" ]
  [ "$(stat -c %a home/.pgpass)" = 600 ]
  run -0 twpool-dsn revert r.json
  cmp home/.pgpass before
  json 'host=h port=5432 dbname=d user=other'
  HOME=$PWD/home run -0 --separate-stderr twpool-dsn set --to-port 6432 a.json
  [ -z "$stderr" ]
}

@test "settings beside a DSN that keep the old port are warned of" {
  printf 'environment:\n  URL: postgres://db:5432/d\n  PGPORT: 5432\n' >a.yml
  run -0 --separate-stderr twpool-dsn set --to-port 6432 a.yml
  [ "$stderr" = "a.yml:3:11: warning: port 5432 is set here too, and is not moved" ]
  run -0 --separate-stderr twpool-dsn set --to-port 6432 a.yml:3
  [ "$(<a.yml)" = "environment:
  URL: postgres://db:6432/d
  PGPORT: 6432" ]
}

@test "settings that only may be a connection are listed, and moved where they are pointed at" {
  printf '[db]\nhost = h\nport = 5432\ndbname = d\n' >a.ini
  run -0 --separate-stderr twpool-dsn find .
  [ "$output" = "./a.ini:3:1"$'\tsettings\th\t5432\td\t-\t-\tpossible' ]
  run -65 --separate-stderr twpool-dsn set --to-port 6432 a.ini
  [ "${stderr_lines[0]}" = "a.ini:3:1" ]
  [ "${stderr_lines[1]}" = "twpool-dsn: a.ini: no DSN in this file" ]
  [ "${stderr_lines[2]}" = "HINT: settings that may be one are listed above: name them as FILE:LINE." ]
  run -1 --separate-stderr twpool-dsn set --to-port 6432 --dry-run a.ini:3
  [ "$output" = "--- a.ini
+++ a.ini
@@ -3 +3 @@
-host=h port=5432 dbname=d
+host=h port=6432 dbname=d" ]
  printf '[s]\nhost=h\ndbname=d' >pg_service.conf
  run -1 --separate-stderr twpool-dsn set --to-port 6432 --dry-run pg_service.conf
  [ "$output" = "--- pg_service.conf
+++ pg_service.conf
@@ -2 +2 @@
-host=h dbname=d
+host=h dbname=d port=6432" ]
  run -0 twpool-dsn set --to-port 6432 a.ini:3
  [ "$(<a.ini)" = "[db]
host = h
port = 6432
dbname = d" ]
}

@test "what --accept names must be something that breaks" {
  json 'port=5432 sslmode=require options=x'
  run -64 twpool-dsn set --to-port 6432 --accept nonsense a.json
  run -65 --separate-stderr twpool-dsn set --to-port 6432 --accept sslmode --dry-run a.json
  [[ $stderr == *"its options breaks through a pooler"*"HINT: set it with ALTER ROLE ... SET,"* ]]
  run -0 twpool-dsn set --to-port 6432 --accept sslmode --accept options a.json
}

@test "revert leaves the time of a file that others edited" {
  json 'port=5432' && touch -d 2001-02-03 a.json
  run -0 twpool-dsn set --to-port 6432 --record r.json a.json
  printf '\n' >>a.json
  run -0 twpool-dsn revert r.json
  [[ $(stat -c %y a.json) != 2001* && $(<a.json) == *'"port=5432"'* ]]
}

@test "control bytes of values and names do not reach the terminal" {
  printf '{"a\\u001b": "port=5432 dbname=\x27x\\ny\x27"}' >a.json
  run -0 --separate-stderr twpool-dsn show a.json
  [ "$output" = "a.json:1:13"$'\tkeyword\t-\t5432\tx\\x0ay\t-\t/a\\x1b\tlikely' ]
}

@test "unreadable input says why: absent, a link, a directory, an unknown kind" {
  run -66 twpool-dsn show nothing.json
  json 'port=5432' && ln -s a.json link.json && mkdir dir.json && cp a.json a.txt
  run -66 --separate-stderr twpool-dsn set --to-port 6432 link.json
  [[ $stderr == *"'link.json' is a symbolic link"* ]]
  run -66 twpool-dsn set --to-port 6432 dir.json
  run -65 --separate-stderr twpool-dsn set --to-port 6432 a.txt
  [[ $stderr == *"'a.txt' is not a kind of file that is read for DSNs"* ]]
}

@test "mode and owner stay" {
  json 'port=5432' && chmod 0640 a.json
  [ "$EUID" -ne 0 ] || chown 12:34 a.json
  stat -c '%a %u %g' a.json >before
  run -0 twpool-dsn set --to-port 6432 a.json
  stat -c '%a %u %g' a.json | cmp - before
}

@test "a file name that looks like a locator is the file" {
  printf '["port=5432"]' >'a:1.json' && mkdir 'x#' && printf '["port=5432"]' >'x#/b.json'
  run -0 twpool-dsn set --to-port 6432 'a:1.json' 'x#/b.json'
  [ "$(<'x#/b.json')" = '["port=6432"]' ]
}

@test "values that a DSN could not hold are usage errors" {
  json 'port=5432'
  for host in '' 'a b' "a'b" 'a,b' 'a%b' 'a:b' 'a/b' 'a=b'; do
    run -64 twpool-dsn set --to-port 6432 --to-host "$host" a.json
  done
  for port in 0 65536 -1 x ''; do
    run -64 twpool-dsn set --to-port "$port" a.json
  done
  run -64 --separate-stderr twpool-dsn set a.json
  [ "$stderr" = "twpool-dsn: --to-port PORT is required" ]
}

# --- preview, record, way back ----------------------------------------------------------------

@test "--dry-run prints the DSNs with masked passwords, exits 1, and touches nothing" {
  cp "$FIXTURES/server.json" a.json && touch -d 2001-02-03 a.json
  stat -c '%Y %i' a.json >before && sha256sum a.json >>before
  run -1 --separate-stderr twpool-dsn set --to-port 6432 --to-host ::1 --dry-run --record r.json 'a.json#/app'
  [ "$output" = "--- a.json
+++ a.json
@@ -4 +4 @@ /app
-dbname=%DB% user=game password='***'
+dbname=%DB% user=game password='***' host=::1 port=6432" ]
  { stat -c '%Y %i' a.json && sha256sum a.json; } | cmp - before
  [ ! -e r.json ]
  run -0 --separate-stderr twpool-dsn set --to-port 5432 --dry-run 'a.json#/admin'
  [ -z "$output" ]
}

@test "a URI's password is masked in both of its places" {
  json "postgresql://u:$SECRET@h/d?password=$SECRET&user=v"
  run -1 --separate-stderr twpool-dsn set --to-port 6432 --dry-run a.json
  [[ $output == *"+postgresql://u:***@h:6432/d?password=***&user=v" ]]
}

@test "--json reports the edits with their offsets; --dry-run --json before they are made" {
  json 'host=h port=5432'
  want='{"path":"'"$PWD"'/a.json","line":1,"column":9,"pointer":"/app","form":"keyword","edits":[{"offset":21,"old":"5432","new":"6432"}]}'
  run -1 --separate-stderr twpool-dsn set --to-port 6432 --dry-run --json a.json
  [ "$(jq -c '[.status, .files]' <<<"$output")" = '["would change",['"$want"']]' ]
  run -0 --separate-stderr twpool-dsn set --to-port 6432 --json a.json
  [ "$(jq -c '[.status, .files]' <<<"$output")" = '["changed",['"$want"']]' ]
  run -0 --separate-stderr twpool-dsn set --to-port 6432 --json a.json
  [ "$(jq -c '[.status, .files[].edits]' <<<"$output")" = '["unchanged",[]]' ]
}

@test "set and revert are the identity, for every form and both containers" {
  while IFS= read -r text; do
    json "$text" && c "$text" && cp a.json b.json && cp a.c b.c && rm -f r.json
    run -0 --separate-stderr twpool-dsn set --to-port 6432 --to-host 127.0.0.1 --record r.json a.json a.c
    ! cmp -s a.c b.c
    run -1 --separate-stderr twpool-dsn revert --dry-run r.json
    [[ $output == *"+$text"* ]]
    run -0 --separate-stderr twpool-dsn revert r.json
    [[ $output == *"/a.json: changed"*"/a.c: changed" ]]
    cmp a.json b.json && cmp a.c b.c
    run -0 --separate-stderr twpool-dsn revert r.json
    [[ $output == *"/a.json: unchanged"*"/a.c: unchanged" ]] || { echo "$text: $output"; return 1; }
    run -0 --separate-stderr twpool-dsn revert --json --dry-run r.json
    [ "$(jq -r .status <<<"$output")" = unchanged ]
    cmp a.json b.json && cmp a.c b.c
  done <<'TEXTS'
dbname=d
host=h port=5432
port=5432 dbname=d host=/run/pg
postgresql://h:5432/d
postgresql://u@h/d?host=x&port=5432
postgresql:///d
TEXTS
}

@test "generated files of every container: set does what it must and no more, once, and revert undoes it" {
  run -0 env TMPDIR="$BATS_TEST_TMPDIR" "$BATS_TEST_DIRNAME/soak/dsn" 300
  [[ ${lines[-1]} == "dsn: 300 files, 2"*" of them with another host: set as wanted, set again changed 0, reverted to the same bytes, mode, owner and time;"* ]]
}

@test "the pieces of a C literal are put back as they were" {
  printf 'x = "host=h po" "rt=54" "3" /* */ "2";\n' >a.c && cp a.c before
  run -0 twpool-dsn set --to-port 6432 --record r.json a.c
  [ "$(<a.c)" = 'x = "host=h po" "rt=6432" "" /* */ "";' ]
  run -0 twpool-dsn revert r.json
  cmp a.c before
}

@test "a record is for its owner only, names absolute paths, and is never overwritten" {
  json 'port=5432'
  run -0 twpool-dsn set --to-port 6432 --record r.json a.json
  [ "$(stat -c %a r.json)" = 600 ]
  [ "$(jq -r '.files[].path' r.json)" = "$PWD/a.json" ]
  cp r.json before && cp a.json moved
  run -73 --separate-stderr twpool-dsn set --to-port 7432 --record r.json a.json
  [[ $stderr == "twpool-dsn: record 'r.json' exists"* ]]
  cmp r.json before && cmp a.json moved
  run -0 twpool-dsn set --to-port 6432 --record r.json a.json
  run -0 twpool-dsn set --to-port 6432 --record none.json a.json
  [ ! -e none.json ]
}

@test "revert keeps what others edited elsewhere in the file" {
  cp "$FIXTURES/server.json" a.json
  run -0 twpool-dsn set --to-port 6432 --record r.json 'a.json#/app'
  sed -i 's/{/{\n  "new": "before",/; s/"slots": 100/"slots": 250/' a.json
  run -0 twpool-dsn revert r.json
  sed 's/{/{\n  "new": "before",/; s/"slots": 100/"slots": 250/' "$FIXTURES/server.json" | cmp - a.json
}

@test "revert refuses where others changed the DSN, and then changes no file" {
  json 'host=h port=5432' && c 'host=h port=5432'
  run -0 twpool-dsn set --to-port 6432 --record r.json a.json a.c
  sed -i 's/6432/7432/' a.c && cp a.c c.before && cp a.json json.before
  run -65 --separate-stderr twpool-dsn revert r.json
  [ "${stderr_lines[0]}" = "twpool-dsn: $PWD/a.c: the edit '6432' is no longer there" ]
  [ "${stderr_lines[1]}" = "HINT: line 1 now has host h and port 7432; the text around it was changed since; put '5432' back by hand." ]
  cmp a.c c.before && cmp a.json json.before
  rm a.c
  run -66 twpool-dsn revert r.json
  cmp a.json json.before
}

# The context of an edit may stand elsewhere too: once, a revert moved the admin DSN in its place.
@test "revert does not take a similar DSN for the one that was changed" {
  printf '{"app": "host=h port=5432 dbname=x",\n "admin": "host=h port=6432 dbname=x"}\n' >a.json
  printf '#define APP "host=h port=5432 dbname=x"\n#define ADM "host=h port=6432 dbname=y"\n' >a.c
  for file in a.json a.c; do
    run -0 twpool-dsn set --to-port 6432 --from-port 5432 --record "$file.edits" "$file"
    sed -i '1s/6432/7432/' "$file" && cp "$file" before
    run -65 --separate-stderr twpool-dsn revert "$file.edits"
    [[ $stderr == *"$file"* ]]
    cmp "$file" before
  done
}

@test "a record that is none is refused" {
  printf '{"files": 5}' >r.json
  run -65 twpool-dsn revert r.json
  printf '{"files": [{"path": "a.json", "edits": []}]}' >r.json
  run -65 twpool-dsn revert r.json
  printf 'hello' >r.json
  run -65 twpool-dsn revert r.json
  run -66 twpool-dsn revert nothing.json
}

@test "no command prints a password, whatever goes wrong" {
  local dsns=("dbname=d password=$SECRET" "port=1,2 password='$SECRET'" "service=s password=$SECRET"
    "postgresql://u:$SECRET@h/d" "postgresql://u:1/$SECRET@h:5432/d" "postgresql://u:x@$SECRET@h/d"
    "postgresql://u:$SECRET/x@h/d" "dbname=postgresql://u:$SECRET@h/d" "dbname='user=u password=$SECRET'"
    "password=$SECRET host" "postgresql://u:$SECRET%zz@h" "host=h passwort=$SECRET"
    "postgresql://h/d?password=$SECRET&sslpassword=$SECRET" "host=h sslpassword=$SECRET"
    "jdbc:postgresql://h/d?user=u&password=$SECRET" "jdbc:postgresql://u:$SECRET@h/d" "Driver=PostgreSQL;Server=h;Pwd={$SECRET}"
    "postgresql+psycopg2://u:$SECRET@h/d?password=$SECRET" "Host=h;Username=u;Password=$SECRET;Host=x"
    "postgresql://{user}:x$SECRET{y}@h/d" "host=a,b password=$SECRET target_session_attrs=primary")
  for text in "${dsns[@]}"; do
    json "$text" && c "$text"
    for args in 'find .' 'find --json .' 'show a.json' 'show --json a.c' 'show a.json#/app' \
      'set --to-port 6432 --dry-run a.json' 'set --to-port 6432 --dry-run --json a.c' \
      'set --to-port 6432 --from-port 1 a.json' 'set --to-port 6432 a.json a.c nothing.json' \
      'set --to-port 6432 --to-host ::1 --record r.json --json a.json a.c' 'set --to-port 6432 a.json a.c' \
      'revert --dry-run r.json' 'revert --json r.json' 'revert r.json'; do
      read -ra words <<<"$args"
      twpool-dsn "${words[@]}" >>out 2>&1 || :
    done
    rm -f r.json
  done
  [ -s out ]
  run -1 grep -a -n "$SECRET" out
  run -1 grep -a -n "$(printf %s "$SECRET" | od -An -tx1 | tr -d ' \n')" out
}

@test "a password in a file that everyone can read is warned of; -q is silent" {
  json "port=5432 password=$SECRET" && chmod 0644 a.json
  run -0 --separate-stderr twpool-dsn set --to-port 6432 a.json
  [ "$stderr" = "a.json: warning: everyone can read this file and its password" ]
  run -0 --separate-stderr twpool-dsn set --to-port 6432 -q a.json
  [ -z "$output$stderr" ]
  chmod 0640 a.json
  run -0 --separate-stderr twpool-dsn set --to-port 6432 a.json
  [ -z "$stderr" ]
}

@test "16 MiB are read in seconds, in bounded memory" {
  { printf '['; head -c 8000000 /dev/zero | sed 's/\x0/1,/g'; printf '"port=5432"]'; } >a.json
  head -c 16000000 /dev/zero | tr '\0' '"' >b.c
  { printf '"'; head -c 16000000 /dev/zero | tr '\0' 'a'; printf '";"port=5432";'; } >c.c
  run -0 --separate-stderr timeout 20 twpool-dsn find .
  [ "${#lines[@]}" -eq 2 ]
}
