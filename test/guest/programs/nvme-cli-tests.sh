# SPDX-License-Identifier: MIT
# Runs in the guest: nvme-cli's own tests, from its source in SOURCE, one module after the other.
# They delete every namespace and create what they need.
ln -sfn /proc/self/fd /dev/fd
modprobe nvme
tries=0
until [ -b /dev/nvme0n1 ]; do
  tries=$((tries + 1))
  [ $tries -lt 150 ] || { echo 'no namespace appeared'; exit 1; }
  sleep 0.2
done
mkdir /run/work
cp -r "$SOURCE/tests" /run/work/tests
cd /run/work || exit 1
for file in tests/nvme_*_test.py; do
  module=$(basename "$file" .py)
  if PYTHONPATH=tests timeout --kill-after=5 600 python3 -m unittest "$module" > log 2>&1; then
    echo "ok $module"
  else
    echo "not ok $module"
    tail -n 40 log | sed 's/^/# /'
  fi
done
dmesg > /out/dmesg
