// SPDX-License-Identifier: MIT
#include "rpc/message.h"

#include <algorithm>

namespace nvm::rpc {
namespace {

constexpr size_t kDetailLengthMax = 512;

}  // namespace

Message make_failure(const spec::RpcHeader& request, const Failure& failure) {
  Message message;
  spec::RpcHeader header = request;
  header.error = static_cast<uint16_t>(failure.code);
  header.os_error = failure.os_error;
  header.nvme_status = failure.nvme_status;
  append(message, header);
  const size_t length = std::min(failure.detail.size(), kDetailLengthMax);
  append(message, std::as_bytes(std::span(failure.detail.data(), length)));
  return message;
}

Status refuse_malformed(const char* request) {
  return Status(ErrorCode::Argument, std::string("the message of a client: ") + request);
}

Status parse_failure(const Message& reply) {
  const spec::RpcHeader header = reply.header();
  if (header.error == 0) return {};
  const auto text = reply.body().first(std::min(reply.body().size(), kDetailLengthMax));
  Failure failure{static_cast<ErrorCode>(header.error), header.os_error, header.nvme_status,
                  std::string(reinterpret_cast<const char*>(text.data()), text.size())};
  if (std::string_view(error_name(failure.code)) == "ERR_UNKNOWN") failure.code = ErrorCode::Os;
  return failure;
}

}  // namespace nvm::rpc
