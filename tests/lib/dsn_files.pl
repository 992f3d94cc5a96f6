#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# dsn_files.pl: files with one connection each, in every container and form, among what only looks like
# one: as they are, as they must be once their port is 6432, and once their host is HOST, too.
#
# usage: dsn_files.pl SEED FIRST COUNT DIR [HOST]
#
# Writes DIR/in/N/NAME, DIR/want/N/NAME and, where the host can be replaced, DIR/host/N/NAME; mode, time and (for root) owner of the first are random.
# The same arguments make the same files.
use strict;
use warnings;
use Time::HiRes ();

my ($seed, $first, $count, $dir, $to_host) = @ARGV;
$to_host //= 'pooler';
my $new = 6432;

sub one { return $_[ int rand @_ ] }
sub word { return join '', map { one('a' .. 'z') } 1 .. 1 + int rand 8 }
sub maybe { return rand() < 0.5 ? $_[0] : '' }
# A password with what quoting is for.
sub odd { return join '', map { one('a' .. 'z', '0' .. '9', ' ', q('), '\\', '"', '@', ':', '/', '#', '5432', 'port=5432', '=') } 1 .. 1 + int rand 6 }
sub port { return one(5432, 5432, 5433, 54321, 1, 65535) }

# A host stands between \x01 and \x02 until the files are written; what separates the pieces of a literal
# may come between. One that is a marker cannot be replaced.
my ($split, $movable) = ('', 1);
sub host { my $h = one(@_); $movable &&= $h !~ /%/; return "\x01$h\x02" }

# with_host TEXT: with the host of HOST: the pieces around it stay.
sub with_host {
    my $text = shift;
    $text =~ s{\x01(.*?)\x02}{
        my ($old, $before, $after) = ($1, '', '');
        if (length $split) {
            $before = $1 if $old =~ s/^((?:\Q$split\E)+)//;
            $after = join '', $old =~ /(\Q$split\E)/g;
        }
        "$before$to_host$after"
    }gse;
    return $text;
}
sub without_marks { my $text = shift; $text =~ tr/\x01\x02//d; return $text }

# --- forms: [before, old, new, after] of a DSN ----------------------------------------------------

sub quoted { my $v = shift; $v =~ s/(['\\])/\\$1/g; return "'$v'" }

sub keyword {
    my $eq = one('=', '=', ' = ');
    my @kv = map { "$_->[0]$eq$_->[1]" } (['host', host('db', '127.0.0.1', '/run/postgresql', '%HOST%')], ['dbname', word()]);
    push @kv, "user$eq" . word() if rand() < 0.5;
    push @kv, "password$eq" . quoted(odd()) if rand() < 0.5;
    push @kv, "application_name$eq" . quoted('port 5432') if rand() < 0.3;
    return [join(' ', @kv), '', " port=$new", ''] if rand() < 0.3;
    my $at = int rand(@kv + 1);
    my ($q, $old) = (one('', q(')), port());
    my $pre = join ' ', @kv[0 .. $at - 1], (rand() < 0.2 ? 'port=1' : ()), "port$eq$q";
    return [$pre, $old, $new, join ' ', $q, @kv[$at .. $#kv]];
}

sub percent { my $v = shift; $v =~ s/([^a-z0-9])/sprintf '%%%02X', ord $1/ge; return $v }

sub url {
    my ($scheme) = @_;
    my $jdbc = $scheme =~ /^jdbc/;
    my $user = $jdbc ? '' : one('', word() . '@', word() . ':' . percent(odd()) . '@');
    my $host = host('db', '127.0.0.1', '[::1]', 'h5432', $jdbc ? 'x' : '');
    my $tail = maybe('/' . word()) . maybe('?application_name=' . word());
    return ["$scheme://$user$host", '', ":$new", $tail] if rand() < 0.3;
    return ["$scheme://$user$host:", port(), $new, $tail];
}

sub odbc { return ['Driver={PostgreSQL Unicode};Server=' . host(word()) . ';Port=', port(), $new, ';Database=' . word() . maybe(';Pwd={a;5432}')] }

sub dsn {
    my $r = rand;
    return keyword() if $r < 0.4;
    return url(one('postgresql', 'postgres')) if $r < 0.75;
    return url('jdbc:postgresql') if $r < 0.85;
    return url('postgresql+' . one('psycopg2', 'asyncpg')) if $r < 0.95;
    return odbc();
}

# dsn_without REGEX: one whose text does not match, for containers that could not write it.
sub dsn_without {
    my ($not) = @_;
    while (1) {
        my $d = dsn();
        return $d if without_marks(join '', @$d) !~ $not;
    }
}

# --- containers: [name, old text, new text] ------------------------------------------------------

# written DSN, ENCODE: its two texts; ENCODE writes a byte. The old port may be written oddly, the new never is.
sub written {
    my ($d, $encode) = @_;
    my ($pre, $old, $new_, $post) = @$d;
    my $e = sub { join '', map { $encode->($_) } split //, $_[0] };
    my ($a, $z) = ($e->($pre), $e->($post));
    return ($a . $e->($old) . $z, "$a$new_$z");
}

# escaping FORMAT, CLASS: a byte encoder: CLASS gets a backslash, one in twenty others FORMAT.
sub escaping {
    my ($format, $class) = @_;
    return sub {
        my $c = shift;
        return $c if $c =~ /[\x01\x02]/;
        return sprintf $format, ord $c if rand() < 0.05;
        return $c =~ $class ? "\\$c" : $c;
    };
}

sub decoy { return one('54321', 'http://db:5432/x', 'mysql://db:5432/d', '2026-11-24 15:54:32', 'ports 5432:5432', 'it is port 5432') }
sub remark { return one('host=db port=5432 dbname=d', 'postgres://db:5432/d', decoy(), "caf\xe9 5432") }

# lines COMMENT, VALUE, TEXT...: the texts among comments and other values.
sub lines {
    my ($comment, $value, @texts) = @_;
    my @pre = map { rand() < 0.5 ? $comment->(remark()) : $value->(word(), decoy()) } 1 .. int rand 4;
    my @post = map { rand() < 0.5 ? $comment->(remark()) : $value->(word(), decoy()) } 1 .. int rand 4;
    return map { join "\n", @pre, $_, @post, '' } @texts;
}

my %container = (
    json => sub {
        my ($old, $want) = written(dsn(), escaping('\\u%04x', qr/["\\]/));
        my @noise = map { sprintf '"%s%d": %s', word(), $_, one('5432', 'true', '"' . decoy() . '"', '[5432, "5432"]') } 1 .. 4;
        return ['app.json', map { "{" . join(",\n\t", @noise[0, 1], "\"dsn\": \"$_\"", @noise[2, 3]) . "}" } $old, $want];
    },
    c => sub {
        my ($pre, $old, $new_, $post) = @{ dsn() };
        my $e = escaping('\\%03o', qr/["\\]/);
        $split = one('" "', "\"\n  \"", "\" /* 5432 */ \"");
        # not right before the port or beside or in a host that it follows: what is absent may come before the cut as well as after it
        my $piece = int(8 + rand 60);
        my $w = sub {
            my ($out, $length, $host) = ('', 0, 0);
            for my $c (split //, $_[0]) {
                $out .= $split and $length = 0 if $length >= $piece && $c !~ /[\x01\x02]/ && $out !~ /[\x01\x02]\z/ && !($host && !length $old);
                $host = ord $c == 1 if $c =~ /[\x01\x02]/;
                $out .= $e->($c);
                $length++;
            }
            return $out;
        };
        my ($a, $z) = ($w->($pre), $w->($post));
        my ($o, $n) = ($old, $new_);
        ($o, $n) = (substr($old, 0, 1) . $split . substr($old, 1), $new_ . $split) if length $old > 1 && rand() < 0.3;
        return ['app.' . one('c', 'h', 'cpp'),
            lines(sub { one("// $_[0]", "/* $_[0] */") }, sub { "const char *$_[0] = \"$_[1]\";" }, map { "char *dsn = \"$a$_$z\";" } $o, $n)];
    },
    python => sub {
        my ($old, $want) = written(dsn(), escaping('\\x%02x', qr/["\\]/));
        return ['app.py', lines(sub { "# $_[0]" }, sub { "$_[0] = '$_[1]'" }, map { "dsn = \"$_\"" } $old, $want)];
    },
    go => sub {
        my ($old, $want) = written(dsn_without(qr/`/), sub { shift });
        return ['app.go', lines(sub { "// $_[0]" }, sub { "var $_[0] = \"$_[1]\"" }, map { "var dsn = `$_`" } $old, $want)];
    },
    js => sub {
        my ($old, $want) = written(dsn(), escaping('\\x%02x', qr/['\\]/));
        return ['app.' . one('js', 'ts', 'mjs'), lines(sub { "// $_[0]" }, sub { "const $_[0] = \"$_[1]\";" }, map { "const dsn = '$_';" } $old, $want)];
    },
    java => sub {
        my ($old, $want) = written(dsn(), escaping('\\u%04x', qr/["\\]/));
        return ['App.java', lines(sub { "/* $_[0] */" }, sub { "String $_[0] = \"$_[1]\";" }, map { "String dsn = \"$_\";" } $old, $want)];
    },
    toml => sub {
        my ($old, $want) = written(dsn(), escaping('\\u%04x', qr/["\\]/));
        return ['app.toml', lines(sub { "# $_[0]" }, sub { "$_[0] = '$_[1]'" }, map { "dsn = \"$_\"" } $old, $want)];
    },
    yaml => sub {
        my ($old, $want) = written(dsn(), escaping('\\x%02x', qr/["\\]/));
        return ['app.' . one('yml', 'yaml'), lines(sub { "# $_[0]" }, sub { "$_[0]: '$_[1]'" }, map { "dsn: \"$_\"" } $old, $want)];
    },
    plain_yaml => sub {
        my ($old, $want) = written(dsn_without(qr/ #|: |:$|^[^a-z]|:"/), sub { shift });
        return ['app.yaml', lines(sub { "# $_[0]" }, sub { "$_[0]: '$_[1]'" }, map { "dsn: $_ # 5432" } $old, $want)];
    },
    ini => sub {
        my ($old, $want) = written(dsn_without(qr/ [#;]|;$/), sub { shift });
        return ['app.ini', lines(sub { one('#', ';') . " $_[0]" }, sub { "$_[0] = $_[1]" }, map { "[a]\ndsn = $_" } $old, $want)];
    },
    env => sub {
        my ($old, $want) = written(dsn_without(qr/'/), sub { shift });
        my $export = maybe('export ');
        return ['.env', lines(sub { "# $_[0]" }, sub { "\U$_[0]\E=\"$_[1]\"" }, map { "${export}DSN='$_'" } $old, $want)];
    },
    properties => sub {
        my ($old, $want) = written(dsn(), escaping('\\u%04x', qr/[\\=:]/));
        return ['app.properties', lines(sub { one('#', '!') . $_[0] }, sub { "$_[0]=$_[1]" }, map { "dsn = $_" } $old, $want)];
    },
    shell => sub {
        my ($old, $want) = written(dsn(), sub { my $c = shift; $c =~ s/(["\$`\\])/\\$1/; $c });
        return ['run.sh', lines(sub { "# $_[0]" }, sub { "$_[0]='$_[1]'" }, map { "export DSN=\"$_\" && run" } $old, $want)];
    },
    docker => sub {
        my ($old, $want) = written(dsn(), sub { my $c = shift; $c =~ s/(["\$`\\])/\\$1/; $c });
        return ['Dockerfile', lines(sub { "# $_[0]" }, sub { "LABEL $_[0]=\"$_[1]\"" }, map { "ENV DSN=\"$_\"" } $old, $want)];
    },
    unit => sub {
        my ($old, $want) = written(dsn(), escaping('\\x%02x', qr/["\\]/));
        return ['app.service', lines(sub { one('#', ';') . $_[0] }, sub { "# $_[0] $_[1]" }, map { "Environment=\"DSN=$_\"" } $old, $want)];
    },
    # --- settings of their own
    environment => sub {
        my ($p, $q) = (port(), one('', '"'));
        my @set = ('PGHOST=' . host('db', '::1', '/run/pg'), 'PGUSER=' . word());
        my ($name, $before) = @{ one(['.env', ''], ['run.sh', 'export '], ['Dockerfile', 'ENV '], ['app.service', 'Environment=']) };
        return [$name, lines(sub { "# $_[0]" }, sub { "# $_[0] $_[1]" }, map { join "\n", map { "$before$_" } $set[0], "PGPORT=$q$_$q", $set[1] } $p, $new)];
    },
    siblings => sub {
        my ($p, $w) = (port(), one('postgres', 'postgresql', 'pgsql'));
        my $kind = one('json', 'yaml', 'ini', 'toml');
        my $h = host('db', '/run/pg');
        return ['a.json', map { "{\"web\": {\"port\": 5432},\n \"$w\": {\"host\": \"$h\", \"port\": $_, \"name\": \"x\"}}" } $p, $new] if $kind eq 'json';
        return ['a.yaml', map { "web:\n  port: 5432\n$w:\n  host: $h\n  port: $_ # 5432\n  name: x\n" } $p, $new] if $kind eq 'yaml';
        my $s = $kind eq 'ini' ? $h : "\"$h\"";
        return ["a.$kind", map { "[web]\nport = 5432\n[$w]\nhost = $s\nport = $_\n# port = 5432\n" } $p, $new];
    },
    service => sub {
        my @set = ('host=' . host(word()), 'dbname=' . word(), 'user=' . word());
        return ['pg_service.conf', map { join "\n", '# port=5432', '[a]', @set, @$_, '' } [], ["port=$new"]] if rand() < 0.3;
        return ['pg_service.conf', map { join "\n", '# port=5432', '[a]', $set[0], "port=$_", @set[1, 2], '' } port(), $new];
    },
    pgpass => sub {
        my ($p, $pw) = (port(), odd());
        $pw =~ s/([:\\])/\\$1/g;
        my $host = one('*', host('db', '/run/pg'));
        return ['.pgpass', map { "# db:5432:*:*:x\n$host:$_:d:u:$pw\n*:*:*:*:5432\n" } $p, $new];
    },
    define => sub {
        my ($p, $q) = (port(), one('', '"'));
        my $f = $q ? 's' : 'd';
        $movable = 0; # it names no host
        return ['app.c', map { "/* 5432 */\n#define PORT $q$_$q // 5432\n#define WEB 5432\nvoid f(char *b) { snprintf(b, 99, \"host=%s port=%$f\", \"h\", PORT); g(WEB); }\n" } $p, $new];
    },
    # --- values with names in code
    arguments => sub {
        my ($p, $q, $h) = (port(), one('', "'"), host('db', '/run/pg', '::1'));
        my @set = ("host='$h'", 'dbname="' . word() . '"', maybe('password="5432"') || 'user="u"');
        my $at = int rand 4;
        my $comma = one(', ', ",\n    ");
        my $set = sub { my @s = @set; splice @s, $at, 0, "port=$q$_[0]$q"; return join $comma, @s };
        return ['app.py', map { "import psycopg2\nport = 5432\n# port=5432\nc = psycopg2.connect(" . $set->($_) . ")\nd = f(host='db', port=5432)\n" } $p, $new];
    },
    members => sub {
        my ($p, $h, $w) = (port(), host('db', '/run/pg'), word());
        my ($name, @around) = @{ one(
            ['app.js', "const { Client } = require('pg');\nconst port = 5432;\nnew Client({ host: '$h', port: ", ", database: '$w' });\nweb.listen({ host: 'db', port: 5432 });\n"],
            ['app.ts', "import pg from \"pg\";\nnew pg.Pool({\n  port: ", ", // 5432\n  host: \"$h\",\n});\n"],
            ['app.go', "package main\nimport \"github.com/jackc/pgx/v5\"\nvar c = pgx.ConnConfig{Host: `$h`, Port: ", ", Database: \"$w\"}\nvar s = http.Server{Port: 5432}\n"],
            ['App.java', "import org.postgresql.ds.PGSimpleDataSource;\n/* 5432 */ ds.setServerName(\"$h\"); ds.setPortNumber(", "); s.setPort(5432);\n"],
            ['app.py', "D = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': '$h',\n  'PORT': '", "', 'NAME': '$w'}}\nW = {'HOST': 'db', 'PORT': '5432'}\n"],
        ) };
        return [$name, map { "$around[0]$_$around[1]" } $p, $new];
    },
    variables => sub {
        my ($p, $h) = (port(), host('db', '/run/pg'));
        my ($name, $set, $end) = @{ one(['app.py', 'os.environ["%s"] = "', "\"\n"], ['app.js', "process.env.%s = '", "';\n"], ['app.go', 'os.Setenv("%s", "', "\")\n"],
            ['App.java', 'env.put("%s", "', "\");\n"], ['app.c', 'setenv("%s", "', "\", 1);\n"]) };
        return [$name, map { my $v = $_; join '', map { sprintf($set, $_->[0]) . $_->[1] . $end } ['PGHOST', $h], ['PGAPPNAME', '5432'], ['PGPORT', $v] } $p, $new];
    },
);

sub write_file {
    my ($path, $text) = @_;
    open my $f, '>:raw', $path or die "$path: $!";
    print $f $text or die "$path: $!";
    close $f or die "$path: $!";
}

my @kinds = sort keys %container;
mkdir $_ for "$dir/in", "$dir/want", "$dir/host";
for my $i ($first .. $first + $count - 1) {
    srand($seed * 1_000_003 + $i);
    ($split, $movable) = ('', 1);
    my ($name, @texts) = @{ $container{ $kinds[ $i % @kinds ] }->() };
    my ($crlf, $bom, $open) = (rand() < 0.2, rand() < 0.1, rand() < 0.3);
    # a backslash before a newline is another one before CRLF; a shell's first bytes are no mark
    $crlf = 0 if $name =~ /\.sh$|Dockerfile|^\.env$/;
    $bom = 0 if $name =~ /\.sh$|Dockerfile|^\.env$|pgpass|service/;
    push @texts, with_host($texts[1]);
    for (@texts) {
        $_ = without_marks($_);
        s/\n\z// if $open;
        s/\n/\r\n/g if $crlf;
        $_ = "\xef\xbb\xbf$_" if $bom;
    }
    mkdir "$dir/$_/$i" for 'in', 'want';
    if ($movable) {
        mkdir "$dir/host/$i";
        write_file("$dir/host/$i/$name", $texts[2]);
    }
    write_file("$dir/want/$i/$name", $texts[1]);
    write_file("$dir/in/$i/$name", $texts[0]);
    chmod one(0600, 0640, 0644, 0755, 0444, 0604), "$dir/in/$i/$name";
    chown 1000 + int(rand 100), 1000 + int(rand 100), "$dir/in/$i/$name" if $> == 0;
    my $time = 1_000_000_000 + int(rand 500_000_000) + int(rand 1_000_000) / 1_000_000;
    Time::HiRes::utime($time, $time, "$dir/in/$i/$name");
}
