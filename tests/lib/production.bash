# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# A booted host as an operator has it: booted.bash's, with twpool installed from this checkout and a
# site file. Sourced; needs what booted.bash needs.

# shellcheck source=tests/lib/booted.bash
. "${BASH_SOURCE[0]%/*}/booted.bash"

# What makes an image is a process of its own, which needs these words too.
_booted_lib=$(readlink -f -- "${BASH_SOURCE[0]}")

# The toolkit's programs as they are copied; tests/hosts says so where they were built elsewhere.
production_bin=${TWPOOL_BIN:-${BASH_SOURCE[0]%/*}/../../.build/bin}

# production_image SUITE MAX_CONNECTIONS [KIND]: prints the image of a host with the game, twpool and a
# site file, which was powered off then.
production_image() {
  local game image
  game=$(booted_game_root "$@")
  image=$game-twpool-$(_production_key)
  _booted_once "$image" _production_make "$game"
}

# deployed_image SUITE MAX_CONNECTIONS: prints the image of such a host after `make deploy`. What the
# deploy said is in IMAGE.talk, the files before it in IMAGE.before, the units in IMAGE.units.
deployed_image() {
  local ready image
  ready=$(production_image "$1" "$2")
  image=$ready-deployed
  _booted_once "$image" _deployed_make "$ready"
}

# _production_key: of all that a deploy is made by.
_production_key() {
  local top
  top=$(readlink -f -- "${BASH_SOURCE[0]%/*}/../..")
  {
    cat "$production_bin"/* "$top/Makefile" "${BASH_SOURCE[0]}"
    find "$top"/{deploy,rollback,templates,docs} -type f -print0 | sort -z | xargs -0 cat
  } | _booted_key
}

_production_make() {
  booted_boot "make-$$-$RANDOM" "$2"
  production_checkout
  booted_run make -s -C /root/twpool install
  production_site
  booted_off
  booted_save "$1"
}

_deployed_make() {
  booted_boot "make-$$-$RANDOM" "$2"
  production_files >"$1.before"
  booted_units >"$1.units"
  booted_run make -s -C /root/twpool deploy >"$1.talk" 2>&1 || {
    cat "$1.talk" >&2
    return 1
  }
  booted_off
  booted_save "$1"
}

# production_checkout: this checkout at /root/twpool, with the programs that were built here, so that
# nothing is compiled on the host.
production_checkout() {
  local top stage
  top=$(readlink -f -- "${BASH_SOURCE[0]%/*}/../..")
  booted_run mkdir -p /root/twpool/.build
  tar -C "$top" --owner=0 --group=0 --exclude=./.build --exclude=./.build-san --exclude=./.git -cf - . |
    booted_run tar -C /root/twpool -xpf -
  tar -C "$production_bin/.." --owner=0 --group=0 -cf - . | booted_run tar -C /root/twpool/.build -xpf -
}

# production_site: writes /etc/twpool/site.json.
production_site() {
  booted_run mkdir -p /etc/twpool
  jq -n '{ schema: 1, databases: [ { name: "twclone" } ], users: [ { name: "twclone" } ],
    pgbouncer: {},
    server: { directory: "/srv/twclone", user: "twclone", unit: "twclone.service", listen_port: 7777,
              dsn: [ "bin/bigbang.json#/app" ], log: "bin/twclone.log", stop_seconds: 10, start_seconds: 10 },
    validate: { success_pattern: "Authentication successful for player", pool_seconds: 2,
                latency_pairs: 500, max_overhead_ms: 50,
                command: [ "bin/bots", "--port", "7777", "--bots", "100", "--duration", "2", "--think", "0.2" ] } }' |
    booted_run tee /etc/twpool/site.json >/dev/null
}

# production_edit JQ-FILTER: changes the site file that is there.
production_edit() {
  local site
  site=$(booted_run cat /etc/twpool/site.json | jq "$1")
  booted_run tee /etc/twpool/site.json >/dev/null <<<"$site"
}

# What a deploy and a rollback may leave changed: what the package manager and the system write for
# themselves, twpool's own record, and logs.
production_excluded=(
  var/cache var/lib/apt var/lib/dpkg var/lib/systemd var/lib/twpool var/backups var/spool
  'etc/passwd-' 'etc/shadow-' 'etc/group-' 'etc/gshadow-' # backups by useradd and userdel
  etc/ld.so.cache etc/.pwd.lock run tmp var/tmp proc sys dev srv/twclone/bin/twclone.log root
)

# production_files: every path that must be as before after a rollback.
production_files() {
  booted_files "${production_excluded[@]}"
}

# production_packages: the paths of the packages that are installed beside those of the file PACKAGES,
# without the leading slash.
production_packages() {
  # shellcheck disable=SC2016 # dpkg's
  booted_run dpkg-query -W -f '${Package}\n' | sort >"$1.now"
  # shellcheck disable=SC2046 # names of packages
  booted_run dpkg -L $(comm -13 "$1" "$1.now") | sed 's|^/||' | sort -u
}
