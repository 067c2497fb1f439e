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
  std::condition_variable changed;
  struct Entry {
    std::weak_ptr<Transport> transport;  // expired: it is being opened, or closed
    ProcessMark process;
    uint64_t number;
  };
  std::map<std::string, Entry> by_key;
  uint64_t last_number = 0;

  // With `mutex` held. Another device may have its name by now.
  void forget(const std::string& key, uint64_t number) {
    const auto it = by_key.find(key);
    if (it != by_key.end() && it->second.number == number) by_key.erase(it);
    changed.notify_all();
  }

  // Closes the device, and only then lets it be opened again.
  void release(const std::string& key, uint64_t number, Transport* transport) {
    delete transport;
    std::lock_guard lock(mutex);
    forget(key, number);
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
  std::shared_ptr<Transport> transport;  // let go of after the lock, which its release takes
  std::unique_lock lock(devices.mutex);
  for (auto it = devices.by_key.find(key); it != devices.by_key.end();
       it = devices.by_key.find(key)) {
    if (it->second.process.is_inherited()) break;  // a parent's, which goes on using it
    transport = it->second.transport.lock();
    if (transport != nullptr && !transport->is_gone()) return transport;
    if (transport != nullptr) break;
    devices.changed.wait(lock);
  }
  const uint64_t number = ++devices.last_number;
  devices.by_key[key] = {{}, {}, number};
  lock.unlock();
  // Others open theirs meanwhile.
  Result<std::unique_ptr<Transport>> opened = open();
  if (!opened.ok()) {
    lock.lock();
    devices.forget(key, number);
    return std::move(opened.status());
  }
  transport.reset(opened.value().release(),
                  [key, number, &devices](Transport* last) { devices.release(key, number, last); });
  lock.lock();
  devices.by_key[key].transport = transport;
  devices.changed.notify_all();
  return transport;
}

Status refuse_if_parents(const std::string& key) {
  OpenDevices& devices = open_devices();
  std::lock_guard lock(devices.mutex);
  const auto found = devices.by_key.find(key);
  if (found == devices.by_key.end() || !found->second.process.is_inherited()) return {};
  return Status(ErrorCode::Closed, key + ": " + found->second.process.explain());
}

}  // namespace nvm
