// SPDX-License-Identifier: MIT
// By what it shows whether the blocks behind a controller are those of before, when another process
// serves it: the serial and model numbers, the names of the subsystem and of each namespace, and
// what our emulator says of its blocks, which decides where it does. Blocks that changed under the
// same names are not noticed.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "driver/admin.h"

namespace nvm {

struct DataIdentity {
  struct Namespace {
    std::array<std::byte, 16> nguid{};
    std::array<std::byte, 8> eui64{};
    std::array<std::byte, 16> uuid{};
    uint64_t byte_length = 0;  // what counts where there is none of those
  };

  std::string serial_number, model_number, subsystem_name;
  uint64_t data = 0;  // of an emulator's blocks; 0: not said
  std::map<uint32_t, Namespace> namespaces;
};

// `DataIdentity::data`, of what Identify Controller returned.
uint64_t vendor_data_identity(const spec::IdentifyController& controller);

// Asks the controller, with a page of its memory, of up to 1024 active namespaces.
Result<DataIdentity> identify_data(Admin& admin, const std::shared_ptr<DmaDescriptor>& page,
                                   uint64_t timeout_ns);

// What of `before` is not there in `after`, or is something else; nothing: they are the same.
std::optional<std::string> find_lost_data(const DataIdentity& before, const DataIdentity& after);

}  // namespace nvm
