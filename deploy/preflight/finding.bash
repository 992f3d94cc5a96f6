# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# How preflight says what it found: rows for twpool-site findings, which makes the table and the JSON
# of them. Sourced by phases/preflight.

findings=()
errors=0
reported=

# finding LEVEL ID TEXT [REMEDY]: LEVEL is ok, warning, error or busy, an error that goes away by
# waiting. Not for subshells.
finding() {
  findings+=("$1" "$2" "${3:-something failed without a word}" "${4:-}")
  [[ $1 != error && $1 != busy ]] || errors=$((errors + 1))
}

# attempt ID OK-TEXT REMEDY COMMAND...: a finding from a command that explains its own failure.
attempt() {
  local id=$1 ok=$2 remedy=$3 output
  shift 3
  if output=$("$@" 2>&1); then
    finding ok "$id" "$ok"
  else
    output=${output:-failed without a word}
    finding error "$id" "${output%%$'\n'*}" "$(remedy_of "$output" "$remedy")"
    return 1
  fi
}

# remedy_of OUTPUT REMEDY: the program's own hint, if it gave one.
remedy_of() {
  local hint
  hint=$(sed -n 's/^HINT: //p' <<<"$1")
  printf '%s' "${hint:-$2}"
}

# findings_write: as twpool-site findings reads them.
findings_write() {
  ((${#findings[@]} == 0)) || printf '%s\0' "${findings[@]}"
}

# report [--table|--json]: the findings, as the result where the caller wants that, otherwise as
# talk. Ends with the exit code that they mean.
report() {
  local code=0 output options=(--tool twpool-deploy)
  reported=yes
  [[ ${1:-} != --json ]] || options+=(--json)
  output=$(findings_write | twpool-site findings "${options[@]}") || code=$?
  if [[ -n ${1:-} ]]; then
    printf '%s\n' "$output"
  else
    say "$output"
  fi
  case $code in
    0) exit 0 ;;
    75) die 75 'the host is busy; nothing was changed' 'try again when that has ended.' ;;
    *) die 78 "$errors finding(s) stand in the way; nothing was changed" ;;
  esac
}
