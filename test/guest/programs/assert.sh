# SPDX-License-Identifier: MIT
# What the tests in the guest are written with. A command's output is shown and kept in $output.
ctrl=${CTRL:-/dev/nvme0}
disk=${DISK:-/dev/nvme0n1}

fail() {
  echo "FAILED: $*"
  exit 1
}

# The command succeeds.
runs() {
  echo "+ $*"
  output=$("$@" 2>&1) || {
    local status=$?
    echo "$output"
    fail "exit status $status"
  }
  echo "$output"
}

# refused STATUS COMMAND…: the controller refuses it with this NVMe status (SCT and SC, as 0x182).
refused() {
  local wanted=$1
  shift
  echo "+ $*"
  if output=$("$@" 2>&1); then
    echo "$output"
    fail "it was not refused with $wanted"
  fi
  echo "$output"
  local status
  status=$(grep -i 'status' <<< "$output" | grep -oiE '\((0x[0-9a-f]+)\)' | tail -n 1 | tr -d '()')
  [[ -n $status ]] || fail 'no NVMe status'
  ((($status & 0x7ff) == wanted)) || fail "status $status instead of $wanted"
}

# The command fails, whoever refuses it.
fails() {
  echo "+ $*"
  if output=$("$@" 2>&1); then
    echo "$output"
    fail 'it succeeded'
  fi
  echo "$output"
}

# equal WHAT EXPECTED ACTUAL
equal() {
  [[ $2 == "$3" ]] || fail "$1 is $3 instead of $2"
}

# shows PATTERN: a line of $output matches.
shows() {
  grep -qiE -- "$1" <<< "$output" || fail "no line with: $1"
}

hides() {
  ! grep -qiE -- "$1" <<< "$output" || fail "a line with: $1"
}

# value NAME: what stands after `NAME :` in $output, the first time.
value() {
  sed -n "s/^[[:space:]]*$1[[:space:]]*:[[:space:]]*//Ip" <<< "$output" | head -n 1
}

# has NAME EXPECTED: the field of $output, compared as numbers where both are.
has() {
  local found
  found=$(value "$1")
  [[ -n $found ]] || fail "no field $1"
  if [[ $found =~ ^(0x[0-9a-fA-F]+|[0-9]+)$ && $2 =~ ^(0x[0-9a-fA-F]+|[0-9]+)$ ]]; then
    ((found == $2)) || fail "$1 is $found instead of $2"
  else
    equal "$1" "$2" "$found"
  fi
}

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
  local tries=$(($1 * 5))
  shift
  until "$@"; do
    ((tries-- > 0)) || {
      echo "it did not come true: $*"
      return 1
    }
    sleep 0.2
  done
}

# random_file PATH BYTES
random_file() {
  head -c "$2" /dev/urandom > "$1"
}

# zero_file PATH BYTES
zero_file() {
  head -c "$2" /dev/zero > "$1"
}

# same FILE FILE
same() {
  cmp "$1" "$2" || fail "$1 and $2 differ"
}

# How many interrupts the driver's queues have had.
interrupts() {
  awk '/nvme0q/ { for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i } END { print sum + 0 }' \
    /proc/interrupts
}

block_bytes() {
  cat "/sys/class/block/${disk#/dev/}/queue/logical_block_size"
}

# lbaf METADATA_BYTES BLOCK_BYTES_LOG2: the index of the format.
lbaf() {
  nvme id-ns "$disk" --namespace-id=1 |
    sed -n "s/^lbaf *\([0-9]*\) : ms:$1 *lbads:$2 .*/\1/p" | head -n 1
}

# format_disk METADATA_BYTES BLOCK_BYTES_LOG2 OPTION…: metadata is apart from the data.
format_disk() {
  local index
  index=$(lbaf "$1" "$2")
  [[ -n $index ]] || fail "no format with $1 bytes of metadata and blocks of 2^$2 bytes"
  shift 2
  runs nvme format "$disk" --namespace-id=1 --lbaf="$index" --ms=0 --force "$@"
}
