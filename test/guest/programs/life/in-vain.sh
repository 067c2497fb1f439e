# SPDX-License-Identifier: MIT
# After everything else: no interrupt came without a reason for it.

test_an_idle_device_is_silent() {
  local before after
  dd if="$disk" of=/dev/null bs=4k count=64 iflag=direct status=none
  sleep 0.5
  before=$(interrupts)
  sleep 1
  after=$(interrupts)
  ((after < before + 10)) || fail "$((after - before)) interrupts in a second without I/O"
}

test_fewer_interrupts_than_commands() {
  local commands
  commands=$(awk '{ print $1 + $5 + $12 + $16 }' "/sys/class/block/${disk#/dev/}/stat")
  (($(interrupts) < commands)) || fail "$(interrupts) interrupts for $commands commands"
}

test_somebody_cared_for_every_interrupt() {
  ! dmesg | grep 'nobody cared'
}
