# SPDX-License-Identifier: MIT
# A tree of files on ext4 and on xfs: written, compared, trimmed, checked. TREE is what to copy.

umount /files 2> /dev/null || true

# keeps_the_tree TYPE OPTIONS: the file system on the disk.
keeps_the_tree() {
  local type=$1 options=$2
  mkdir -p /files
  mount -t "$type" -o "$options" "$disk" /files
  cp -a "$TREE" /files/tree
  # Nothing of it stays in memory: the comparison reads the device.
  umount /files
  mount -t "$type" "$disk" /files
  runs diff -r "$TREE" /files/tree
  rm -r /files/tree
  sync
  runs fstrim --verbose /files
  shows '[1-9].*bytes'
  cp -a "$TREE" /files/tree
  umount /files
  mount -t "$type" "$disk" /files
  runs diff -r "$TREE" /files/tree
  umount /files
}

test_ext4() {
  runs mkfs.ext4 -q -F "$disk"
  keeps_the_tree ext4 discard
  runs e2fsck -f -n "$disk"
}

test_xfs() {
  runs mkfs.xfs -q -f "$disk"
  keeps_the_tree xfs discard
  runs xfs_repair -n "$disk"
}

test_blkdiscard_frees_and_reads_zeros() {
  random_file a 1048576
  dd if=a of="$disk" bs=64k oflag=direct status=none
  runs blkdiscard --length 524288 "$disk"
  zero_file zeros 524288
  dd if="$disk" of=b bs=64k count=16 iflag=direct status=none
  same b <(cat zeros; tail -c 524288 a)
  runs blkdiscard "$disk"
  dd if="$disk" of=b bs=64k count=16 iflag=direct status=none
  same b <(cat zeros zeros)
}

test_blkdiscard_writes_zeros() {
  random_file a 131072
  dd if=a of="$disk" bs=64k oflag=direct status=none
  runs blkdiscard --zeroout --length 65536 "$disk"
  zero_file zeros 65536
  dd if="$disk" of=b bs=64k count=2 iflag=direct status=none
  same b <(cat zeros; tail -c 65536 a)
}

test_the_kernel_had_nothing_to_complain_of() {
  ! dmesg | grep -iE 'nvme.*(timeout|abort|reset|fail|error)|I/O error' || fail 'nvme'
  ! dmesg | grep -iE '(EXT4-fs|XFS).*(error|warning|corrupt)' || fail 'a file system'
}
