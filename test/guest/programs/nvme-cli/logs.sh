# SPDX-License-Identifier: MIT
# Log pages, and that they say what happened.

# counter NAME: of the SMART log.
counter() {
  output=$(nvme smart-log "$ctrl")
  value "$1" | sed 's/[^0-9].*//'
}

test_smart_log_counts_commands() {
  local reads writes
  reads=$(counter host_read_commands)
  writes=$(counter host_write_commands)
  random_file a 4096
  for _ in 1 2 3; do runs nvme write "$disk" -s 0 -c 7 -z 4096 -d a; done
  for _ in 1 2; do runs nvme read "$disk" -s 0 -c 7 -z 4096 -d b; done
  equal writes $((writes + 3)) "$(counter host_write_commands)"
  equal reads $((reads + 2)) "$(counter host_read_commands)"
}

test_smart_log_counts_data_in_thousands_of_512_bytes() {
  local before after
  before=$(counter 'Data Units Written')
  # 8 MB are 16 units, whatever was written before.
  dd if=/dev/zero of="$disk" bs=64k count=125 oflag=direct
  after=$(counter 'Data Units Written')
  equal 'data units' 16 $((after - before))
}

test_smart_log_counts_errors() {
  local before
  before=$(counter num_err_log_entries)
  refused 0x080 nvme read "$disk" -s 0xffffffffff -c 0 -z 512
  (($(counter num_err_log_entries) > before)) || fail 'the error was not counted'
}

test_smart_log_is_plausible() {
  runs nvme smart-log "$ctrl"
  has critical_warning 0
  has percentage_used 0%
  shows 'temperature.*[^-][0-9]+ ?°'
}

test_error_log_shows_the_error() {
  refused 0x080 nvme read "$disk" -s 0xffffffff00 -c 0 -z 512
  runs nvme error-log "$ctrl" --log-entries=1
  (($(value error_count) > 0)) || fail 'no error is counted'
  shows 'status_field.*LBA Out of Range'
  has lba 0xffffffff00
  has nsid 1
  (($(value sqid) > 0)) || fail 'an I/O queue has it'
}

test_effects_log() {
  runs nvme effects-log "$ctrl" --csi=0 --human-readable
  # Newer ones put 4 bytes of their own before effects-log's binary output.
  nvme get-log "$ctrl" --log-id=5 --log-len=4096 --raw-binary > effects
  equal bytes 4096 "$(stat -c %s effects)"
  local opcode
  for opcode in 0x00 0x01 0x02 0x04 0x05 0x06 0x08 0x09 0x0a 0x0c 0x80; do
    (($(dword effects $((opcode * 4))) & 1)) || fail "admin $opcode is not supported"
  done
  for opcode in 0x00 0x01 0x02 0x04 0x05 0x08 0x09 0x0c 0x19; do
    (($(dword effects $((1024 + opcode * 4))) & 1)) || fail "I/O $opcode is not supported"
  done
  # Write changes logical blocks; Format changes more.
  (($(dword effects $((1024 + 4))) & 2)) || fail 'Write has no effect'
  (($(dword effects $((0x80 * 4))) & 2)) || fail 'Format has no effect'
}

test_effects_log_of_every_command_set() {
  # Without --csi, nvme-cli asks for the NVM and for the zoned command set.
  runs nvme effects-log "$ctrl"
}

# dword FILE OFFSET
dword() {
  od -A n -t u4 -j "$2" -N 4 "$1" | tr -d ' '
}

test_fw_log() {
  runs nvme fw-log "$ctrl"
  has afi 0x1
  shows 'frs1'
}

test_changed_ns_list_log() {
  runs nvme changed-ns-list-log "$ctrl"
}

test_self_test_log() {
  runs nvme self-test-log "$ctrl"
}

test_sanitize_log() {
  runs nvme sanitize-log "$ctrl"
}

test_supported_log_pages() {
  runs nvme supported-log-pages "$ctrl"
  local id
  for id in 0 1 2 3 4 5 6; do shows "LID (0x)?$id "; done
}

test_persistent_event_log_is_there_or_refused() {
  runs nvme id-ctrl "$ctrl"
  if (($(value lpa) & 0x10)); then
    runs nvme persistent-event-log "$ctrl" --action=1
    runs nvme persistent-event-log "$ctrl" --action=2
  else
    refused 0x109 nvme persistent-event-log "$ctrl" --action=1
  fi
}

test_a_page_can_be_read_in_parts() {
  nvme get-log "$ctrl" --log-id=2 --log-len=512 --raw-binary > whole
  nvme get-log "$ctrl" --log-id=2 --log-len=256 --raw-binary > first
  nvme get-log "$ctrl" --log-id=2 --log-len=256 --lpo=256 --raw-binary > second
  cat first second > parts
  # The counters of power and busy time may have moved.
  equal bytes 512 "$(stat -c %s parts)"
  cmp <(head -c 64 whole) <(head -c 64 parts) || fail 'the parts differ'
}

test_an_unknown_page_is_refused() {
  refused 0x109 nvme get-log "$ctrl" --log-id=0xc0 --log-len=64
}
