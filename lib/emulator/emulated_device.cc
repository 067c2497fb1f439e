// SPDX-License-Identifier: MIT
#include "emulator/emulated_device.h"

#include <sys/stat.h>

#include <cinttypes>
#include <cstdio>

#include "emulator/models/latency_bandwidth_model.h"
#include "emulator/stores/file_store.h"
#include "emulator/stores/memory_store.h"

namespace nvm::emulator {
namespace {

constexpr size_t kSerialLengthMax = 20;  // Identify Controller, SN

Status check_options(const EmulatorOptions& options) {
  if (options.lba_byte_length != 512 && options.lba_byte_length != 4096) {
    return Status(ErrorCode::Argument, "the emulator's blocks have 512 or 4096 bytes, not " +
                                           std::to_string(options.lba_byte_length));
  }
  if (options.serial.size() > kSerialLengthMax) {
    return Status(ErrorCode::Argument, "a serial number has at most 20 characters");
  }
  return {};
}

bool is_memory(const EmulatorOptions& options, int fd) {
  return options.image.empty() && fd < 0;
}

Result<std::unique_ptr<Store>> open_store(const EmulatorOptions& options, int fd) {
  if (is_memory(options, fd)) {
    return make_memory_store(options.byte_length != 0 ? options.byte_length : kDefaultMemoryBytes);
  }
  FileStoreOptions file;
  file.path = options.image;
  file.fd = fd;
  file.byte_length = options.byte_length;
  file.create = options.create;
  file.read_only = options.read_only;
  return open_file_store(file);
}

// The same image has the same serial number, whatever its path and whoever opens it.
std::string serial_of(const EmulatorOptions& options, int fd) {
  if (!options.serial.empty()) return options.serial;
  struct stat image;
  if (is_memory(options, fd) ||
      (fd >= 0 ? fstat(fd, &image) : stat(options.image.c_str(), &image)) != 0) {
    return Identity{}.serial_number;
  }
  char text[kSerialLengthMax + 1];
  snprintf(text, sizeof text, "PN%04" PRIX64 "%012" PRIX64,
           static_cast<uint64_t>(image.st_dev) & 0xffff,
           static_cast<uint64_t>(image.st_ino) & 0xffffffffffff);
  return text;
}

}  // namespace

Result<EmulatedDevice> make_emulated_device(const EmulatorOptions& options, int fd) {
  NVM_TRY(check_options(options));
  Result<std::unique_ptr<Store>> store = open_store(options, fd);
  if (!store.ok()) return std::move(store.status());
  EmulatedDevice device;
  device.address = options.image.empty() ? "memory" : options.image;
  device.write_protected = store.value()->read_only();
  const uint64_t byte_length = store.value()->byte_length();
  if (byte_length == 0 || byte_length % options.lba_byte_length != 0) {
    return Status(ErrorCode::Image, device.address + " has " + std::to_string(byte_length) +
                                        " bytes, which is not a multiple of the block size " +
                                        std::to_string(options.lba_byte_length));
  }
  std::unique_ptr<TimingModel> timing;
  if (options.latency_ns != 0 || options.bytes_per_second != 0) {
    timing = std::make_unique<LatencyBandwidthModel>(options.latency_ns, options.bytes_per_second);
  }
  Identity identity;
  identity.serial_number = serial_of(options, fd);
  device.subsystem = std::make_unique<Subsystem>(identity);
  device.subsystem->add_namespace(
      make_nvm_namespace(std::move(store.value()), options.lba_byte_length, std::move(timing)));
  return device;
}

}  // namespace nvm::emulator
