#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest's first process: the machine's own / read-only under a layer of memory, /out shared and
# writable, then /out/job.sh in there, its exit code to /out/exit-code, and the power off.
busybox=/bin/busybox
for applet in mount mkdir cp insmod chroot ln poweroff sleep sync; do
  alias $applet="$busybox $applet"
done

mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "/modules/$module"; done < /modules/order

# The 9p device may be found a moment later.
share() { mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2"; }
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  share machine /machine cache=loose,ro 2> /dev/null && break
  sleep 0.2
done
mount -t tmpfs -o size=50% layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/machine,upperdir=/layer/upper,workdir=/layer/work root /root
mkdir -p /root/out /root/lab/bin
share out /root/out cache=none

for folder in dev proc sys; do mount --move /$folder /root/$folder; done
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts devpts /root/dev/pts
mount -t tmpfs shm /root/dev/shm
mount -t tmpfs run /root/run
# Modules of this kernel, for the job's modprobe and for what the kernel itself asks for, from out
# here.
read -r modules < /modules/folder
mkdir -p /lib/modules /root/lib/modules
ln -s "/machine$modules" /lib/modules/
ln -s "$modules" /root/lib/modules/
cp $busybox /root/lab/bin/busybox
ln -s busybox /root/lab/bin/modprobe
ln -s busybox /bin/modprobe
echo /bin/modprobe > /root/proc/sys/kernel/modprobe

export PATH=/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root TERM=dumb
chroot /root /bin/sh -c 'cd /out && . ./job.sh' > /root/out/job.log 2>&1
echo $? > /root/out/exit-code
sync
poweroff -f
