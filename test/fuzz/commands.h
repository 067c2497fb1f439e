// SPDX-License-Identifier: MIT
// Commands made of a fuzzer's input: one row and one builder for each, so that a mutation changes a
// field and not the opcode that gives the field its meaning. Fields are mostly what the device
// knows.
#pragma once

#include "data_pointers.h"

namespace nvm::fuzz {

// One of `usual`, or now and then any byte.
inline uint32_t pick_byte(Input& input, std::initializer_list<uint8_t> usual) {
  return input.below(16) == 0 ? input.u8() : usual.begin()[input.below(usual.size())];
}

// 0, or now and then anything.
inline uint32_t rarely(Input& input) {
  return input.below(16) == 0 ? input.u32() : 0;
}

template <class Data>
void put_admin_data(Host& host, Sqe& sqe, const Data& data) {
  const uint64_t address = put_data_pointer(host, sqe, sizeof(data), true);
  put_bytes(host, address, std::as_bytes(std::span(&data, 1)));
}

// I/O commands.

inline void put_range(Input& input, Sqe& sqe) {
  sqe.cdw10 = input.below(8) == 0 ? input.u32() : input.u8() % 40;
  sqe.cdw11 = rarely(input);
  sqe.cdw12 = input.below(8) == 0 ? input.u32() : input.u8() % 36;
  if (input.below(2) == 0) sqe.cdw12 |= static_cast<uint32_t>(input.u16()) << 16;  // PRINFO and FUA
  sqe.cdw14 = sqe.cdw10;  // the reference tag
  if (input.below(4) != 0) return;
  sqe.cdw13 = input.u32();
  sqe.cdw14 = input.u32();
  sqe.cdw15 = input.u32();
}

// Bytes of one block as the host has it.
inline uint32_t pick_block_bytes(Input& input, const Sqe& sqe) {
  constexpr uint32_t kBlockBytes[] = {512, 520, 4096, 4104};
  constexpr uint32_t kExtended = 4;  // of kNamespaceForms
  if (input.below(4) == 0) return input.pick(kBlockBytes);
  return kBlockBytes[sqe.nsid == kExtended ? 1 : 0];
}

inline void build_range(Host& host, Sqe& sqe) {
  put_range(host.input(), sqe);
}

inline void build_blocks(Host& host, Sqe& sqe) {
  constexpr uint32_t kMetadataBytes = 8;
  Input& input = host.input();
  put_range(input, sqe);
  const uint64_t blocks = spec::read_cdw12::nlb.get(sqe.cdw12) + 1u;
  put_data_pointer(host, sqe, blocks * pick_block_bytes(input, sqe), false);
  put_metadata_pointer(host, sqe, blocks * kMetadataBytes);
}

template <class Range>
void put_ranges(Host& host, Sqe& sqe, const std::vector<Range>& ranges) {
  const auto bytes = std::as_bytes(std::span(ranges));
  put_bytes(host, put_data_pointer(host, sqe, bytes.size(), false), bytes);
}

inline void build_dataset_management(Host& host, Sqe& sqe) {
  Input& input = host.input();
  std::vector<spec::DatasetManagementRange> ranges(1 + input.below(12));
  for (auto& range : ranges) {
    range.cattr = rarely(input);
    range.nlb = input.below(16) == 0 ? input.u32() : input.u8() % 40;
    range.slba = input.below(16) == 0 ? input.u64() : input.u8() % 40;
  }
  const uint64_t count = input.below(16) == 0 ? input.u8() : ranges.size() - 1;
  sqe.cdw10 = static_cast<uint32_t>(count);
  sqe.cdw11 = pick_byte(input, {4, 4, 0, 7});
  put_ranges(host, sqe, ranges);
}

inline void build_copy(Host& host, Sqe& sqe) {
  Input& input = host.input();
  std::vector<spec::CopyDescriptor> sources(1 + input.below(8));
  for (auto& source : sources) {
    source.slba = input.below(16) == 0 ? input.u64() : input.u8() % 40;
    source.nlb = input.below(16) == 0 ? input.u16() : static_cast<uint16_t>(input.u8() % 24);
    source.eilbrt = rarely(input);
    source.elbatm = static_cast<uint16_t>(rarely(input));
    source.elbat = static_cast<uint16_t>(rarely(input));
  }
  put_range(input, sqe);
  const uint64_t count = input.below(16) == 0 ? input.u8() : sources.size() - 1;
  sqe.cdw12 = (sqe.cdw12 & 0xff000000) | static_cast<uint32_t>(count);
  if (input.below(4) == 0) sqe.cdw12 |= static_cast<uint32_t>(input.u16()) << 8;
  put_ranges(host, sqe, sources);
}

inline void build_vendor(Host& host, Sqe& sqe) {
  sqe.cdw12 = host.input().u16();
  put_data_pointer(host, sqe, sqe.cdw12, false);
}

// Admin commands.

inline void build_nothing(Host&, Sqe&) {}

inline void build_identify(Host& host, Sqe& sqe) {
  namespace cns = spec::cns;
  Input& input = host.input();
  put_data_pointer(host, sqe, kPageBytes, true);
  sqe.cdw10 = pick_byte(
      input, {cns::identify_namespace, cns::identify_controller, cns::active_namespaces,
              cns::namespace_descriptors, cns::command_set_namespace, cns::command_set_controller,
              cns::command_set_active_namespaces, cns::independent_namespace,
              cns::allocated_namespaces, cns::allocated_namespace, cns::namespace_controllers,
              cns::controllers, cns::primary_controller_capabilities, cns::secondary_controllers,
              cns::command_set_allocated_namespaces, cns::command_set_allocated_namespace,
              cns::command_sets});
  sqe.cdw10 |= input.u8() % 4u << 16;
  sqe.cdw11 = rarely(input);
  sqe.cdw14 = rarely(input);
}

inline void build_log_page(Host& host, Sqe& sqe) {
  namespace page = spec::log_page;
  Input& input = host.input();
  sqe.cdw10 =
      pick_byte(input, {page::supported_log_pages, page::error_information,
                        page::smart_health_information, page::firmware_slot_information,
                        page::changed_namespace_list, page::commands_supported_and_effects,
                        page::device_self_test, page::persistent_event_log,
                        page::persistent_event_log, page::feature_identifiers_supported_and_effects,
                        page::nvme_mi_commands_supported_and_effects, page::sanitize_status});
  sqe.cdw10 |= pick_byte(input, {0, 1, 2}) << 8 | (input.u8() & 0x80u) << 8;
  const uint32_t dwords = input.below(4) == 0 ? input.u16() : input.u8();
  sqe.cdw10 |= dwords << 16;
  sqe.cdw11 = rarely(input);
  sqe.cdw12 = input.below(8) == 0 ? input.u32() : input.u16() % 0x1400u * 4;
  sqe.cdw13 = rarely(input);
  sqe.cdw14 = input.below(8) == 0 ? input.u32() : 0;
  put_data_pointer(host, sqe, (dwords + 1) * sizeof(uint32_t), true);
}

inline uint32_t pick_feature(Input& input) {
  namespace feature = spec::feature;
  return pick_byte(
      input,
      {feature::arbitration, feature::power_management, feature::temperature_threshold,
       feature::error_recovery, feature::volatile_write_cache, feature::number_of_queues,
       feature::interrupt_coalescing, feature::interrupt_vector_configuration,
       feature::write_atomicity_normal, feature::asynchronous_event_configuration,
       feature::timestamp, feature::keep_alive_timer, feature::host_controlled_thermal_management,
       feature::non_operational_power_state_config, feature::io_command_set_profile,
       feature::host_behavior_support});
}

inline void build_get_features(Host& host, Sqe& sqe) {
  Input& input = host.input();
  put_data_pointer(host, sqe, sizeof(spec::HostBehaviorSupport), true);
  sqe.cdw10 = pick_feature(input) | pick_byte(input, {0, 1, 2, 3}) << 8;
  sqe.cdw11 = input.u8() % 4;
  if (input.below(4) == 0) sqe.cdw11 |= static_cast<uint32_t>(input.u8()) << 16;
  sqe.cdw14 = rarely(input);
}

// With the data of those that have some.
inline void build_set_features(Host& host, Sqe& sqe) {
  Input& input = host.input();
  spec::HostBehaviorSupport data{};
  data.acre = static_cast<uint8_t>(input.below(3));
  data.etdas = static_cast<uint8_t>(input.below(2));
  data.lbafee = static_cast<uint8_t>(input.below(2));
  put_admin_data(host, sqe, data);
  if (input.below(4) != 0) sqe.nsid = 0;
  sqe.cdw10 = pick_feature(input) | static_cast<uint32_t>(input.u8() & 1) << 31;
  sqe.cdw11 = input.below(4) == 0 ? input.u32() : input.u8();
  if (input.below(4) == 0) sqe.cdw11 |= static_cast<uint32_t>(input.u8()) << 16;
  sqe.cdw14 = rarely(input);
}

// Often one of those that the host uses.
inline uint32_t pick_queue(Input& input) {
  return static_cast<uint32_t>(input.below(2) == 0 ? input.below(10) : 1 + input.below(2));
}

// Often a page of which only the beginning is memory.
inline uint64_t pick_queue_address(Input& input) {
  if (input.below(2) == 0) return HostMemory::address(input);
  const HostRegion& region = input.pick(kHostRegions);
  return (region.first + region.byte_length - 1) & ~(kPageBytes - 1);
}

// A queue of the host, which it may have deleted; a new one; or anything.
inline void build_create_queue(Host& host, Sqe& sqe) {
  constexpr uint32_t kNewQueue = 3;
  Input& input = host.input();
  const bool completes = sqe.opc == spec::admin_opcode::create_io_completion_queue;
  const uint64_t what = input.below(4);
  uint32_t id = what == 0 ? pick_queue(input) : kNewQueue;
  uint32_t entries_less_1 = 1 + static_cast<uint32_t>(input.below(32));
  sqe.prp1 = pick_queue_address(input);
  if (what == 1 && host.queues().size() > 1) {
    const HostQueue& queue = host.queues()[1 + input.below(2)];
    id = queue.id;
    entries_less_1 = queue.entries - 1;
    sqe.prp1 = completes ? queue.cq_address : queue.sq_address;
  }
  if (what == 0) entries_less_1 = input.u16();
  const uint32_t completion_queue = what == 0 ? pick_queue(input) : what == 1 ? id : 1;
  sqe.cdw10 = id | entries_less_1 << 16;
  sqe.cdw11 = completes ? 3 : 1 | completion_queue << 16;
  if (what == 0) sqe.cdw11 ^= input.u8() & 7;
  host.created_queue = id;
}

inline void build_delete_queue(Host& host, Sqe& sqe) {
  sqe.cdw10 = pick_queue(host.input());
}

inline void build_abort(Host& host, Sqe& sqe) {
  Input& input = host.input();
  sqe.cdw10 = static_cast<uint32_t>(input.below(4)) | static_cast<uint32_t>(input.u8()) << 16;
}

inline void build_namespace_management(Host& host, Sqe& sqe) {
  namespace select = spec::namespace_management_select;
  Input& input = host.input();
  sqe.cdw10 = pick_byte(input, {select::create, select::create, select::remove});
  sqe.cdw11 = rarely(input);
  if (sqe.cdw10 != select::create) return;
  if (input.below(16) != 0) sqe.nsid = 0;
  spec::NamespaceManagementData data{};
  data.nsze = input.below(16) == 0 ? input.u64() : input.u8();
  data.ncap = input.below(16) == 0 ? input.u64() : data.nsze;
  data.flbas = static_cast<uint8_t>(pick_byte(input, {0, 1, 2, 3, 0x12, 0x13}));
  data.dps = static_cast<uint8_t>(pick_byte(input, {0, 0, 1, 9}));
  data.nmic = static_cast<uint8_t>(pick_byte(input, {0, 1}));
  data.anagrpid = rarely(input);
  data.nvmsetid = static_cast<uint16_t>(rarely(input));
  data.endgid = static_cast<uint16_t>(rarely(input));
  put_admin_data(host, sqe, data);
}

inline void build_namespace_attachment(Host& host, Sqe& sqe) {
  Input& input = host.input();
  sqe.cdw10 = pick_byte(input, {spec::namespace_attachment_select::attach,
                                spec::namespace_attachment_select::detach});
  spec::ControllerList list{};
  list.num = input.below(8) == 0 ? input.u16() : static_cast<uint16_t>(1 + input.below(2));
  for (uint16_t i = 0; i < 3; i++) list.identifier[i] = i;
  if (input.below(4) == 0) list.identifier[input.below(3)] = input.u8() % 4;
  put_admin_data(host, sqe, list);
}

inline void build_format(Host& host, Sqe& sqe) {
  namespace field = spec::format_nvm_cdw10;
  Input& input = host.input();
  sqe.cdw10 = field::lbafl.put(pick_byte(input, {0, 1, 2, 3})) | field::mset.put(input.u8() & 1) |
              field::pi.put(pick_byte(input, {0, 0, 1})) | field::pil.put(input.u8() & 1) |
              field::ses.put(pick_byte(input, {0, 1})) | rarely(input);
}

inline void build_sanitize(Host& host, Sqe& sqe) {
  namespace field = spec::sanitize_cdw10;
  namespace action = spec::sanitize_action;
  Input& input = host.input();
  sqe.cdw10 = field::sanact.put(pick_byte(
                  input, {action::exit_failure_mode, action::block_erase, action::overwrite})) |
              field::owpass.put(pick_byte(input, {1, 2, 0})) | (input.u8() & 7u) << 8 |
              field::ause.put(input.u8() & 1);
  sqe.cdw11 = input.u32();
}

inline void build_self_test(Host& host, Sqe& sqe) {
  namespace code = spec::self_test_code;
  sqe.cdw10 = pick_byte(host.input(), {code::short_test, code::extended_test, code::abort_test});
}

inline void build_firmware(Host& host, Sqe& sqe) {
  Input& input = host.input();
  put_data_pointer(host, sqe, kPageBytes, true);
  sqe.cdw10 = input.u8();
  sqe.cdw11 = input.u8();
}

inline void build_doorbell_buffer_config(Host& host, Sqe& sqe) {
  put_prps(host, sqe, false);
  host.use_shadow_doorbells(sqe.prp1);
}

// Every byte from the input.
inline void build_raw(Host& host, Sqe& sqe) {
  const auto bytes = host.input().bytes(sizeof(sqe));
  if (!bytes.empty()) memcpy(&sqe, bytes.data(), bytes.size());
}

enum class Queue { Io, Admin };

struct CommandRow {
  Queue queue;
  uint8_t opcode;
  void (*build)(Host& host, Sqe& sqe);
  bool fused = false;  // with a Write of the same blocks behind it
};

constexpr CommandRow kCommands[] = {
    {Queue::Io, spec::nvm_opcode::flush, build_nothing},
    {Queue::Io, spec::nvm_opcode::write, build_blocks},
    {Queue::Io, spec::nvm_opcode::read, build_blocks},
    {Queue::Io, spec::nvm_opcode::write_uncorrectable, build_range},
    {Queue::Io, spec::nvm_opcode::compare, build_blocks},
    {Queue::Io, spec::nvm_opcode::compare, build_blocks, true},
    {Queue::Io, spec::nvm_opcode::write_zeroes, build_range},
    {Queue::Io, spec::nvm_opcode::dataset_management, build_dataset_management},
    {Queue::Io, spec::nvm_opcode::verify, build_range},
    {Queue::Io, spec::nvm_opcode::copy, build_copy},
    {Queue::Io, kVendorOpcode, build_vendor},
    {Queue::Io, 0, build_raw},
    {Queue::Admin, spec::admin_opcode::delete_io_submission_queue, build_delete_queue},
    {Queue::Admin, spec::admin_opcode::create_io_submission_queue, build_create_queue},
    {Queue::Admin, spec::admin_opcode::get_log_page, build_log_page},
    {Queue::Admin, spec::admin_opcode::delete_io_completion_queue, build_delete_queue},
    {Queue::Admin, spec::admin_opcode::create_io_completion_queue, build_create_queue},
    {Queue::Admin, spec::admin_opcode::identify, build_identify},
    {Queue::Admin, spec::admin_opcode::abort, build_abort},
    {Queue::Admin, spec::admin_opcode::set_features, build_set_features},
    {Queue::Admin, spec::admin_opcode::get_features, build_get_features},
    {Queue::Admin, spec::admin_opcode::asynchronous_event_request, build_nothing},
    {Queue::Admin, spec::admin_opcode::namespace_management, build_namespace_management},
    {Queue::Admin, spec::admin_opcode::firmware_commit, build_firmware},
    {Queue::Admin, spec::admin_opcode::firmware_image_download, build_firmware},
    {Queue::Admin, spec::admin_opcode::device_self_test, build_self_test},
    {Queue::Admin, spec::admin_opcode::namespace_attachment, build_namespace_attachment},
    {Queue::Admin, spec::admin_opcode::keep_alive, build_nothing},
    {Queue::Admin, spec::admin_opcode::doorbell_buffer_config, build_doorbell_buffer_config},
    {Queue::Admin, spec::admin_opcode::format_nvm, build_format},
    {Queue::Admin, spec::admin_opcode::sanitize, build_sanitize},
    {Queue::Admin, 0, build_raw},
};

inline uint32_t pick_namespace(Input& input) {
  constexpr uint32_t kAll = 0xffffffff;
  const auto nsid = static_cast<uint32_t>(input.below(16));
  return nsid < 7 ? nsid : nsid == 7 ? kAll : 1 + nsid % std::size(kNamespaceForms);
}

// The second half of a fused pair, now and then not of the first one's kind.
inline void submit_second(Host& host, HostQueue& queue, Sqe sqe) {
  Input& input = host.input();
  sqe.opc = spec::nvm_opcode::write;
  sqe.flags ^=
      spec::sqe_flags::fuse.put(spec::fused_operation::first ^ spec::fused_operation::second);
  sqe.cid++;
  if (input.below(8) == 0) sqe.cdw10++;
  if (input.below(8) == 0) sqe.nsid = pick_namespace(input);
  host.submit(queue, sqe);
}

// Makes one command and puts it into a queue of its kind.
inline void submit_any(Host& host) {
  Input& input = host.input();
  const CommandRow& row = input.pick(kCommands);
  Sqe sqe{};
  sqe.opc = row.opcode;
  sqe.cid = input.u8();
  sqe.nsid = pick_namespace(input);
  row.build(host, sqe);
  const bool admin = row.queue == Queue::Admin || host.queues().size() == 1;
  HostQueue& queue = host.queues()[admin ? 0 : 1 + input.below(2)];
  if (row.fused) sqe.flags |= spec::sqe_flags::fuse.put(spec::fused_operation::first);
  host.submit(queue, sqe);
  if (row.fused && input.below(16) != 0) submit_second(host, queue, sqe);
}

}  // namespace nvm::fuzz
