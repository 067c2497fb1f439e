// SPDX-License-Identifier: MIT
// Get Log Page: one row per page. Counters that nobody counts are 0, which the specification calls
// "not reported"; the rest of a page is zero.
#include <algorithm>
#include <vector>

#include "emulator/admin/admin_commands.h"

namespace nvm::emulator {
namespace {

constexpr size_t kSupportedLogPagesBytes = 1024;
constexpr size_t kErrorEntryBytes = 64;
constexpr size_t kSmartBytes = 512;
constexpr size_t kFirmwareSlotBytes = 512;

using Bytes = std::vector<uint8_t>;

void write_supported_log_pages(const ControllerState& state, Bytes& page);

// No command of this controller leaves an error entry behind: none of its statuses sets More.
void write_error_information(const ControllerState&, Bytes&) {}

void write_smart(const ControllerState&, Bytes& page) {
  constexpr size_t kAvailableSpare = 3;
  page[kAvailableSpare] = 100;  // percent
}

void write_firmware_slots(const ControllerState& state, Bytes& page) {
  constexpr size_t kActiveSlot = 0;
  constexpr size_t kRevisionOfSlot1 = 8;
  constexpr size_t kRevisionBytes = 8;
  page[kActiveSlot] = 1;
  std::string revision = state.subsystem.identity().firmware_revision;
  revision.resize(kRevisionBytes, ' ');
  std::copy(revision.begin(), revision.end(), page.begin() + kRevisionOfSlot1);
}

struct Row {
  uint8_t id;
  size_t byte_length;
  void (*write)(const ControllerState&, Bytes&);
};

constexpr Row kRows[] = {
    {spec::log_page::supported_log_pages, kSupportedLogPagesBytes, write_supported_log_pages},
    {spec::log_page::error_information, kErrorEntryBytes, write_error_information},
    {spec::log_page::smart_health_information, kSmartBytes, write_smart},
    {spec::log_page::firmware_slot_information, kFirmwareSlotBytes, write_firmware_slots},
};

void write_supported_log_pages(const ControllerState&, Bytes& page) {
  constexpr uint8_t kSupported = 1;
  for (const Row& row : kRows) page[row.id * sizeof(uint32_t)] = kSupported;
}

}  // namespace

uint16_t get_log_page(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const uint32_t id = spec::get_log_page_cdw10::lid.get(sqe.cdw10);
  const Row* row = std::find_if(std::begin(kRows), std::end(kRows),
                                [id](const Row& candidate) { return candidate.id == id; });
  if (row == std::end(kRows)) return refuse(spec::status::invalid_log_page);
  const uint64_t dwords = (uint64_t{spec::get_log_page_cdw11::numdu.get(sqe.cdw11)} << 16 |
                           spec::get_log_page_cdw10::numdl.get(sqe.cdw10)) +
                          1;
  const uint64_t byte_length = dwords * sizeof(uint32_t);
  const uint64_t offset = sqe.cdw12 | uint64_t{sqe.cdw13} << 32;
  if (byte_length > kPageBytes << state.limits.mdts || offset % sizeof(uint32_t) != 0 ||
      offset > row->byte_length || spec::get_log_page_cdw14::ot.get(sqe.cdw14) != 0) {
    return refuse(spec::status::invalid_field);
  }
  Bytes page(row->byte_length);
  row->write(state, page);
  page.erase(page.begin(), page.begin() + static_cast<ptrdiff_t>(offset));
  page.resize(byte_length);
  return send_to_host(state, slot, page.data(), byte_length);
}

}  // namespace nvm::emulator
