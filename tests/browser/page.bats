#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The report of twpool-stress in a real browser (make page): headless Chromium, which the other tests
# do not need.
bats_require_minimum_version 1.5.0

setup_file() {
  load_words
  cluster_start "$BATS_FILE_TMPDIR/c" 30
  pooler_start "$CLUSTER_DIR/pool"
  cd "$BATS_FILE_TMPDIR" || return
  mkdir -p root/run
  ln -s "$POOLER_DIR" root/run/pgbouncer
  jq -n --arg socket "$CLUSTER_SOCKET" --arg super "$CLUSTER_SUPERUSER" --argjson port "$CLUSTER_PORT" --argjson pool "$POOLER_PORT" \
    '{schema: 1, postgres: {port: $port, socket_directory: $socket, superuser: $super},
      databases: [{name: "game"}], users: [{name: "game"}], pgbouncer: {listen_port: $pool}}' >site.json
  TWPOOL_ROOT=$PWD/root "$TWPOOL_BIN/twpool-size" --tune --site site.json --dsn "host=127.0.0.1 port=$POOLER_PORT user=game dbname=game" \
    --sizes 1,2,4,8 --bots 20 --seconds 1 --json >curve.json
  "$TWPOOL_BIN/twpool-stress" --dsn "host=127.0.0.1 port=$POOLER_PORT user=game dbname=game" --versus "port=$CLUSTER_PORT" \
    --console "$CONSOLE" --postgres "$POSTGRES" --bots 50 --duration 1 --think 0.1 --rounds 2 --pairs 100 --sweep 10,30,100 \
    --curve curve.json --json report.json --html report.html
}

teardown_file() {
  load_words
  pooler_halt
  cluster_stop
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return
}

load_words() {
  # shellcheck source=tests/lib/cluster.bash
  . "$BATS_TEST_DIRNAME/../lib/cluster.bash"
  # shellcheck source=tests/lib/pooler.bash
  . "$BATS_TEST_DIRNAME/../lib/pooler.bash"
}

# browse OPTION...: the page in a browser of its own, which says what the console says.
browse() {
  timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update \
    --disable-sync --no-first-run --user-data-dir="$BATS_TEST_TMPDIR/profile" --enable-logging=stderr --hide-scrollbars \
    --window-size=1000,4400 "$@" "file://$PWD/report.html"
}

@test "as the browser has it, every figure is the report's" {
  browse --dump-dom >dom.html 2>/dev/null
  grep -q '</html>' dom.html
  run -0 perl "$BATS_TEST_DIRNAME/../lib/page.pl" dom.html report.json 100
}

@test "all parts of the report are there, each picture with words" {
  local part
  for part in 'The promises' 'Before and after' 'What held it back' 'Success over the number of bots' 'Latency of transactions' \
    'Server connections over time' 'Memory of a connection' 'Added latency' 'The size of the pool'; do
    grep -qF "<h2>$part</h2>" report.html || {
      echo "not there: $part"
      return 1
    }
  done
  [ "$(grep -o '<svg [^>]*role="img" aria-label="[^"]' report.html | wc -l)" -eq 5 ]
}

@test "no error on the console, and no request but for the page itself" {
  browse --dump-dom --log-net-log="$PWD/net.json" >dom.html 2>log
  run -1 grep -F ':CONSOLE' log
  # The log has the requests of the browser too; whatever the page asked for has it as its initiator.
  jq -r '.events[].params | objects | .url? // empty' net.json | sort -u >urls
  run -1 grep -vE '^(file://.*/report\.html|data:,|chrome://.*|https?://[^/]*(google|gstatic|googleapis)[^/]*/.*)$' urls
  # The check sees what it is for: a page that asks is found out.
  sed 's|</main>|<script>x</script><img src="http://127.0.0.1:1/a.png"></main>|' report.html >asks.html
  cp report.html kept.html
  mv asks.html report.html
  browse --dump-dom >/dev/null 2>log
  mv kept.html report.html
  grep -qF ':CONSOLE' log
}

@test "light and dark, and on paper: pictures for who looks at this run" {
  local out=$BATS_TEST_DIRNAME/../../.build/report
  mkdir -p "$out"
  browse --screenshot="$out/light.png" 2>/dev/null
  browse --screenshot="$out/dark.png" --force-dark-mode --blink-settings=preferredColorScheme=0 2>/dev/null
  browse --print-to-pdf="$out/report.pdf" 2>/dev/null
  [ -s "$out/light.png" ]
  [ -s "$out/report.pdf" ]
  run ! cmp -s "$out/light.png" "$out/dark.png"
  cp report.html report.json "$out/"
}
