#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# corpus.pl KEYS.json USERS VERSION OUT: configurations of PgBouncer, generated from the settings
# table (twpool-lint --keys), one file each in OUT, and OUT/list: NAME LINE EXPECTATION.
# EXPECTATION says what a finding on that line must be, should PgBouncer start:
#   good  the value is right: no error there       odd  it is not: a finding there       any
# With USERS.key and USERS.crt, TLS for clients too. The keys that the shadow boot replaces, because
# they would touch the host, are for PgBouncer itself, in a directory and a network of its own: NAME LINE
# EXPECTATION KEY, with @DIR@ in the file. Left out: user, which is whoever starts it; unix_socket_dir, which is
# in every file; listen_addr beyond the local ones, which asks a resolver; and the values of no_text and pkt_buf below.
use strict;
use warnings;
use JSON::PP;

my ($keys, $users, $version, $out) = @ARGV;
open(my $in, '<', $keys) or die "$keys: $!";
my $table = decode_json(do { local $/; <$in> });
my %replaced = map { $_ => 1 } qw(listen_addr listen_port unix_socket_dir unix_socket_mode pidfile logfile
  syslog user verbose disable_pqexec so_reuseport min_pool_size);
# What a text may be decides whether PgBouncer starts: these are judged by what the host has.
my %no_text = map { $_ => 1 } qw(conffile resolv_conf);
my ($n, %seen) = (0);
open(my $list, '>', "$out/list") or die;

sub put {
  my ($bytes, $line, $expect) = @_;
  return if $seen{$bytes}++;
  my $name = sprintf('%05d.ini', $n++);
  open(my $f, '>:raw', "$out/$name") or die;
  print $f $bytes;
  close($f) or die;
  print $list "$name $line $expect\n";
}

my @base = (['stats_users', 's'], ['auth_file', $users], ['ignore_startup_parameters', 'extra_float_digits'],
  ['listen_addr', '127.0.0.1']);
my $head = "[databases]\ng = host=/nonexistent\n";

# main_file KEY, LINES...: a whole file whose last lines are these of [pgbouncer]; and their first line.
sub main_file {
  my ($key, @lines) = @_;
  my @own = map { "$_->[0] = $_->[1]" } grep { $_->[0] ne $key } @base;
  return (join("\n", "[databases]", "g = host=/nonexistent", "[pgbouncer]", @own, @lines, ''), 4 + @own);
}

sub newer { # whether a version is above ours
  my ($v) = @_;
  my @a = split(/\./, $v); my @b = split(/\./, $version);
  for (0 .. 2) { return $a[$_] > $b[$_] if $a[$_] != $b[$_] }
  return 0;
}

my @int_odd = ('-1', '-5', '2147483648', '4294967295', '4294967296', '4294967297', '99999999999999999999', '010', '5x', 'abc',
  '', '1.5', '5 ; c', '"5"', "'5'", '1e3', '7 7', '-2147483649', '0x', '1_000', '10 # c', '5%');
my @int_any = ('0', '1', '7', '2147483647', '0x10', '+3', '00', '65535');
my @bool_odd = ('2', '-1', 'on', 'off', 'true', 'yes', '', '1 # c', "'1'", '4294967296', '01x', '1.0', 'TRUE', '10');
my @sec_odd = ('-1', 'nan', 'inf', '1e400', '1e-400', '1e15', '5min', '5s', '', '5 ; c', '0.0000001', '1e18', "'5'", 'infinity',
  '18446744073709.5', '18446744073710', '5 s', '1h', '-0.5', '0x10', '--1', '1,5');
my @sec_good = ('0', '1', '1.5', '1e3', '1234567', '+2', '.5', '5.', '86400', '0.001', '33.333333');
my @text_any = ('x', '', 'a b', '~', '/nonexistent/x', 'x' x 300, 'a,b', "it's", '100%', '\\');
my @text_odd = ('"q"', "'q'", 'x ; c', 'x # c');

