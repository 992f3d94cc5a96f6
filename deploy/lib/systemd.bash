# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The service manager "systemd", for production hosts: the pooler is the package's pgbouncer.service
# with a drop-in of ours, the server a unit that the site names. Sourced by service.bash, which says
# what each function does.

# shellcheck source=deploy/lib/package.bash
. "$home/deploy/lib/package.bash"

systemd_user() {
  printf 'pgbouncer'
}

systemd_binary() {
  package_binary
}

# systemd_unit NAME
systemd_unit() {
  case $1 in
    pooler) printf 'pgbouncer.service' ;;
    server) printf '%s' "${site[server.unit]}" ;;
  esac
}

# systemd_is NAME PROPERTY: what systemd says of a unit, or nothing.
systemd_is() {
  timeout 10 systemctl show --property "$2" --value -- "$(systemd_unit "$1")"
}

# systemd_pid NAME: of a server that is no unit, whoever has its port.
systemd_pid() {
  local pid
  if [[ -z $(systemd_unit "$1") ]]; then
    pid=$(port_holder "${site[server.listen_port]}")
    pid=${pid##* }
  else
    pid=$(systemd_is "$1" MainPID) || return 0
  fi
  [[ ! $pid =~ ^[1-9][0-9]*$ ]] || printf '%s' "$pid"
}

# systemd_running NAME: "activating" is not: a unit that fails again and again is that in between.
systemd_running() {
  if [[ -z $(systemd_unit "$1") ]]; then
    [[ -n $(systemd_pid "$1") ]]
  else
    [[ $(systemd_is "$1" ActiveState) =~ ^(active|reloading|deactivating)$ ]]
  fi
}

# A boot (TWPOOL_BOOT) is waiting for us: its jobs, and ours, run when we have ended.

# systemd_start NAME: a unit that failed too often before is given another chance.
systemd_start() {
  local unit patience=30
  [[ $1 != server ]] || patience=${site[server.start_seconds]}
  unit=$(systemd_unit "$1")
  if [[ -n ${TWPOOL_BOOT:-} ]]; then
    run systemctl start --no-block -- "$unit"
    return
  fi
  [[ -n ${TWPOOL_PLAN:-} ]] || systemctl --quiet reset-failed -- "$unit" 2>/dev/null || :
  run timeout "$patience" systemctl start -- "$unit" || :
}

# systemd_stop NAME PATIENCE: a unit that has not ended by then is killed.
systemd_stop() {
  local unit patience=$2
  [[ $1 == server ]] || patience=20
  unit=$(systemd_unit "$1")
  if [[ -n ${TWPOOL_BOOT:-} ]]; then
    run systemctl stop --no-block -- "$unit"
    [[ -n ${TWPOOL_PLAN:-} ]] || wait_for 20 service_stopped "$1"
    return
  fi
  ! service_stopped "$1" || return 0
  run systemctl stop --no-block -- "$unit"
  [[ -z ${TWPOOL_PLAN:-} ]] || return 0
  wait_for "$patience" service_stopped "$1" && return
  run systemctl kill --signal KILL -- "$unit"
  wait_for 5 service_stopped "$1"
}

# systemd_restart NAME: as one job, which takes with it what is PartOf= the unit.
systemd_restart() {
  if [[ -n ${TWPOOL_BOOT:-} ]]; then
    run systemctl restart --no-block -- "$(systemd_unit "$1")"
    return
  fi
  run timeout 60 systemctl restart -- "$(systemd_unit "$1")" || :
}

systemd_log() {
  if [[ $1 == server && -n ${site[server.log]} ]]; then
    as_user "${site[server.user]}" timeout 5 tail -n "$2" -- "$(server_log)"
  else
    timeout 5 journalctl --quiet --no-pager --output cat --lines "$2" --unit "$(systemd_unit "$1")"
  fi
}

# systemd_durable: what systemctl has linked is on the disk, as what is published is, before the record says so.
systemd_durable() {
  local directory directories=()
  for directory in /etc/systemd/system /etc/systemd/system/*.wants /etc/rc?.d; do
    [[ ! -d $directory ]] || directories+=("$directory")
  done
  sync -- "${directories[@]}"
}

# systemd_reread CHANGES: units are read again where one of the changed paths is a unit's.
systemd_reread() {
  [[ $1 != */etc/systemd/* ]] || run systemctl daemon-reload
}
