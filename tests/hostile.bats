#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Hostile surroundings: what a shell, a cron daemon, an operator or a file system may do to twpool. It is
# refused, or the result is the same to the byte.
# `run --separate-stderr` sets stderr; what runs in a namespace expands there.
# shellcheck disable=SC2016,SC2154
bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$TWPOOL_BIN:$PATH
  export TWPOOL_ROOT=$BATS_TEST_TMPDIR/root
  printf 'new\n' >new.ini
  world
}

teardown() {
  [[ ! -e $TWPOOL_ROOT/srv/dsn.json ]] || chattr -i "$TWPOOL_ROOT/srv/dsn.json" 2>/dev/null || :
}

# world: the host before.
world() {
  rm -rf "$TWPOOL_ROOT"
  (umask 022 && mkdir -p "$TWPOOL_ROOT/srv" "$TWPOOL_ROOT/etc" "$TWPOOL_ROOT/var/lib")
  printf '{"app": "dbname=%%DB%% user=game", "n": 1}' >"$TWPOOL_ROOT/srv/dsn.json"
  chmod 0640 "$TWPOOL_ROOT/srv/dsn.json"
  touch -d '2020-01-02 03:04:05.123456789' "$TWPOOL_ROOT/srv/dsn.json"
  printf '{"files": [{"path": "%s/srv/dsn.json", "edits": [{"offset": 30, "old": "", "new": " port=6432"}]}]}' \
    "$TWPOOL_ROOT" >edits.json
}

# tree: every path below the root but the record: mode, owner, bytes; the time of what was there.
tree() {
  (cd "$TWPOOL_ROOT" && find . -path ./var -prune -o -type f -printf '%p %m %U:%G ' -exec sha256sum {} \; -o -printf '%p %m %U:%G\n' | sort)
}

# forth: a deploy's commands, one after the other, until one fails.
forth() {
  twpool-generation begin >/dev/null &&
    twpool-generation stage -q -g pooler --mode 0640 1 "$BATS_TEST_TMPDIR/new.ini" /etc/pgbouncer/twpool/pgbouncer.ini &&
    twpool-generation stage -q -g server --edits 1 "$BATS_TEST_TMPDIR/edits.json" &&
    twpool-generation apply -q 1
}

# back: and the way back.
back() {
  twpool-generation restore -q --to 1 && twpool-generation verify --to 1
}

# the_same SURROUNDINGS: forth and back in them have the results that they have without.
the_same() {
  tree >before
  forth
  tree >after
  world
  "$1" forth
  tree | diff after -
  "$1" back
  tree | diff before -
}

closed() { "$@" <&- >&- 2>&-; }
open_mask() { (umask 0 && "$@"); }
shut_mask() { (umask 0777 && "$@"); }
nowhere() { (mkdir -p gone && cd gone && rmdir ../gone && "$@"); }
odd() {
  (
    export LC_ALL=tr_TR.UTF-8 LANG=ja_JP.SJIS TZ=Pacific/Kiritimati PGHOST=nowhere PGPORT=x PGSERVICE=none PGOPTIONS=-x \
      BASH_ENV=/dev/tty POSIXLY_CORRECT=1 TMPDIR=/nonexistent HOME='' MALLOC_PERTURB_=165 LD_BIND_NOW=1
    "$@"
  )
}
nameless() {
  # shellcheck disable=SC2317 # called by the command
  twpool-generation() { (exec -a '' "$TWPOOL_BIN/twpool-generation" "$@"); }
  "$@"
  unset -f twpool-generation
}

@test "with descriptors 0 to 2 closed the result is the same, and no file is written into" {
  the_same closed
}

@test "with umask 0 and 0777" {
  the_same open_mask
  world
  the_same shut_mask
}

@test "in a directory that is gone, in an odd environment, without a name" {
  the_same nowhere
  world
  the_same odd
  world
  the_same nameless
}

# bounded LIMIT...: with each limit a deploy is done, or the host untouched after the way back.
bounded() {
  local limit
  tree >before
  for limit; do
    # shellcheck disable=SC2086 # two words
    if (ulimit $limit && forth) 2>/dev/null; then
      run -0 twpool-generation verify
      echo "$limit: done"
    else
      echo "$limit: not done, $(tree | diff -q before - || :)"
    fi
    if twpool-generation list -q | grep -q .; then
      back
    fi
    tree | diff before -
    world
  done
}

