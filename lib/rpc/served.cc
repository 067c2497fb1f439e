// SPDX-License-Identifier: MIT
#include "rpc/served.h"

namespace nvm::rpc {

Status check_shareable(Transport& transport, const SharingPolicy& policy) {
  auto port = transport.open_port(policy);
  if (!port.ok()) return std::move(port.status());
  (void)port.value()->release();
  return {};
}

Result<ServedController> share(Controller& controller, const SharingPolicy& policy) {
  auto ownership = controller.ownership();
  if (!ownership.ok()) return std::move(ownership.status());
  NVM_TRY(check_shareable(controller.transport(), policy));
  return ServedController{controller.shared_transport(), std::move(ownership.value().admin),
                          std::move(ownership.value().queue_numbers), controller.limits(),
                          controller.shared_from_this()};
}

}  // namespace nvm::rpc
