// SPDX-License-Identifier: MIT
#include "transport/emulator_registry.h"

#include <errno.h>
#include <sys/stat.h>

#include <cinttypes>
#include <cstdio>
#include <mutex>

#include "emulator/file_store.h"
#include "emulator/latency_bandwidth_model.h"
#include "emulator/memory_store.h"
#include "platform/os_failure.h"
#include "transport/emulator_transport.h"
#include "transport/open_devices.h"

namespace nvm {
namespace {

constexpr size_t kSerialLengthMax = 20;  // Identify Controller, SN

// What makes an image the same image, whatever its path.
struct ImageIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  std::string key() const {
    return "image:" + std::to_string(device) + ":" + std::to_string(inode);
  }
  std::string serial() const {
    char text[kSerialLengthMax + 1];
    snprintf(text, sizeof text, "PN%04" PRIX64 "%012" PRIX64,
             static_cast<uint64_t>(device) & 0xffff, static_cast<uint64_t>(inode) & 0xffffffffffff);
    return text;
  }
};

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

Result<std::unique_ptr<emulator::Store>> open_store(const EmulatorOptions& options, int fd) {
  if (options.image.empty() && fd < 0) {
    return emulator::make_memory_store(options.byte_length != 0 ? options.byte_length
                                                                : kDefaultMemoryBytes);
  }
  emulator::FileStoreOptions file;
  file.path = options.image;
  file.fd = fd;
  file.byte_length = options.byte_length;
  file.create = options.create;
  file.read_only = options.read_only;
  return emulator::open_file_store(file);
}

Result<std::unique_ptr<Transport>> make_emulator(const EmulatorOptions& options, int fd,
                                                 const std::string& serial) {
  Result<std::unique_ptr<emulator::Store>> store = open_store(options, fd);
  if (!store.ok()) return std::move(store.status());
  const bool write_protected = store.value()->read_only();
  const uint64_t byte_length = store.value()->byte_length();
  const std::string address = options.image.empty() ? "memory" : options.image;
  if (byte_length == 0 || byte_length % options.lba_byte_length != 0) {
    return Status(ErrorCode::Image, address + " has " + std::to_string(byte_length) +
                                        " bytes, which is not a multiple of the block size " +
                                        std::to_string(options.lba_byte_length));
  }
  std::unique_ptr<emulator::TimingModel> timing;
  if (options.latency_ns != 0 || options.bytes_per_second != 0) {
    timing = std::make_unique<emulator::LatencyBandwidthModel>(options.latency_ns,
                                                               options.bytes_per_second);
  }
  emulator::Identity identity;
  if (!serial.empty()) identity.serial_number = serial;
  auto subsystem = std::make_unique<emulator::Subsystem>(identity);
  subsystem->add_namespace(emulator::make_nvm_namespace(
      std::move(store.value()), options.lba_byte_length, std::move(timing)));
  return std::unique_ptr<Transport>(
      std::make_unique<EmulatorTransport>(std::move(subsystem), address, write_protected));
}

// Nothing when there is no file yet.
Result<std::unique_ptr<ImageIdentity>> identify_image(const EmulatorOptions& options, int fd) {
  struct stat information;
  const int result = fd >= 0 ? fstat(fd, &information) : stat(options.image.c_str(), &information);
  if (result == 0) {
    return std::make_unique<ImageIdentity>(ImageIdentity{information.st_dev, information.st_ino});
  }
  if (errno == ENOENT) return std::unique_ptr<ImageIdentity>();
  return os_failure("stat " + options.image, errno);
}

// Makes the file, so that it has an identity before anybody opens the device. One thread at a time:
// the store locks the image while it is open here.
Result<std::unique_ptr<ImageIdentity>> create_image(const EmulatorOptions& options) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  Result<std::unique_ptr<ImageIdentity>> made = identify_image(options, -1);
  if (!made.ok() || made.value() != nullptr) return made;
  Result<std::unique_ptr<emulator::Store>> created = open_store(options, -1);
  if (!created.ok()) return std::move(created.status());
  return identify_image(options, -1);
}

}  // namespace

Result<std::shared_ptr<Transport>> open_shared_emulator(const EmulatorOptions& options, int fd) {
  NVM_TRY(check_options(options));
  if (options.image.empty() && fd < 0) {
    Result<std::unique_ptr<Transport>> opened = make_emulator(options, -1, options.serial);
    if (!opened.ok()) return std::move(opened.status());
    return std::shared_ptr<Transport>(std::move(opened.value()));
  }
  Result<std::unique_ptr<ImageIdentity>> found = identify_image(options, fd);
  if (found.ok() && found.value() == nullptr) found = create_image(options);
  if (!found.ok()) return std::move(found.status());
  if (found.value() == nullptr) {
    return Status(ErrorCode::Image, options.image + " is gone", ENOENT);
  }
  const ImageIdentity image = *found.value();
  const std::string serial = options.serial.empty() ? image.serial() : options.serial;
  return share_open_device(image.key(), [&] { return make_emulator(options, fd, serial); });
}

}  // namespace nvm