@test "with few descriptors, no room in a file, little memory, no processes" {
  bounded '-n 3' '-n 4' '-n 5' '-n 6' '-n 7' '-n 8' '-f 0' '-f 1' '-v 3000' '-v 6000' '-v 9000' '-u 1' '-s 64' '-c 0'
}

# refused CODE TEXT: apply says so, and nothing is changed at the path; the way back is open.
refused() {
  run "-$1" --separate-stderr forth
  [[ "$stderr" == *"$2"* ]]
}

@test "a FIFO, a socket, a device and a link at the path are refused, and not waited for" {
  mkdir -p "$TWPOOL_ROOT/etc/pgbouncer/twpool"
  mkfifo "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini"
  refused 66 'is not a regular file'
  [ -p "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini" ]
  rm "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini"
  ln -s /dev/zero "$TWPOOL_ROOT/etc/pgbouncer/twpool/pgbouncer.ini"
  refused 66 'is a symbolic link'
}

@test "a path that became a FIFO after the deploy is no file to restore: said, and the rest is restored" {
  forth
  rm "$TWPOOL_ROOT/srv/dsn.json"
  mkfifo "$TWPOOL_ROOT/srv/dsn.json"
  run -73 --separate-stderr twpool-generation restore --to 1
  [[ "$output" == *'failed    /srv/dsn.json'* ]]
  [ ! -e "$TWPOOL_ROOT/etc/pgbouncer" ]
}

# swapper: the owner of a directory exchanges it, and the file in it, for links to what is root's, all the
# time, until its standard input ends.
swapper() {
  cd "$TWPOOL_ROOT/srv" || return
  exec setpriv --reuid nobody --clear-groups perl -e '
    use Fcntl; my $in = ""; my ($bin, $away, $file, $link) = ("bin", "bin.link", "real/dsn.json", "real/dsn.link");
    fcntl(STDIN, F_SETFL, O_NONBLOCK); $| = 1;
    for (my $n = 1;; $n++) {
      # renameat2(2) with RENAME_EXCHANGE: there is no instant without a name.
      syscall(316, -100, $bin, -100, $away, 2) == 0 or die "bin: $!";
      syscall(316, -100, $file, -100, $link, 2); # a file that is replaced right now
      print "swapping\n" if $n == 100;
      last if defined(my $got = sysread(STDIN, $in, 1)) && !$in;
    }'
}

@test "a directory and a file that their owner swaps for links all the time lead nowhere else: what is root's stays, byte and mode" {
  ((EUID == 0)) || skip 'only root must not follow'
  [[ $(uname -m) == x86_64 ]] || skip 'the number of renameat2 is that of x86-64'
  local writer generation bytes i
  rm "$TWPOOL_ROOT/srv/dsn.json"
  (umask 022 && mkdir "$TWPOOL_ROOT/protected" "$TWPOOL_ROOT/srv/bin" "$TWPOOL_ROOT/srv/real")
  printf '{"app": "dbname=%%DB%% user=game", "n": 1}' | tee "$TWPOOL_ROOT/protected/dsn.json" "$TWPOOL_ROOT/srv/bin/dsn.json" >"$TWPOOL_ROOT/srv/real/dsn.json"
  ln -s ../protected "$TWPOOL_ROOT/srv/bin.link"
  ln -s ../../protected/dsn.json "$TWPOOL_ROOT/srv/real/dsn.link"
  chown -hR nobody "$TWPOOL_ROOT/srv"
  bytes=$(stat -c '%a %U %i %Z' "$TWPOOL_ROOT/protected/dsn.json" && sha256sum "$TWPOOL_ROOT/protected/dsn.json")
  mkfifo stop
  swapper <stop >swaps 3>&- 4>&- &
  exec {writer}>stop
  until [[ -s swaps ]]; do kill -0 $!; done
  printf '{"files": [{"path": "%s/srv/bin/dsn.json", "edits": [{"offset": 30, "old": "", "new": " port=6432"}]},
    {"path": "%s/srv/real/dsn.json", "edits": [{"offset": 30, "old": "", "new": " port=6432"}]}]}' "$TWPOOL_ROOT" "$TWPOOL_ROOT" >edits.json
  for ((i = 0; i < 30; i++)); do
    # Each is done, or refused; the next one begins anew.
    generation=$(twpool-generation begin)
    twpool-generation stage -q -g server --edits "$generation" edits.json 2>>refusals && twpool-generation apply -q "$generation" 2>>refusals || :
    twpool-generation restore -q --to "$generation" >>refusals 2>&1 || :
    twpool-generation mark "$generation" undone 2>>refusals || twpool-generation drop "$generation" 2>>refusals || :
  done
  kill -0 $!
  exec {writer}>&-
  wait $!
  [ "$(stat -c '%a %U %i %Z' "$TWPOOL_ROOT/protected/dsn.json" && sha256sum "$TWPOOL_ROOT/protected/dsn.json")" = "$bytes" ]
  [ "$(ls -A "$TWPOOL_ROOT/protected")" = dsn.json ]
  # And the links were met: somebody else's are refused by name.
  grep -q 'symbolic link' refusals
}

