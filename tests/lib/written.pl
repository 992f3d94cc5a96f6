# SPDX-License-Identifier: ISC
# What an strace could have changed below a directory, one "CALL PATH" per line: each call of the write
# class (a file opened for writing or made, renamed, linked, removed, cut; mode, owner, time, attributes)
# whose path is there, also one that failed. A path that cannot be told is printed too.
#
# usage: perl written.pl DIRECTORY [BUT]... <TRACE       (strace -f -y; `perl written.pl calls` are its calls)
use strict;
use warnings;

# Its arguments: d a descriptor, p a path (of the descriptor before it), s a string that is none.
my %calls = (
  open => 'p', openat => 'dp', openat2 => 'dp', creat => 'p',
  rename => 'pp', renameat => 'dpdp', renameat2 => 'dpdp', link => 'pp', linkat => 'dpdp',
  symlink => 'sp', symlinkat => 'sdp', unlink => 'p', unlinkat => 'dp', mkdir => 'p', mkdirat => 'dp',
  rmdir => 'p', mknod => 'p', mknodat => 'dp', truncate => 'p', ftruncate => 'd', fallocate => 'd',
  chmod => 'p', fchmod => 'd', fchmodat => 'dp', chown => 'p', lchown => 'p', fchown => 'd', fchownat => 'dp',
  utime => 'p', utimes => 'p', futimesat => 'dp', utimensat => 'dp',
  setxattr => 'p', lsetxattr => 'p', fsetxattr => 'd', removexattr => 'p', lremovexattr => 'p', fremovexattr => 'd',
  bind => 'b',
);

if ("@ARGV" eq 'calls') {
  print join(',', sort keys %calls), "\n";
  exit;
}
my ($below, @but) = @ARGV;

# inside PATH DIRECTORY
sub inside { $_[0] eq $_[1] || index($_[0], "$_[1]/") == 0 }

# tell CALL PATH: prints it where it counts.
sub tell_of {
  my ($call, $path) = @_;
  $path =~ s{/(?:\./)*/*}{/}g;
  print "$call $path\n"
      if $path !~ m{^/} || $path =~ m{/\.\./|^/proc/(?:self|\d+)/} || (inside($path, $below) && !grep { inside($path, $_) } @but);
}

while (my $line = <STDIN>) {
  my ($call, $rest) = $line =~ /^(?:\d+ +)?(\w+)\((.*)/ or next;
  my $kinds = $calls{$call} or next;
  next if $call =~ /^open/ && $rest !~ /O_(?:WRONLY|RDWR|CREAT|TRUNC|TMPFILE|APPEND)/;
  my @words;
  push @words, defined $1 ? ['d', $1] : ['s', $2 // '']
      while $rest =~ /\G.*?(?:(?:AT_FDCWD|\b\d+)<((?:\\.|[^\\>])*)>|"((?:\\.|[^\\"])*)"|\bNULL\b)/g;
  if ($kinds eq 'b') {
    tell_of($call, $1) if $rest =~ /sun_path="([^"]*)"/;
    next;
  }
  my $at;
  for my $kind (split //, $kinds) {
    my $word = shift @words or do { print "$call ?\n"; last };
    if ($kind eq 'd') {
    	$at = $word->[1];
    	tell_of($call, $at) if $kinds eq 'd';
    } elsif ($kind eq 'p') {
    	my $path = $word->[1];
    	$path = $path eq '' ? $at : "$at/$path" if defined $at && $path !~ m{^/};
    	tell_of($call, $path);
    }
  }
}
