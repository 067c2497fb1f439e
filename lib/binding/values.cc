// SPDX-License-Identifier: MIT
#include "binding/values.h"

#include "binding/snapshot.h"

namespace nvm::binding {

Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env) {
  size_t count = kCountMax;  // the rest is filled with undefined
  if (napi_get_cb_info(env, info, &count, values_, nullptr, nullptr) != napi_ok) {
    for (napi_value& value : values_) value = make_undefined(env);
  }
}

double Arguments::number(size_t index) const {
  double value = 0;
  return napi_get_value_double(env_, values_[index], &value) == napi_ok ? value : 0;
}

bool Arguments::boolean(size_t index) const {
  bool value = false;
  return napi_get_value_bool(env_, values_[index], &value) == napi_ok && value;
}

std::string Arguments::string(size_t index) const {
  size_t length = 0;
  if (napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &length) != napi_ok) return {};
  std::string text(length + 1, '\0');
  napi_get_value_string_utf8(env_, values_[index], text.data(), text.size(), &length);
  text.resize(length);
  return text;
}

Arguments::Bytes Arguments::typed_array(size_t index) const {
  bool is_typed_array = false;
  napi_is_typedarray(env_, values_[index], &is_typed_array);
  if (!is_typed_array) return {};
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env_, values_[index], &type, &length, &data, nullptr, nullptr) !=
      napi_ok) {
    return {};
  }
  size_t element = 1;
  if (type == napi_int32_array || type == napi_uint32_array || type == napi_float32_array) {
    element = 4;
  } else if (type == napi_float64_array || type == napi_bigint64_array ||
             type == napi_biguint64_array) {
    element = 8;
  } else if (type == napi_int16_array || type == napi_uint16_array) {
    element = 2;
  }
  return {static_cast<std::byte*>(data), length * element};
}

void* Arguments::external(size_t index) const {
  void* data = nullptr;
  return napi_get_value_external(env_, values_[index], &data) == napi_ok ? data : nullptr;
}

ObjectBuilder& ObjectBuilder::set(const char* name, napi_value value) {
  if (object_ != nullptr && value != nullptr) napi_set_named_property(env_, object_, name, value);
  return *this;
}

ObjectBuilder& ObjectBuilder::number(const char* name, double value) {
  return set(name, make_number(env_, value));
}

ObjectBuilder& ObjectBuilder::boolean(const char* name, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env_, value, &result);
  return set(name, result);
}

ObjectBuilder& ObjectBuilder::string(const char* name, const std::string& value) {
  napi_value result = nullptr;
  napi_create_string_utf8(env_, value.data(), value.size(), &result);
  return set(name, result);
}

ObjectBuilder& ObjectBuilder::bigint(const char* name, uint64_t value) {
  napi_value result = nullptr;
  napi_create_bigint_uint64(env_, value, &result);
  return set(name, result);
}

napi_value make_number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

napi_value make_boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

napi_value make_undefined(napi_env env) {
  napi_value result = nullptr;
  napi_get_undefined(env, &result);
  return result;
}

napi_value make_null(napi_env env) {
  napi_value result = nullptr;
  napi_get_null(env, &result);
  return result;
}

napi_value make_array_buffer(napi_env env, volatile void* bytes, size_t byte_length,
                             std::shared_ptr<void> keep_alive) {
  auto* holder = new std::shared_ptr<void>(std::move(keep_alive));
  auto release = [](napi_env, void*, void* hint) {
    delete static_cast<std::shared_ptr<void>*>(hint);
  };
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(env, const_cast<void*>(bytes), byte_length, release, holder,
                                       &buffer) != napi_ok) {
    // Whether `release` runs on failure depends on the Node version: a leak of one reference in an
    // environment that is going away is the safe side.
    return nullptr;
  }
  return buffer;
}

void detach_array_buffer(napi_env env, napi_value array_buffer) {
  napi_detach_arraybuffer(env, array_buffer);
}

napi_value make_failure(napi_env env, const Failure& failure) {
  const auto& snapshot = failure.snapshot;
  return ObjectBuilder(env)
      .number("failureNumber", static_cast<double>(failure.code))
      .number("osError", failure.os_error)
      .number("nvmeStatus", failure.nvme_status)
      .string("detail", failure.detail)
      .set("snapshot", snapshot == nullptr ? make_undefined(env) : make_snapshot(env, *snapshot))
      .object();
}

napi_value make_failure(napi_env env, const Status& status) {
  return make_failure(env, status.failure());
}

}  // namespace nvm::binding
