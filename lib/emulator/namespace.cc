// SPDX-License-Identifier: MIT
#include "emulator/namespace.h"

#include <algorithm>

#include "emulator/nvm/nvm_executor.h"

namespace nvm::emulator {

uint64_t Namespace::block_count() const {
  const uint64_t with_data = store->byte_length() / format.data_byte_length();
  if (metadata_store == nullptr) return with_data;
  return std::min(with_data, metadata_store->byte_length() / format.metadata_byte_length());
}

std::unique_ptr<Namespace> make_nvm_namespace(std::unique_ptr<Store> store,
                                              std::unique_ptr<Store> metadata_store,
                                              const NamespaceFormat& format,
                                              std::unique_ptr<TimingModel> timing) {
  auto ns = std::make_unique<Namespace>();
  ns->store = std::move(store);
  ns->metadata_store = std::move(metadata_store);
  ns->format = format;
  ns->timing = std::move(timing);
  ns->executor = std::make_unique<NvmExecutor>(*ns);
  return ns;
}

std::unique_ptr<Namespace> make_nvm_namespace(std::unique_ptr<Store> store,
                                              uint32_t lba_byte_length,
                                              std::unique_ptr<TimingModel> timing) {
  NamespaceFormat format;
  while (format.data_byte_length() != lba_byte_length) format.lba_format++;
  return make_nvm_namespace(std::move(store), nullptr, format, std::move(timing));
}

}  // namespace nvm::emulator
