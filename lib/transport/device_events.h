// SPDX-License-Identifier: MIT
// The thread that waits for a device in another process: for its interrupts, which arrive on
// eventfds, and for its end, which a socket shows. The thin loop of the vfio-user transport.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "platform/status.h"
#include "platform/unique_fd.h"
#include "platform/wake.h"

namespace nvm {

class DeviceEvents {
 public:
  struct Calls {
    // The device has gone: before consumers are told.
    std::function<void()> gone;
    // After that: the socket of another device, which is watched in its place, or −1, which ends
    // the thread.
    std::function<int(DeviceEvents& events)> next;
    // As often as set_tick() says.
    std::function<void()> tick;
  };

  // `socket`, which is kept open by the caller, is watched for its end.
  static Result<std::unique_ptr<DeviceEvents>> start(int socket, uint16_t vector_count,
                                                     Calls calls);
  ~DeviceEvents();  // joins the thread
  DeviceEvents(const DeviceEvents&) = delete;
  DeviceEvents& operator=(const DeviceEvents&) = delete;

  // Announces interrupts of `vector` to `target`, and the device's end. After the call, the old
  // target is not touched again. True when the vector had no eventfd before: it is for the device.
  Result<bool> bind(uint16_t vector, const WakeTarget& target);
  int eventfd_of(uint16_t vector);
  // Of all vectors that have one.
  std::vector<std::pair<uint16_t, int>> eventfds();

  // From now on Calls::tick is called at this interval; 0: not any more.
  Status set_tick(uint32_t milliseconds);

  // For Calls::next. Waits for so long; false when the thread is to end.
  bool pause(int milliseconds);
  // Another device is there: consumers that come from now on are not told of an end.
  void note_next() { set_gone(false); }
  // There will be none: tells consumers once more.
  void note_none() { set_gone(true); }

 private:
  struct Vector {
    UniqueFd eventfd;
    WakeTarget target;
  };

  DeviceEvents(UniqueFd epoll, UniqueFd stop, uint16_t vector_count, Calls calls)
      : epoll_(std::move(epoll)),
        stop_(std::move(stop)),
        calls_(std::move(calls)),
        vectors_(vector_count) {}
  Status watch(int fd, uint32_t events, uint64_t what);
  Status open_vector(uint16_t vector);
  void run();
  bool follow_next();
  int timer_fd();
  void announce(uint16_t vector);
  void set_gone(bool gone);

  const UniqueFd epoll_;
  const UniqueFd stop_;
  const Calls calls_;
  std::mutex mutex_;  // guards what follows; held while a target is touched
  std::vector<Vector> vectors_;
  UniqueFd timer_;  // once there was a tick
  bool gone_ = false;
  int socket_ = -1;  // the thread's
  std::thread thread_;
};

}  // namespace nvm
