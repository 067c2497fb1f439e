// SPDX-License-Identifier: MIT
#include "emulator/events.h"

#include <algorithm>

#include "spec/nvme.h"

namespace nvm::emulator {
namespace {

// The critical warnings that a health event may stand for.
uint8_t warnings_of(uint8_t information) {
  switch (information) {
    case spec::async_event_health::temperature_threshold:
      return spec::critical_warning::temperature.mask;
    case spec::async_event_health::spare_below_threshold:
      return spec::critical_warning::available_spare.mask;
    default:
      return spec::critical_warning::reliability.mask | spec::critical_warning::read_only.mask |
             spec::critical_warning::volatile_memory_backup.mask | spec::critical_warning::pmr.mask;
  }
}

}  // namespace

bool Events::wanted(const Event& event, uint32_t configuration) {
  namespace field = spec::feature_asynchronous_event_configuration;
  constexpr uint32_t kFirstNotice = 8;  // the bit of the first notice; the others follow in order
  switch (event.type) {
    case spec::async_event_type::health:
      return (field::smart.get(configuration) & warnings_of(event.information)) != 0;
    case spec::async_event_type::notice:
      if (event.information == spec::async_event_notice::discovery_log_change) {
        return field::discovery_log.get(configuration) != 0;
      }
      return (configuration >> (kFirstNotice + event.information % 8) & 1) != 0;
    case spec::async_event_type::immediate:
      return field::normal_shutdown.get(configuration) != 0;
    default:
      return true;
  }
}

void Events::report(const Event& event) {
  if (std::find(waiting_.begin(), waiting_.end(), event) == waiting_.end()) {
    waiting_.push_back(event);
  }
  look();
}

void Events::log_page_read(uint8_t log_page) {
  if (log_page == 0) return;
  std::erase_if(waiting_, [=](const Event& event) { return event.log_page == log_page; });
  std::replace(silenced_by_.begin(), silenced_by_.end(), log_page, uint8_t{0});
  look();
}

std::optional<Event> Events::take() {
  const auto next = std::find_if(waiting_.begin(), waiting_.end(),
                                 [this](const Event& event) { return !silenced(event); });
  if (next == waiting_.end()) return std::nullopt;
  const Event event = *next;
  waiting_.erase(next);
  silenced_by_[event.type % kTypes] = event.log_page;
  look();
  return event;
}

void Events::clear() {
  waiting_.clear();
  silenced_by_.fill(0);
  look();
}

void Events::look() {
  pending_ = std::any_of(waiting_.begin(), waiting_.end(),
                         [this](const Event& event) { return !silenced(event); });
}

}  // namespace nvm::emulator
