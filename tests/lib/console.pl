# SPDX-License-Identifier: ISC
# console.pl DIR PORT VERSION COLUMNS ROWS [shuffle|extra|without:COMMAND:COLUMN]: a stand-in for the
# admin console of a PgBouncer that this host has not: the columns that VERSION has (COLUMNS, measured
# by running each version), with the rows of the file ROWS; what a row does not name is 0 or empty.
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Socket;

my ($dir, $port, $version, $columns_file, $rows_file, $twist) = (@ARGV, '');
my %columns = map { $_->{key} => $_->{value} } @{ load($columns_file) };

sub load {
  open(my $f, '<', $_[0]) or die "$_[0]: $!";
  local $/;
  return decode_json(<$f>);
}

sub number {
  my @parts = split(/\./, $_[0]);
  return $parts[0] * 10000 + ($parts[1] // 0) * 100 + ($parts[2] // 0);
}

# columns_of COMMAND: those that the version has, as [name, is it text].
sub columns_of {
  my ($command) = @_;
  my $now = number($version);
  my @list = grep { number($_->[2]) <= $now && (!defined $_->[3] || $now < number($_->[3])) } @{ $columns{$command} };
  @list = reverse @list if $twist eq 'shuffle';
  @list = (['brand_new', 1], @list, ['another', 0]) if $twist eq 'extra';
  @list = grep { $twist ne "without:$command:$_->[0]" } @list;
  return @list;
}

sub message {
  my ($type, $body) = @_;
  return $type . pack('N', length($body) + 4) . $body;
}

sub answer {
  my ($command) = @_;
  return message('E', "SERROR\0C08P01\0Minvalid command '$command', use SHOW HELP;\0\0") if !$columns{$command};
  my @list = columns_of($command);
  my $rows = load($rows_file); # which may have changed
  my @given = $command eq 'SHOW VERSION' ? ({ version => "PgBouncer $version" }) : @{ $rows->{$command} // [] };
  my $out = message('T', pack('n', scalar @list) . join('', map { "$_->[0]\0" . pack('NnNnNn', 0, 0, 25, -1 & 0xffff, 0, 0) } @list));
  for my $row (@given) {
    $out .= message('D', pack('n', scalar @list) . join('', map {
      my $value = $row->{ $_->[0] } // ($_->[1] ? '' : '0');
      pack('N', length $value) . $value
    } @list));
  }
  return $out . message('C', "SHOW\0");
}

my $path = "$dir/.s.PGSQL.$port";
socket(my $listener, PF_UNIX, SOCK_STREAM, 0) or die $!;
unlink $path;
bind($listener, pack_sockaddr_un($path)) or die $!;
listen($listener, 16) or die $!;
$SIG{PIPE} = 'IGNORE';
my $all = IO::Select->new($listener);
my %begun;
while (1) {
  for my $ready ($all->can_read) {
    if ($ready == $listener) {
      accept(my $client, $listener);
      $all->add($client);
      next;
    }
    my $got = sysread($ready, my $bytes, 65536);
    if (!$got) {
      delete $begun{$ready};
      $all->remove($ready);
      close $ready;
    } elsif (!$begun{$ready}++) {
      syswrite($ready, message('R', pack('N', 0)) . message('S', "server_version\0$version/bouncer\0") . message('Z', 'I'));
    } else {
      # One question or several: each has its answer.
      syswrite($ready, answer($1) . message('Z', 'I')) while $bytes =~ /\GQ....(.*?);?\0/gs;
    }
  }
}
