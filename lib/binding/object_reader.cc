// SPDX-License-Identifier: MIT
#include "binding/object_reader.h"

namespace nvm::binding {

napi_value ObjectReader::get(const char* name) const {
  napi_value property = nullptr;
  napi_valuetype type = napi_undefined;
  if (napi_get_named_property(env_, object_, name, &property) != napi_ok) return nullptr;
  if (napi_typeof(env_, property, &type) != napi_ok || type == napi_undefined) return nullptr;
  return property;
}

std::string ObjectReader::string(const char* name) const {
  napi_value property = get(name);
  size_t length = 0;
  if (property == nullptr ||
      napi_get_value_string_utf8(env_, property, nullptr, 0, &length) != napi_ok) {
    return {};
  }
  std::string text(length, '\0');
  napi_get_value_string_utf8(env_, property, text.data(), length + 1, &length);
  return text;
}

std::shared_ptr<const std::vector<std::byte>> ObjectReader::bytes(const char* name) const {
  napi_value property = get(name);
  size_t length = 0;
  void* data = nullptr;
  if (property == nullptr || napi_get_typedarray_info(env_, property, nullptr, &length, &data,
                                                      nullptr, nullptr) != napi_ok) {
    return nullptr;
  }
  const auto* first = static_cast<const std::byte*>(data);
  return std::make_shared<const std::vector<std::byte>>(first, first + length);
}

std::vector<ObjectReader> ObjectReader::objects(const char* name) const {
  std::vector<ObjectReader> elements;
  napi_value property = get(name);
  uint32_t length = 0;
  if (property == nullptr || napi_get_array_length(env_, property, &length) != napi_ok) return {};
  for (uint32_t i = 0; i < length; i++) {
    napi_value element = nullptr;
    if (napi_get_element(env_, property, i, &element) != napi_ok) return {};
    elements.emplace_back(env_, element);
  }
  return elements;
}

}  // namespace nvm::binding
