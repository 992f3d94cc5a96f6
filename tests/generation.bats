#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# twpool-generation: what it stages it publishes, and what it published it takes back, byte for byte.
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  export TWPOOL_ROOT=$BATS_TEST_TMPDIR/root
  mkdir -p "$TWPOOL_ROOT/srv" "$TWPOOL_ROOT/etc"
  printf '{"app": "dbname=%%DB%% user=game", "n": 1}' >"$TWPOOL_ROOT/srv/dsn.json"
  chmod 0640 "$TWPOOL_ROOT/srv/dsn.json"
  touch -d '2020-01-02 03:04:05.123456789' "$TWPOOL_ROOT/srv/dsn.json"
  printf 'new\n' >new.ini
  edits_of " port=6432" 30 >edits.json
}

# edits_of TEXT OFFSET: a report that inserts TEXT into srv/dsn.json.
edits_of() {
  printf '{"files": [{"path": "%s/srv/dsn.json", "edits": [{"offset": %d, "old": "", "new": "%s"}]}]}' \
    "$TWPOOL_ROOT" "$2" "$1"
}

# tree: every path below the root but the record, with mode, time of files and bytes.
tree() {
  (cd "$TWPOOL_ROOT" && find . -path ./var -prune -o -type f -printf '%p %m %T@ ' -exec sha256sum {} \; -o -printf '%p %m\n' | sort)
}

# deployed: one generation, applied: a new file in a new directory, and an edit.
deployed() {
  twpool-generation begin >/dev/null
  twpool-generation stage -q -g pooler --mode 0640 1 new.ini /etc/pgbouncer/twpool/pgbouncer.ini
  twpool-generation stage -q -g server --edits 1 edits.json
  twpool-generation apply -q 1
}

# resealed <MANIFEST: with the checksum that it needs to be believed.
resealed() {
  jq --arg sum "$(jq -cS 'del(.checksum)' /dev/stdin | tee whole | tr -d '\n' | sha256sum | cut -d ' ' -f 1)" '. + {checksum: $sum}' whole
}

@test "staging changes nothing on the host" {
  tree >before
  twpool-generation begin
  twpool-generation stage -g pooler 1 new.ini /etc/pgbouncer/twpool/pgbouncer.ini
  twpool-generation stage -g server --edits 1 edits.json
  tree | diff before -
}

