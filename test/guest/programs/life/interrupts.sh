# SPDX-License-Identifier: MIT
# Interrupts come the way that INTERRUPTS says, and the driver waits for none in vain.

test_interrupts_arrive() {
  runs cat /proc/interrupts
  shows "$INTERRUPTS.*nvme0q"
  local before after
  before=$(interrupts)
  dd if="$disk" of=/dev/null bs=4k count=64 iflag=direct status=none
  after=$(interrupts)
  ((after >= before + 32)) || fail "only $((after - before)) interrupts for 64 reads"
}
