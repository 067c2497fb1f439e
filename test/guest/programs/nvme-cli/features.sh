# SPDX-License-Identifier: MIT
# Get Features and Set Features, current, default, saved and supported.

# feature FID SELECT [OPTION…]: the value as a number.
feature() {
  local fid=$1 select=$2
  shift 2
  local text
  text=$(nvme get-feature "$ctrl" --feature-id="$fid" --sel="$select" "$@") || fail "$text"
  text=$(sed -n 's/.*value: *//p' <<< "$text" | head -n 1)
  echo $((16#${text#0x}))
}

set_feature() {
  local fid=$1 value=$2
  shift 2
  runs nvme set-feature "$ctrl" --feature-id="$fid" --value="$value" "$@"
}

# forbidden FID VALUE: newer kernels let nobody else set what they rely on.
forbidden() {
  output=$(nvme set-feature "$ctrl" --feature-id="$1" --value="$2" 2>&1) || true
  grep -q 'Permission denied' <<< "$output"
}

# keeps FID VALUE [OPTION…]: it can be set, is what was set, and goes back.
keeps() {
  local fid=$1 value=$2
  shift 2
  local default capabilities
  default=$(feature "$fid" 1 "$@")
  capabilities=$(feature "$fid" 3 "$@")
  ((capabilities & 4)) || fail "feature $fid is not changeable"
  set_feature "$fid" "$value" "$@"
  equal current $((value)) "$(feature "$fid" 0 "$@")"
  equal default "$default" "$(feature "$fid" 1 "$@")"
  if ((capabilities & 1)); then
    outlives_a_reset "$fid" "$value" "$@"
    set_feature "$fid" "$default" --save "$@"
  else
    equal saved "$default" "$(feature "$fid" 2 "$@")"
    refused 0x10d nvme set-feature "$ctrl" --feature-id="$fid" --value="$value" --save "$@"
  fi
  set_feature "$fid" "$default" "$@"
}

outlives_a_reset() {
  local fid=$1 value=$2
  shift 2
  set_feature "$fid" "$value" --save "$@"
  equal saved $((value)) "$(feature "$fid" 2 "$@")"
  runs nvme reset "$ctrl"
  wait_for 20 nvme id-ctrl "$ctrl" > /dev/null
  equal 'current, after a reset' $((value)) "$(feature "$fid" 0 "$@")"
}

test_arbitration() {
  keeps 0x01 0x04030203
}

test_power_management_has_one_state() {
  equal current 0 "$(feature 0x02 0)"
  refused 0x002 nvme set-feature "$ctrl" --feature-id=0x02 --value=1
}

test_temperature_threshold() {
  keeps 0x04 0x0160
}

test_error_recovery() {
  keeps 0x05 0x0010 --namespace-id=1
}

test_volatile_write_cache() {
  keeps 0x06 0
}

test_number_of_queues_is_fixed_once_there_are_queues() {
  (($(feature 0x07 0) <= 0x007f007f)) || fail 'too many queues'
  ! forbidden 0x07 0x00030003 || return 0
  refused 0x00c nvme set-feature "$ctrl" --feature-id=0x07 --value=0x00030003
}

test_interrupt_coalescing() {
  keeps 0x08 0x0a05
}

test_interrupt_vector_configuration() {
  equal 'vector 1' 1 $(($(feature 0x09 0 --cdw11=1) & 0xffff))
  set_feature 0x09 0x10001
  equal 'vector 1, without coalescing' $((0x10001)) "$(feature 0x09 0 --cdw11=1)"
  set_feature 0x09 0x00001
}

test_write_atomicity() {
  keeps 0x0a 1
}

test_async_event_configuration() {
  local before
  before=$(feature 0x0b 0)
  set_feature 0x0b 0x1f
  equal current $((0x1f)) "$(feature 0x0b 0)"
  set_feature 0x0b "$before"
}

test_timestamp_runs() {
  printf '\x00\x00\x10\x00\x00\x01\x00\x00' > timestamp
  runs nvme set-feature "$ctrl" --feature-id=0x0e --data-len=8 --data=timestamp
  nvme get-feature "$ctrl" --feature-id=0x0e --data-len=8 --raw-binary > first
  sleep 0.1
  nvme get-feature "$ctrl" --feature-id=0x0e --data-len=8 --raw-binary > second
  local first second
  first=$(milliseconds first)
  second=$(milliseconds second)
  ((first >= 0x010000100000)) || fail "$first is before what was set"
  ((second > first)) || fail "$second is not after $first"
}

# milliseconds FILE: the timestamp's 48 bits.
milliseconds() {
  echo $(($(od -A n -t u8 -N 8 "$1") & 0xffffffffffff))
}

test_keep_alive_timer() {
  equal current 0 "$(feature 0x0f 0)"
  ! forbidden 0x0f 0 || return 0
  set_feature 0x0f 3600000
  equal current 3600000 "$(feature 0x0f 0)"
  set_feature 0x0f 0
  equal current 0 "$(feature 0x0f 0)"
}

test_host_controlled_thermal_management() {
  runs nvme id-ctrl "$ctrl"
  has hctma 1
  local light=$(($(value mntmt) + 1)) heavy=$(($(value mntmt) + 2))
  set_feature 0x10 $((light << 16 | heavy))
  equal current $((light << 16 | heavy)) "$(feature 0x10 0)"
  # The lighter one is reached first.
  refused 0x002 nvme set-feature "$ctrl" --feature-id=0x10 --value=$((heavy << 16 | light))
  set_feature 0x10 0
}

test_non_operational_power_state_configuration() {
  equal current 0 "$(feature 0x11 0)"
  runs nvme id-ctrl "$ctrl"
  if (($(value ctratt) & 2)); then
    set_feature 0x11 1
    equal current 1 "$(feature 0x11 0)"
  else
    refused 0x002 nvme set-feature "$ctrl" --feature-id=0x11 --value=1
  fi
  set_feature 0x11 0
}

test_host_behavior_support() {
  nvme get-feature "$ctrl" --feature-id=0x16 --data-len=512 --raw-binary > before
  equal bytes 512 "$(stat -c %s before)"
  cp before behavior
  printf '\x01' | dd of=behavior conv=notrunc status=none
  # Newer kernels keep this feature for themselves.
  local set_it=(nvme set-feature "$ctrl" --feature-id=0x16 --data-len=512)
  if ! output=$("${set_it[@]}" --data=behavior 2>&1); then
    echo "$output"
    shows 'Permission denied'
    return
  fi
  nvme get-feature "$ctrl" --feature-id=0x16 --data-len=512 --raw-binary > after
  same behavior after
  runs "${set_it[@]}" --data=before
}

test_an_unknown_feature_is_refused() {
  refused 0x002 nvme get-feature "$ctrl" --feature-id=0x77
  refused 0x002 nvme set-feature "$ctrl" --feature-id=0x77 --value=1
}
