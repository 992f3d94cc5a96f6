#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# judge.pl LINT PGBOUNCER VERSION USER CORPUS [EVERY [FIRST]]: each file of the corpus, or every
# EVERY-th from FIRST on, by twpool-lint's rules and by that binary itself. They must agree: on whether it
# starts; on every value that it then has; and what is odd and yet starts must be a finding.
# ONLY in the environment is a pattern: of these files alone. Prints what disagrees, and one line of counts. Exit 1 where anything disagrees.
use strict;
use warnings;
use File::Path qw(remove_tree);
use JSON::PP;
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

my ($lint, $binary, $version, $user, $corpus, $every, $first) = (@ARGV, 1, 0);
my %count = (files => 0, refused => 0, started => 0, otherwise => 0, unusable => 0, odd => 0, disagree => 0);

sub disagree {
  my ($name, $what) = @_;
  $count{disagree}++;
  print "$version $corpus/$name: $what\n";
}

# boot: lint's report and exit code. On a busy machine more time is given where that may explain it:
# some consoles never answer, with a pkt_buf of 8 for instance, which the rules know.
sub boot {
  my ($name) = @_;
  my ($text, $code);
  for my $timeout (5, 60) {
    my @command = ($lint, qw(--json --boot --timeout), $timeout, '--binary', $binary, '--pgbouncer-version', $version, '--user', $user,
      "$corpus/$name");
    open(my $in, '-|', @command) or die "$lint: $!";
    $text = do { local $/; <$in> };
    close($in);
    $code = $? >> 8;
    last if $code == 65;
    next unless $text =~ /^\{/;
    my $r = decode_json($text);
    last if $r->{boot}{usable} || $r->{refused} || grep { $_->{severity} eq 'error' && $_->{rule} !~ /^boot-/ } @{ $r->{findings} };
  }
  return ($text, $code);
}

sub judge {
  my ($name, $line, $expect) = @_;
  my ($text, $code) = boot($name);
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
  skipped_compare($name, $r, \@rules);
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

# skipped_compare: what PgBouncer says at its start of lines of auth_file and auth_hba_file, against the rules.
sub skipped_compare {
  my ($name, $r, $rules) = @_;
  my @log = map { $_->{message} } grep { $_->{rule} eq 'boot-log' } @{ $r->{findings} };
  return if @log >= 20; # it may have said more
  my ($broken) = grep { /broken auth file|too long in auth file/ } @log;
  my ($foretold) = grep { $_->{message} =~ /starts without every user/ } @$rules;
  disagree($name, 'auth_file: ' . ($broken // 'nothing is broken') . ', and lint says ' . ($foretold ? $foretold->{message} : 'nothing'))
    if !$broken != !$foretold;
  my %hba = map { /hba (?:config )?line (\d+)/ ? ($1 => 1) : () } @log;
  my %lint = map { $_->{line} => 1 } grep { $_->{rule} eq 'hba' } @$rules;
  disagree($name, "auth_hba_file: it skips the lines '@{[sort keys %hba]}', lint says '@{[sort keys %lint]}'")
    if "@{[sort keys %hba]}" ne "@{[sort keys %lint]}";
}

# alone_judge: a key that the shadow boot replaces, for which PgBouncer itself is started, in a directory
# and, where we may, a network of its own.
sub alone_judge {
  my ($name, $line, $expect, $key) = @_;
  return if $> != 0 && $key =~ /^listen_/; # the network would be everybody's
  my $dir = "$corpus/alone$first";
  my ($uid, $gid) = (getpwnam($user))[2, 3];
  chdir '/' or die;
  remove_tree($dir);
  mkdir $dir or die "$dir: $!";
  open(my $in, '<:raw', "$corpus/$name") or die;
  my $text = do { local $/; <$in> } =~ s/\@DIR\@/$dir/gr;
  my ($written) = $text =~ /^\Q$key\E = (.*)$/m;
  for (['p.ini', $text], ['empty', ''], ['other', "1\n"]) {
    open(my $f, '>:raw', "$dir/$_->[0]") or die;
    print $f $_->[1];
    close($f) or die;
  }
  chown($uid, $gid, $dir, map { "$dir/$_" } qw(p.ini empty other)) if $> == 0;
  chdir $dir or die;
  open(my $report, '-|', $lint, qw(--json --pgbouncer-version), $version, '--user', $user, "$dir/p.ini") or die;
  my $r = decode_json(do { local $/; <$report> });
  close($report);
  $count{files}++;
  my @there = grep { $_->{line} == $line && $_->{severity} ne 'note' } @{ $r->{findings} };
  my ($pid, $rows) = alone_run($dir, $uid, $gid);
  $count{$pid ? 'started' : 'refused'}++;
  return disagree($name, "$key = $written: " . ($pid ? 'lint says refused, it starts' : "lint says it starts, it is refused"))
    if !$r->{refused} == !$pid;
  return unless $pid;
  if ($expect eq 'odd') {
    $count{odd}++;
    disagree($name, "$key = $written: is odd, starts, and is no finding") unless @there;
  }
  disagree($name, "$key = $written: is right, and is an error: $there[0]{message}")
    if $expect eq 'good' && grep { $_->{severity} eq 'error' } @there;
  my ($is, $foretold) = ($rows->{$key}, $r->{settings}{$key});
  unless (defined $is) { # its console takes no query, or nobody
    $count{unusable}++;
    return;
  }
  disagree($name, "$key = $written: foretold '" . ($foretold // '') . "', is '$is'") if defined $foretold ? $foretold ne $is : !@there;
  return if same($written, $is);
  $count{otherwise}++;
  disagree($name, "$key = $written: is '$is', and is no finding") unless @there;
}

# alone_run: whether PgBouncer starts there, and its SHOW CONFIG, where its console answers.
sub alone_run {
  my ($dir, $uid, $gid) = @_;
  my @as = $> == 0 ? ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', '--') : ();
  my @net = $> == 0 ? ('unshare', '-n', '--', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh') : ();
  my $pid = fork() // die;
  if (!$pid) {
    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>', '/dev/null');
    open(STDERR, '>&', \*STDOUT);
    exec(@net, @as, $binary, "$dir/p.ini") or POSIX::_exit(127);
  }
  my ($up, $until, %rows) = (0, time + 60);
  while (!$up && time < $until) {
    return if waitpid($pid, WNOHANG) == $pid;
    ($up) = grep { !/lock$/ } glob("$dir/.s.PGSQL.*");
    sleep(0.01);
  }
  my ($port) = ($up || '') =~ /PGSQL\.(\d+)$/;
  if (defined $port) {
    open(my $psql, '-|', 'timeout', '20', @as, 'sh', '-c', 'exec "$@" 2>/dev/null', 'sh', 'psql', '-XAtF|', '-h', $dir, '-p', $port, '-U',
      'pgbouncer', 'pgbouncer', '-c', 'SHOW CONFIG') or die;
    while (<$psql>) {
      my @f = split(/\|/, $_);
      $rows{ $f[0] } = $f[1];
    }
    close($psql);
  }
  return if waitpid($pid, WNOHANG) == $pid; # it came so far, and no further
  kill('KILL', $pid);
  waitpid($pid, 0);
  return ($pid, \%rows);
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
  next unless $. % $every == $first % $every;
  my @case = split;
  next if defined $ENV{ONLY} && $case[0] !~ /$ENV{ONLY}/;
  @case > 3 ? alone_judge(@case) : judge(@case);
}
print "PgBouncer $version: $count{files} configurations, $count{refused} refused, $count{started} started",
  " ($count{otherwise} values other than written, $count{odd} odd ones, $count{unusable} without a console), disagreements $count{disagree}\n";
exit($count{disagree} ? 1 : 0);
