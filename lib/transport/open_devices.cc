// SPDX-License-Identifier: MIT
#include "transport/open_devices.h"

#include <condition_variable>
#include <map>
#include <mutex>

#include "platform/process_mark.h"

namespace nvm {
namespace {

struct OpenDevices {
  std::mutex mutex;
  std::condition_variable released;
  struct Entry {
    std::weak_ptr<Transport> transport;
    ProcessMark process;
    uint64_t number;
  };
  std::map<std::string, Entry> by_key;
  uint64_t last_number = 0;

  // Closes the device, and only then lets it be opened again. Another one may have its name by now.
  void release(const std::string& key, uint64_t number, Transport* transport) {
    delete transport;
    std::lock_guard lock(mutex);
    const auto it = by_key.find(key);
    if (it != by_key.end() && it->second.number == number) by_key.erase(it);
    released.notify_all();
  }
};

// Never destroyed: a program may let go of its last device while it exits.
OpenDevices& open_devices() {
  static auto* devices = new OpenDevices;
  return *devices;
}

}  // namespace

Result<std::shared_ptr<Transport>> share_open_device(
    const std::string& key, const std::function<Result<std::unique_ptr<Transport>>()>& open) {
  OpenDevices& devices = open_devices();
  std::unique_lock lock(devices.mutex);
  for (auto it = devices.by_key.find(key); it != devices.by_key.end();
       it = devices.by_key.find(key)) {
    if (it->second.process.is_inherited()) break;  // a parent's, which goes on using it
    if (std::shared_ptr<Transport> transport = it->second.transport.lock()) {
      if (!transport->is_gone()) return transport;
      break;
    }
    devices.released.wait(lock);
  }
  Result<std::unique_ptr<Transport>> opened = open();
  if (!opened.ok()) return std::move(opened.status());
  const uint64_t number = ++devices.last_number;
  std::shared_ptr<Transport> transport(
      opened.value().release(),
      [key, number, &devices](Transport* last) { devices.release(key, number, last); });
  devices.by_key[key] = {transport, {}, number};
  return transport;
}

}  // namespace nvm
