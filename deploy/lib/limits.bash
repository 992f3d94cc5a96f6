# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What whoever started us was limited to (ulimit) is meant neither for us nor for the services that we
# start: a rollback that stops half-way, or a server that may write no file, helps nobody. Sourced by
# common.bash.

# limits_read FILE NAME: limits as proc(5) has them, as NAME[RESOURCE]="SOFT HARD" in ulimit's units.
limits_read() {
  local -n limits_target=$2
  local line key soft hard
  [[ -r $1 ]] || return 0
  while IFS= read -r line; do
    [[ $line == Max* ]] || continue
    key=${line:4:21} soft=${line:26:20} hard=${line:47:20}
    soft=${soft%% *} hard=${hard%% *}
    if [[ $line == *bytes* ]]; then
      [[ $soft == unlimited ]] || soft=$((soft / 1024))
      [[ $hard == unlimited ]] || hard=$((hard / 1024))
    fi
    limits_target[${key%%  *}]="$soft $hard"
  done <"$1"
}

# limit_lower A B
limit_lower() {
  [[ $1 != unlimited && ($2 == unlimited || $1 -lt $2) ]]
}

# What is not enough to do anything with, where it cannot be lifted: seconds, processes, KiB.
declare -A limits_least=([t]=60 [f]=102400 [d]=65536 [s]=512 [u]=32 [v]=65536)

# limits_lifted: where ours are lower than those of the host's first process, they become those; without the
# privilege for it, the soft ones become our own hard ones. Sets `limits_short` to what is not enough after
# that. Descriptors are left alone: preflight and process.bash reckon with them.
limits_lifted() {
  local -A own=() host=() letters=(['cpu time']=t ['file size']=f ['data size']=d ['stack size']=s
    [processes]=u ['address space']=v)
  local key letter soft hard
  limits_short=
  limits_read "/proc/$$/limits" own
  limits_read /proc/1/limits host
  for key in "${!letters[@]}"; do
    letter=${letters[$key]} soft=${own[$key]% *} hard=${own[$key]#* }
    host[$key]=${host[$key]:-unlimited unlimited}
    if limit_lower "$hard" "${host[$key]#* }" && ulimit "-H$letter" "${host[$key]#* }" 2>/dev/null; then
      hard=${host[$key]#* }
    fi
    if limit_lower "$soft" "${host[$key]% *}"; then
      soft=${host[$key]% *}
      ! limit_lower "$hard" "$soft" || soft=$hard
      ulimit "-S$letter" "$soft"
    fi
    ! limit_lower "$soft" "${limits_least[$letter]}" || limits_short+=${limits_short:+, }"$key ($soft, ulimit -$letter)"
  done
}
