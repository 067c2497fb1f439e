// SPDX-License-Identifier: MIT
// Format NVM: nothing works on the namespace, its blocks are deallocated, and it begins anew with
// another format.
#include <algorithm>
#include <bit>

#include "emulator/admin/background.h"
#include "emulator/admin/identify.h"
#include "emulator/admin/persistent_events.h"
#include "emulator/admin/self_test.h"
#include "emulator/nvm/nvm_executor.h"
#include "emulator/stores/media.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kPartBytes = 64 << 20;  // that one step deallocates

NamespaceFormat format_of(uint32_t cdw10) {
  namespace field = spec::format_nvm_cdw10;
  NamespaceFormat format;
  format.lba_format = static_cast<uint8_t>(field::lbafl.get(cdw10) | field::lbafu.get(cdw10) << 4);
  format.extended = field::mset.get(cdw10) != 0;
  format.protection_type = static_cast<uint8_t>(field::pi.get(cdw10));
  format.protection_first = field::pil.get(cdw10) != 0;
  return format;
}

Task deallocate(Namespace& ns) {
  Operation operation;
  const uint64_t byte_length = ns.store->byte_length();
  for (uint64_t offset = 0; offset < byte_length; offset += kPartBytes) {
    const uint64_t part = std::min(kPartBytes, byte_length - offset);
    const Progress progress =
        co_await settled(operation, ns.store->begin_deallocate(operation, offset, part));
    if (progress == Progress::Failed) co_return spec::status::write_fault;
    ns.format_percent_left = static_cast<uint8_t>(
        100 - 100 * ((offset + part) >> 20) / std::max<uint64_t>(1, byte_length >> 20));
    co_await next_step{};
  }
  if (ns.timing != nullptr) ns.timing->deallocate(0, byte_length);
  const Progress flushed = co_await settled(operation, ns.store->begin_flush(operation));
  co_return flushed == Progress::Done ? spec::status::success : spec::status::write_fault;
}

void become(Namespace& ns, const NamespaceFormat& format) {
  ns.format = format;
  ns.uncorrectable.clear();
  ns.executor = std::make_unique<NvmExecutor>(ns);
}

// From here on the namespace has no metadata, a saved state says so, and then their store goes.
Task drop_metadata(Subsystem& subsystem, Namespace& ns, uint32_t data_byte_length) {
  std::unique_ptr<Store> dropped = std::move(ns.metadata_store);
  become(ns, NamespaceFormat{.lba_format = plain_lba_format(data_byte_length)});
  if (dropped == nullptr) co_return spec::status::success;
  const uint16_t saved = co_await save_now(subsystem);
  if (saved != spec::status::success) co_return saved;
  Operation removal;
  const StoreName name = {ns.id, StorePart::Metadata};
  co_await settled(removal, subsystem.media().begin_remove(removal, name, std::move(dropped)));
  co_return spec::status::success;
}

// A new store of zeroes.
Task make_metadata(Subsystem& subsystem, Namespace& ns, const NamespaceFormat& format) {
  StoreCreation creation;
  const StoreName name = {ns.id, StorePart::Metadata};
  const uint64_t blocks = ns.store->byte_length() / format.data_byte_length();
  const Progress created = co_await settled(
      creation,
      subsystem.media().begin_create(creation, name, blocks * format.metadata_byte_length()));
  if (created == Progress::Failed) co_return spec::status::internal_error;
  ns.metadata_store = std::move(creation.store);
  subsystem.set_completion_hook(*ns.metadata_store);
  co_return spec::status::success;
}

// Without a store for its metadata the namespace has none.
Task format_namespace(Subsystem& subsystem, Namespace& ns, const NamespaceFormat format) {
  co_await wait_until_idle(subsystem, ns);
  const uint16_t erased = co_await deallocate(ns);
  if (erased != spec::status::success) co_return erased;
  const uint16_t dropped = co_await drop_metadata(subsystem, ns, format.data_byte_length());
  if (dropped != spec::status::success) co_return dropped;
  if (format.metadata_byte_length() != 0) {
    const uint16_t made = co_await make_metadata(subsystem, ns, format);
    if (made != spec::status::success) co_return made;
  }
  become(ns, format);
  co_return spec::status::success;
}

// What the command asked for, when the namespaces it named were found.
struct Formatting {
  std::vector<Namespace*> namespaces;  // each counts it in its `in_flight`
  NamespaceFormat format;
  uint16_t controller_id;
  uint32_t namespace_id;  // as the command names it
};

