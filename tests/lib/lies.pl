# SPDX-License-Identifier: ISC
# lies.pl SOCKET KIND: a server that lets everybody in and answers each question with what no server
# sends. A health check must say so, in time, and stay whole.
use strict;
use warnings;
use Socket;

my ($path, $kind) = @ARGV;
sub message {
  my ($type, $body) = @_;
  return $type . pack('N', length($body) + 4) . $body;
}
sub columns {
  return message('T', pack('n', scalar @_) . join('', map { "$_\0" . pack('NnNnNn', 0, 0, 25, 65535, 0, 0) } @_));
}
sub row {
  return message('D', pack('n', scalar @_) . join('', map { pack('N', length $_) . $_ } @_));
}
my $ready = message('Z', 'I');
my $done = message('C', "SHOW\0") . $ready;
my %says = (
  huge => 'T' . pack('N', 0x7fffffff) . 'x' x 100,
  negative => 'T' . pack('N', 0xffffffff) . 'x' x 100,
  short => 'T' . pack('N', 3),
  'row-first' => row('PgBouncer 1.18.0') . $done,
  'more-columns' => columns('version') . row('PgBouncer 1.18.0', 'more') . $done,
  'no-end' => message('T', pack('n', 1) . 'versionversionversion'),
  'cut-column' => message('T', pack('n', 1) . "version\0" . 'short'),
  'count-lies' => message('T', pack('n', 60000) . "version\0" . pack('NnNnNn', 0, 0, 25, 65535, 0, 0)) . $done,
  'length-lies' => columns('version') . message('D', pack('n', 1) . pack('N', 1000) . 'PgBouncer') . $done,
  'cut-row' => columns('version') . message('D', pack('n', 1) . "\0\0") . $done,
  'two-results' => columns('version') . row('PgBouncer 1.18.0') . columns('other') . row('x') . $done,
  'cut-error' => message('E', 'SFATAL') . $ready,
  'no-type' => "\0" . pack('N', 4) x 50,
  'hang-up' => '',
  nul => columns('version') . row("PgBouncer 1.18.0\0more") . $done,
);
socket(my $l, PF_UNIX, SOCK_STREAM, 0) or die $!;
unlink $path;
bind($l, pack_sockaddr_un($path)) or die $!;
listen($l, 5) or die $!;
$SIG{PIPE} = 'IGNORE';
while (accept(my $c, $l)) {
  sysread($c, my $startup, 10000);
  syswrite($c, message('R', pack('N', 0)) . $ready);
  while (sysread($c, my $query, 10000)) {
    syswrite($c, $says{$kind}) for $query =~ /SHOW/g; # one question or several
    last if $kind eq 'hang-up';
  }
}
