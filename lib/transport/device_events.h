// SPDX-License-Identifier: MIT
// The thread that waits for a device in another process: for its interrupts, which arrive on
// eventfds, and for its end, which a socket shows. The thin loop of the vfio-user transport.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/status.h"
#include "platform/unique_fd.h"
#include "platform/wake.h"

namespace nvm {

class DeviceEvents {
 public:
  // `socket`, which is kept open by the caller, is watched for its end: then `on_gone` is called,
  // once, in the thread, before consumers are told.
  static Result<std::unique_ptr<DeviceEvents>> start(int socket, uint16_t vector_count,
                                                     std::function<void()> on_gone);
  ~DeviceEvents();  // joins the thread
  DeviceEvents(const DeviceEvents&) = delete;
  DeviceEvents& operator=(const DeviceEvents&) = delete;

  // Announces interrupts of `vector` to `target`, and the device's end. After the call, the old
  // target is not touched again. True when the vector had no eventfd before: it is for the device.
  Result<bool> bind(uint16_t vector, const WakeTarget& target);
  int eventfd_of(uint16_t vector);

 private:
  struct Vector {
    UniqueFd eventfd;
    WakeTarget target;
  };

  DeviceEvents(UniqueFd epoll, UniqueFd stop, uint16_t vector_count, std::function<void()> on_gone)
      : epoll_(std::move(epoll)),
        stop_(std::move(stop)),
        on_gone_(std::move(on_gone)),
        vectors_(vector_count) {}
  Status watch(int fd, uint32_t events, uint64_t what);
  Status open_vector(uint16_t vector);
  void run();
  void announce(uint16_t vector);
  void tell_all();

  const UniqueFd epoll_;
  const UniqueFd stop_;
  const std::function<void()> on_gone_;
  std::mutex mutex_;  // guards what follows; held while a target is touched
  std::vector<Vector> vectors_;
  bool gone_ = false;
  std::thread thread_;
};

}  // namespace nvm
