// SPDX-License-Identifier: MIT
#include "vfio_user/capabilities.h"

#include <charconv>
#include <string>

namespace nvm::vfio_user {
namespace {

// Goes through a JSON text once and says whether it is one. Objects hand their keys to whoever
// knows what to do with the values.
class JsonText {
 public:
  explicit JsonText(std::string_view text) : rest_(text) {}

  // `on_member` is called with every key, in front of its value, which it must consume.
  template <class OnMember>
  bool object(OnMember on_member) {
    if (!take('{')) return false;
    if (take('}')) return true;
    do {
      std::string_view key;
      if (!string(key) || !take(':') || !on_member(key)) return false;
    } while (take(','));
    return take('}');
  }

  // Any value, nested at most `depth` deep.
  bool skip(int depth = 16) {
    std::string_view ignored;
    if (depth == 0) return false;
    switch (peek()) {
      case '{':
        return object([&](std::string_view) { return skip(depth - 1); });
      case '[':
        return array(depth);
      case '"':
        return string(ignored);
      default:
        return scalar(ignored);
    }
  }

  bool count(uint64_t& value) {
    std::string_view digits;
    if (!scalar(digits)) return false;
    const char* end = digits.data() + digits.size();
    auto [stop, failure] = std::from_chars(digits.data(), end, value);
    return failure == std::errc() && stop == end;
  }

  bool at_end() { return peek() == '\0' && rest_.empty(); }

 private:
  // The next character that is not white space, '\0' at the end.
  char peek() {
    const size_t at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool take(char wanted) {
    if (peek() != wanted || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool array(int depth) {
    if (!take('[')) return false;
    if (take(']')) return true;
    do {
      if (!skip(depth - 1)) return false;
    } while (take(','));
    return take(']');
  }
  // As it is written, escapes included.
  bool string(std::string_view& content) {
    if (!take('"')) return false;
    for (size_t at = 0; at < rest_.size(); at++) {
      if (rest_[at] == '"') {
        content = rest_.substr(0, at);
        rest_.remove_prefix(at + 1);
        return true;
      }
      if (rest_[at] == '\\') at++;
    }
    return false;
  }
  // A number, true, false or null.
  bool scalar(std::string_view& text) {
    peek();
    const size_t end = rest_.find_first_not_of("+-.0123456789abcdefghijklmnopqrstuvwxyzE");
    text = rest_.substr(0, end);
    rest_.remove_prefix(text.size());
    const bool is_word = text == "true" || text == "false" || text == "null";
    return is_word || (!text.empty() && text.find_first_not_of("+-.0123456789eE") == text.npos);
  }

  std::string_view rest_;
};

}  // namespace

std::optional<PeerCapabilities> parse_capabilities(std::string_view json) {
  PeerCapabilities result;
  if (json.empty()) return result;
  JsonText text(json);
  auto on_capability = [&](std::string_view key) {
    if (key == "max_msg_fds") return text.count(result.fds_max);
    if (key == "max_data_xfer_size") return text.count(result.data_byte_length_max);
    if (key == "max_dma_maps") return text.count(result.dma_maps_max);
    if (key == "pgsizes") return text.count(result.page_sizes);
    return text.skip();
  };
  const bool valid = text.object([&](std::string_view key) {
    return key == "capabilities" ? text.object(on_capability) : text.skip();
  });
  if (!valid || !text.at_end()) return {};
  return result;
}

std::string_view capabilities_json() {
  static const std::string text =
      R"({"capabilities":{"max_msg_fds":)" + std::to_string(kFdsPerMessageMax) +
      R"(,"max_data_xfer_size":)" + std::to_string(kDataByteLengthMax) + R"(,"max_dma_maps":)" +
      std::to_string(kDmaRegionsMax) + R"(,"pgsizes":)" + std::to_string(kDmaPageByteLength) + "}}";
  return text;
}

}  // namespace nvm::vfio_user
