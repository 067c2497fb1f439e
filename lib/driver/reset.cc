// SPDX-License-Identifier: MIT
#include "driver/reset.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "driver/wait.h"
#include "spec/nvme.h"

namespace nvm {

namespace {

namespace registers = spec::registers;

constexpr uint32_t kAllOnes = 0xffffffff;
constexpr uint64_t kReadyTimeoutUnitNs = 500 * kNanosecondsPerMillisecond;  // of CAP.TO
constexpr uint32_t kSubmissionEntryLog2 = 6;                                // CC.IOSQES
constexpr uint32_t kCompletionEntryLog2 = 4;                                // CC.IOCQES
constexpr uint32_t kShutdownNone = 0;
constexpr uint32_t kSubsystemResetKey = 0x4e564d65;  // "NVMe", of NSSR.NSSRC

Status gone(Transport& transport) {
  return transport.gone();
}

Status not_in_time(Transport& transport, const char* what, uint64_t timeout_ns) {
  char state[48];
  std::snprintf(state, sizeof state, " ms; CC is 0x%08x, CSTS 0x%08x",
                transport.read_register32(registers::cc),
                transport.read_register32(registers::csts));
  return Status(ErrorCode::Timeout,
                transport.capabilities().address + ": " + what + " was not reached in " +
                    std::to_string(timeout_ns / kNanosecondsPerMillisecond) + state);
}

// All that the controller has, where it can offer more than the NVM command set.
uint8_t command_sets(uint64_t cap) {
  return spec::cap_css::io_command_sets.get(spec::cap::css.get(cap)) != 0
             ? spec::cc_css::io_command_sets
             : spec::cc_css::nvm;
}

}  // namespace

uint64_t ready_timeout_ns(uint64_t cap) {
  return std::max<uint64_t>(spec::cap::to.get(cap), 1) * kReadyTimeoutUnitNs;
}

uint32_t admin_queue_entries(uint64_t cap, uint32_t page_size) {
  const uint32_t entries_max = static_cast<uint32_t>(spec::cap::mqes.get(cap)) + 1;
  const uint32_t in_page = page_size / static_cast<uint32_t>(sizeof(spec::SubmissionQueueEntry));
  return std::max<uint32_t>(2, std::min(entries_max, in_page));
}

Status check_health(Transport& transport) {
  const uint32_t csts = transport.read_register32(registers::csts);
  if (csts == kAllOnes) return gone(transport);
  if (spec::csts::cfs.get(csts)) {
    return Status(ErrorCode::ControllerFatal, transport.capabilities().address);
  }
  return {};
}

Status check_enabled(Transport& transport) {
  NVM_TRY(check_health(transport));
  const bool enabled = spec::cc::en.get(transport.read_register32(registers::cc)) != 0;
  const bool ready = spec::csts::rdy.get(transport.read_register32(registers::csts)) != 0;
  if (enabled && ready) return {};
  return Status(ErrorCode::ControllerDisabled, transport.capabilities().address);
}

Status disable_controller(Transport& transport, Waiter& waiter) {
  const uint32_t cc = transport.read_register32(registers::cc);
  if (cc == kAllOnes) return gone(transport);
  const uint64_t timeout_ns = ready_timeout_ns(transport.read_register64(registers::cap));
  transport.write_register32(registers::cc, cc & ~spec::cc::en.put(1) & ~spec::cc::shn.put(3));

  uint32_t csts = 0;
  const bool disabled = wait_for_device(transport, waiter, timeout_ns, [&] {
    csts = transport.read_register32(registers::csts);
    return csts == kAllOnes || !spec::csts::rdy.get(csts);
  });
  if (csts == kAllOnes) return gone(transport);
  if (!disabled) return not_in_time(transport, "CSTS.RDY=0", timeout_ns);
  return {};
}

Status reset_subsystem(Transport& transport, Waiter& waiter) {
  const uint64_t cap = transport.read_register64(registers::cap);
  transport.write_register32(registers::nssr, kSubsystemResetKey);
  // The link of a drive goes down meanwhile.
  const bool back = wait_for_device(transport, waiter, ready_timeout_ns(cap), [&] {
    return transport.read_register32(registers::csts) != kAllOnes;
  });
  return back ? Status() : gone(transport);
}

Status enable_controller(Transport& transport, Waiter& waiter, const AdminQueueLocation& admin) {
  const uint64_t cap = transport.read_register64(registers::cap);
  const uint64_t timeout_ns = ready_timeout_ns(cap);
  const uint32_t entries_field = admin.entries - 1;
  transport.write_register32(
      registers::aqa, spec::aqa::asqs.put(entries_field) | spec::aqa::acqs.put(entries_field));
  transport.write_register64(registers::asq, admin.sq_address);
  transport.write_register64(registers::acq, admin.cq_address);
  transport.write_register32(registers::cc,
                             spec::cc::css.put(command_sets(cap)) | spec::cc::mps.put(0) |
                                 spec::cc::ams.put(0) | spec::cc::shn.put(kShutdownNone) |
                                 spec::cc::iosqes.put(kSubmissionEntryLog2) |
                                 spec::cc::iocqes.put(kCompletionEntryLog2) | spec::cc::en.put(1));

  Status health;
  const bool ready = wait_for_device(transport, waiter, timeout_ns, [&] {
    health = check_health(transport);
    return !health.ok() || spec::csts::rdy.get(transport.read_register32(registers::csts));
  });
  if (!health.ok()) return health;
  if (!ready) return not_in_time(transport, "CSTS.RDY=1", timeout_ns);
  return {};
}

}  // namespace nvm
