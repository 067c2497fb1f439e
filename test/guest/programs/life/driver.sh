# SPDX-License-Identifier: MIT
# The driver comes and goes, and resets the controller while it is in use. REBINDS says how often.
device=$(basename "$(readlink -f "/sys/class/nvme/${ctrl#/dev/}/device" || true)")
driver=/sys/bus/pci/drivers/nvme

# starts_io SECONDS: fio reads and writes at random; returns when it does.
starts_io() {
  idle=$(completed)
  fio --name=background --filename="$disk" --direct=1 --thread --ioengine=io_uring --iodepth=32 \
    --rw=randrw --bsrange=4k-64k --size=64m --offset=64m --time_based --runtime="$1" \
    --allow_file_create=0 --output=background.log &
  io=$!
  trap 'kill -KILL $io 2> /dev/null || true' EXIT
  wait_for 60 is_busy
}

# How many reads and writes the disk has done.
completed() {
  awk '{ print $1 + $5 }' "/sys/class/block/${disk#/dev/}/stat"
}

is_busy() {
  (($(completed) > idle + 100))
}

live() {
  [[ $(cat "/sys/class/nvme/${ctrl#/dev/}/state") == live ]] && test -b "$disk"
}

holds_data() {
  dd if=a of="$disk" bs=64k oflag=direct status=none
  dd if="$disk" of=b bs=64k count=16 iflag=direct status=none
  same a b
}

test_unbind_and_bind_again_and_again() {
  random_file a 1048576
  dd if=a of="$disk" bs=64k oflag=direct status=none
  local count
  for ((count = 0; count < REBINDS; count++)); do
    echo "$device" > $driver/unbind
    test ! -e "$disk" || fail 'unbound, the disk is still there'
    echo "$device" > $driver/bind
    wait_for 20 test -b "$disk"
  done
  dd if="$disk" of=b bs=64k count=16 iflag=direct status=none
  same a b
}

test_unload_and_load() {
  busybox rmmod nvme
  test ! -e "$ctrl" || fail 'unloaded, the controller is still there'
  modprobe nvme
  wait_for 20 test -b "$disk"
  random_file a 1048576
  holds_data
}

test_reset_under_io() {
  starts_io 10
  local count=0
  while kill -0 $io 2> /dev/null; do
    echo 1 > "/sys/class/nvme/${ctrl#/dev/}/reset_controller"
    wait_for 30 live
    sleep 0.5
    count=$((count + 1))
  done
  ((count > 1)) || fail 'it was over too soon'
  wait $io || {
    cat background.log
    fail 'fio did not survive it'
  }
  random_file a 1048576
  holds_data
}

test_function_level_reset() {
  runs cat "/sys/bus/pci/devices/$device/reset_method"
  shows '^flr'
  echo 1 > "/sys/bus/pci/devices/$device/reset"
  wait_for 60 live
  random_file a 1048576
  holds_data
}

test_remove_under_io_and_rescan() {
  starts_io 600
  echo 1 > "/sys/bus/pci/devices/$device/remove"
  # fio sees errors, and ends.
  wait_for 30 eval '! kill -0 $io 2> /dev/null'
  wait $io && fail 'fio saw no error'
  test ! -e "$ctrl" || fail 'removed, it is still there'
  echo 1 > /sys/bus/pci/rescan
  wait_for 30 test -b "$disk"
  random_file a 1048576
  holds_data
}

test_nothing_timed_out() {
  ! dmesg | grep -iE 'nvme.*timeout'
}
