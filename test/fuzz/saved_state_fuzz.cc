// SPDX-License-Identifier: MIT
// Saved state that somebody has changed, with the right checksum: a device refuses it and says why,
// or it is whole afterwards: what it is then can be saved and loaded, and it takes commands.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "changed_archive.h"
#include "commands.h"
#include "emulator/admin/sanitize.h"
#include "emulator/archive.h"
#include "emulator/emulated_device.h"
#include "emulator/records.h"
#include "emulator/saved_state.h"
#include "platform/unique_fd.h"

namespace {

using namespace nvm;
using namespace nvm::fuzz;
// What a device remembers that was used: idle, or in the middle of something.
Bytes make_records(unsigned what) {
  Input nothing({});
  Host host(nothing);
  emulator::Subsystem& subsystem = host.subsystem();
  emulator::Records& records = subsystem.records();
  records.health.running = true;
  records.health.bytes_written = 1 << 20;
  records.saved_features[0][{spec::feature::arbitration, 0}] = 0x01020304;
  records.saved_features[0][{spec::feature::error_recovery, 2}] = 7;
  records.self_tests.results.resize(2);
  if (what == 1) records.self_tests.running = spec::self_test_code::short_test;
  records.self_tests.namespace_id = 0xffffffff;
  if (what == 2) {
    records.sanitize.state = spec::sanitize_state::in_progress;
    records.sanitize.cdw10 = spec::sanitize_action::overwrite | 0x20;
  }
  emulator::Namespace& first = *subsystem.find_namespace(1);
  if (!first.uncorrectable.add(5, 3) || !first.uncorrectable.add(20, 1)) abort();
  host.enable();
  return emulator::save_records(subsystem);
}

const Bytes& pick_records(Input& input) {
  static const Bytes kRecords[] = {make_records(0), make_records(1), make_records(2)};
  return input.pick(kRecords);
}

// The stores of the namespaces that those records name.
const StoreLengths& usual_lengths() {
  static const StoreLengths lengths = [] {
    Input nothing({});
    Host host(nothing);
    return static_cast<FuzzFamily&>(host.subsystem().media().family()).lengths();
  }();
  return lengths;
}

struct SavedControllers {
  Bytes bytes;
  std::vector<HostQueue> queues;
};

// Two controllers; the first has queues, a parked request for events, and a feature that was set.
SavedControllers make_controllers() {
  Input nothing({});
  Host host(nothing);
  host.enable();
  Sqe sqe{};
  sqe.opc = spec::admin_opcode::asynchronous_event_request;
  host.submit(host.queues()[0], sqe);
  host.run(4);
  sqe.opc = spec::admin_opcode::set_features;
  sqe.cdw10 = spec::feature::interrupt_vector_configuration;
  host.submit(host.queues()[0], sqe);
  host.run(4);
  auto saved = emulator::save_controllers(host.subsystem());
  if (!saved.ok()) abort();
  return {std::move(saved.value()), host.queues()};
}

// A refusal tells what is wrong.
bool accepted(const Status& status) {
  if (status.ok()) return true;
  const ErrorCode code = status.failure().code;
  if (code != ErrorCode::State && code != ErrorCode::Image) abort();
  if (status.failure().detail.empty()) abort();
  return false;
}

void use(Host& host) {
  Input& input = host.input();
  host.enable();
  for (unsigned i = 0; i < 8 && !input.empty(); i++) {
    submit_any(host);
    host.run_some();
  }
  host.run(16);
}

// In memory, with the stores that the records name.
void load_records(Input& input) {
  const Bytes changed = change(input, pick_records(input));
  Device device = make_device(usual_lengths());
  if (!accepted(emulator::load_records(*device.subsystem, changed))) return;
  const Bytes saved = emulator::save_records(*device.subsystem);
  Device again = make_device(usual_lengths());
  if (!emulator::load_records(*again.subsystem, saved).ok()) abort();
  device.subsystem->keep_state();
  Host host(input, std::move(device));
  use(host);
}

// Into a device with the same namespaces and the same memory of the host.
void load_controllers(Input& input) {
  static const SavedControllers kSaved = make_controllers();
  const Bytes changed = change(input, kSaved.bytes);
  Host host(input);
  if (host.subsystem().controller_count() == 1) host.subsystem().add_controller({});
  host.queues() = kSaved.queues;
  if (accepted(emulator::load_controllers(host.subsystem(), changed))) {
    for (unsigned i = 0; i < 4; i++) {
      submit_any(host);
      host.run_some();
    }
  }
  host.controller().reset();
  use(host);
}

// An image, the files of its other namespaces, and a file with the state beside them.
class Image {
 public:
  Image() {
    const bool in_memory = access("/dev/shm", W_OK) == 0;
    std::string name = std::string(in_memory ? "/dev/shm" : "/tmp") + "/peernvm-fuzz-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) abort();
    folder_ = name;
  }
  ~Image() { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/disk.img"; }

  void write(std::span<const std::byte> sidecar) {
    constexpr uint64_t kGranule = 4096;  // no file is shorter
    for (const auto& [name, byte_length] : usual_lengths()) {
      const std::string number = ".ns" + std::to_string(name.namespace_id);
      const bool metadata = name.part == emulator::StorePart::Metadata;
      write_file((name.namespace_id == 1 ? "" : number) + (metadata ? ".meta" : ""), {},
                 std::max(byte_length, kGranule));
    }
    write_file(".peernvm", sidecar, sidecar.size());
  }

 private:
  void write_file(const std::string& suffix, std::span<const std::byte> bytes,
                  uint64_t byte_length) {
    const UniqueFd fd(
        open((path() + suffix).c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (write_all(fd.get(), bytes) && ftruncate(fd.get(), static_cast<off_t>(byte_length)) == 0)
      return;
    abort();
  }
  static bool write_all(int fd, std::span<const std::byte> bytes) {
    return ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }

  std::string folder_;
};

void load_image(Input& input) {
  Image image;
  emulator::ArchiveWriter writer;
  writer.section(emulator::archive_tag("SIDE"), 1, [&](uint32_t) {
    writer.string("");
    writer.u64(kNamespaceBytes);
    writer.blob(change(input, pick_records(input)));
  });
  const Bytes sidecar = writer.finish();
  image.write(input.below(4) == 0 ? change(input, sidecar) : sidecar);
  EmulatorOptions options;
  options.image = image.path();
  auto made = emulator::make_emulated_device(options);
  if (!made.ok()) {
    (void)accepted(made.status());
    return;
  }
  Host host(input, {std::make_unique<Medium>(), std::move(made.value().subsystem)});
  use(host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length) {
  Input input({bytes, byte_length});
  switch (input.below(8)) {
    case 0:
      load_image(input);
      break;
    case 1:
    case 2:
    case 3:
      load_controllers(input);
      break;
    default:
      load_records(input);
      break;
  }
  return 0;
}
