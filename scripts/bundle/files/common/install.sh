#!/bin/sh
# Installs this bundle of Coldwire on the machine that it is for: compares every file with SHA256SUMS, makes user and directories,
# copies to /opt/coldwire/VERSION, installs the systemd units and, once, the settings. Starts nothing. May be run again: it changes only what
# differs and says what it did. Refuses a bundle with a missing, changed or additional file, and never replaces an
# installed version by another of the same number.
#   install.sh [--prefix DIR]     DIR: everything below DIR, no users and no systemctl; for tests and images
# Exit codes: 0 done, 2 usage, 4 the bundle is damaged, 5 the machine is not fit.
set -eu
umask 022

say() { printf '%s\n' "$*"; }
refuse() { code=$1; shift; printf 'install.sh: %s\n' "$*" >&2; exit "$code"; }

prefix=
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -ge 2 ] || refuse 2 '--prefix needs a directory.'; prefix=$2; shift 2 ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) refuse 2 "unknown argument $1. Usage: install.sh [--prefix DIR]" ;;
  esac
done
case $prefix in '' | /*) ;; *) refuse 2 '--prefix takes an absolute path.' ;; esac

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

# Everything that is listed is there unchanged, and nothing else is.
verify() (
  cd "$1"
  sha256sum --check --quiet --strict SHA256SUMS >&2 || exit 1
  find . -type f ! -name SHA256SUMS | sort > "$2/found"
  sed 's/^[0-9a-f]*  /.\//' SHA256SUMS | sort > "$2/listed"
  cmp -s "$2/found" "$2/listed" || { printf 'not listed, or not a file:\n' >&2; diff "$2/listed" "$2/found" >&2; exit 1; }
  [ -z "$(find . ! -type f ! -type d)" ] || { printf 'it holds links or devices.\n' >&2; exit 1; }
)

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
[ -f "$here/SHA256SUMS" ] || refuse 4 "$here has no SHA256SUMS: this is not a bundle. Copy the whole directory."
verify "$here" "$scratch" || refuse 4 'the bundle is damaged or was altered. Copy it again and compare its hash.'
version=$(cat "$here/VERSION")
hash=$(sha256sum < "$here/SHA256SUMS" | cut -d' ' -f1)
say "verified: every file of Coldwire $version as listed"

if [ -z "$prefix" ]; then
  [ "$(id -u)" = 0 ] || refuse 5 'run it as root, or with --prefix DIR.'
  [ "$(uname -m)" = x86_64 ] || refuse 5 "this bundle is for x86_64, not $(uname -m)."
  for user in coldwire $(sed -n 's/^User=//p' "$here"/systemd/*.service | sort -u); do
    if id "$user" > /dev/null 2>&1; then
      say "user $user: is there"
    else
      useradd --system --user-group --home-dir "/var/lib/$user" --no-create-home --shell /usr/sbin/nologin "$user"
      say "user $user: made"
    fi
  done
fi

# make_directory PATH MODE OWNER
make_directory() {
  if [ -d "$prefix$1" ]; then say "$1: is there"; else mkdir -p -- "$prefix$1"; say "$1: made"; fi
  chmod "$2" "$prefix$1"
  [ -n "$prefix" ] || chown "$3" "$1"
}

make_directory /opt/coldwire 0755 root:root
make_directory /etc/coldwire 0755 root:root
make_directory /var/lib/coldwire 0700 coldwire:coldwire
make_directory /var/log/coldwire 0750 root:coldwire

target=$prefix/opt/coldwire/$version
if [ -e "$target" ]; then
  cmp -s "$here/SHA256SUMS" "$target/SHA256SUMS" ||
    refuse 5 "another Coldwire $version is in $target. Move it away first, after finding out where it came from."
  verify "$target" "$scratch" || refuse 5 "what is in $target was altered. Keep it for examination, move it away, run again."
  say "/opt/coldwire/$version: is there, unchanged"
else
  rm -rf -- "$target.new"
  cp -R -- "$here" "$target.new"
  [ -n "$prefix" ] || chown -R root:root "$target.new"
  verify "$target.new" "$scratch" || refuse 5 "the copy differs from the bundle: check the disk."
  sync
  mv -- "$target.new" "$target"
  say "/opt/coldwire/$version: installed"
fi
ln -sfn "$version" "$prefix/opt/coldwire/current"
say "/opt/coldwire/current: $version"

units=$prefix/etc/systemd/system
mkdir -p -- "$units"
for path in "$target"/systemd/*.service; do
  unit=${path##*/}
  if cmp -s "$path" "$units/$unit"; then
    say "/etc/systemd/system/$unit: is there, unchanged"
  else
    cp -- "$path" "$units/$unit"
    chmod 0644 "$units/$unit"
    say "/etc/systemd/system/$unit: installed, not started"
  fi
done
[ -n "$prefix" ] || ! command -v systemctl > /dev/null || systemctl daemon-reload
for path in "$target"/conf/*; do
  settings=/etc/coldwire/${path##*/}
  if [ -e "$prefix$settings" ]; then
    say "$settings: is there, left as it is"
  else
    cp -- "$path" "$prefix$settings"
    chmod 0644 "$prefix$settings"
    say "$settings: installed; read it and name ports and addresses in it"
  fi
done

say
say "Bundle hash: $hash"
say 'Compare it with the release and with the other machines, aloud, by two people. Then read README.txt.'
