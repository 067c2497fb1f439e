// SPDX-License-Identifier: MIT
// What this process has open, by numbers that never repeat: how a Worker attaches to the controller
// and the memory of another thread. An entry lives as long as somebody holds it; nothing is keyed
// by thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "binding/admin_memory.h"
#include "driver/controller.h"

namespace nvm::binding {

// Who opens, claims or closes a device does so in turn with those of this process who do that with
// the same one, so that "has it a manager already" has one answer. Others are not held up.
class Turn {
 public:
  explicit Turn(const Transport& transport);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  const Transport* const transport_;
};

// One native controller, however many references to it JavaScript has.
struct SharedController {
  SharedController(uint64_t number, std::shared_ptr<Controller> native)
      : id(number), controller(std::move(native)) {}
  ~SharedController();
  // Lets one reference go; the last one closes the controller, in `turn`. Blocks for as long as
  // that takes.
  Status release(const Turn& turn);
  // As that; waits for a turn where it is the last.
  Status release();

  const uint64_t id;
  const std::shared_ptr<Controller> controller;
  AdminMemory admin_memory;
  std::atomic<uint32_t> references{1};
};

// One native buffer, however many JavaScript descriptors show it.
struct SharedDescriptor {
  SharedDescriptor(uint64_t number, std::shared_ptr<DmaDescriptor> native, size_t length)
      : id(number), descriptor(std::move(native)), byte_length(length) {}
  ~SharedDescriptor();

  const uint64_t id;
  const std::shared_ptr<DmaDescriptor> descriptor;
  const size_t byte_length;  // as asked for; the memory is whole pages
};

// Another reference to the controller that this process has for `transport`, or a new one. In the
// turn of that transport.
Result<std::shared_ptr<SharedController>> open_shared(const std::shared_ptr<Transport>& transport,
                                                      const Turn& turn);
// Another reference to an open controller. Null when it was closed.
std::shared_ptr<SharedController> find_controller(uint64_t id);

std::shared_ptr<SharedDescriptor> share_descriptor(std::shared_ptr<DmaDescriptor> descriptor,
                                                   size_t byte_length);
// Null when every descriptor of it was disposed.
std::shared_ptr<SharedDescriptor> find_descriptor(uint64_t id);

// Closes every controller: for the end of the process, when no environment's cleanup runs.
void close_all_controllers();

}  // namespace nvm::binding
