# SPDX-License-Identifier: ISC
# fake.pl SOCKET copy|empty: a server that lets everybody in and answers each question with a COPY, or
# with a row of no columns. A stand-in: no real server does that.
use strict;
use warnings;
use Socket;
my ($path, $answer) = @ARGV;
socket(my $l, PF_UNIX, SOCK_STREAM, 0) or die; unlink $path; bind($l, pack_sockaddr_un($path)) or die; listen($l, 5) or die;
$SIG{PIPE} = 'IGNORE';
my %said = (
  copy => "H" . pack("NCn", 7, 0, 0),
  empty => "T" . pack("Nn", 6, 0) . "D" . pack("Nn", 6, 0) . "C" . pack("N", 13) . "SELECT 1\0" . "Z" . pack("N", 5) . "I",
);
while (accept(my $c, $l)) {
  sysread($c, my $startup, 10000);
  syswrite($c, "R" . pack("NN", 8, 0) . "Z" . pack("N", 5) . "I");
  syswrite($c, $said{$answer}) while sysread($c, my $query, 10000);
}
