# SPDX-License-Identifier: ISC
# relay.pl SOCKET TARGET N: passes one connection on to the Unix socket TARGET; before the Nth question
# about pg_stat_activity it makes the file ./held and waits for ./go. Between two questions of a
# program whatever may happen happens then.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;

my ($path, $target, $nth) = @ARGV;
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!";
my $client = $listener->accept or die "accept: $!";
my $server = IO::Socket::UNIX->new(Peer => $target) or die "$target: $!";
my $both = IO::Select->new($client, $server);
while (my @ready = $both->can_read) {
  for my $from (@ready) {
    sysread($from, my $bytes, 65536) or exit;
    if ($from == $client && $bytes =~ /pg_stat_activity/ && --$nth == 0) {
      open(my $held, '>', 'held') or die "held: $!";
      select(undef, undef, undef, 0.02) until -e 'go';
    }
    syswrite($from == $client ? $server : $client, $bytes);
  }
}
