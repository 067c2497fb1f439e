// SPDX-License-Identifier: MIT
#include "transport/pci_port.h"

#include <algorithm>
#include <utility>

namespace nvm {
namespace {

constexpr uint64_t kDoorbellOffset = 0x1000;  // NVMe over PCIe transport 1.0, 3.1.2
constexpr uint64_t kQueueIdsMax = 1u << 16;

// Not what may follow the doorbells of all queues that a controller can have.
BarShare share_bar(const Doorbells& doorbells, int fd, uint64_t offset) {
  BarShare share;
  share.bar_fd = share.doorbell_fd = fd;
  share.bar_offset = offset;
  share.doorbell_offset = offset + kDoorbellOffset;
  share.doorbell_byte_length =
      std::min<uint64_t>(doorbells.byte_length, 2 * kQueueIdsMax * doorbells.stride_bytes);
  share.bar_byte_length = kDoorbellOffset + share.doorbell_byte_length;
  return share;
}

class PciPort final : public ClientPort {
 public:
  PciPort(Transport& transport, const BarShare& bar, MapForClient map)
      : transport_(transport), bar_(bar), map_(std::move(map)) {}

  BarShare bar() override { return bar_; }
  Result<Mapping> map(const Buffer& buffer, uint64_t wanted) override {
    return map_(buffer, wanted);
  }
  Status unmap(const Mapping& mapping) override { return transport_.unmap(mapping); }
  // The device does not know clients.
  void assign_queue(uint16_t, bool) override {}
  void assign_admin_command(uint16_t) override {}
  uint64_t io_commands() override { return UINT64_MAX; }
  // With its last queue it has let go.
  bool release() override { return true; }

 private:
  Transport& transport_;
  const BarShare bar_;
  const MapForClient map_;
};

}  // namespace

Result<std::unique_ptr<ClientPort>> open_pci_port(Transport& transport, const SharingPolicy& policy,
                                                  const MmioBar& bar, int bar_fd,
                                                  uint64_t bar_offset, MapForClient map) {
  if (policy.read_only || !policy.namespaces.empty()) {
    return Status(ErrorCode::Unsupported,
                  "a drive does not look at what clients' commands do, so that they can be kept "
                  "neither from writing nor to some namespaces; share " +
                      transport.capabilities().address + " without those rules");
  }
  const BarShare share = share_bar(bar.doorbells(), bar_fd, bar_offset);
  return std::unique_ptr<ClientPort>(new PciPort(transport, share, std::move(map)));
}

}  // namespace nvm
