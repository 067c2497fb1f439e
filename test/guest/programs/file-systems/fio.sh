# SPDX-License-Identifier: MIT
# fio writes at random, reads back and compares checksums: engines, depths, sizes, jobs, formats.

# verifies NAME OPTION…: it fails at the first byte that differs.
verifies() {
  local name=$1
  shift
  runs fio --name="$name" --filename="$disk" --direct=1 --rw=randwrite --randseed=7 \
    --verify=crc32c --verify_fatal=1 --do_verify=1 --thread --output-format=normal "$@"
  hides 'verify: bad|err= *[1-9]'
  # All of it was written, and read again.
  equal 'bytes written and read' "$(moved WRITE)" "$(moved READ)"
}

# moved READ|WRITE: as fio's summary has it.
moved() {
  sed -n "s/^ *$1:.*io=\([^ ]*\) .*/\1/p" <<< "$output"
}

test_one_at_a_time() {
  verifies one --ioengine=psync --bs=4k --size=8m
}

test_depth_32_of_small_blocks() {
  verifies small --ioengine=libaio --iodepth=32 --bs=512 --size=4m
}

test_depth_128_of_many_sizes() {
  verifies sizes --ioengine=io_uring --iodepth=128 --bsrange=512-1m --size=64m
}

test_depth_32_of_large_blocks() {
  verifies large --ioengine=io_uring --iodepth=32 --bs=1m --size=128m
}

test_several_jobs_side_by_side() {
  verifies jobs --ioengine=libaio --iodepth=32 --bsrange=4k-128k --size=16m --numjobs=4 \
    --offset_increment=64m --group_reporting
}

test_reads_and_writes_mixed() {
  runs fio --name=mixed --filename="$disk" --direct=1 --rw=randrw --randseed=7 --thread \
    --verify=crc32c --verify_fatal=1 --ioengine=io_uring --iodepth=64 --bsrange=4k-64k --size=32m
  hides 'verify: bad|err= *[1-9]'
}

test_512_bytes_with_protection() {
  format_disk 8 9 --pi=1
  verifies protected --ioengine=libaio --iodepth=32 --bsrange=512-128k --size=16m
}

test_4096_bytes_with_protection() {
  format_disk 8 12 --pi=1
  verifies protected --ioengine=io_uring --iodepth=128 --bsrange=4k-1m --size=32m --blockalign=4k
}

test_4096_bytes() {
  format_disk 0 12
  verifies blocks --ioengine=io_uring --iodepth=32 --bsrange=4k-256k --size=32m
}

test_512_bytes_again() {
  format_disk 0 9
  verifies blocks --ioengine=libaio --iodepth=1 --bsrange=512-64k --size=8m
}

test_the_kernel_had_nothing_to_complain_of() {
  ! dmesg | grep -iE 'nvme.*(timeout|abort|reset|fail|error)|I/O error|protection error'
}
