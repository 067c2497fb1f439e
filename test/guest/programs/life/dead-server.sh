# SPDX-License-Identifier: MIT
# Runs in the guest: whatever serves the device dies while fio uses it. There are errors, soon, and
# nothing hangs. /out/busy tells when.
set -e
disk=/dev/nvme0n1
modprobe nvme_core io_timeout=5 admin_timeout=5
modprobe nvme
tries=0
until [ -b $disk ]; do
  tries=$((tries + 1))
  [ $tries -lt 150 ] || { echo 'no namespace appeared'; exit 1; }
  sleep 0.2
done
fio --name=background --filename=$disk --direct=1 --thread --rw=randrw --ioengine=libaio \
  --iodepth=32 --bs=16k --size=64m --time_based --runtime=600 \
  --allow_file_create=0 --output=fio.log &
until awk '{ exit !($5 > 200) }' /sys/block/nvme0n1/stat; do sleep 0.2; done
touch busy
if wait $!; then echo 'fio saw no error'; exit 1; fi
echo 'fio saw an error'
# Newer kernels have shrunk the disk to nothing by then, which is no error.
if [ "$(timeout 60 dd if=$disk bs=4k count=1 iflag=direct | wc -c)" -gt 0 ]; then
  echo 'it can still be read'
  exit 1
fi
timeout 60 sync
echo 'nothing hangs'
