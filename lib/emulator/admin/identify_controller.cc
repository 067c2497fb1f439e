// SPDX-License-Identifier: MIT
// Identify: what a controller is and can do. What it can do is read off the tables that do it.
#include <algorithm>
#include <string>

#include "emulator/admin/admin_commands.h"
#include "emulator/admin/feature_table.h"
#include "emulator/admin/identify.h"
#include "emulator/admin/thermal.h"
#include "emulator/nvm/limits.h"
#include "emulator/sgl_walker.h"
#include "emulator/unique_ids.h"
#include "spec/rpc.h"

namespace nvm::emulator {
namespace {

constexpr uint8_t kRetryDelayUnits = 1;  // CRDT1, 100 ms
constexpr uint8_t kFlushOfAll = 3;       // VWC: NSID FFFFFFFFh is supported

// ASCII fields are filled up with spaces and not terminated.
template <class Field>
void put_ascii(Field& field, const std::string& text) {
  memset(&field, ' ', sizeof(field));
  memcpy(&field, text.data(), std::min(text.size(), sizeof(field)));
}

uint16_t optional_admin_commands() {
  namespace op = spec::admin_opcode;
  return spec::oacs::format.put(has_admin_command(op::format_nvm)) |
         spec::oacs::firmware.put(has_admin_command(op::firmware_commit)) |
         spec::oacs::namespace_management.put(has_admin_command(op::namespace_management)) |
         spec::oacs::self_test.put(has_admin_command(op::device_self_test)) |
         spec::oacs::doorbell_buffer_config.put(has_admin_command(op::doorbell_buffer_config));
}

uint16_t optional_nvm_commands() {
  return nvm_command_support() | spec::oncs::save.put(1) |
         spec::oncs::timestamp.put(find_feature(spec::feature::timestamp) != nullptr);
}

void describe_subsystem(const ControllerState& state, spec::IdentifyController& data) {
  const Subsystem& subsystem = state.subsystem;
  const Identity& identity = subsystem.identity();
  data.vid = identity.pci_vendor_id;
  data.ssvid = identity.pci_subsystem_vendor_id;
  put_ascii(data.sn, identity.serial_number);
  put_ascii(data.mn, identity.model_number);
  put_ascii(data.fr, identity.firmware_revision);
  const bool several = subsystem.controller_count() > 1;
  data.cmic = spec::cmic::multi_port.put(several) | spec::cmic::multi_controller.put(several);
  data.tnvmcap.low = subsystem.capacity();
  data.unvmcap.low = subsystem.capacity() - subsystem.allocated_capacity();
  data.nn = subsystem.namespaces_max();
  data.mnan = subsystem.namespaces_max();
  const std::string name = subsystem_name(identity);
  memcpy(&data.subnqn, name.data(), std::min(name.size(), sizeof(data.subnqn) - 1));
  if (identity.data_identity == 0) return;
  const spec::RpcVendorIdentify vendor{identity.data_identity, ~identity.data_identity};
  memcpy(&data.vs, &vendor, sizeof vendor);
}

void describe_admin(const ControllerState& state, spec::IdentifyController& data) {
  data.mdts = state.limits.mdts;
  data.cntlid = state.controller_id;
  data.ver = kVersion;
  data.cntrltype = spec::controller_type::io;
  data.rab = kArbitrationBurst;
  data.elpe = kErrorLogEntriesMax - 1;
  data.kas = kKeepAliveUnits;
  data.hctma = spec::hctma::supported.put(1);
  data.mntmt = kThermalManagementMin;
  data.mxtmt = kThermalManagementMax;
  data.oaes = spec::oaes::namespace_attribute.put(1);
  data.oacs = optional_admin_commands();
  data.acl = kAbortsMax - 1;
  data.aerl = kAsyncEventRequestsMax - 1;
  data.frmw = spec::frmw::slot_1_read_only.put(1) | spec::frmw::slots.put(1);
  data.lpa = spec::lpa::command_effects.put(1) | spec::lpa::extended_data.put(1) |
             spec::lpa::persistent_event.put(1) | spec::lpa::supported_log_pages.put(1);
  data.wctemp = kWarningTemperature;
  data.cctemp = kCriticalTemperature;
  data.crdt1 = kRetryDelayUnits;
  data.pels = 1;
  data.edstt = 1;
  data.dsto = spec::dsto::one.put(1);
  data.sanicap = sanitize_capabilities();
  data.fna = format_attributes();
}

void describe_io(const ControllerState& state, spec::IdentifyController& data) {
  data.sqes = spec::entry_size::min.put(6) | spec::entry_size::max.put(6);
  data.cqes = spec::entry_size::min.put(4) | spec::entry_size::max.put(4);
  data.oncs = optional_nvm_commands();
  data.vwc = spec::vwc::present.put(1) | spec::vwc::flush_all.put(kFlushOfAll);
  data.ocfs = kCopyFormats;
  data.fuses = spec::fuses::compare_and_write.put(1);
  data.sgls = kSgls;
}

}  // namespace

uint8_t format_attributes() {
  return 0;  // each namespace by itself, NSID FFFFFFFFh for all, no cryptographic erase
}

uint32_t sanitize_capabilities() {
  if (!has_admin_command(spec::admin_opcode::sanitize)) return 0;
  constexpr uint32_t kMediaNotModified = 1;  // after a sanitize with No-Deallocate
  return spec::sanicap::bes.put(1) | spec::sanicap::ows.put(1) |
         spec::sanicap::nodmmas.put(kMediaNotModified);
}

uint16_t identify_controller(ControllerState& state, const spec::SubmissionQueueEntry&,
                             IdentifyPage& page) {
  spec::IdentifyController data{};
  describe_subsystem(state, data);
  describe_admin(state, data);
  describe_io(state, data);
  put(page, data);
  return spec::status::success;
}

uint16_t command_set_controller(ControllerState&, const spec::SubmissionQueueEntry&,
                                IdentifyPage& page) {
  spec::IdentifyControllerNvm data{};
  data.vsl = kNoSizeLimit;
  data.wzsl = kWriteZeroesPagesLog2;
  data.wusl = kNoSizeLimit;
  put(page, data);
  return spec::status::success;
}

// No virtual functions: nothing is flexible.
uint16_t primary_controller_capabilities(ControllerState& state, const spec::SubmissionQueueEntry&,
                                         IdentifyPage& page) {
  spec::PrimaryControllerCapabilities data{};
  data.cntlid = state.controller_id;
  put(page, data);
  return spec::status::success;
}

uint16_t secondary_controllers(ControllerState&, const spec::SubmissionQueueEntry&, IdentifyPage&) {
  return spec::status::success;  // an empty list
}

uint16_t command_sets(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                      IdentifyPage& page) {
  constexpr uint32_t kThisController = 0xffff;
  const uint32_t id = spec::identify_cdw10::cntid.get(sqe.cdw10);
  if (id != kThisController && id >= state.subsystem.controller_count()) {
    return spec::status::invalid_field;
  }
  spec::CommandSets data{};
  data.iocsc[0] = uint64_t{1} << spec::csi::nvm;
  put(page, data);
  return spec::status::success;
}

}  // namespace nvm::emulator
