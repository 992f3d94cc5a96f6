# SPDX-License-Identifier: ISC
# page.pl HTML JSON LEAST: every figure of a page is the one of the report at its path, written alike;
# there are LEAST figures or more; and the page asks for nothing: no script, no address, no source.
use strict;
use warnings;
use JSON::PP;
my ($html, $json, $least) = @ARGV;
my $page = do { local (@ARGV, $/) = $html; <> };
my $text = do { local (@ARGV, $/) = $json; <> };
my $report = JSON::PP->new->allow_bignum->decode($text);
my $n = 0;
sub at { my $x = $report; for (split /\./, shift) { $x = ref $x eq 'ARRAY' ? $x->[$_] : $x->{$_} } return $x }
while ($page =~ m{<(data|span) data-json="([^"]*)"(?: value="([^"]*)")?>([^<]*)</}g) {
  my ($kind, $path, $value, $shown) = ($1, $2, $3, $4);
  my $is = at($path);
  die "$html: $path is not in the report\n" unless defined $is;
  if ($kind eq 'data') { die "$html: $path: '$shown' ('$value') is not $is\n" unless $value eq $shown && $value == $is }
  else { $shown =~ s/&(amp|lt|gt|quot);/{amp=>'&',lt=>'<',gt=>'>',quot=>'"'}->{$1}/ge; die "$html: $path: '$shown' is not '$is'\n" unless $shown eq $is }
  $n++;
}
die "$html: $n figures, expected $least\n" if $n < $least;
die "$html: asks for something: $&\n" if $page =~ m{https?://[^ "]*|<script|<iframe|<object|\bsrc=|url\(|\@import}i;
for ($page =~ m{href="([^"]*)"}g) { die "$html: href $_\n" unless $_ eq 'data:,' }
my ($svg, $titled) = (scalar(() = $page =~ /<svg /g), scalar(() = $page =~ /<svg [^>]*role="img" aria-label="[^"]+">\s*<title>/g));
die "$html: $svg pictures, $titled with words\n" if $svg == 0 || $svg != $titled;
die "$html: a picture without a caption\n" if $svg != (() = $page =~ m{</svg>\s*<figcaption>[^<]}g);
print "$n figures are the report's\n";
