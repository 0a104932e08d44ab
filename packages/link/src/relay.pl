# Two pseudo-terminals joined like the ends of a null-modem cable, for demos and tests. Needs perl-base only.
# Usage: perl relay.pl BAUD      0: as fast as it goes; else ten bits a byte each way, as a UART would.
# Prints both slave paths on one line, then relays until standard input ends. Linux only: the ioctl numbers are those of
# asm-generic (x86, ARM, RISC-V).
use strict;
use warnings;
use Fcntl qw(O_RDWR O_NOCTTY O_NONBLOCK);
use POSIX qw(EAGAIN EINTR EIO);

use constant { TIOCSPTLCK => 0x40045431, TIOCGPTN => 0x80045430, HELD => 65_536, PIECE => 4_096, PAUSE => 0.01, BRIDGE => 0.35 };
use constant TICKS => POSIX::sysconf(&POSIX::_SC_CLK_TCK);

my $rate = ($ARGV[0] // 0) / 10;
my $most = $rate ? PIECE : HELD;

sub open_pair {
  sysopen(my $master, '/dev/ptmx', O_RDWR | O_NOCTTY | O_NONBLOCK) or die "open /dev/ptmx: $!\n";
  my $unlocked = pack('i', 0);
  ioctl($master, TIOCSPTLCK, $unlocked) or die "unlock pty: $!\n";
  my $number = pack('I', 0);
  ioctl($master, TIOCGPTN, $number) or die "number of pty: $!\n";
  my $slave = '/dev/pts/' . unpack('I', $number);
  make_raw($slave);
  return ($master, $slave);
}

# Without this, what arrives before the slave is opened would be echoed. The setting outlives the open file.
sub make_raw {
  my ($slave) = @_;
  sysopen(my $fd, $slave, O_RDWR | O_NOCTTY) or die "open $slave: $!\n";
  my $settings = POSIX::Termios->new;
  $settings->getattr(fileno $fd);
  $settings->setiflag(0);
  $settings->setoflag(0);
  $settings->setlflag(0);
  $settings->setattr(fileno($fd), POSIX::TCSANOW()) or die "make $slave raw: $!\n";
  close $fd;
}

my ($left, $left_path) = open_pair();
my ($right, $right_path) = open_pair();
$| = 1;
print "$left_path $right_path\n";

# One direction each: bytes read and not yet written, and when the line is free for the next.
my @ways = map { { from => $_->[0], to => $_->[1], held => '', free => 0, wake => 0 } } [$left, $right], [$right, $left];

while (1) {
  my ($reads, $writes, $now) = ('', '', seconds());
  vec($reads, fileno(STDIN), 1) = 1;
  my $wait = 1;
  for my $way (@ways) {
    my $room = length($way->{held}) < $most;
    if ($room && $way->{wake} <= $now) { vec($reads, fileno($way->{from}), 1) = 1 }
    elsif ($room) { $wait = least($wait, $way->{wake} - $now) }
    next if $way->{held} eq '';
    if ($way->{free} <= $now) { vec($writes, fileno($way->{to}), 1) = 1 }
    else { $wait = least($wait, $way->{free} - $now) }
  }
  select(my $can_read = $reads, my $can_write = $writes, undef, $wait) >= 0 or $! == EINTR or die "select: $!\n";
  if (vec($can_read, fileno(STDIN), 1)) { sysread(STDIN, my $rest, PIECE) or exit 0 }
  for my $way (@ways) {
    take($way) if vec($can_read, fileno($way->{from}), 1);
    give($way) if vec($can_write, fileno($way->{to}), 1);
  }
}

# Since some moment in the past, in steps of a hundredth: Time::HiRes is not in perl-base.
sub seconds { (POSIX::times())[0] / TICKS }

sub least { $_[0] < $_[1] ? $_[0] : $_[1] }

# EIO: nobody has the slave open. Look again a little later.
sub take {
  my ($way) = @_;
  my $idle = $way->{held} eq '';
  my $got = sysread($way->{from}, $way->{held}, PIECE, length $way->{held});
  if ($got) {
    my $now = seconds();
    $way->{free} = $now if $idle && $way->{free} < $now;
    return;
  }
  die "read pty: $!\n" unless defined $got || $! == EIO || $! == EAGAIN || $! == EINTR;
  $way->{wake} = seconds() + PAUSE;
}

# At a given rate a hundredth's worth at a time, so that bytes come nearly as evenly as from a UART. What a busy machine
# makes us miss is made up for, up to the third of a second that a UART driver's buffer of 4 KiB would bridge.
sub give {
  my ($way) = @_;
  my $piece = $rate ? POSIX::ceil($rate * PAUSE) : PIECE;
  my $put = syswrite($way->{to}, $way->{held}, least($piece, length $way->{held}));
  if (!defined $put) {
    die "write pty: $!\n" unless $! == EAGAIN || $! == EINTR || $! == EIO;
    $way->{free} = seconds() + PAUSE;
    return;
  }
  substr($way->{held}, 0, $put) = '';
  return unless $rate;
  my $now = seconds();
  $way->{free} = $now - BRIDGE if $way->{free} < $now - BRIDGE;
  $way->{free} += $put / $rate;
}