Task run_format(Subsystem& subsystem, Formatting formatting) {
  uint16_t status = spec::status::success;
  for (Namespace* ns : formatting.namespaces) {
    const uint16_t ended = co_await format_namespace(subsystem, *ns, formatting.format);
    if (ended != spec::status::success) status = ended;
  }
  const uint16_t saved = co_await save_now(subsystem);
  if (status == spec::status::success) status = saved;
  for (Namespace* ns : formatting.namespaces) {
    ns->format_percent_left = 0;
    ns->unavailable = spec::status::success;
    const uint64_t others = ~(uint64_t{1} << formatting.controller_id);
    notify_namespace_changed(subsystem, ns->id, ns->controllers & others);
    count_namespace_change(subsystem, ns->id, ns->controllers & ~others);
    ns->in_flight--;
  }
  log_format_completion(subsystem.controller(formatting.controller_id).state(),
                        formatting.namespace_id, status);
  co_return status;
}

// The namespaces that NSID names, or a status.
uint16_t find_namespaces(const ControllerState& state, uint32_t id,
                         std::vector<Namespace*>& found) {
  if (id == kBroadcastNamespaceId) {
    state.subsystem.for_each_namespace([&](Namespace& ns) {
      if (state.find_namespace(ns.id) != nullptr) found.push_back(&ns);
    });
    return found.empty() ? spec::status::invalid_namespace_or_format : spec::status::success;
  }
  if (!state.subsystem.is_valid_namespace_id(id)) return spec::status::invalid_namespace_or_format;
  Namespace* ns = state.find_namespace(id);
  if (ns == nullptr) return spec::status::invalid_field;
  found.push_back(ns);
  return spec::status::success;
}

uint16_t judge(uint32_t cdw10, const NamespaceFormat& format) {
  const uint32_t erase = spec::format_nvm_cdw10::ses.get(cdw10);
  if (erase != spec::secure_erase::none && erase != spec::secure_erase::user_data) {
    return spec::status::invalid_field;  // nothing is encrypted
  }
  return check_format(format);
}

uint16_t judge_namespace(const Namespace& ns, const NamespaceFormat& format) {
  if (ns.unavailable != 0) return ns.unavailable;
  if (ns.protected_from_writes()) return spec::status::namespace_is_write_protected;
  return ns.store->byte_length() < format.data_byte_length() ? spec::status::invalid_format
                                                             : spec::status::success;
}

uint16_t begin_format(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  Formatting formatting = {{}, format_of(sqe.cdw10), state.controller_id, sqe.nsid};
  uint16_t status = judge(sqe.cdw10, formatting.format);
  if (status == spec::status::success) {
    status = find_namespaces(state, sqe.nsid, formatting.namespaces);
  }
  for (const Namespace* ns : formatting.namespaces) {
    if (status == spec::status::success) status = judge_namespace(*ns, formatting.format);
  }
  if (status != spec::status::success) return status;
  for (Namespace* ns : formatting.namespaces) {
    end_self_test(state.subsystem, spec::self_test_result::aborted_by_format, ns->id);
    // From now on nobody sends what was meant for the old format; what was sent before and comes
    // before the end is refused.
    count_namespace_change(state.subsystem, ns->id, ns->controllers);
    ns->unavailable = spec::status::format_in_progress;
    ns->format_percent_left = 100;
    ns->in_flight++;
  }
  log_format_start(state, sqe.nsid, sqe.cdw10);
  return begin_background(state, slot, run_format(state.subsystem, std::move(formatting)));
}

}  // namespace

uint16_t check_format(const NamespaceFormat& format) {
  const bool known = format.lba_format < kLbaFormatCount &&
                     format.protection_type <= spec::protection_information::type_1 &&
                     (format.protection_type == 0 || format.metadata_byte_length() != 0);
  return known ? spec::status::success : spec::status::invalid_format;
}

uint8_t plain_lba_format(uint32_t data_byte_length) {
  uint8_t index = 0;
  while (kLbaFormats[index].data_byte_length != data_byte_length ||
         kLbaFormats[index].metadata_byte_length != 0) {
    index++;
  }
  return index;
}

uint16_t format_nvm(ControllerState& state, Slot& slot) {
  const uint16_t status = begin_format(state, slot);
  return status == kGoesOn || status == spec::status::success ? status : refuse(status);
}

}  // namespace nvm::emulator
