#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# source_tree.pl: a source tree of FILES files and BYTES bytes below DIR, such as a project has: code, data
# and settings in the grammars that twpool-dsn reads, and some others; in one file of a hundred a DSN.
#
# usage: source_tree.pl DIR FILES BYTES
use strict;
use warnings;

my ($dir, $files, $bytes) = @ARGV;
srand 5432;

sub one { return $_[ int rand @_ ] }
my @words = map { join '', map { one(qw(con tra ser ver por ter ing re ad st user host al ex im form at io n)) } 1 .. 2 + int rand 2 } 1 .. 400;
sub word { return one(@words) }
sub words { return join ' ', map { word() } 1 .. $_[0] }
sub number { return int rand one(10, 100, 10_000, 1_000_000) }

my %line = (
    c => [
        sub { "/* " . words(8) . " */" }, sub { "\tif (" . word() . "->" . word() . " == " . number() . ")" },
        sub { "\t\t" . word() . "(" . word() . ", \"" . words(4) . ": %d\\n\", " . word() . ");" },
        sub { "static int\n" . word() . "(struct " . word() . " *" . word() . ", size_t n)\n{" },
        sub { "\treturn " . word() . "[" . word() . "] + " . number() . "; // " . words(5) }, sub { "\t" . word() . " = " . word() . " << 2;" },
        sub { "#include \"" . word() . "/" . word() . ".h\"" }, sub { "}\n" },
    ],
    py => [
        sub { "    # " . words(7) }, sub { "def " . word() . "(self, " . word() . "=None):" }, sub { "        self." . word() . " = " . word() . "." . word() . "()" },
        sub { "    return {'" . word() . "': " . number() . ", '" . word() . "': f'{" . word() . "} " . words(3) . "'}" }, sub { "" },
        sub { "    log.info('" . words(6) . " %s', " . word() . ")" }, sub { "    \"\"\"" . words(9) . "\"\"\"" },
    ],
    js => [
        sub { "// " . words(8) }, sub { "const " . word() . " = require('./" . word() . "');" }, sub { "  if (" . word() . " === '" . word() . "') {" },
        sub { "    return " . word() . ".map((x) => x." . word() . ").join(', ');" }, sub { "  }" }, sub { "  " . word() . ": `" . words(3) . " \${" . word() . "}`," },
        sub { "  fetch('https://" . word() . ".example/" . word() . "');" },
    ],
    json => [ sub { "  \"" . word() . number() . "\": \"" . words(5) . "\"," }, sub { "  \"" . word() . number() . "\": " . number() . "," } ],
    yaml => [
        sub { word() . ":" }, sub { "  " . word() . ": " . words(4) }, sub { "  - " . word() . "/" . word() }, sub { "  # " . words(8) },
        sub { "  " . word() . ": \"" . words(3) . "\"" },
    ],
    ini => [ sub { "[" . word() . "]" }, sub { word() . " = " . words(3) }, sub { "; " . words(8) } ],
    sh => [
        sub { "# " . words(8) }, sub { word() . "=\$(" . word() . " \"\$1\")" }, sub { "if [[ \"\$" . word() . "\" = " . word() . " ]]; then" },
        sub { "  printf '%s\\n' \"" . words(4) . "\"" }, sub { "fi" },
    ],
    txt => [ sub { words(12) } ],
);
my %ending = (c => [qw(c h cpp c)], py => ['py'], js => [qw(js ts)], json => ['json'], yaml => [qw(yaml yml)], ini => [qw(ini conf)], sh => ['sh'], txt => [qw(md txt)]);
my %dsn = (
    c => "char *dsn = \"host=db port=5432 dbname=game\";\n", py => "DSN = 'postgresql://u\@db:5432/game'\n", js => "const dsn = 'postgres://db:5432/game';\n",
    json => "  \"dsn\": \"dbname=game port=5432\",\n", yaml => "url: postgres://db:5432/game\n", ini => "dsn = host=db port=5432\n", sh => "export PGPORT=5432\n", txt => "port 5432\n",
);

# Blocks of lines of each kind, from which files are put together.
my %block;
for my $kind (keys %line) {
    push @{ $block{$kind} }, join '', map { one(@{ $line{$kind} })->() . "\n" } 1 .. 40 for 1 .. 200;
}

my @kinds = (('c') x 6, ('py') x 3, ('js') x 4, ('json') x 2, 'yaml', 'ini', 'sh', 'txt');
my ($written, $number) = (0, 0);
for my $i (1 .. $files) {
    my $kind = one(@kinds);
    my $path = sprintf '%s/%03d', $dir, $i / 200;
    my $want = ($bytes - $written) / ($files - $i + 1);
    my $text = $kind eq 'json' ? "{\n" : '';
    mkdir $path if $i % 200 == 0 || $i == 1;
    # from small to four times the mean, so that the sum is right
    my $size = $i == $files ? $want : $want * one(0.2, 0.4, 0.6, 0.8, 1, 1, 1.2, 2.8);
    $text .= $dsn{$kind} if $i % 100 == 0;
    $text .= one(@{ $block{$kind} }) while length $text < $size;
    $text = substr($text, 0, rindex($text, ',')) . "\n}\n" if $kind eq 'json';
    open my $f, '>', "$path/" . word() . "$i." . one(@{ $ending{$kind} }) or die "$path: $!";
    print $f $text or die "$path: $!";
    close $f or die "$path: $!";
    $written += length $text;
}
