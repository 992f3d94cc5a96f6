# SPDX-License-Identifier: ISC
# liar.pl PORT-FILE: a server that answers each client with something between right and nonsense: pieces
# of the protocol, cut, doubled, with bytes changed, and then hangs up. A stand-in: no real server lies.
use strict;
use warnings;
use IO::Socket::INET;
srand(4);
my $l = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1', Proto => 'tcp') or die;
open my $f, '>', "$ARGV[0].new" or die;
print $f $l->sockport;
close $f;
rename "$ARGV[0].new", $ARGV[0];
$SIG{PIPE} = 'IGNORE';
sub message { my ($type, $body) = @_; return $type . pack('N', 4 + length $body) . $body }
my @pieces = (
  message('R', pack 'N', 0), message('R', pack('N', 5) . 'salt'), message('R', pack('N', 10) . "SCRAM-SHA-256\0\0"),
  message('R', pack('N', 11) . 'r=x,s=AAAA,i=4096'), message('R', pack('N', 12) . 'v=AAAA'), message('K', pack 'NN', 7, 8),
  message('Z', 'I'), message('E', "SFATAL\0C28P01\0Mno\0\0"), message('E', 'SFATAL'), message('D', pack('nN', 1, 4) . 'abcd'),
  message('D', pack('nN', 1, 4000000)), message('S', "a\0b\0"), message('G', "\0\0\0"), 'N', 'S', "Z\0\0\0\0", "D\xff\xff\xff\xff",
);
while (my $c = $l->accept) {
  my $said = join '', map { $pieces[ rand @pieces ] } 1 .. 1 + rand 6;
  for (1 .. rand 3) { substr($said, rand length $said, 1) = chr rand 256 if length $said }
  $said = substr $said, 0, rand 1 + length $said if rand() < 0.3;
  $said = 'N' . $said if rand() < 0.7;
  sysread $c, my $startup, 4096;
  syswrite $c, $said;
  close $c;
}
