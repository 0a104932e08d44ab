#!/bin/sh
# Installs the Python packages that tests compare with into .cache/oracles, at versions that the tests are known
# to pass with: the consensus code of Bitcoin Core (py-bitcoinkernel), the reference of
# SLIP-39, a reader of CDDL, and two wallets (BDK, HWI).
set -eu
root=$(dirname -- "$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")")
if ! command -v python3 >/dev/null; then
  echo 'install-python: python3 is missing. Install Python 3.10 or newer with venv and run this again.' >&2
  exit 5
fi
python3 -m venv "$root/.cache/oracles"
"$root/.cache/oracles/bin/pip" install --quiet --disable-pip-version-check --no-deps \
  py-bitcoinkernel==0.1.0a5 \
  shamir-mnemonic==0.3.0 \
  pycddl==0.6.4 \
  bdkpython==3.1.1 \
  hwi==3.2.0 \
  typing-extensions==4.16.0
