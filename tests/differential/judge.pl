#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# judge.pl LINT PGBOUNCER VERSION USER CORPUS [EVERY [FIRST]]: each file of the corpus, or every
# EVERY-th from FIRST on, by twpool-lint's rules and by that binary itself. They must agree: on whether it
# starts; on every value that it then has; and what is odd and yet starts must be a finding.
# Prints what disagrees, and one line of counts. Exit 1 where anything disagrees.
use strict;
use warnings;
use JSON::PP;

my ($lint, $binary, $version, $user, $corpus, $every, $first) = (@ARGV, 1, 0);
my %count = (files => 0, refused => 0, started => 0, otherwise => 0, unusable => 0, odd => 0, disagree => 0);

sub disagree {
  my ($name, $what) = @_;
  $count{disagree}++;
  print "$version $corpus/$name: $what\n";
}

sub judge {
  my ($name, $line, $expect) = @_;
  my @command = ($lint, qw(--json --boot --timeout 5 --binary), $binary, '--pgbouncer-version', $version, '--user', $user, "$corpus/$name");
  open(my $in, '-|', @command) or die "$lint: $!";
  my $text = do { local $/; <$in> };
  close($in);
  my $code = $? >> 8;
  $count{files}++;
  if ($text !~ /^\{/) { # no section at all: not a configuration, which no PgBouncer takes
    disagree($name, "exit $code and no report") unless $code == 65;
    $count{refused}++;
    return;
  }
  my $r = decode_json($text);
  my @rules = grep { $_->{rule} !~ /^boot-/ } @{ $r->{findings} };
  my @there = grep { $_->{line} == $line && $_->{severity} ne 'note' } @rules;
  my ($refused, $started) = ($r->{refused} ? 1 : 0, $r->{boot}{started} ? 1 : 0);
  my ($why) = map { $_->{message} } grep { $_->{rule} eq 'boot-refused' } @{ $r->{findings} };
  $count{$started ? 'started' : 'refused'}++;
  # A word that takes a certain build is a finding, and then either may be.
  my $build = grep { $_->{rule} eq 'build' } @rules;
  return disagree($name, $started ? 'lint says refused, it starts' : 'lint says it starts, it is refused: ' . ($why // ''))
    if $refused == $started && !$build;
  return unless $started;
  if ($expect eq 'odd') {
    $count{odd}++;
    disagree($name, "line $line is odd, starts, and is no finding") unless @there;
  }
  disagree($name, "line $line is right, and is an error: $there[0]{message}")
    if $expect eq 'good' && grep { $_->{severity} eq 'error' } @there;
  unless ($r->{boot}{usable}) {
    $count{unusable}++;
    disagree($name, 'its console does not answer, and lint says nothing') unless grep { $_->{severity} eq 'error' } @rules;
    return;
  }
  # Before 1.16 PgBouncer skips a bad line, and is without it, or with its own pgbouncer: the rules said so.
  my %bad = map { $_->{line} => 1 } grep { $_->{severity} eq 'error' } @rules;
  disagree($name, $_->{message})
    for grep { $_->{rule} eq 'boot-differs' && !($_->{message} =~ /has no (database|user)|^database 'pgbouncer'/ && $bad{ $_->{line} }) } @{ $r->{findings} };
  values_compare($name, $r, \@rules);
}

# values_compare: the values that lint foretold against those that are; and where the binary has
# another than is written, that is a finding.
sub values_compare {
  my ($name, $r, $rules) = @_;
  open(my $f, '<:raw', "$corpus/$name") or die;
  my @lines = <$f>;
  my %last;
  my $section = '';
  for my $i (0 .. $#lines) {
    if ($lines[$i] =~ /^\s*\[([^\]]*)\]/) {
      $section = $1;
      %last = () if $section eq 'pgbouncer'; # everything goes back to its default
    }
    $last{$1} = [$i + 1, $2] if $section eq 'pgbouncer' && $lines[$i] =~ /^\s*([a-z0-9_]+)\s*=[ \t]*(.*?)\s*$/s;
  }
  for my $key (keys %{ $r->{settings} }) {
    my ($foretold, $is) = ($r->{settings}{$key}, $r->{boot}{settings}{$key});
    next if $key =~ /^(listen_addr|listen_port|unix_socket_dir|unix_socket_mode|pidfile|logfile|syslog|user|verbose|disable_pqexec|so_reuseport|min_pool_size|auth_ldap_options)$/;
    my @there = grep { $last{$key} && $_->{line} == $last{$key}[0] } @$rules;
    disagree($name, "$key: foretold '$foretold', is '$is'") if defined $foretold && $foretold ne $is;
    disagree($name, "$key: not foretold, is '$is', and is no finding") if !defined $foretold && !@there;
    next unless $last{$key};
    my $written = $last{$key}[1];
    next if same($written, $is);
    $count{otherwise}++;
    disagree($name, "$key: written '$written', is '$is', and is no finding") unless @there;
  }
}

# same: whether somebody who wrote this would say that it is that.
sub same {
  my ($written, $is) = @_;
  # JSON has no other bytes than those of UTF-8.
  return 1 if $written eq $is || lc $written eq lc $is || $written =~ /[\x80-\xff]/;
  return 0 unless $written =~ /^\+?(\d+\.?\d*|\.\d+)(e\d+)?$/i && $is =~ /^-?[\d.]+(e[+-]?\d+)?$/;
  return 0 if $written =~ /^0\d/ && $written !~ /^0+$/;
  return abs($written - $is) <= 1e-5 * abs($is) + 1e-6;
}

open(my $list, '<', "$corpus/list") or die "$corpus/list: $!";
while (<$list>) {
  judge(split) if $. % $every == $first % $every;
}
print "PgBouncer $version: $count{files} configurations, $count{refused} refused, $count{started} started",
  " ($count{otherwise} values other than written, $count{odd} odd ones, $count{unusable} without a console), disagreements $count{disagree}\n";
exit($count{disagree} ? 1 : 0);
