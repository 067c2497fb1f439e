# SPDX-License-Identifier: MIT
# Resets, firmware, abort, events, and opcodes that nobody has.

works() {
  random_file a 4096
  runs nvme write "$disk" -s 64 -c 7 -z 4096 -d a
  runs nvme read "$disk" -s 64 -c 7 -z 4096 -d b
  same a b
}

live() {
  [[ $(cat "/sys/class/nvme/${ctrl#/dev/}/state") == live ]] && test -b "$disk"
}

test_reset() {
  for _ in 1 2 3 4 5; do
    runs nvme reset "$ctrl"
    wait_for 20 live
    works
  done
}

test_subsystem_reset() {
  runs nvme subsystem-reset "$ctrl"
  # The kernel learns of it from a controller that is not ready.
  nvme reset "$ctrl" || true
  wait_for 90 live
  works
}

test_firmware_is_not_taken() {
  zero_file firmware 4096
  runs nvme id-ctrl "$ctrl"
  if (($(value oacs) & 4)); then
    # The only slot is read-only.
    refused 0x106 nvme fw-commit "$ctrl" --slot=1 --action=1
    refused 0x106 nvme fw-commit "$ctrl" --slot=7 --action=1
  else
    refused 0x001 nvme fw-download "$ctrl" --fw=firmware
    refused 0x001 nvme fw-commit "$ctrl" --slot=1 --action=1
  fi
}

test_abort_of_a_command_that_is_not_there() {
  runs nvme admin-passthru "$ctrl" --opcode=8 --cdw10=$((0x7777 << 16))
  shows 'result: *(0x)?0*1$'
}

test_a_hot_controller_warns() {
  runs nvme set-feature "$ctrl" --feature-id=4 --value=1
  runs nvme smart-log "$ctrl"
  (($(value critical_warning) & 2)) || fail 'no warning'
  runs nvme set-feature "$ctrl" --feature-id=4 --value=0x0200
  runs nvme smart-log "$ctrl"
  has critical_warning 0
}

test_unknown_opcodes_are_refused() {
  refused 0x001 nvme admin-passthru "$ctrl" --opcode=0x66
  refused 0x001 nvme admin-passthru "$ctrl" --opcode=0xc6
  refused 0x001 nvme io-passthru "$disk" --namespace-id=1 --opcode=0x66
}

test_queues_that_cannot_be_are_refused() {
  # Delete I/O queue 0 and one that is not there; create queue 0.
  refused 0x101 nvme admin-passthru "$ctrl" --opcode=0x00 --cdw10=0
  refused 0x101 nvme admin-passthru "$ctrl" --opcode=0x04 --cdw10=0x7777
  zero_file queue 4096
  refused 0x101 nvme admin-passthru "$ctrl" --opcode=0x05 --cdw10=0x000f0000 --cdw11=1 \
    --data-len=4096 --write --input-file=queue
}

test_keep_alive() {
  runs nvme admin-passthru "$ctrl" --opcode=0x18
}
