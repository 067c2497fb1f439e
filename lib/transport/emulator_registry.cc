// SPDX-License-Identifier: MIT
#include "transport/emulator_registry.h"

#include <errno.h>
#include <sys/stat.h>

#include <mutex>

#include "emulator/emulated_device.h"
#include "platform/os_failure.h"
#include "transport/emulator_transport.h"
#include "transport/open_devices.h"

namespace nvm {
namespace {

// What makes an image the same image, whatever its path.
struct ImageIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  std::string key() const {
    return "image:" + std::to_string(device) + ":" + std::to_string(inode);
  }
};

Result<std::unique_ptr<Transport>> make_emulator(const EmulatorOptions& options, int fd) {
  Result<emulator::EmulatedDevice> made = emulator::make_emulated_device(options, fd);
  if (!made.ok()) return std::move(made.status());
  auto device = std::make_shared<emulator::RunningDevice>(std::move(made.value()));
  NVM_TRY(device->take_controller(0));
  return std::unique_ptr<Transport>(std::make_unique<EmulatorTransport>(std::move(device), 0));
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
// the device locks the image while it is open here.
Result<std::unique_ptr<ImageIdentity>> create_image(const EmulatorOptions& options) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  Result<std::unique_ptr<ImageIdentity>> made = identify_image(options, -1);
  if (!made.ok() || made.value() != nullptr) return made;
  Result<emulator::EmulatedDevice> created = emulator::make_emulated_device(options);
  if (!created.ok()) return std::move(created.status());
  return identify_image(options, -1);
}

}  // namespace

Result<std::shared_ptr<Transport>> open_shared_emulator(const EmulatorOptions& options, int fd) {
  if (options.image.empty() && fd < 0) {
    Result<std::unique_ptr<Transport>> opened = make_emulator(options, -1);
    if (!opened.ok()) return std::move(opened.status());
    return std::shared_ptr<Transport>(std::move(opened.value()));
  }
  Result<std::unique_ptr<ImageIdentity>> found = identify_image(options, fd);
  if (found.ok() && found.value() == nullptr) found = create_image(options);
  if (!found.ok()) return std::move(found.status());
  if (found.value() == nullptr) {
    return Status(ErrorCode::Image, options.image + " is gone", ENOENT);
  }
  return share_open_device(found.value()->key(), [&] { return make_emulator(options, fd); });
}

Result<std::shared_ptr<Transport>> open_emulated_controller(
    const std::shared_ptr<emulator::RunningDevice>& device, uint64_t number, size_t index) {
  const std::string key = "emulator:" + std::to_string(number) + ":" + std::to_string(index);
  return share_open_device(key, [&]() -> Result<std::unique_ptr<Transport>> {
    NVM_TRY(device->take_controller(index));
    return std::unique_ptr<Transport>(std::make_unique<EmulatorTransport>(device, index));
  });
}

}  // namespace nvm
