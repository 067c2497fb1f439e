// SPDX-License-Identifier: MIT
#include "transport/direct_port.h"

#include <utility>

namespace nvm {
namespace {

class DirectPort final : public ClientPort {
 public:
  DirectPort(Transport& transport, const BarShare& bar, DirectPortSteps steps)
      : transport_(transport), bar_(bar), steps_(std::move(steps)) {}

  BarShare bar() override { return bar_; }
  Result<Mapping> map(const Buffer& buffer, uint64_t wanted) override {
    return steps_.map(buffer, wanted);
  }
  Status unmap(const Mapping& mapping) override { return transport_.unmap(mapping); }
  // The device does not know clients.
  void assign_queue(uint16_t, bool) override {}
  void assign_admin_command(uint16_t) override {}
  uint64_t io_commands() override { return UINT64_MAX; }
  // With its last queue it has let go.
  bool release() override {
    if (steps_.release) steps_.release();
    return true;
  }

 private:
  Transport& transport_;
  const BarShare bar_;
  const DirectPortSteps steps_;
};

}  // namespace

Result<std::unique_ptr<ClientPort>> open_direct_port(Transport& transport,
                                                     const SharingPolicy& policy,
                                                     const BarShare& bar, DirectPortSteps steps) {
  if (!policy.allows_all()) {
    return Status(ErrorCode::Unsupported,
                  "this device does not look at what clients' commands do, so that they can be "
                  "kept neither from writing nor to some namespaces; share " +
                      transport.capabilities().address + " without those rules");
  }
  return std::unique_ptr<ClientPort>(new DirectPort(transport, bar, std::move(steps)));
}

}  // namespace nvm
