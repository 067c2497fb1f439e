// SPDX-License-Identifier: MIT
// What of nvm_queue.h is not inline.
#include <nvm_queue.h>
#include <string.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "capi/handles.h"
#include "driver/doorbell.h"

namespace nvm::capi {

namespace {

// Devices that may park. One that several references share appears once for each of their
// transports.
struct Parkable {
  const volatile uint32_t* sleeping;
  std::weak_ptr<Transport> transport;
};

struct Parkables {
  std::mutex mutex;
  std::vector<Parkable> list;
};

Parkables& parkables() {
  static Parkables& instance = *new Parkables;  // queues of static objects may be rung at exit
  return instance;
}

const volatile uint32_t* sleeping_word(const Doorbells& doorbells) {
  static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));
  return reinterpret_cast<const volatile uint32_t*>(doorbells.sleeping);
}

}  // namespace

void remember_for_wake(const std::shared_ptr<Transport>& transport) {
  const volatile uint32_t* sleeping = sleeping_word(transport->doorbells());
  if (sleeping == nullptr) return;
  std::lock_guard lock(parkables().mutex);
  std::erase_if(parkables().list, [](const Parkable& each) { return each.transport.expired(); });
  parkables().list.push_back({sleeping, transport});
}

}  // namespace nvm::capi

using nvm::capi::ControllerHandle;

extern "C" void nvm_queue_clear(nvm_queue_t* q, const nvm_ctrl_t* ctrl, bool cq, uint16_t no,
                                void* vaddr, uint64_t ioaddr) {
  const nvm::Doorbells doorbells = ControllerHandle::of(ctrl).transport()->doorbells();
  memset(q, 0, sizeof(*q));
  q->no = no;
  q->entry_size = cq ? sizeof(nvm_cpl_t) : sizeof(nvm_cmd_t);
  q->max_entries =
      static_cast<uint16_t>(std::min<size_t>(ctrl->max_entries, ctrl->page_size / q->entry_size));
  q->phase = 1;
  q->db = nvm::has_doorbell(doorbells, no) ? nvm::doorbell_of(doorbells, no, cq) : nullptr;
  q->vaddr = vaddr;
  q->ioaddr = ioaddr;
  q->sleeping = nvm::capi::sleeping_word(doorbells);
}

extern "C" void nvm_queue_reset(nvm_queue_t* q) {
  q->head = q->tail = q->last = 0;
  q->phase = 1;
  memset(const_cast<void*>(q->vaddr), 0, static_cast<size_t>(q->max_entries) * q->entry_size);
  if (q->cids != nullptr) nvm_queue_track(q, q->cids);
}

extern "C" void nvm_queue_wake(const nvm_queue_t* q) {
  std::shared_ptr<nvm::Transport> transport;
  {
    std::lock_guard lock(nvm::capi::parkables().mutex);
    for (const auto& each : nvm::capi::parkables().list) {
      if (each.sleeping == q->sleeping && (transport = each.transport.lock())) break;
    }
  }
  if (transport != nullptr) transport->ring_wake();
}

extern "C" nvm_cpl_t* nvm_cq_dequeue_block(nvm_queue_t* cq, uint64_t timeout) {
  constexpr uint64_t kTimeoutMsMax = 24 * 3600 * 1000;
  nvm_cpl_t* cpl = nullptr;
  nvm::wait_until(nvm::thread_waiter(),
                  std::min(timeout, kTimeoutMsMax) * nvm::kNanosecondsPerMillisecond,
                  [&] { return (cpl = nvm_cq_dequeue(cq)) != nullptr; });
  return cpl;
}