# values: [value, expectation] for a key of [pgbouncer].
sub values_of {
  my ($k) = @_;
  my $t = $k->{type};
  return ((map { [$_, 'odd'] } @bool_odd), ['0', 'good'], ['1', 'good']) if $t eq 'boolean';
  return ((map { [$_, 'odd'] } @sec_odd), (map { [$_, 'good'] } @sec_good)) if $t eq 'seconds';
  if ($t eq 'integer') {
    my ($min, $max) = @$k{qw(min max)};
    # A buffer of 2 GiB is more than this machine should be asked for.
    my @edge = $k->{name} eq 'pkt_buf' ? ($min, 4096, 65536) : ($min, $min + 1, $max - 1, $max, int(($min + $max) / 2));
    my @any = $k->{name} eq 'pkt_buf' ? grep { length($_) < 5 } @int_any : @int_any;
    return ((map { [$_, 'good'] } @edge), (map { [$_, 'any'] } @any),
      map { [$_, $max > 2147483647 && /^\d+$/ && $_ <= $max ? 'any' : 'odd'] }
      grep { $k->{name} ne 'pkt_buf' || $_ !~ /^-?\d{10}/ } @int_odd);
  }
  my @words = map { ([$_, 'any'], [uc $_, 'any'], [$_ . 'x', $t eq 'enum' ? 'odd' : 'any']) } @{ $k->{words} || [] };
  return (@words, map { [$_, 'odd'] } '', 'x', '"q"', 'a b', 'x ; c') if $t eq 'enum';
  return (@words, (map { [$_, 'any'] } @text_any), map { [$_, 'odd'] } @text_odd);
}

my (@global, @settings);
for my $k (@{ $table->{pgbouncer} }) {
  next if $replaced{ $k->{name} };
  my $known = !($k->{since} && newer($k->{since})) && !($k->{removed} && !newer($k->{removed}));
  for my $v (values_of($k)) {
    next if $no_text{ $k->{name} } && $v->[0] eq '';
    my ($text, $line) = main_file($k->{name}, "$k->{name} = $v->[0]");
    put($text, $line, $v->[1]);
    push @settings, [$k->{name}, @$v] if $known && length($v->[0]) < 100;
  }
  push @global, $k->{name};
}

# Names that nobody knows: each key with a letter more, one less, and in capitals.
for my $name (@global) {
  for my $wrong ($name . 'x', substr($name, 0, -1), uc $name, "$name ", ".$name") {
    my ($text, $line) = main_file('', "$wrong = 1");
    put($text, $line, $wrong eq "$name " ? 'any' : 'odd');
  }
}

# The lines of [databases], [users] and [peers].
my @line_values = ('0', '1', '7', '-1', '-5', '5x', 'abc', '4294967297', '2147483648', '99999999999', "'7'", "''", '', "'7", "7'",
  "'7'x", "'a b'", "'it''s'", "a\\ b", '5min', '1.5', '"7"', "7\tx", '65535', '65536', '010', '+3', 'session', 'TRANSACTION',
  'statementx', 'round-robin', 'disable', 'x' x 200);
for my $section (qw(databases users peers)) {
  for my $k (@{ $table->{$section} }) {
    for my $v (@line_values) {
      my $name = $section eq 'peers' ? '1' : 'h';
      my $host = $section eq 'peers' && $k->{name} ne 'host' ? 'host=/x ' : '';
      put("[$section]\n$name = $host$k->{name}=$v\n" . (main_file(''))[0], 2, 'any');
    }
    for my $wrong ($k->{name} . 'x', uc $k->{name}, substr($k->{name}, 1)) {
      put("[$section]\n" . ($section eq 'peers' ? '1' : 'h') . " = $wrong=1\n" . (main_file(''))[0], 2, 'odd');
    }
  }
}

# The grammar of lines, names, sections and files.
my @conn = ('', 'host', 'host=', '=x', 'host =/x', 'host= /x', "host = '/x'", "host='/x'port=1", "host='/x' port=1", "host='/x'xport=1",
  'host=/x  port=1', ' host=/x', "host=/x\tport=1", "host=''", "host='", "host='''", "host=''''", "host='a''b'", "host=a'b",
  'host=/x host=/y', 'postgres://u@h/d', 'host=/x port=1 garbage', 'host=/x port=1 a=b', "password='a b'", 'password=a b',
  "password=a\\ b", 'host=/x;port=1', 'host=/x,port=1', 'HOST=/x', 'host=/x port=1 ', "host='/x' ", "'host'=/x", 'host=/x #c=d',
  'port=0', 'port=-1', 'port=x', 'port=0x10', 'pool_mode=', "pool_mode='session'", 'pool_mode=SESSION', "auth_user='a'", 'user=a password=b',
  "connect_query='select 1'", "connect_query='select ''x'''", 'connect_query=select', "host=/x user='a b'", "dbname='a''b c'");
put("[databases]\nh = $_\n" . (main_file(''))[0], 2, 'any') for @conn;
put("[databases]\n* = $_\n" . (main_file(''))[0], 2, 'any') for @conn;
put("[users]\nh = $_\n" . (main_file(''))[0], 2, 'any')
  for '', 'pool_mode=session', 'pool_mode=x', 'pool_mode', "pool_mode='session'x", 'max_user_connections=5x', 'pool_mode=session pool_mode=x';
