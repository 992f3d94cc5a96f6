# SPDX-License-Identifier: ISC
# hang.pl KIND PLACE: what a health check must not wait for. KIND is
#   mute      a Unix socket (PLACE) that accepts and never says anything
#   drip      one that says what a console says, one byte a second, without end
#   midrow    one that lets in, begins a row and stops
#   backlog   a TCP port of 127.0.0.1 (PLACE) whose backlog is full: no connection comes about
#   dns       a UDP port 53 at the address PLACE that answers nothing
# Prints "ready" when it is.
use strict;
use warnings;
use IO::Socket::INET;
use Socket;
use Time::HiRes 'sleep';

my ($kind, $place) = @ARGV;
$SIG{PIPE} = 'IGNORE';
$| = 1;

sub message {
  my ($type, $body) = @_;
  return $type . pack('N', length($body) + 4) . $body;
}

if ($kind eq 'dns') {
  my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => $place, LocalPort => 53) or die $!;
  print "ready\n";
  sleep 1 while 1;
}
if ($kind eq 'backlog') {
  socket(my $l, PF_INET, SOCK_STREAM, 0) or die $!;
  setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($l, pack_sockaddr_in($place, inet_aton('127.0.0.1'))) or die $!;
  listen($l, 0) or die $!;
  my @fill = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $place, Blocking => 0) } 1 .. 4;
  print "ready\n";
  sleep 1 while 1;
}

socket(my $l, PF_UNIX, SOCK_STREAM, 0) or die $!;
unlink $place;
bind($l, pack_sockaddr_un($place)) or die $!;
listen($l, 64) or die $!;
print "ready\n";
my $in = message('R', pack('N', 0)) . message('Z', 'I');
my $row = message('T', pack('n', 1) . "version\0" . pack('NnNnNn', 0, 0, 25, 65535, 0, 0));
$SIG{CHLD} = "IGNORE";
$SIG{TERM} = sub { kill "TERM", -$$; exit };
setpgrp;
while (accept(my $c, $l)) {
  my $pid = fork();
  next if $pid;
  $SIG{TERM} = "DEFAULT";
  close $l;
  if ($kind eq 'mute') {
    sleep 1 while sysread($c, my $got, 4096);
  } elsif ($kind eq 'midrow') {
    sysread($c, my $startup, 4096);
    syswrite($c, $in);
    sysread($c, my $query, 4096);
    syswrite($c, $row . "D\0\0");
    1 while sysread($c, my $got, 4096);
  } else {
    for my $byte (split //, $in . $row x 1000) {
      syswrite($c, $byte) or last;
      sleep 1;
    }
  }
  exit;
}
