# SPDX-License-Identifier: MIT
# The commands of the NVM command set, with their data, and what they refuse.

blocks=$(($(cat "/sys/class/block/${disk#/dev/}/size")))

# writes FILE LBA COUNT: of 512 bytes.
writes() {
  runs nvme write "$disk" --start-block="$2" --block-count=$(($3 - 1)) \
    --data-size=$(($3 * 512)) --data="$1"
}

# reads FILE LBA COUNT
reads() {
  runs nvme read "$disk" --start-block="$2" --block-count=$(($3 - 1)) \
    --data-size=$(($3 * 512)) --data="$1"
}

test_what_was_written_is_read() {
  random_file a 65536
  writes a 100 128
  reads b 100 128
  same a b
  dd if="$disk" of=c bs=512 skip=100 count=128 iflag=direct status=none
  same a c
}

test_the_last_block() {
  random_file a 512
  writes a $((blocks - 1)) 1
  reads b $((blocks - 1)) 1
  same a b
}

test_beyond_the_capacity() {
  zero_file a 1024
  refused 0x080 nvme write "$disk" -s "$blocks" -c 0 -z 512 -d a
  refused 0x080 nvme write "$disk" -s $((blocks - 1)) -c 1 -z 1024 -d a
  refused 0x080 nvme read "$disk" -s "$blocks" -c 0 -z 512
  refused 0x080 nvme write-zeroes "$disk" -n 1 -s $((blocks - 1)) -c 1
  refused 0x080 nvme verify "$disk" -n 1 -s $((blocks - 1)) -c 1
}

test_force_unit_access() {
  random_file a 4096
  runs nvme write "$disk" -s 8 -c 7 -z 4096 -d a --force-unit-access
  runs nvme read "$disk" -s 8 -c 7 -z 4096 -d b --force-unit-access
  same a b
}

test_flush() {
  runs nvme flush "$disk" --namespace-id=1
}

test_compare() {
  random_file a 4096
  writes a 200 8
  runs nvme compare "$disk" -s 200 -c 7 -z 4096 -d a
  random_file b 4096
  refused 0x285 nvme compare "$disk" -s 200 -c 7 -z 4096 -d b
}

test_verify() {
  runs nvme verify "$disk" --namespace-id=1 --start-block=0 --block-count=255
}

test_write_zeroes() {
  random_file a 4096
  writes a 300 8
  runs nvme write-zeroes "$disk" --namespace-id=1 --start-block=301 --block-count=2
  dd if=/dev/zero of=a bs=512 seek=1 count=3 conv=notrunc status=none
  reads b 300 8
  same a b
}

test_write_zeroes_with_deallocation() {
  random_file a 65536
  writes a 1024 128
  runs nvme write-zeroes "$disk" --namespace-id=1 --start-block=1024 --block-count=127 --deac
  zero_file a 65536
  reads b 1024 128
  same a b
}

test_dataset_management_deallocates() {
  random_file a 65536
  writes a 2048 128
  writes a 4096 128
  runs nvme dsm "$disk" --namespace-id=1 --ad --slbs=2048,4096 --blocks=128,64
  # DLFEAT says that they read as zeros.
  runs nvme id-ns "$disk"
  equal dlfeat 1 $(($(value dlfeat) & 7))
  zero_file zeros 65536
  reads b 2048 128
  same zeros b
  reads b 4096 128
  same <(head -c 32768 zeros; tail -c 32768 a) b
}

test_dataset_management_beyond_the_capacity() {
  refused 0x080 nvme dsm "$disk" --namespace-id=1 --ad --slbs=$((blocks - 1)) --blocks=2
}

test_copy() {
  random_file a 8192
  writes a 8192 16
  runs nvme copy "$disk" --sdlba=9000 --slbs=8200,8192 --blocks=7,7
  reads b 9000 16
  same <(tail -c 4096 a; head -c 4096 a) b
}

test_copy_beyond_the_capacity() {
  refused 0x080 nvme copy "$disk" --sdlba=$((blocks - 4)) --slbs=8192 --blocks=7
  refused 0x080 nvme copy "$disk" --sdlba=0 --slbs=$((blocks - 4)) --blocks=7
}

test_write_uncorrectable() {
  random_file a 2048
  writes a 12000 4
  runs nvme write-uncor "$disk" --namespace-id=1 --start-block=12001 --block-count=0
  refused 0x281 nvme read "$disk" -s 12000 -c 3 -z 2048
  refused 0x281 nvme verify "$disk" --namespace-id=1 -s 12001 -c 0
  reads b 12000 1
  same <(head -c 512 a) b
  # Writing makes it good again.
  writes a 12000 4
  reads b 12000 4
  same a b
}

test_more_than_mdts_is_refused() {
  runs nvme id-ctrl "$ctrl"
  local mdts
  mdts=$(value mdts)
  ((mdts > 0)) || return 0
  # What the kernel splits, the controller never sees; its own limit is the controller's.
  equal 'bytes of a request' $((4 << mdts)) \
    "$(cat "/sys/class/block/${disk#/dev/}/queue/max_hw_sectors_kb")"
}

test_an_unknown_io_opcode_is_refused() {
  refused 0x001 nvme io-passthru "$disk" --opcode=0x7f --namespace-id=1
  refused 0x001 nvme io-passthru "$disk" --opcode=0x99 --namespace-id=1
}
