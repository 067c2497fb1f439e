# SPDX-License-Identifier: MIT
# Runs in the guest: Linux's own nvme driver on the device, then a file system on that. TREE is what
# to copy.
set -e
step() { read -r seconds rest < /proc/uptime; echo "$seconds s: $*"; }
trap 'dmesg > /out/dmesg; grep nvme /proc/interrupts > /out/interrupts' EXIT

modprobe nvme
tries=0
until [ -b /dev/nvme0n1 ]; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || { step 'no namespace appeared'; exit 1; }
  sleep 0.1
done
step 'the driver is bound'
nvme id-ctrl /dev/nvme0 --output-format=json > /out/id-ctrl.json
nvme id-ns /dev/nvme0n1 --output-format=json > /out/id-ns.json

step 'fio: random writes, each read back and compared'
fio --name=verify --filename=/dev/nvme0n1 --direct=1 --thread --ioengine=libaio --iodepth=16 \
  --rw=randwrite --bsrange=4k-256k --size=64m --randseed=7 \
  --verify=crc32c --verify_fatal=1 --output-format=json --output=/out/fio.json

step 'a file system and a tree of files'
mkfs.ext4 -q -F /dev/nvme0n1
mkdir /files
mount -t ext4 /dev/nvme0n1 /files
cp -a "$TREE" /files/tree
# Nothing of it stays in memory: the comparison reads the device.
umount /files
mount -t ext4 /dev/nvme0n1 /files
diff -r "$TREE" /files/tree
umount /files
step 'done'