put("[databases]\n$_ = host=/x\n" . (main_file(''))[0], 2, 'any')
  for 'a', 'a.b', 'a-b', 'a_b', '*a', 'a b', '"a"', "'a'", "'a b'", "'a", "a'", 'ä', 'a@b', 'a+b', 'a/b', '', 'pgbouncer', 'x' x 63, 'x' x 64,
  'x' x 127, 'x' x 128, '0', '-', '.', 'a:b', 'a,b', '[a', '%a', '%include', ';a', '#a', "''";
put("[peers]\n$_ = host=/x\n" . (main_file(''))[0], 2, 'any')
  for '0', '1', '2', '16383', '16384', '65535', '65536', '-1', 'x', '1x', '01', '+1', '*', '99999999999';
put("[peers]\n1 = $_\n" . (main_file(''))[0], 2, 'any') for '', 'port=1', 'host=/x port=0', 'host=/x pool_size=-1', 'host=/x x=1';
put("[users]\n$_ = pool_mode=session\n" . (main_file(''))[0], 2, 'any') for 'a', 'a b', "'a b'", 'x' x 63, 'x' x 64, '';
my $main = (main_file(''))[0];
put($_, 1, 'any') for
  "\xef\xbb\xbf$main", $main =~ s/\n/\r\n/gr, $main =~ s/\n/\r/gr, $main . "\0x = y\n", $main =~ s/\n\[pg/\n\0[pg/r,
  $main . "[pgbouncer]\n", $main . "[pgbouncer]\npool_mode = statement\n", $main . "[databases]\nh = host=/y\n", $main . "[nonsense]\n",
  $main . "[PgBouncer]\n", $main . "[ pgbouncer ]\n", $main . "[users\n", $main . "[]\n", $main . "[users] x\n", $main . "[users] u = pool_mode=session\n",
  $main . "[users] ; c\n", $main . "[users] # c\n", "pool_mode = session\n$main", "; c\n# c\n\n   \n$main", $main . "x\n", $main . "= x\n",
  $main . "pool_mode : session\n", $main . "pool_mode session\n", $main . "pool_mode=session\n", $main . "  pool_mode = session\n",
  $main . "\tpool_mode\t=\tsession\t\n", $main . "pool_mode = session\\\n", $main . "pool_mode =\nsession\n", $main . "pool_mode\n= session\n",
  $main . "'pool_mode' = session\n", $main . "\"pool_mode\" = session\n", $main . "pool_mode = session", $main . "%include /nonexistent/x\n",
  $main . "%include\n", $main . "%nonsense\n", $main . "%include $out/inc.txt\n", $main . "  %include   $out/inc.txt  \n", $main . "%include $out/loop.txt\n",
  $main . "%includex $out/inc.txt\n", $head, "[databases]\n", "[pgbouncer]\n", $head . "[pgbouncer]\n", $main . "\n\n\n", $main . "\f\n", $main . "\x01\n",
  $main . "pool_mode = \x01\n", $main . "job_name = \xff\xfe\n", "[pgbouncer] pool_mode = statement\n" . $main =~ s/\[pgbouncer\]\n//r;
for my $type (qw(any trust plain md5 cert hba pam scram-sha-256 ldap)) {
  for my $mode ('', qw(disable allow prefer require verify-ca verify-full)) {
    put((main_file('', "auth_type = $type", $mode eq '' ? () : "client_tls_sslmode = $mode"))[0], 1, 'any');
    put((main_file('', "auth_type = $type", $mode eq '' ? () : "server_tls_sslmode = $mode"))[0], 1, 'any');
  }
}
for my $mode (qw(disable prefer verify-full)) {
  for my $side (qw(server client)) {
    for my $v ('all', 'secure', 'legacy', 'tlsv1.2', 'tlsv1.2,tlsv1.3', '!tlsv1.3', 'all:!tlsv1.0', 'x', 'TLSv1.2', 'tlsv1.2 , x', '', ',', 'tlsv1.9') {
      put((main_file('', "${side}_tls_sslmode = $mode", "${side}_tls_protocols = $v"))[0], 1, 'any');
    }
    for my $v ('default', 'fast', 'HIGH', 'ALL', 'all', 'compat', 'x', 'HIGH:!aNULL', 'ECDHE-RSA-AES128-GCM-SHA256', 'AES128-SHA:x', '') {
      put((main_file('', "${side}_tls_sslmode = $mode", "${side}_tls_ciphers = $v"))[0], 1, 'any');
    }
  }
}

if (-e "$users.key") {
  my @tls = ('client_tls_sslmode = prefer', "client_tls_key_file = $users.key", "client_tls_cert_file = $users.crt");
  my %tls = (
    client_tls_protocols => ['all', 'secure', 'legacy', 'tlsv1.2', '!tlsv1.3', 'x', '', 'tlsv1.9', 'tlsv1.2,tlsv1.3'],
    client_tls_ciphers => ['default', 'fast', 'normal', 'compat', 'all', 'ALL', 'x', '', 'HIGH:!aNULL', 'ECDHE-RSA-AES128-GCM-SHA256'],
    client_tls_dheparams => ['auto', 'none', 'legacy', 'x', ''],
    client_tls_ecdhcurve => ['auto', 'none', 'x', 'prime256v1', 'secp384r1', ''],
    client_tls13_ciphers => ['x', '', 'TLS_AES_256_GCM_SHA384', '<empty>'],
    client_tls_key_file => ['/nonexistent', ''], client_tls_cert_file => ['/nonexistent', ''], client_tls_ca_file => ['/nonexistent', ''],
  );
  for my $key (sort keys %tls) {
    for my $v (@{ $tls{$key} }) {
      put((main_file('', (grep { !/^$key / } @tls), "$key = $v"))[0], 1, 'any');
    }
  }
}

# Several at once: PgBouncer stops at the first that it does not take.
srand(20260101);
my $several = $n + 200 > 4200 ? $n + 200 : 4200;
while ($n < $several) {
  my %used;
  my @lines;
  for (1 .. 2 + int(rand(5))) {
    my $s = $settings[int(rand(@settings))];
    next if $used{ $s->[0] }++;
    # Mostly right, or nearly every file would be refused.
    next if $s->[2] ne "good" && rand() < 0.8;
    push @lines, "$s->[0] = $s->[1]";
  }
  put((main_file('', @lines))[0], 1, 'any') if @lines > 1;
}

# What the shadow boot replaces.
my %local = (listen_addr => [['', 'any'], ['127.0.0.1', 'any'], ['*', 'any'], ['127.0.0.1,127.0.0.2', 'any'], ['"127.0.0.1"', 'odd'],
    ['127.0.0.1 127.0.0.2', 'odd'], ["'127.0.0.1'", 'odd'], ['300.1.1.1', 'odd'], ['10.99.99.99', 'odd'], ['10.99.99.99, 127.0.0.1', 'odd'],
    ['127.0.0.1 , 127.0.0.2', 'any'], ['127.0.0.1,', 'any'], [',', 'any'], ['127.1', 'any'], ['::1', 'any'], ['127.0.0.1 ; c', 'odd'], ['0.0.0.0', 'any'],
    ['127.0.0.1:6432', 'odd'], ['localhost', 'any'], ['::', 'any'], ['[::1]', 'odd']],
  logfile => [['', 'any'], ['@DIR@/log', 'good'], ['@DIR@/no/log', 'odd'], ['@DIR@', 'odd'], ['"@DIR@/log"', 'odd']],
  pidfile => [['', 'any'], ['@DIR@/pid', 'good'], ['@DIR@/no/pid', 'odd'], ['@DIR@', 'odd'], ['@DIR@/empty', 'odd'], ['@DIR@/other', 'odd']]);
for my $k (@{ $table->{pgbouncer} }) {
  my $name = $k->{name};
  next unless $replaced{$name} && $name !~ /^(user|unix_socket_dir)$/;
  for my $v (@{ $local{$name} || [values_of($k)] }) {
    my $expect = $name eq 'unix_socket_mode' && $v->[0] =~ /^\d+$/ ? 'any' : $v->[1]; # octal is meant
    my @lines = ('[databases]', 'g = host=/nonexistent', '[pgbouncer]', "auth_file = $users", 'stats_users = s',
      'ignore_startup_parameters = extra_float_digits', 'unix_socket_dir = @DIR@', ($name eq 'listen_addr' ? () : 'listen_addr ='),
      "$name = $v->[0]");
    my $file = sprintf('alone-%05d.ini', $n++);
    open(my $f, '>:raw', "$out/$file") or die;
    print $f map { "$_\n" } @lines;
    close($f) or die;
    print $list "$file ", scalar @lines, " $expect $name\n";
  }
}
close($list) or die;

open(my $inc, '>', "$out/inc.txt") or die;
print $inc "pool_mode = statement\n[users]\nu = pool_mode=session\n";
open(my $loop, '>', "$out/loop.txt") or die;
print $loop "%include $out/loop.txt\n";
