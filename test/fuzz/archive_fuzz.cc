// SPDX-License-Identifier: MIT
// Archives that are damaged or were made to harm: as files, as bodies in a whole envelope, so that
// the checksum does not keep the fuzzer out, and as a plan of faults.
#include <cstdlib>
#include <string>
#include <vector>

#include "changed_archive.h"
#include "emulator/faults/fault_plan.h"

namespace {

using nvm::emulator::ArchiveReader;
using nvm::emulator::ArchiveWriter;
using nvm::fuzz::Bytes;
using nvm::fuzz::Input;

constexpr unsigned kDepthMax = 8;
constexpr unsigned kReadsMax = 200;
constexpr uint32_t kTag = nvm::emulator::archive_tag("FUZZ");

// Reads with the verbs that the input names; the bytes read are in the archive.
void read_any(ArchiveReader& reader, Input& verbs, unsigned depth) {
  for (unsigned i = 0; i < kReadsMax && !verbs.empty() && reader.ok(); i++) {
    uint64_t number = 0;
    bool flag = false;
    std::vector<std::byte> blob;
    std::string text;
    std::vector<uint32_t> list;
    std::byte some[24];
    switch (verbs.below(8)) {
      case 0:
        reader.u64(number);
        break;
      case 1:
        reader.boolean(flag);
        break;
      case 2:
        reader.bytes(some);
        break;
      case 3:
        reader.blob(blob);
        break;
      case 4:
        reader.string(text);
        break;
      case 5:
        reader.list(list, [&](uint32_t& item) { reader.u32(item); });
        break;
      case 6:
        if (depth == kDepthMax) return;
        reader.section(kTag, 3, [&](uint32_t) { read_any(reader, verbs, depth + 1); });
        break;
      default:
        return;
    }
  }
}

// A plan with much in it.
Bytes make_plan() {
  nvm::emulator::FaultPlan plan(7);
  nvm::emulator::Fault fault;
  fault.match.queues = nvm::emulator::FaultQueues::Io;
  fault.match.probability = 0.5;
  fault.match.lbas = {3, 4};
  fault.action.delay_ns = 1000;
  fault.action.corruption = {nvm::emulator::CorruptedData::Stored, 5, 6};
  if (!plan.add(fault).ok()) abort();
  fault = {};
  fault.match.every = 2;
  fault.action.status_field = nvm::spec::status::write_fault;
  fault.action.completion = nvm::emulator::CompletionFault::Duplicate;
  if (!plan.add(fault).ok()) abort();
  return plan.save();
}

// What is accepted is saved and loaded as it is, and can be asked.
void load_plan(std::span<const std::byte> bytes) {
  nvm::emulator::FaultPlan plan;
  if (!plan.load(bytes).ok()) return;
  nvm::emulator::FaultPlan again;
  if (!again.load(plan.save()).ok() || again.save() != plan.save()) abort();
  for (uint64_t lba = 0; lba < 8; lba++) {
    (void)plan.consult({0, 1, nvm::spec::nvm_opcode::write, 1, {lba, 1}});
  }
}

void read_archive(std::span<const std::byte> archive, Input verbs) {
  auto reader = ArchiveReader::open(archive);
  if (!reader.ok()) return;
  read_any(reader.value(), verbs, 0);
  (void)reader.value().finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length) {
  Input input({bytes, byte_length});
  const uint8_t form = static_cast<uint8_t>(input.below(3));
  const Input verbs(input.bytes(input.u8()));
  const auto body = input.bytes(byte_length);
  if (form == 0) {
    const std::vector<uint8_t> file(body.begin(), body.end());
    read_archive(std::as_bytes(std::span(file)), verbs);
    return 0;
  }
  if (form == 1) {
    read_archive(nvm::fuzz::in_envelope(std::as_bytes(body)), verbs);
    return 0;
  }
  static const Bytes kPlan = make_plan();
  Input changes(body);
  load_plan(nvm::fuzz::change(changes, kPlan));
  return 0;
}
