#!/bin/sh
# Installs btcd, a full node in Go, at the version that the tests are known to pass with. Into GOBIN or ~/go/bin.
set -eu
version=v0.26.2
if ! command -v go >/dev/null; then
  echo 'install-btcd: Go is missing. Install Go 1.25 or newer (https://go.dev/dl) and run this again.' >&2
  exit 5
fi
go install "github.com/btcsuite/btcd@$version"
go install "github.com/btcsuite/btcd/cmd/btcctl@$version"
