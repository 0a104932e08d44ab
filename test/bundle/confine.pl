# What a unit's SystemCallFilter, RestrictAddressFamilies=none and MemoryDenyWriteExecute do, where no systemd is process 1:
#   perl confine.pl [--wx] NUMBERS COMMAND [ARGUMENT]...
# NUMBERS: a file with the numbers of the system calls that are allowed, one a line; every other one gives EPERM. Memory is
# never writable and executable at once, nor made executable later, unless --wx is given. Needs perl-base only. x86-64 Linux only.
use strict;
use warnings;

use constant { PRCTL => 157, SECCOMP => 317, NO_NEW_PRIVS => 38, FILTER => 1 };
use constant { LOAD => 0x20, AND => 0x54, EQUAL => 0x15, RETURN => 0x06 };
use constant { ALLOW => 0x7fff0000, EPERM => 0x00050001, KILL => 0x80000000, X86_64 => 0xC000003E };
use constant { NUMBER => 0, ARCH => 4, THIRD => 32 };    # offsets in struct seccomp_data

# By number: the bits of the third argument that may not all be set (mmap: write and execute; mprotect, pkey_mprotect: execute).
my %bits = (9 => 6, 10 => 4, 329 => 4);

%bits = (), shift @ARGV if $ARGV[0] eq '--wx';
my ($file, @command) = @ARGV;
open(my $in, '<', $file) or die "$file: $!\n";
chomp(my @numbers = <$in>);

my @program = ([LOAD, 0, 0, ARCH], [EQUAL, 1, 0, X86_64], [RETURN, 0, 0, KILL], [LOAD, 0, 0, NUMBER]);
for my $number (@numbers) {
  if (my $bits = $bits{$number}) {
    push @program, [EQUAL, 0, 5, $number], [LOAD, 0, 0, THIRD], [AND, 0, 0, $bits], [EQUAL, 0, 1, $bits], [RETURN, 0, 0, EPERM];
  }
  else { push @program, [EQUAL, 0, 1, $number] }
  push @program, [RETURN, 0, 0, ALLOW];
}
push @program, [RETURN, 0, 0, EPERM];

my $filter = join '', map { pack 'SCCL', @$_ } @program;
my $holder = pack 'S x6 P', scalar @program, $filter;
syscall(PRCTL, NO_NEW_PRIVS, 1, 0, 0, 0) == 0 or die "no_new_privs: $!\n";
syscall(SECCOMP, FILTER, 0, $holder) == 0 or die "seccomp: $!\n";
exec { $command[0] } @command or die "$command[0]: $!\n";
