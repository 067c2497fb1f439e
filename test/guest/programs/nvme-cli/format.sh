# SPDX-License-Identifier: MIT
# Format NVM: every LBA format, secure erase, protection information, and what it refuses. The first
# format, 512 bytes without metadata, is there again at the end.

# extended OPCODE LBA OPTION…: one block whose metadata follows its data, which the kernel does not
# do.
extended() {
  local opcode=$1 lba=$2
  shift 2
  runs nvme io-passthru "$disk" --opcode="$opcode" --namespace-id=1 --cdw10="$lba" --data-len=520 \
    "$@"
}

test_every_format_holds_data() {
  local format bytes_of_a_block
  for format in '0 9' '0 12' '8 9' '8 12'; do
    # shellcheck disable=SC2086
    format_disk $format
    bytes_of_a_block=$((1 << ${format#* }))
    equal 'bytes of a block' "$bytes_of_a_block" "$(block_bytes)"
    random_file a 65536
    dd if=a of="$disk" bs=65536 count=1 oflag=direct status=none
    dd if="$disk" of=b bs=65536 count=1 iflag=direct status=none
    same a b
  done
  format_disk 0 9
}

test_formatting_erases() {
  local erase
  for erase in 0 1; do
    random_file a 4096
    runs nvme write "$disk" -s 0 -c 7 -z 4096 -d a
    format_disk 0 9 --ses=$erase
    runs nvme read "$disk" -s 0 -c 7 -z 4096 -d b
    zero_file zeros 4096
    same zeros b
  done
}

test_cryptographic_erase_is_done_or_refused() {
  runs nvme id-ctrl "$ctrl"
  if (($(value fna) & 4)); then
    format_disk 0 9 --ses=2
  else
    refused 0x002 nvme format "$disk" --namespace-id=1 --lbaf="$(lbaf 0 9)" --ses=2 --force
  fi
}

test_a_format_that_is_not_there_is_refused() {
  refused 0x10a nvme format "$disk" --namespace-id=1 --lbaf=15 --force
}

test_protection_without_metadata_is_refused() {
  refused 0x10a nvme format "$disk" --namespace-id=1 --lbaf="$(lbaf 0 9)" --pi=1 --force
}

test_a_namespace_that_is_not_there_is_not_formatted() {
  local index
  index=$(lbaf 0 9)
  # One that could be, but is not; and one that cannot be.
  refused 0x002 nvme format "$ctrl" --namespace-id=9 --lbaf="$index" --force
  refused 0x00b nvme format "$ctrl" --namespace-id=0xfffffff0 --lbaf="$index" --force
}

test_metadata_is_kept_beside_the_data() {
  format_disk 8 9
  random_file a 1024
  random_file m 16
  runs nvme write "$disk" -s 40 -c 1 -z 1024 -d a -y 16 -M m
  runs nvme read "$disk" -s 40 -c 1 -z 1024 -d b -y 16 -M n
  same a b
  same m n
  format_disk 0 9
}

test_metadata_is_kept_after_the_data() {
  runs nvme format "$disk" --namespace-id=1 --lbaf="$(lbaf 8 9)" --ms=1 --force
  random_file a 520
  extended 1 7 --write --input-file=a
  nvme io-passthru "$disk" --opcode=2 --namespace-id=1 --cdw10=7 --data-len=520 --read \
    --raw-binary > b
  same a b
  format_disk 0 9
}
