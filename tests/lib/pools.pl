# SPDX-License-Identifier: ISC
# pools.pl make DIR N | most FILE... | share FILE: N random sites in DIR; how many server connections a pooler of
# such a site can have at once; and how many of them each pool then has, as DATABASE USER NUMBER. It opens them one by one by PgBouncer's rules (src/objects.c,
# launch_new_connection): a pool up to its size and its reserve, a database and a user up to their
# limits, and at a limit an idle connection of another pool is evicted first. All pools want more all
# the time, in random order, with many evictions: the highest total counts. No code of twpool's.
use strict;
use warnings;
use JSON::PP;
srand($ENV{SEED} // 9);

sub pick { return $_[int rand @_] }

sub make {
  my ($dir, $n) = @_;
  for my $i (1 .. $n) {
    my (@databases, @users);
    for my $d (0 .. int rand 4) {
      my %d = (name => "db$d");
      $d{pool_size} = 1 + int rand 6 if rand() < 0.4;
      $d{max_db_connections} = 1 + int rand 8 if rand() < 0.5;
      push @databases, \%d;
    }
    for my $u (0 .. int rand 4) {
      my %u = (name => "user$u");
      $u{max_user_connections} = 1 + int rand 8 if rand() < 0.5;
      push @users, \%u;
    }
    my %pgbouncer = (default_pool_size => 1 + int rand 6, reserve_pool_size => int rand 4,
      max_db_connections => pick(0, 0, 1 + int rand 12), max_user_connections => pick(0, 0, 1 + int rand 12));
    $pgbouncer{reserve_pool_timeout} = 0 if rand() < 0.1;
    open my $f, '>', "$dir/$i.json" or die;
    print $f encode_json({ schema => 1, service_manager => 'process',
      postgres => { host => '127.0.0.1', port => 1, socket_directory => "$dir/none" },
      databases => \@databases, users => \@users, pgbouncer => \%pgbouncer });
  }
}

# most: the simulation of one site: the highest total, and the pools as they were then.
sub most {
  my $site = decode_json(do { local (@ARGV, $/) = @_; <> });
  my $g = $site->{pgbouncer};
  my (@pool, %of_database, %of_user, %database_cap, %user_cap);
  for my $d (@{ $site->{databases} }) {
    $database_cap{ $d->{name} } = $d->{max_db_connections} || $g->{max_db_connections};
    for my $u (@{ $site->{users} }) {
      $user_cap{ $u->{name} } = $u->{max_user_connections} || $g->{max_user_connections};
      my $reserve = ($g->{reserve_pool_timeout} // 5) > 0 ? $g->{reserve_pool_size} : 0;
      push @pool, { d => $d->{name}, u => $u->{name}, n => 0, max => ($d->{pool_size} // $g->{default_pool_size}) + $reserve };
    }
  }
  my ($total, $most, @share) = (0, 0);
  my $shut = sub { my $p = shift; $p->{n}--; $of_database{ $p->{d} }--; $of_user{ $p->{u} }--; $total-- };
  my $full = sub { my ($count, $cap) = @_; return $cap > 0 && ($count // 0) >= $cap };
  for (1 .. 400 * @pool) {
    my $p = pick(@pool);
    next if $p->{n} >= $p->{max};
    my $both = $full->($of_database{ $p->{d} }, $database_cap{ $p->{d} }) && $full->($of_user{ $p->{u} }, $user_cap{ $p->{u} });
    next if $both && rand() < 0.95; # whose clients come next is anybody's guess: rarely those that cost two
    if ($full->($of_database{ $p->{d} }, $database_cap{ $p->{d} })) {
      my @idle = grep { $_->{d} eq $p->{d} && $_->{n} > 0 && $_ != $p } @pool or next;
      $shut->(pick(@idle));
    }
    if ($full->($of_user{ $p->{u} }, $user_cap{ $p->{u} })) {
      my @idle = grep { $_->{u} eq $p->{u} && $_->{n} > 0 && $_ != $p } @pool or next;
      $shut->(pick(@idle));
    }
    $p->{n}++; $of_database{ $p->{d} }++; $of_user{ $p->{u} }++; $total++;
    ($most, @share) = ($total, map { "$_->{d} $_->{u} $_->{n}" } @pool) if $total > $most;
  }
  return ($most, @share);
}

my $what = shift;
if ($what eq 'make') { make(@ARGV) }
elsif ($what eq 'share') { my (undef, @share) = most(@ARGV); print "$_\n" for @share }
else { printf "%s %d\n", $_, (most($_))[0] for @ARGV }
