# SPDX-License-Identifier: MIT
# Sanitize: block erase and overwrite, as background work that the log shows.

# Done, and well: the status is 1 (completed) or 4 (completed, and deallocated).
sanitized() {
  output=$(nvme sanitize-log "$ctrl")
  local status
  status=$(value 'Sanitize Status.*' | sed 's/[^0-9a-fx].*//')
  ((($status & 7) == 1 || ($status & 7) == 4))
}

# fills FILE: 64 KiB of data at block 4096.
fills() {
  random_file "$1" 65536
  runs nvme write "$disk" -s 4096 -c 127 -z 65536 -d "$1"
}

test_block_erase() {
  fills a
  runs nvme sanitize "$ctrl" --sanact=start-block-erase
  wait_for 60 sanitized
  runs nvme sanitize-log "$ctrl"
  shows 'Sanitize Progress.*65535'
  runs nvme read "$disk" -s 4096 -c 127 -z 65536 -d b
  zero_file zeros 65536
  same zeros b
}

test_overwrite() {
  fills a
  runs nvme sanitize "$ctrl" --sanact=start-overwrite --owpass=1 --ovrpat=0x44434241 --no-dealloc
  wait_for 60 sanitized
  runs nvme read "$disk" -s 4096 -c 127 -z 65536 -d b
  # The pattern is little endian.
  same <(yes ABCD | tr -d '\n' | head -c 65536) b
}

test_cryptographic_erase_is_done_or_refused() {
  runs nvme id-ctrl "$ctrl"
  if (($(value sanicap) & 1)); then
    runs nvme sanitize "$ctrl" --sanact=start-crypto-erase
    wait_for 60 sanitized
  else
    refused 0x002 nvme sanitize "$ctrl" --sanact=start-crypto-erase
  fi
}

test_afterwards_it_works_as_before() {
  fills a
  runs nvme read "$disk" -s 4096 -c 127 -z 65536 -d b
  same a b
}
