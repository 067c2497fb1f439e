// SPDX-License-Identifier: MIT
// The C API on a controller that answers as the test says.
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>

#include <atomic>

#include "capi/handles.h"
#include "driver/fake_device.h"

namespace nvm::test {
namespace {

// Takes each ring of a doorbell at once, in the ringing thread: C programs wait on a real clock.
class PromptDevice final : public FakeDevice {
 public:
  Doorbells doorbells() override {
    Doorbells doorbells = FakeDevice::doorbells();
    doorbells.sleeping = &sleeping_;
    return doorbells;
  }
  void ring_wake() override { step(); }

 private:
  std::atomic<uint32_t> sleeping_{1};
};

TEST_CASE("defect 7: the index of the LBA format has six bits, of which bit 4 of FLBAS is none") {
  auto device = std::make_shared<PromptDevice>();
  device->on_admin = [](const spec::SubmissionQueueEntry& command) {
    if (command.opc == spec::admin_opcode::identify) {
      auto& data = *reinterpret_cast<spec::IdentifyNamespace*>(command.prp1);
      data.nsze = 1000;
      data.flbas = 0x51;  // extended blocks, format 33
      for (const unsigned wrong : {0x01, 0x11, 0x15}) data.lbaf[wrong].lbads = 9;
      data.lbaf[33].ms = 8;
      data.lbaf[33].lbads = 12;
    }
    return FakeDevice::Answer::Complete;
  };
  nvm_ctrl_t* ctrl = nullptr;
  REQUIRE(capi::give_controller(&ctrl, std::shared_ptr<Transport>(device)) == 0);
  nvm_dma_t* window = nullptr;
  nvm_aq_ref aq = nullptr;
  REQUIRE(nvm_dma_create(&window, ctrl, 3 * kPage) == 0);
  REQUIRE(nvm_aq_create(&aq, ctrl, window) == 0);
  nvm_ns_info ns;
  REQUIRE(nvm_admin_ns_info(aq, &ns, 1, static_cast<std::byte*>(window->vaddr) + 2 * kPage,
                            window->ioaddrs[2]) == 0);
  CHECK(ns.size == 1000);
  CHECK(ns.lba_data_size == 4096);
  CHECK(ns.metadata_size == 8);
  nvm_aq_destroy(aq);
  nvm_dma_unmap(window);
  nvm_ctrl_free(ctrl);
}

}  // namespace
}  // namespace nvm::test