@test "apply publishes bytes and mode, with the missing parents" {
  deployed
  [ "$(cat "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini")" = new ]
  [ "$(stat -c %a "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini")" = 640 ]
  [ "$(stat -c %a "$TWPOOL_ROOT/etc/pgbouncer")" = 755 ]
  [ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" = '{"app": "dbname=%DB% user=game port=6432", "n": 1}' ]
  [ "$(stat -c %a "$TWPOOL_ROOT/srv/dsn.json")" = 640 ]
}

@test "apply again writes nothing: the files keep their inodes" {
  deployed
  inode=$(stat -c %i "$TWPOOL_ROOT/srv/dsn.json")
  run -0 twpool-generation apply 1
  [ -z "$output" ]
  [ "$(stat -c %i "$TWPOOL_ROOT/srv/dsn.json")" = "$inode" ]
}

@test "apply of one group leaves the other alone" {
  twpool-generation begin >/dev/null
  twpool-generation stage -q -g pooler 1 new.ini /etc/pgbouncer/twpool/pgbouncer.ini
  twpool-generation stage -q -g server --edits 1 edits.json
  run -0 twpool-generation apply -g pooler 1
  [ "$output" = "wrote     /etc/pgbouncer/twpool/pgbouncer.ini" ]
  [[ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" != *6432* ]]
}

@test "restore gives back bytes, mode, time and directories" {
  tree >before
  deployed
  run -0 twpool-generation restore --to 1
  tree | diff before -
  run -0 twpool-generation verify --to 1
}

@test "restore again changes nothing and says nothing" {
  deployed
  twpool-generation restore --to 1
  run -0 twpool-generation restore --to 1
  [ -z "$output" ]
}

@test "a file that has a deployed state already is not staged" {
  deployed
  twpool-generation begin >/dev/null
  run -0 twpool-generation stage -g pooler --mode 0640 2 new.ini /etc/pgbouncer/twpool/pgbouncer.ini
  [ "$output" = "unchanged /etc/pgbouncer/twpool/pgbouncer.ini" ]
  run -0 twpool-generation drop 2
  run -66 twpool-generation get 2 dir
}

@test "a generation with entries cannot be dropped" {
  deployed
  run -64 --separate-stderr twpool-generation drop 1
  [[ "$stderr" == *"has entries" ]]
}

@test "a file that somebody else changed since is kept beside the restored one" {
  deployed
  printf 'theirs\n' >"$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini"
  run -0 twpool-generation restore --to 1
  [[ "$output" == *"saved     /etc/pgbouncer/twpool/pgbouncer.ini"* ]]
  [ "$(cat "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini.twpool-save-0001")" = theirs ]
  [ ! -e "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini" ]
  # Again, by somebody who was not done: the first version stays too, and the same is kept once.
  for text in others others; do
    printf '%s\n' "$text" >"$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini"
    twpool-generation restore --to 1
  done
  [ "$(cat "$TWPOOL_ROOT"/etc/pgbouncer/twpool/*)" = $'theirs\nothers' ]
}

@test "an edit is taken back as an edit: what others changed around it stays" {
  deployed
  sed -i 's/"n": 1/"n": 2, "more": true/; s/dbname/host=db dbname/' "$TWPOOL_ROOT/srv/dsn.json"
  run -0 twpool-generation restore --to 1
  [ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" = '{"app": "host=db dbname=%DB% user=game", "n": 2, "more": true}' ]
  run -0 twpool-generation verify --to 1
}

@test "an edit that is no longer there is a failure that says so, and the rest is restored" {
  deployed
  printf '{"app": "something else"}' >"$TWPOOL_ROOT/srv/dsn.json"
  run -73 --separate-stderr twpool-generation restore --to 1
  [[ "$output" == *"failed    /srv/dsn.json (the edit ' port=6432' is no longer there)"* ]]
  [ ! -e "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini" ]
  [ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" = '{"app": "something else"}' ]
}

# Once an edit was looked for with less and less of its context, and then found in another DSN.
@test "an edit is never mistaken for another DSN that has the same port" {
  printf '{"app": "host=h port=5432 dbname=a", "admin": "host=h port=6432 dbname=a"}' >"$TWPOOL_ROOT/srv/dsn.json"
  printf '{"files": [{"path": "%s/srv/dsn.json", "edits": [{"offset": 21, "old": "5432", "new": "6432"}]}]}' "$TWPOOL_ROOT" >edits.json
  deployed
  [[ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" == *'"app": "host=h port=6432'* ]]
  sed -i 's/"app": "host=h port=6432/"app": "host=h port=7432/' "$TWPOOL_ROOT/srv/dsn.json"
  cp "$TWPOOL_ROOT/srv/dsn.json" theirs
  run -73 twpool-generation restore --to 1
  cmp theirs "$TWPOOL_ROOT/srv/dsn.json"
}

@test "a deleted file comes back" {
  deployed
  rm "$TWPOOL_ROOT/srv/dsn.json"
  run -0 twpool-generation restore --to 1
  [ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" = '{"app": "dbname=%DB% user=game", "n": 1}' ]
}

@test "a path that changed between staging and apply stops it" {
  twpool-generation begin >/dev/null
  twpool-generation stage -q -g server --edits 1 edits.json
  printf '{"app": "other", "pad": "pad pad pad pad pad"}' >"$TWPOOL_ROOT/srv/dsn.json"
  run -75 --separate-stderr twpool-generation apply 1
  [[ "$stderr" == *"'/srv/dsn.json' was changed since it was staged"* ]]
  [[ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" == *other* ]]
}

@test "two generations are taken back together, or only the last" {
  tree >before
  deployed
  twpool-generation mark 1 complete
  tree >between
  printf 'newer\n' >newer.ini
  twpool-generation begin >/dev/null
  twpool-generation stage -q -g pooler --mode 0640 2 newer.ini /etc/pgbouncer/twpool/pgbouncer.ini
  twpool-generation apply -q 2
  twpool-generation restore -q --to 2
  run -0 twpool-generation verify --to 2
  [ "$(cat "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini")" = new ]
  twpool-generation apply -q 2
  twpool-generation restore -q --to 1
  tree | diff before -
}

@test "verify names what differs from the last deploy" {
  deployed
  run -0 twpool-generation verify
  chmod 0600 "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini"
  run -1 twpool-generation verify
  [ "$output" = "differs   /etc/pgbouncer/twpool/pgbouncer.ini" ]
}

@test "a symbolic link, a hard link and a directory at the path are refused" {
  twpool-generation begin >/dev/null
  ln -s /etc/passwd "$TWPOOL_ROOT/etc/link"
  run -66 --separate-stderr twpool-generation stage 1 new.ini /etc/link
  [[ "$stderr" == *"is a symbolic link"* ]]
  run -73 twpool-generation stage 1 new.ini /etc
  printf 'x\n' >"$TWPOOL_ROOT/etc/one"
  ln "$TWPOOL_ROOT/etc/one" "$TWPOOL_ROOT/etc/two"
  twpool-generation stage -q 1 new.ini /etc/one
  run -73 --separate-stderr twpool-generation apply 1
  [[ "$stderr" == *"has 2 names (hard links)"* ]]
  [ "$(cat "$TWPOOL_ROOT/etc/two")" = x ]
}

@test "a path through somebody else's symbolic link is refused, through root's is not" {
  ((EUID == 0)) || skip 'needs root, to own links as another user'
  twpool-generation begin >/dev/null
  mkdir "$TWPOOL_ROOT/real"
  ln -s real "$TWPOOL_ROOT/ours"
  ln -s real "$TWPOOL_ROOT/theirs"
  chown -h nobody "$TWPOOL_ROOT/theirs"
  run -0 twpool-generation stage 1 new.ini /ours/file
  run -77 --separate-stderr twpool-generation stage 1 new.ini /theirs/file
  [[ "$stderr" == *"'theirs' is a symbolic link of user id"* ]]
}

@test "root's link is followed only as far as root's links go" {
  ((EUID == 0)) || skip 'needs root, to own links as another user'
  twpool-generation begin >/dev/null
  mkdir "$TWPOOL_ROOT/protected"
  ln -s ../protected "$TWPOOL_ROOT/srv/theirs"
  chown -h nobody "$TWPOOL_ROOT/srv/theirs"
  ln -s theirs "$TWPOOL_ROOT/srv/ours"
  run -77 twpool-generation stage 1 new.ini /srv/ours/file
  ln -s loop "$TWPOOL_ROOT/srv/loop"
  run -77 --separate-stderr twpool-generation stage 1 new.ini /srv/loop/file
  [[ "$stderr" == *"too many symbolic links"* ]]
}

@test "what a killed replace left beside a path is swept" {
  deployed
  touch "$TWPOOL_ROOT/srv/.twpool-0123456789abcdef" "$TWPOOL_ROOT/srv/.twpool-notes"
  twpool-generation restore -q --to 1
  [ ! -e "$TWPOOL_ROOT/srv/.twpool-0123456789abcdef" ]
  [ -e "$TWPOOL_ROOT/srv/.twpool-notes" ]
}

# drop once left a directory without a manifest behind, and from then on nothing could be listed.
@test "drop removes everything that the generation holds, and a directory without a manifest is none" {
  twpool-generation begin >/dev/null
  echo '{}' >"$TWPOOL_ROOT/var/lib/twpool/generations/0001/load.json"
  twpool-generation drop 1
  [ ! -e "$TWPOOL_ROOT/var/lib/twpool/generations/0001" ]
  mkdir "$TWPOOL_ROOT/var/lib/twpool/generations/0007"
  run -0 twpool-generation list
  [ -z "$output" ]
  run -0 twpool-generation begin
  [ "$output" = 0001 ]
  [ ! -e "$TWPOOL_ROOT/var/lib/twpool/generations/0007" ]
}

@test "drop, killed at any of its removals: a whole generation that changed nothing, or none; and the next begin works" {
  printf '{}' >site.json
  for ((n = 1; n < 20; n++)); do
    number=$(twpool-generation begin --site site.json)
    code=0
    # A sanitizer cannot look for leaks in what is traced.
    ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null -e trace=unlinkat -e inject="unlinkat:signal=SIGKILL:when=$n" twpool-generation drop "$number" || code=$?
    ((code != 0)) || break
    for left in $(twpool-generation list -q); do
      [ -s "$(twpool-generation get "$left" site | tr -d '\0')" ]
      twpool-generation drop "$left"
    done
  done
  ((n > 3 && n < 20))
}

@test "what is done, or goes back, is neither staged into nor applied" {
  deployed
  for state in complete undoing undone; do
    twpool-generation mark 1 "$state"
    run -64 --separate-stderr twpool-generation apply 1
    [[ "$stderr" == *"generation 0001 is $state"* ]]
    run -64 twpool-generation stage 1 new.ini /etc/other
  done
}

@test "one path that cannot be put back keeps no older generation from it" {
  deployed
  twpool-generation mark 1 complete
  twpool-generation begin >/dev/null
  twpool-generation stage -q 2 new.ini /etc/second
  twpool-generation apply -q 2
  ln "$TWPOOL_ROOT/etc/second" "$TWPOOL_ROOT/etc/third"
  run -73 --separate-stderr twpool-generation restore --to 1
  [[ "$stderr" == *"1 path(s) could not be restored"* ]]
  [ ! -e "$TWPOOL_ROOT/etc/pgbouncer" ]
  rm "$TWPOOL_ROOT/etc/third"
  run -0 twpool-generation restore --to 1
  run -0 twpool-generation verify --to 1
}

@test "what was undone does not count when later deploys are verified" {
  deployed
  twpool-generation restore -q --to 1
  twpool-generation mark 1 undone
  mkdir -p "$TWPOOL_ROOT/etc/pgbouncer/twpool"
  printf 'theirs\n' >"$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini"
  twpool-generation begin >/dev/null
  twpool-generation stage -q 2 new.ini /etc/pgbouncer/twpool/pgbouncer.ini
  twpool-generation apply -q 2
  twpool-generation restore -q --to 1
  run -0 twpool-generation verify --to 1
  [ "$(cat "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini")" = theirs ]
}

@test "a damaged record, a newer one and none are refused, and nothing is guessed" {
  deployed
  gen=$TWPOOL_ROOT/var/lib/twpool/generations/0001
  cp "$gen/manifest.json" kept
  jq '.schema = 3' kept | resealed >"$gen/manifest.json"
  run -65 --separate-stderr twpool-generation restore --to 1
  [[ "$stderr" == *"written by a newer twpool (schema 3)"*"HINT:"* ]]
  truncate -s 100 "$gen/manifest.json"
  run -65 twpool-generation restore --to 1
  cp kept "$gen/manifest.json"
  for file in "$gen"/files/*; do printf x >>"$file"; done
  run -73 --separate-stderr twpool-generation restore --to 1
  [[ "$output" == *"is damaged"* ]]
  [[ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" == *port=6432* ]]
  run -66 twpool-generation apply 7
}

@test "a record of which one byte is another, or the copy of site.json, is refused with what to do" {
  echo '{}' >site.json
  twpool-generation begin --site site.json >/dev/null
  twpool-generation stage -q --mode 0640 1 new.ini /etc/new.ini
  twpool-generation apply -q 1
  gen=$TWPOOL_ROOT/var/lib/twpool/generations/0001
  cp "$gen/manifest.json" kept
  for damage in s/416/420/ s/new.ini/old.ini/ 's/"open"/"done"/' 's/"mode"/"made"/' '/"checksum"/d; s/,$//'; do
    sed "$damage" kept >"$gen/manifest.json"
    run -65 --separate-stderr twpool-generation restore --to 1
    [[ "$stderr" == *"HINT: bring "*"back from a backup." ]]
  done
  cp kept "$gen/manifest.json"
  echo '{ }' >"$gen/site.json"
  run -65 --separate-stderr twpool-generation get 1 site
  [[ "$stderr" == *"/site.json' is damaged"*"HINT:"* ]]
  echo '{}' >"$gen/site.json"
  [ "$(twpool-generation get 1 site | tr -d '\0')" = "$gen/site.json" ]
  rm "$gen/manifest.json"
  run -65 --separate-stderr twpool-generation list
  [[ "$stderr" == *"generation 0001 has lost its manifest.json"*"HINT:"* ]]
  [ "$(cat "$TWPOOL_ROOT/etc/new.ini")" = new ]
  cp kept "$gen/manifest.json"
  run -0 twpool-generation restore --to 1
}

@test "a record of another machine is refused, until it is claimed; one of schema 1 is read" {
  printf '%032d\n' 1 >"$TWPOOL_ROOT/etc/machine-id"
  deployed
  printf '%032d\n' 2 >"$TWPOOL_ROOT/etc/machine-id"
  run -65 --separate-stderr twpool-generation restore --to 1
  [[ "$stderr" == *"the record of another machine (00000000000000000000000000000001)"*"twpool-generation claim." ]]
  [[ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" == *port=6432* ]]
  run -0 twpool-generation claim
  gen=$TWPOOL_ROOT/var/lib/twpool/generations/0001/manifest.json
  [ "$(jq -r .machine "$gen")" = 00000000000000000000000000000002 ]
  jq 'del(.machine, .checksum) | .schema = 1' "$gen" >old
  cp old "$gen"
  run -0 twpool-generation restore --to 1
  [[ "$(cat "$TWPOOL_ROOT/srv/dsn.json")" != *port=6432* ]]
}

@test "an ACL is kept with the file, none is inherited from the directory, and the mode is the one asked for" {
  command -v setfacl >/dev/null || skip 'needs setfacl (acl)'
  mkdir "$TWPOOL_ROOT/etc/acl"
  printf 'old\n' >"$TWPOOL_ROOT/etc/acl/kept"
  chmod 0640 "$TWPOOL_ROOT/etc/acl/kept"
  setfacl -m u:nobody:r "$TWPOOL_ROOT/etc/acl/kept" || skip 'no ACLs on this file system'
  setfacl -d -m u:games:rw "$TWPOOL_ROOT/etc/acl"
  getfacl -np "$TWPOOL_ROOT/etc/acl/kept" >before
  twpool-generation begin >/dev/null
  twpool-generation stage -q --mode 0600 1 new.ini /etc/acl/kept
  twpool-generation stage -q --mode 0640 1 new.ini /etc/acl/fresh
  twpool-generation apply -q 1
  [ "$(stat -c %a "$TWPOOL_ROOT/etc/acl/kept")" = 600 ]
  run -0 getfacl -cnp "$TWPOOL_ROOT/etc/acl/fresh"
  [ "$output" = $'user::rw-\ngroup::r--\nother::---' ]
  run -0 twpool-generation verify
  twpool-generation restore -q --to 1
  getfacl -np "$TWPOOL_ROOT/etc/acl/kept" | diff before -
}

# attributes FILE [NAME VALUE]: gives it one, or prints all that it has.
attributes() {
  python3 -c 'import os, sys
if len(sys.argv) > 2: os.setxattr(sys.argv[1], sys.argv[2], sys.argv[3].encode())
else: [print(name, os.getxattr(sys.argv[1], name).hex()) for name in sorted(os.listxattr(sys.argv[1]))]' "$@"
}

# root_with_attributes: moves TWPOOL_ROOT to a file system whose files can have them.
root_with_attributes() {
  local place old=$TWPOOL_ROOT
  for place in "$BATS_TEST_TMPDIR" /var/tmp /dev/shm; do
    attributes_root=$(mktemp -d "$place/twpool-attributes.XXXXXX")
    ! attributes "$attributes_root" user.twpool yes 2>/dev/null || break
    rmdir -- "$attributes_root" && attributes_root=
  done
  mv -- "$TWPOOL_ROOT" "$attributes_root/root"
  export TWPOOL_ROOT=$attributes_root/root
  sed -i "s|$old|$TWPOOL_ROOT|" edits.json
}

teardown() {
  rm -rf -- ${attributes_root:+"$attributes_root"}
}

@test "a file that was deleted or replaced since gets back the attributes that it had, with its bytes" {
  root_with_attributes
  printf 'old\n' >"$TWPOOL_ROOT/etc/old.ini"
  for file in "$TWPOOL_ROOT/srv/dsn.json" "$TWPOOL_ROOT/etc/old.ini"; do
    attributes "$file" user.owner "the team of $file"
    attributes "$file" user.empty ''
    ! command -v setfacl >/dev/null || setfacl -m u:nobody:r "$file"
  done
  tree >tree.before
  for file in "$TWPOOL_ROOT/srv/dsn.json" "$TWPOOL_ROOT/etc/old.ini"; do attributes "$file"; done >before
  grep -q user.owner before
  # What somebody has done since: removed it, put a copy in its place, or one of the old bytes, or nothing.
  for since in deleted copied old alone; do
    generation=$(twpool-generation begin)
    twpool-generation stage -q --mode 0600 "$generation" new.ini /etc/old.ini
    twpool-generation stage -q --edits "$generation" edits.json
    cp "$TWPOOL_ROOT/srv/dsn.json" "$TWPOOL_ROOT/etc/old.ini" .
    twpool-generation apply -q "$generation"
    for file in "$TWPOOL_ROOT/srv/dsn.json" "$TWPOOL_ROOT/etc/old.ini"; do
      cp "$file" now
      case $since in
        deleted) rm "$file" ;;
        copied) rm "$file" && cp now "$file" ;;
        old) rm "$file" && cp "${file##*/}" "$file" && chmod 0640 "$file" ;;
      esac
    done
    twpool-generation restore -q --to "$generation"
    run -0 twpool-generation verify --to "$generation"
    for file in "$TWPOOL_ROOT/srv/dsn.json" "$TWPOOL_ROOT/etc/old.ini"; do attributes "$file"; done | diff before -
    tree | diff tree.before -
    twpool-generation mark "$generation" undone
  done
}

@test "an entry that nothing of ours can have written is refused, and the host is left alone" {
  deployed
  gen=$TWPOOL_ROOT/var/lib/twpool/generations/0001/manifest.json
  cp "$gen" kept
  tree >between
  for damage in '.entries[-1].old.xattrs = {"user.x": "6"}' 'del(.entries[-1].old)' '.entries[-1].old = []' 'del(.entries[-1].old.mode)' '.entries[-1].new.mode = -1' \
    '.entries[-1].path = "/etc/../../out"' '.entries[-1].kind = "link"' 'del(.entries[-1].path)' '.entries += [null]' \
    '.entries[-1].new.uid = 4294967296' 'del(.created)'; do
    jq "$damage" kept | resealed >"$gen"
    run -65 twpool-generation restore --to 1
    tree | diff between -
  done
}

@test "the record is for its owner alone" {
  deployed
  run -0 find "$TWPOOL_ROOT/var/lib/twpool" -perm /077
  [ -z "$output" ]
}

@test "notes and evidence are kept: text as text, JSON as JSON" {
  twpool-generation begin >/dev/null
  twpool-generation note 1 pooler.was stopped answer 42
  [ "$(twpool-generation get 1 pooler.was answer absent | tr '\0' '|')" = "stopped|42||" ]
  twpool-generation mark 1 undone
  twpool-generation begin >/dev/null
  [ "$(twpool-generation get all number answer state | tr '\0' '|')" = "0001|42|undone|0002||open|" ]
  twpool-generation note --evidence 1 status passed load '{"logins": 100}'
  run -0 jq -r '.status, .load.logins, .schema' "$TWPOOL_ROOT/var/lib/twpool/generations/0001/evidence.json"
  [ "$output" = $'passed\n100\n1' ]
}

@test "list shows every generation with state and paths, --active only what is not undone" {
  deployed
  twpool-generation mark 1 undone
  twpool-generation begin >/dev/null
  run -0 twpool-generation list
  [[ "${lines[0]}" =~ ^"0001  undone    "[0-9TZ:-]+"  5 path(s)"$ || "${lines[0]}" =~ ^"0001  undone    "[0-9TZ:-]+"  4 path(s)"$ ]]
  [[ "${lines[1]}" == "0002  open "* ]]
  run -0 twpool-generation list --active -q
  [ "$output" = 0002 ]
  run -0 bash -c 'twpool-generation list --json | jq -r ".generations[0].state"'
  [ "$output" = undone ]
}

@test "an undone generation is left alone by restore" {
  deployed
  twpool-generation restore -q --to 1
  twpool-generation mark 1 undone
  printf 'mine\n' >"$TWPOOL_ROOT/etc/mine"
  mkdir -p "$TWPOOL_ROOT/etc/pgbouncer/twpool"
  printf 'mine\n' >"$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini"
  run -0 twpool-generation restore --to 1
  [ "$(cat "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini")" = mine ]
}

@test "wrong states, numbers, modes and owners are usage errors" {
  twpool-generation begin >/dev/null
  run -64 twpool-generation mark 1 finished
  run -64 twpool-generation apply zero
  run -64 twpool-generation stage --mode 9 1 new.ini /etc/x
  run -67 twpool-generation stage --owner nosuchuser 1 new.ini /etc/x
  run -0 twpool-generation stage --owner "$(id -u):$(id -g)" 1 new.ini /etc/y
  run -64 twpool-generation stage 1 new.ini relative/path
}
