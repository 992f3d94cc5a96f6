# SPDX-License-Identifier: ISC
# A syslog daemon for tests: every datagram that comes to the Unix socket becomes a line of a file.
# With a third argument it is one that hangs: its queue is full, and it reads nothing.
#
# usage: perl syslogd.pl SOCKET FILE [hang]
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);

my ($path, $file, $hang) = @ARGV;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "$path: $!";
if ($hang) {
	my $filler = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $path) or die "$path: $!";
	$filler->blocking(0);
	1 while $filler->send('x');
}
open(my $out, '>', $file) or die "$file: $!";
$out->autoflush(1);
sleep while $hang;
while (defined $socket->recv(my $line, 8192)) {
	print $out "$line\n";
}
