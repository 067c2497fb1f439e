# SPDX-License-Identifier: MIT
# End-to-end data protection type 1: what the controller inserts, strips and checks.
# prinfo: 8 the controller makes it, 4 guard, 2 application tag, 1 reference tag checked.

# Metadata sent to a namespace without any makes Linux 6.1 lose the request.
protected() {
  runs nvme id-ns "$disk"
  equal 'type of protection' 1 $(($(value dps) & 7))
}

block() {
  local command=$1
  shift
  echo nvme "$command" "$disk" --block-count=0 --data-size=512 "$@"
}

test_format_with_protection() {
  format_disk 8 9 --pi=1
  protected
  runs cat "/sys/class/block/${disk#/dev/}/integrity/format"
  shows 'T10-DIF-TYPE1-CRC'
}

test_the_kernel_checks_it_end_to_end() {
  random_file a 1048576
  dd if=a of="$disk" bs=64k oflag=direct status=none
  dd if="$disk" of=b bs=64k count=16 iflag=direct status=none
  same a b
  runs nvme verify "$disk" --namespace-id=1 -s 64 -c 63 --prinfo=5 --ref-tag=64
}

test_the_controller_inserts_it() {
  protected
  random_file a 512
  runs $(block write -s 0x1234 -d a --prinfo=8 --ref-tag=0x1234 --app-tag=0xbeef)
  runs $(block read -s 0x1234 -d b -y 8 -M m --prinfo=5 --ref-tag=0x1234)
  same a b
  equal 'application and reference tag' beef00001234 "$(od -A n -t x1 -j 2 m | tr -d ' ')"
}

test_the_controller_strips_it() {
  protected
  runs $(block read -s 0x1234 -d b --prinfo=15 --ref-tag=0x1234 --app-tag=0xbeef \
    --app-tag-mask=0xffff)
}

test_each_check_has_its_status() {
  protected
  random_file a 512
  # Neither guard nor tags are right.
  printf '\x11\x11\x22\x22\x33\x33\x33\x33' > m
  runs $(block write -s 50 -d a -y 8 -M m --prinfo=0)
  runs $(block read -s 50 -d b -y 8 -M n --prinfo=0)
  same m n
  refused 0x282 $(block read -s 50 -d b -y 8 -M n --prinfo=4)
  refused 0x283 $(block read -s 50 -d b -y 8 -M n --prinfo=2 --app-tag=0x1234 \
    --app-tag-mask=0xffff)
  refused 0x284 $(block read -s 50 -d b -y 8 -M n --prinfo=1 --ref-tag=50)
  refused 0x282 nvme verify "$disk" --namespace-id=1 -s 50 -c 0 --prinfo=7 --ref-tag=50
  fails dd if="$disk" of=/dev/null bs=512 skip=50 count=1 iflag=direct
  runs $(block write -s 50 -d a --prinfo=8 --ref-tag=50)
}

test_a_bad_guard_is_not_written() {
  protected
  random_file a 512
  runs $(block write -s 60 -d a --prinfo=8 --ref-tag=60)
  random_file b 512
  printf '\x11\x11\x00\x00\x00\x00\x00\x3c' > m
  refused 0x282 $(block write -s 60 -d b -y 8 -M m --prinfo=4)
  runs $(block read -s 60 -d c -y 8 -M n --prinfo=4)
  same a c
}

test_an_initial_reference_tag_that_is_not_the_address_is_refused() {
  protected
  random_file a 512
  refused 0x181 $(block write -s 70 -d a --prinfo=9 --ref-tag=71)
}

test_an_application_tag_of_all_ones_escapes_the_checks() {
  protected
  random_file a 512
  printf '\x11\x11\xff\xff\x33\x33\x33\x33' > m
  runs $(block write -s 80 -d a -y 8 -M m --prinfo=0)
  runs $(block read -s 80 -d b -y 8 -M n --prinfo=7 --ref-tag=80)
  same a b
  runs $(block write -s 80 -d a --prinfo=8 --ref-tag=80)
}

test_4096_bytes_with_protection() {
  format_disk 8 12 --pi=1
  random_file a 1048576
  dd if=a of="$disk" bs=64k oflag=direct status=none
  dd if="$disk" of=b bs=64k count=16 iflag=direct status=none
  same a b
}

test_format_without_protection() {
  format_disk 0 9
  runs nvme id-ns "$disk"
  has dps 0
}
