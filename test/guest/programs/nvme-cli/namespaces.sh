# SPDX-License-Identifier: MIT
# Namespaces come and go: create, attach, detach, delete, and what each refuses. Namespace 1, which
# takes all the capacity, is made smaller first and has all of it again at the end.

second=${ctrl}n2
size=32768

controller_id() {
  runs nvme id-ctrl "$ctrl"
  controller=$(($(value cntlid)))
}

# replaces_namespace_1 BLOCKS
replaces_namespace_1() {
  local index
  index=$(lbaf 0 9)
  controller_id
  runs nvme delete-ns "$ctrl" --namespace-id=1
  wait_for 20 test ! -e "$disk"
  runs nvme create-ns "$ctrl" --nsze="$1" --ncap="$1" --flbas="$index"
  shows 'created nsid: ?1'
  runs nvme attach-ns "$ctrl" --namespace-id=1 --controllers="$controller"
  wait_for 20 test -b "$disk"
  equal sectors "$1" "$(cat "/sys/class/block/${disk#/dev/}/size")"
}

appears() {
  wait_for 20 test -b "$second"
}

disappears() {
  wait_for 20 test ! -e "$second"
}

test_a_namespace_takes_the_capacity_and_gives_it_back() {
  runs nvme id-ctrl "$ctrl"
  has unvmcap 0
  replaces_namespace_1 524288
  runs nvme id-ctrl "$ctrl"
  has unvmcap $(($(value tnvmcap) - 524288 * 512))
}

test_create_attach_use() {
  controller_id
  local index
  index=$(lbaf 0 9)
  runs nvme create-ns "$ctrl" --nsze=$size --ncap=$size --flbas="$index" --dps=0
  shows 'created nsid: ?2'
  # It is there, and nobody's.
  runs nvme list-ns "$ctrl" --all
  shows ':0x2$'
  runs nvme list-ns "$ctrl"
  hides ':0x2$'
  runs nvme attach-ns "$ctrl" --namespace-id=2 --controllers="$controller"
  appears
  equal sectors $size "$(cat "/sys/class/block/${second#/dev/}/size")"
  random_file a 1048576
  dd if=a of="$second" bs=64k oflag=direct status=none
  dd if="$second" of=b bs=64k count=16 iflag=direct status=none
  same a b
}

test_the_namespaces_are_apart() {
  random_file a 4096
  random_file b 4096
  runs nvme write "$disk" -s 0 -c 7 -z 4096 -d a
  runs nvme write "$second" -s 0 -c 7 -z 4096 -d b
  runs nvme read "$disk" -s 0 -c 7 -z 4096 -d c
  same a c
  runs nvme read "$second" -s 0 -c 7 -z 4096 -d c
  same b c
}

test_attached_twice_is_refused() {
  controller_id
  refused 0x118 nvme attach-ns "$ctrl" --namespace-id=2 --controllers="$controller"
}

test_an_unknown_controller_is_refused() {
  refused 0x11c nvme attach-ns "$ctrl" --namespace-id=2 --controllers=77
}

test_detached_it_keeps_its_data() {
  controller_id
  random_file a 4096
  runs nvme write "$second" -s 16 -c 7 -z 4096 -d a
  runs nvme detach-ns "$ctrl" --namespace-id=2 --controllers="$controller"
  disappears
  refused 0x11a nvme detach-ns "$ctrl" --namespace-id=2 --controllers="$controller"
  runs nvme attach-ns "$ctrl" --namespace-id=2 --controllers="$controller"
  appears
  runs nvme read "$second" -s 16 -c 7 -z 4096 -d b
  same a b
}

test_a_controller_reset_keeps_them() {
  runs nvme reset "$ctrl"
  wait_for 20 test -b "$second"
  runs nvme ns-rescan "$ctrl"
  test -b "$second" || fail 'it went'
}

test_delete() {
  runs nvme delete-ns "$ctrl" --namespace-id=2
  disappears
  runs nvme list-ns "$ctrl" --all
  hides ':0x2$'
  refused 0x002 nvme delete-ns "$ctrl" --namespace-id=2
}

test_created_again_it_is_empty() {
  controller_id
  runs nvme create-ns "$ctrl" --nsze=$size --ncap=$size --flbas="$(lbaf 0 9)" --dps=0
  runs nvme attach-ns "$ctrl" --namespace-id=2 --controllers="$controller"
  appears
  runs nvme read "$second" -s 16 -c 7 -z 4096 -d b
  zero_file zeros 4096
  same zeros b
  runs nvme delete-ns "$ctrl" --namespace-id=2
  disappears
}

test_more_than_there_is_is_refused() {
  refused 0x115 nvme create-ns "$ctrl" --nsze=0x1000000000 --ncap=0x1000000000 \
    --flbas="$(lbaf 0 9)"
}

test_a_format_that_is_not_there_is_refused() {
  refused 0x10a nvme create-ns "$ctrl" --nsze=$size --ncap=$size --flbas=15
}

test_namespace_1_has_all_of_it_again() {
  runs nvme id-ctrl "$ctrl"
  replaces_namespace_1 $(($(value tnvmcap) / 512))
  random_file a 4096
  runs nvme write "$disk" -s 0 -c 7 -z 4096 -d a
  runs nvme read "$disk" -s 0 -c 7 -z 4096 -d b
  same a b
}