@test "an immutable file is refused, and once it is free the next run makes the host old" {
  tree >before
  chattr +i "$TWPOOL_ROOT/srv/dsn.json" 2>/dev/null || skip 'no immutable files on this file system'
  run -73 forth
  chattr -i "$TWPOOL_ROOT/srv/dsn.json"
  back
  tree | diff before -
}

# mounted COMMANDS: in a mount namespace of our own.
mounted() {
  # shellcheck disable=SC2016 # for the shell in the namespace
  unshare --mount --propagation private bash -c "$(declare -f forth back tree); $1"
}

@test "a file that is a mount, a read-only directory, the record on another file system" {
  ((EUID == 0)) && unshare --mount true 2>/dev/null || skip 'needs mounts'
  tree >before
  cp -p "$TWPOOL_ROOT/srv/dsn.json" own
  run -73 --separate-stderr mounted 'mount --bind own "$TWPOOL_ROOT/srv/dsn.json" && forth'
  [[ "$stderr" == *'Device or resource busy'* ]]
  back
  tree | diff before -
  world
  run -73 --separate-stderr mounted 'mount --bind "$TWPOOL_ROOT/etc" "$TWPOOL_ROOT/etc" && mount -o remount,bind,ro "$TWPOOL_ROOT/etc" && forth'
  [[ "$stderr" == *'Read-only file system'* ]]
  back
  tree | diff before -
  world
  run -0 mounted 'mount -t tmpfs none "$TWPOOL_ROOT/var/lib" && forth && back && tree'
  diff before - <<<"$output"
}

@test "a record that became read-only is enough for the way back" {
  ((EUID == 0)) && unshare --mount true 2>/dev/null || skip 'needs mounts'
  tree >before
  forth
  run -0 mounted 'mount --bind "$TWPOOL_ROOT/var" "$TWPOOL_ROOT/var" && mount -o remount,bind,ro "$TWPOOL_ROOT/var" && back'
  tree | diff before -
}

@test "a second apply and a second restore write nothing: no call that could change a managed file" {
  command -v strace >/dev/null || skip 'needs strace'
  strace -f -o /dev/null true 2>/dev/null || skip 'strace is not allowed here'
  calls=trace=write,pwrite64,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,chmod,fchmod,fchmodat,chown,fchown,fchownat,truncate,ftruncate,utimensat,setxattr,fsetxattr,removexattr,fremovexattr,link,linkat,symlink,symlinkat
  forth
  strace -f -y -e "$calls" -o trace twpool-generation apply -q 1
  run -1 grep -F "$TWPOOL_ROOT/" trace
  strace -f -y -e "$calls" -o trace twpool-generation restore -q --to 1
  run -0 grep -cF "$TWPOOL_ROOT/" trace
  ((output > 5))
  strace -f -y -e "$calls" -o trace twpool-generation restore -q --to 1
  run -1 grep -vE '^[0-9]+ +(\+\+\+|---)' trace
}
