# SPDX-License-Identifier: MIT
# Runs in the guest, once for each of three boots: an orderly restart, then an abrupt one under I/O,
# and each time the data of before is there. /out/boot counts.
set -e
boot=$(cat boot 2> /dev/null || echo 1)
echo "boot $boot"
echo $((boot + 1)) > boot
disk=/dev/nvme0n1

modprobe nvme
tries=0
until [ -b $disk ]; do
  tries=$((tries + 1))
  [ $tries -lt 150 ] || { echo 'no namespace appeared'; exit 1; }
  sleep 0.2
done
if [ "$boot" -gt 1 ]; then
  dd if=$disk of=found bs=64k count=16 iflag=direct
  cmp data found
fi
[ "$boot" -lt 3 ] || exit 0
head -c 1048576 /dev/urandom > data
dd if=data of=$disk bs=64k oflag=direct
if [ "$boot" = 1 ]; then busybox reboot -f; fi
fio --name=background --filename=$disk --offset=64m --size=64m --direct=1 --thread --rw=randwrite \
  --ioengine=libaio --iodepth=32 --bs=16k --time_based --runtime=600 \
  --allow_file_create=0 --output=/dev/null &
# Some of them, beside those of above.
until awk '{ exit !($5 > 200) }' /sys/block/nvme0n1/stat; do sleep 0.2; done
echo b > /proc/sysrq-trigger
