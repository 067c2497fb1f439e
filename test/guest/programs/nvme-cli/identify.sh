# SPDX-License-Identifier: MIT
# What nvme-cli reads with Identify, and that the parts agree with each other.

test_list_shows_the_namespace() {
  runs nvme list
  shows "^$disk .*peernvm emulator"
  runs nvme list-subsys
  shows 'nqn\.2014-08\.org\.nvmexpress:uuid:'
  shows 'nvme0 pcie .*live'
}

test_id_ctrl() {
  runs nvme id-ctrl "$ctrl"
  has ver 0x20000
  has cntrltype 1
  has sqes 0x66
  has cqes 0x44
  (($(value oncs) & 0x1ff)) || fail 'no optional NVM command'
  (($(value elpe) >= 3)) || fail 'hardly an error log'
  [[ $(value subnqn) == nqn.2014-08.org.nvmexpress:uuid:* ]] || fail 'no NQN'
  runs nvme id-ctrl "$ctrl" --human-readable
  runs nvme id-ctrl "$ctrl" --output-format=json
}

test_id_ctrl_announces_the_commands_that_work() {
  runs nvme id-ctrl "$ctrl"
  # Format, firmware, namespace management, self-test, doorbell buffers.
  local oacs=$(($(value oacs)))
  (((oacs & 0x11a) == 0x11a)) || fail "oacs $oacs"
  # Compare, write uncorrectable, dataset management, write zeroes, save, timestamp, verify, copy.
  local oncs=$(($(value oncs)))
  (((oncs & 0x1df) == 0x1df)) || fail "oncs $oncs"
  has fuses 1
  (($(value sanicap) & 6)) || fail 'no sanitize operation'
  (($(value vwc) & 1)) || fail 'no volatile write cache'
}

test_id_ns() {
  runs nvme id-ns "$disk"
  local blocks=$(($(cat "/sys/class/block/${disk#/dev/}/size") * 512 / $(block_bytes)))
  has nsze "$blocks"
  has ncap "$blocks"
  (($(value nuse) <= blocks)) || fail 'more is used than there is'
  (($(value nlbaf) >= 3)) || fail 'fewer than four formats'
  shows 'lbaf +[0-9]+ : ms:0 +lbads:9 .*in use'
  shows 'lbaf +[0-9]+ : ms:0 +lbads:12'
  shows 'lbaf +[0-9]+ : ms:8 +lbads:9'
  shows 'lbaf +[0-9]+ : ms:8 +lbads:12'
  (($(value mc) == 3)) || fail 'metadata both ways'
  (($(value dpc) & 1)) || fail 'no protection type 1'
}

test_id_ns_of_no_namespace_is_refused() {
  refused 0x00b nvme id-ns "$ctrl" --namespace-id=0xfffffffe
}

test_id_ns_of_an_inactive_namespace_is_zero() {
  runs nvme id-ctrl "$ctrl"
  (($(value nn) >= 9)) || fail 'no room for another namespace'
  runs nvme id-ns "$ctrl" --namespace-id=9
  has nsze 0
  has ncap 0
}

test_nvm_command_set_structures() {
  runs nvme nvm-id-ctrl "$ctrl"
  runs nvme nvm-id-ns "$disk"
  runs nvme cmdset-ind-id-ns "$disk" --namespace-id=1
  has nstat 1
  runs nvme id-iocs "$ctrl"
}

test_list_ns() {
  runs nvme list-ns "$ctrl"
  shows '\]:0x1$'
  runs nvme list-ns "$ctrl" --all
  shows '\]:0x1$'
  runs nvme list-ns "$ctrl" --namespace-id=2
  hides '\]:0x1$'
}

test_list_ctrl() {
  runs nvme id-ctrl "$ctrl"
  local id=$(($(value cntlid)))
  runs nvme list-ctrl "$ctrl"
  shows "\]:0?x?$(printf %x "$id")$"
  runs nvme list-ctrl "$ctrl" --namespace-id=1
  shows "\]:0?x?$(printf %x "$id")$"
}

test_ns_descs_agree_with_the_kernel() {
  runs nvme ns-descs "$disk"
  equal uuid "$(cat "/sys/class/block/${disk#/dev/}/uuid")" "$(value uuid)"
  has csi 0
}

test_primary_ctrl_caps() {
  runs nvme primary-ctrl-caps "$ctrl"
  has cntlid 0
}

test_an_unknown_structure_is_refused() {
  refused 0x002 nvme admin-passthru "$ctrl" --opcode=6 --cdw10=0xff --data-len=4096 --read
}

test_show_regs() {
  runs nvme show-regs "$ctrl"
  # nvme-cli 2.3 writes hexadecimal numbers without 0x.
  shows '^version *: (0x)?20000$'
  shows '^csts *: (0x)?1$'
}
