# SPDX-License-Identifier: MIT
# Device Self-test as background work that the log shows.

# What runs now: 0 nothing, 1 short, 2 extended.
operation() {
  nvme get-log "$ctrl" --log-id=6 --log-len=564 --raw-binary > self-test
  echo $(($(od -A n -t u1 -N 1 self-test) & 15))
}

idle() {
  (($(operation) == 0))
}

# result: of the newest one: code << 4 | result.
result() {
  operation > /dev/null
  od -A n -t u1 -j 4 -N 1 self-test | tr -d ' '
}

test_short() {
  runs nvme device-self-test "$ctrl" --self-test-code=0x1
  wait_for 100 idle
  equal 'short, completed without error' $((0x10)) "$(result)"
  runs nvme self-test-log "$ctrl"
}

test_extended() {
  runs nvme device-self-test "$ctrl" --self-test-code=0x2
  wait_for 100 idle
  equal 'extended, completed without error' $((0x20)) "$(result)"
}

test_a_second_one_is_refused_and_the_first_aborted() {
  runs nvme device-self-test "$ctrl" --self-test-code=0x2
  equal operation 2 "$(operation)"
  refused 0x11d nvme device-self-test "$ctrl" --self-test-code=0x1
  runs nvme device-self-test "$ctrl" --self-test-code=0xf
  wait_for 20 idle
  equal 'extended, aborted by a command' $((0x21)) "$(result)"
}

test_a_reset_ends_it() {
  # The extended one outlives a reset; the short one does not.
  runs nvme device-self-test "$ctrl" --self-test-code=0x1
  runs nvme reset "$ctrl"
  wait_for 20 idle
}
