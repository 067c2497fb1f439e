// SPDX-License-Identifier: MIT
// An emulated device as users describe it: options in, a subsystem with its namespaces out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/subsystem.h"
#include "platform/status.h"

namespace nvm {

// A namespace as it is made. One that is kept beside an image must still be what is said here; what
// is left out may have become anything.
struct EmulatedNamespaceOptions {
  uint64_t byte_length = 0;  // of its data; 0 only for the first: the image's, or a default
  std::optional<uint32_t> lba_byte_length = {};       // 512 (else) or 4096
  std::optional<uint16_t> metadata_byte_length = {};  // of each block: 0 (else) or 8
  std::optional<bool> extended = {};                  // the metadata follows each block's data
  std::optional<uint8_t> protection_type = {};        // 0 (else) or 1, which needs metadata
  bool shared = true;                                 // several controllers may attach it
};

struct EmulatorOptions {
  std::string image;    // path of a raw image; empty: memory
  bool create = false;  // make the image (sparse) when it does not exist
  bool read_only = false;
  // Timing of every command: 0 and 0 mean none, as fast as the machine.
  uint64_t latency_ns = 0;
  uint64_t bytes_per_second = 0;
  std::string serial;  // empty: derived from the image, or "PEERNVM0"

  std::vector<EmulatedNamespaceOptions> namespaces{{}};  // at least one
  // Bytes of data that namespaces may have in all; 0: those that there are at first.
  uint64_t capacity = 0;
  uint32_t namespaces_max = 256;
  uint16_t controllers = 1;
  emulator::PcieControllerLimits limits;  // of each controller
  std::string model;                      // empty: "peernvm emulator"
  std::string firmware;                   // empty: the version
  // Instead of latency and bandwidth: a known drive, see emulator/models/named_models.h.
  std::string timing_model;
  // Instead of all three: makes the timing model of a namespace.
  emulator::MakeTiming make_timing;
  // Of blocks in memory; 0: they are new.
  uint64_t data_identity = 0;
  // What DeviceSaving gave: with it only the image, `read_only` and the timing count.
  std::shared_ptr<const std::vector<std::byte>> saved;
};

constexpr uint64_t kDefaultMemoryBytes = 1ull << 30;

namespace emulator {

struct EmulatedDevice {
  std::unique_ptr<Subsystem> subsystem;  // has its namespaces, and no controller yet
  std::string address;                   // what it is over, for messages
  bool write_protected;
  bool in_memory;
  uint64_t data_identity;  // of its blocks; another number where they are others
  uint16_t controllers;    // to add, with these limits
  PcieControllerLimits limits;
};

// `fd`: an open image instead of `options.image`, duplicated; −1 for none. ERR_ARGUMENT,
// ERR_RANGE for options; ERR_IMAGE, ERR_BUSY, ERR_STATE, ERR_OS for an image or a saved device that
// cannot be used.
Result<EmulatedDevice> make_emulated_device(const EmulatorOptions& options, int fd = -1);

// The format that the options name; ERR_ARGUMENT when there is none.
Result<NamespaceFormat> find_format(const EmulatedNamespaceOptions& options);

// All that the device shall have; the first one.
PcieController& add_controllers(EmulatedDevice& device);

}  // namespace emulator
}  // namespace nvm
