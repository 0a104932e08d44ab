#!/bin/sh
# Installs, as root on Debian, the programs that tests compare with or observe by. None is needed to run Coldwire.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  age electrum openssh-client perl-base python3 python3-venv socat strace systemd linux-libc-dev util-linux >/dev/null
