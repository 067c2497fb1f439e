// SPDX-License-Identifier: MIT
#include "transport/peer_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "platform/os_failure.h"
#include "platform/sigbus_guard.h"
#include "platform/unique_fd.h"
#include "transport/pci.h"
#include "transport/pci_config.h"

namespace nvm {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr size_t kBarCount = 6;

// A line of `resource`; its flags are those of include/linux/ioport.h in the kernel's sources.
struct Resource {
  static constexpr uint64_t kPorts = 0x100;
  static constexpr uint64_t kMemory = 0x200;
  static constexpr uint64_t kUnset = 0x2000'0000;

  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t flags = 0;

  bool exists() const { return flags != 0; }
  bool is_memory() const { return (flags & kMemory) != 0; }
  bool has_address() const { return first != 0 && last >= first && (flags & kUnset) == 0; }
  uint64_t byte_length() const { return last - first + 1; }
};

// A function, and where its BARs are.
struct Peer {
  std::string name;
  std::string folder;
  std::array<Resource, kBarCount> bars;
};

Result<Peer> read_peer(const PciAddress& address, const std::string& sysfs_root) {
  Peer peer;
  peer.name = address.text();
  peer.folder = sysfs_root + "/bus/pci/devices/" + peer.name;
  std::error_code error;
  if (!std::filesystem::is_directory(peer.folder, error)) {
    return Status(ErrorCode::Target, "there is no PCI device " + peer.name + " (looked for " +
                                         peer.folder + "); lspci lists them");
  }
  std::ifstream lines(peer.folder + "/resource");
  for (Resource& bar : peer.bars) {
    lines >> std::hex >> bar.first >> bar.last >> bar.flags;
  }
  if (!lines) return os_failure("read " + peer.folder + "/resource", EIO);
  return peer;
}

std::string describe_memory(const Peer& peer) {
  std::string text;
  for (size_t i = 0; i < kBarCount; i++) {
    const Resource& bar = peer.bars[i];
    if (!bar.is_memory() || !bar.has_address()) continue;
    text += (text.empty() ? "" : ", ") + std::string("BAR ") + std::to_string(i) + " of " +
            std::to_string(bar.byte_length()) + " bytes";
  }
  return text.empty() ? "it has no memory" : "it has " + text;
}

Status check_range(const Peer& peer, const PeerRange& range) {
  const std::string what = "BAR " + std::to_string(range.bar) + " of " + peer.name;
  if (range.bar >= kBarCount || !peer.bars[range.bar].exists()) {
    return Status(ErrorCode::Range, "there is no " + what + "; " + describe_memory(peer));
  }
  const Resource& bar = peer.bars[range.bar];
  if (!bar.is_memory()) {
    return Status(ErrorCode::Unsupported,
                  what + " is I/O ports and no memory; " + describe_memory(peer));
  }
  if (!bar.has_address()) {
    return Status(ErrorCode::Unsupported,
                  what + " was given no address on the bus; " + describe_memory(peer));
  }
  if (range.byte_offset % kPageBytes != 0 || range.byte_length % kPageBytes != 0) {
    return Status(ErrorCode::Alignment, "offset and length in " + what + " are multiples of 4096");
  }
  if (range.byte_length == 0 || range.byte_length > bar.byte_length() ||
      range.byte_offset > bar.byte_length() - range.byte_length) {
    return Status(ErrorCode::Range, std::to_string(range.byte_length) + " bytes from " +
                                        std::to_string(range.byte_offset) + " of " + what +
                                        ", which has " + std::to_string(bar.byte_length()));
  }
  return {};
}

// Off, its memory answers nobody, and all of it reads as ones.
Status check_decoding(const Peer& peer) {
  const std::string file = peer.folder + "/config";
  UniqueFd config(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!config.valid()) return os_failure("open " + file, errno);
  Result<uint16_t> command = read_pci_command(config.get(), 0);
  if (!command.ok()) return std::move(command.status());
  if (command.value() & kPciCommandMemory) return {};
  return Status(ErrorCode::Unsupported, peer.name +
                                            " has its memory switched off: bind its driver, or "
                                            "write 1 to " +
                                            peer.folder + "/enable");
}

// The mapping keeps the file open.
Result<void*> map_file(const std::string& file, const PeerRange& range) {
  UniqueFd fd(open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return os_failure("open " + file, errno);
  void* bytes = mmap(nullptr, range.byte_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(),
                     static_cast<off_t>(range.byte_offset));
  if (bytes == MAP_FAILED) return os_failure("mmap " + file, errno);
  return bytes;
}

Result<void*> map_bar(const Peer& peer, const PeerRange& range) {
  const std::string file = peer.folder + "/resource" + std::to_string(range.bar);
  Result<void*> mapped = map_file(file + "_wc", range);  // which only prefetchable ones have
  if (!mapped.ok()) mapped = map_file(file, range);
  if (mapped.ok() || mapped.status().failure().os_error != EINVAL) return mapped;
  // IO_STRICT_DEVMEM
  std::error_code error;
  const auto driver = std::filesystem::read_symlink(peer.folder + "/driver", error);
  if (error) return mapped;
  return Status(ErrorCode::Driver,
                "the kernel keeps " + file + " for " + driver.filename().string() +
                    ", which has claimed it (mmap: EINVAL); booted with iomem=relaxed it does not",
                EINVAL);
}

}  // namespace

Result<std::shared_ptr<Buffer>> map_peer_memory(const Capabilities& controller,
                                                const std::string& address, const PeerRange& range,
                                                const std::string& sysfs_root) {
  if (!controller.foreign_memory) {
    return Status(ErrorCode::Unsupported,
                  "memory of another device cannot be given to the process that serves " +
                      controller.address + "; read into memory of allocate()");
  }
  const std::optional<PciAddress> parsed = parse_pci_address(address);
  if (!parsed) return Status(ErrorCode::Target, "'" + address + "' is not a PCI address");
  if (parsed->text() == controller.address) {
    return Status(ErrorCode::Argument, address + " is the controller itself, no other device");
  }
  Result<Peer> found = read_peer(*parsed, sysfs_root);
  if (!found.ok()) return std::move(found.status());
  const Peer& peer = found.value();
  NVM_TRY(check_range(peer, range));
  NVM_TRY(check_decoding(peer));
  Result<void*> mapped = map_bar(peer, range);
  if (!mapped.ok()) return std::move(mapped.status());
  void* bytes = mapped.value();
  // JavaScript has no guard around its accesses.
  std::shared_ptr<PageReplacement> replacement = PageReplacement::watch(bytes, range.byte_length);
  if (replacement == nullptr) {
    munmap(bytes, range.byte_length);
    return Status(ErrorCode::Memory, "too many mappings that could vanish; map more at once");
  }
  const size_t byte_length = range.byte_length;
  const uint64_t bus_address = peer.bars[range.bar].first + range.byte_offset;
  return Buffer::peer(bytes, byte_length, bus_address, [=]() mutable {
    replacement.reset();
    munmap(bytes, byte_length);
  });
}

}  // namespace nvm
