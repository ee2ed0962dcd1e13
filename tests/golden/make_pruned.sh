#!/usr/bin/env bash
# Writes tests/golden/ledgers/pruned anew: a ledger whose first 256 events were removed on record.
# usage: PHANTOM_BIN=build/.../phantom tests/golden/make_pruned.sh
set -euo pipefail
phantom="$(realpath "$PHANTOM_BIN")"
into="$(dirname "$(realpath "$0")")/ledgers"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
export PHANTOM_HOME="$scratch/home"
"$phantom" ledger init >/dev/null 2>&1
for _ in $(seq 270); do "$phantom" audit show --last 1 >/dev/null; done
"$phantom" ledger rotate-key >/dev/null
"$phantom" audit hold add case-7 --session none >/dev/null
"$phantom" audit retention apply --keep 0s --yes-remove 255 >/dev/null 2>&1
for _ in $(seq 5); do "$phantom" audit show --last 1 >/dev/null; done
"$phantom" audit head >"$into/pruned.checkpoint"
cp "$PHANTOM_HOME"/trust/*.vkey "$into/pruned.vkey"
rm -rf "$into/pruned"
mkdir -p "$into/pruned/db"
cp "$PHANTOM_HOME/ledger/head" "$into/pruned/"
for file in "$PHANTOM_HOME"/ledger/db/*; do
  case "$(basename "$file")" in LOCK | LOG* | OPTIONS-*) ;; *) cp "$file" "$into/pruned/db/" ;; esac
done
"$phantom" audit verify --ledger "$into/pruned" --key "$into/pruned.vkey" --against "$into/pruned.checkpoint"
