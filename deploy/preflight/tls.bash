# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# TLS of the pooler: whether it is needed, its settings, and its files: there, readable by the pooler,
# private, lasting. Sourced by phases/preflight, after leak.bash.

# tls_value KEY: a setting of section pgbouncer, or nothing.
tls_value() {
  twpool-site get --site "$SITE" "pgbouncer.$1" 2>/dev/null | tr -d '\0' || :
}

# check_tls: on a loopback only, off is right. Elsewhere clients and PostgreSQL are spoken to with TLS,
# with certificates that the pooler can read and that last.
check_tls() {
  local one outside='' client server
  client=$(tls_value client_tls_sslmode) server=$(tls_value server_tls_sslmode)
  for one in ${site[pgbouncer.listen_addr]//,/ }; do
    [[ $one == localhost || $one == 127.* || $one == ::1 ]] || outside=$one
  done
  tls_client
  tls_server
  tls_protocols client
  tls_protocols server
  tls_files client cert_file key_file ca_file
  tls_files server cert_file key_file ca_file
}

# tls_client: how clients of other hosts are let in.
tls_client() {
  if [[ -z $outside ]]; then
    finding ok tls 'clients come from this host only: no TLS is needed'
  elif [[ $client == require || $client == verify-* ]]; then
    finding ok tls "clients of other hosts come with TLS (client_tls_sslmode = $client)"
  else
    finding warning tls "the pooler listens on $outside and asks nobody for TLS (client_tls_sslmode is ${client:-disable})" \
      'set pgbouncer.client_tls_sslmode to "require", and client_tls_cert_file and client_tls_key_file; or listen on 127.0.0.1.'
  fi
  [[ -z $client || $client == disable || -n $(tls_value client_tls_cert_file) && -n $(tls_value client_tls_key_file) ]] ||
    finding error tls "client_tls_sslmode is $client, and client_tls_cert_file or client_tls_key_file is missing" \
      'name both: PgBouncer does not start without them.'
  [[ $client != verify-* || -n $(tls_value client_tls_ca_file) ]] ||
    finding error tls "client_tls_sslmode is $client, and client_tls_ca_file is missing" \
      'name the file with the certificate of the authority that signs those of clients.'
}

# tls_server: how PostgreSQL is spoken to.
tls_server() {
  if postgres_local; then
    return 0
  elif [[ $server == verify-full ]]; then
    finding ok tls "PostgreSQL at ${site[postgres.host]} must prove who it is (verify-full)"
    [[ -n $(tls_value server_tls_ca_file) ]] || finding error tls 'server_tls_sslmode is verify-full, and server_tls_ca_file is missing' \
      'name the file with the certificate of its authority.'
  else
    finding warning tls "PostgreSQL is at ${site[postgres.host]}, and server_tls_sslmode is ${server:-prefer}: whoever stands between can be PostgreSQL" \
      'set pgbouncer.server_tls_sslmode to "verify-full", and server_tls_ca_file.'
  fi
}

# tls_protocols SIDE: none that is broken. PgBouncer's own choice is 1.2 and 1.3.
tls_protocols() {
  local protocols
  protocols=$(tls_value "$1_tls_protocols")
  [[ ! ,${protocols//[[:space:]]/}, =~ ,(all|legacy|tlsv1|tlsv1\.0|tlsv1\.1), ]] ||
    finding warning tls "$1_tls_protocols is $protocols: TLS before 1.2 is broken" 'leave it out: "secure" is 1.2 and 1.3.'
}

# tls_files SIDE WORD...: each file is there, and the pooler can read it; a key is nobody else's; a certificate
# lasts for a month.
tls_files() {
  local side=$1 word file account
  shift
  account=$(pooler_user)
  ((EUID == 0)) && id -u -- "$account" >/dev/null 2>&1 || account=
  for word; do
    file=$(tls_value "${side}_tls_$word")
    [[ -n $file ]] || continue
    if ! as_user "$account" test -r "$file" -a -f "$file"; then
      finding error tls "${side}_tls_$word: ${account:-the pooler} cannot read $file" \
        'chgrp it to the group pgbouncer and chmod 640, and open the way to it.'
    elif [[ $word == key_file ]] && open_to_all "$file"; then
      finding error tls "${side}_tls_$word: everybody can read $file" 'chmod 640 it, and have another key made.'
    elif [[ $word != key_file ]]; then
      tls_lasts "${side}_tls_$word" "$file"
    fi
  done
}

# tls_lasts KEY FILE: the first certificate of a file is one, and for how long.
tls_lasts() {
  local end
  [[ -n $(command -v openssl) ]] || return 0
  if ! end=$(openssl x509 -noout -enddate -in "$2" 2>/dev/null); then
    finding error tls "$1: no certificate in $2" 'name a file in PEM.'
  elif ! openssl x509 -noout -checkend 0 -in "$2" >/dev/null 2>&1; then
    finding error tls "$1: $2 has expired on ${end#notAfter=}" 'renew it.'
  elif ! openssl x509 -noout -checkend $((30 * 86400)) -in "$2" >/dev/null 2>&1; then
    finding warning tls "$1: $2 expires on ${end#notAfter=}" 'renew it; a RELOAD of the pooler reads it.'
  else
    finding ok tls "$1: $2 lasts until ${end#notAfter=}"
  fi
}
