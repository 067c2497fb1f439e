// SPDX-License-Identifier: MIT
// What a host does when commands do not complete: Abort, then the queues, then the controller, as
// src/queue/recovery.ts does it. Afterwards everything has happened or not, and works again.
#include "host.h"

namespace nvm::simulation {
namespace {

constexpr uint64_t kAbortTimeoutNs = 1'000 * kNanosecondsPerMillisecond;

}  // namespace

// Names a command that was not answered.
void Host::complain(const OpenLane& open) {
  for (size_t i = 0; i < open.sqs.size(); i++) {
    for (const Issued& issued : open.sqs[i].commands) {
      if (issued.operation == nullptr) continue;
      report_.fail("queue %u: %s of lba %lu never completes", open.lane->sq_id(i),
                   issued.operation->name, issued.lba);
    }
  }
}

// Something that only a controller that does not work may refuse.
void Host::fail(const char* what, const Status& status) {
  const std::string why = error_name(status.failure().code) + (": " + status.failure().detail);
  report_.trace("%s: %s", what, why.c_str());
  if (!geometry_.faults) report_.fail("%s: %s", what, why.c_str());
  broken_ = true;
}

// Some of the outstanding commands; each completes in some way, and only once.
void Host::abort_some(OpenLane& open) {
  const size_t index = random_.below(open.sqs.size());
  for (Issued& issued : open.sqs[index].commands) {
    if (issued.operation == nullptr || random_.chance(70)) continue;
    issued.aborted = true;
    auto aborted = controller_->abort(open.lane->sq_id(index), issued.cid, kAbortTimeoutNs);
    report_.trace("abort of cid %u, queue %u: %s", issued.cid, open.lane->sq_id(index),
                  !aborted.ok()     ? "failed"
                  : aborted.value() ? "done"
                                    : "not aborted");
    if (!aborted.ok()) return fail("an abort", aborted.status());
    if (random_.chance(50)) return;
  }
}

// Ends what a lane has outstanding.
void Host::rescue(size_t index) {
  report_.trace("rescue queue %u", lanes_[index].lane->sq_id(0));
  abort_some(lanes_[index]);
  if (broken_ && random_.chance(50)) return reset_controller();
  const uint32_t epoch = controller_->epoch();
  const bool works = lanes_[index].lane->restart();
  if (controller_->epoch() != epoch) return reset_controller();
  if (works) return lose_outstanding(lanes_[index]);
  close_lane(index);
  if (broken_) reset_controller();
}

// Every queue is lost, and created again where that can be.
void Host::reset_controller() {
  const Status reset = controller_->reset(controller_->epoch());
  report_.trace("reset of the controller: %s", reset.ok() ? "works" : "fails");
  if (!reset.ok()) {
    broken_ = true;
    return geometry_.faults ? start_over() : fail("a reset", reset);
  }
  broken_ = false;
  std::erase_if(lanes_, [this](OpenLane& open) {
    lose_outstanding(open);
    return !open.lane->restart();
  });
}

// Deleting queues may fail on a controller that was reset under the driver; disabling must not. One
// that was pulled out does not tell when its last write has landed.
void Host::forsake() {
  (void)controller_->close();
  if (gone()) machine_.settle();
  let_go();
}

void Host::start_over() {
  forsake();
  if (!report_.failed()) start();
}

}  // namespace nvm::simulation
