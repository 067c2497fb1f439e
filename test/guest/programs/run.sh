#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs in the guest: run.sh FILE… calls every function test_… of each file, in order, each in a
# shell of its own with a time limit. Prints `ok FILE NAME` or `not ok FILE NAME` for each, and
# under the latter what the test printed.
here=${BASH_SOURCE[0]%/*}
log=/run/log
seconds_max=120
failures=0

run_test() {
  local file=$1 name=$2 start=$SECONDS
  rm -rf /run/files
  mkdir /run/files
  cd /run/files || exit
  timeout --kill-after=5 "$seconds_max" bash -c '
    set -euo pipefail
    source "$0/assert.sh"
    source "$0/$1"
    "$2"
  ' "$here" "$file" "$name" > "$log" 2>&1 < /dev/null
  local status=$?
  if ((status == 0)); then
    echo "ok $file $name ($((SECONDS - start)) s)"
    return
  fi
  failures=$((failures + 1))
  ((status != 124 && status != 137)) || echo "it took longer than $seconds_max s" >> "$log"
  echo "not ok $file $name"
  tail -n 60 "$log" | sed 's/^/# /'
}

source "$here/assert.sh"
ln -sfn /proc/self/fd /dev/fd
modprobe nvme
wait_for 30 test -b "$disk" || exit 1
for file in "$@"; do
  for name in $(sed -n 's/^\(test_[a-z0-9_]*\)() {$/\1/p' "$here/$file"); do
    run_test "$file" "$name"
  done
done
dmesg > /out/dmesg
((failures == 0))
