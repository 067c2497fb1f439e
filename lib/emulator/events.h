// SPDX-License-Identifier: MIT
// Asynchronous events on their way to the host (NVMe base 2.0, 5.2): they wait for a request that
// can carry them; one that was reported silences its type until the host has read the log page.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace nvm::emulator {

struct Event {
  uint8_t type;         // spec::async_event_type
  uint8_t information;  // spec::async_event_error and so on
  uint8_t log_page;     // 0: none, and then the event silences nothing

  bool operator==(const Event&) const = default;
};

class Events {
 public:
  // Once, however often it happens before the host hears of it.
  void report(const Event& event);
  // The host has read the page, without Retain Asynchronous Event.
  void log_page_read(uint8_t log_page);
  // True when take() has one.
  bool pending() const { return pending_; }
  std::optional<Event> take();
  void clear();

  // Whether the Asynchronous Event Configuration wants it.
  static bool wanted(const Event& event, uint32_t configuration);

 private:
  static constexpr size_t kTypes = 8;
  bool silenced(const Event& event) const { return silenced_by_[event.type % kTypes] != 0; }
  void look();

  std::vector<Event> waiting_;                 // each differs from the others, so they are few
  std::array<uint8_t, kTypes> silenced_by_{};  // the log page to read; 0: not silenced
  bool pending_ = false;
};

}  // namespace nvm::emulator
