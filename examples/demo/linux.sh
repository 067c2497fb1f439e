# SPDX-License-Identifier: MIT
# Runs in the guest of linux.ts.
set -e
show() { echo "\$ $*"; "$@"; }

modprobe nvme
tries=0
until [ -b /dev/nvme0n1 ]; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || { echo 'no namespace appeared'; exit 1; }
  sleep 0.1
done
show nvme list
show mkfs.ext4 -q /dev/nvme0n1
mkdir /files
show mount -t ext4 /dev/nvme0n1 /files
show fio --name=verify --directory=/files --size=16m --rw=randwrite --bsrange=4k-64k \
  --direct=1 --thread --ioengine=libaio --iodepth=8 --verify=crc32c --verify_fatal=1 \
  --output=/out/fio
grep -E 'err=|IOPS=' /out/fio
show umount /files
