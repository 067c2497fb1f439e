// SPDX-License-Identifier: MIT
// Values across the seam. Plain Node-API on purpose: while an environment is being torn down every
// call that touches JavaScript fails, and here such a failure is simply not delivered, where a
// wrapper would abort.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>

#include "platform/clock.h"
#include "platform/status.h"

namespace nvm::binding {

// A number of JavaScript as an unsigned integer: what is none becomes 0, what is too large the
// largest.
template <class T>
T to_unsigned(double value) {
  if (!(value > 0)) return 0;
  constexpr double kEnd = 2.0 * (std::numeric_limits<T>::max() / 2 + 1);
  return value < kEnd ? static_cast<T>(value) : std::numeric_limits<T>::max();
}

// The arguments of one native call. src/native/binding.ts is the only caller and checks types; a
// value of another type reads as zero, empty or null here.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info);

  double number(size_t index) const;
  uint32_t uint32(size_t index) const { return to_unsigned<uint32_t>(number(index)); }
  // Milliseconds, and fractions of them, in nanoseconds.
  uint64_t milliseconds(size_t index) const {
    return to_unsigned<uint64_t>(number(index) * kNanosecondsPerMillisecond);
  }
  bool boolean(size_t index) const;
  std::string string(size_t index) const;
  napi_value value(size_t index) const { return values_[index]; }

  struct Bytes {
    std::byte* data = nullptr;
    size_t byte_length = 0;
  };
  // The memory of a typed array; valid during the call, and that of a SharedArrayBuffer as long as
  // JavaScript keeps the array.
  Bytes typed_array(size_t index) const;
  // As many as its memory holds.
  template <class T>
  std::span<T> elements(size_t index) const {
    const Bytes bytes = typed_array(index);
    return {reinterpret_cast<T*>(bytes.data), bytes.byte_length / sizeof(T)};
  }

  // What make_handle<T> wrapped, or null.
  template <class T>
  std::shared_ptr<T> handle(size_t index) const {
    auto* holder = static_cast<std::shared_ptr<T>*>(external(index));
    return holder == nullptr ? nullptr : *holder;
  }
  // As handle(), without touching the reference count: for the hot calls.
  template <class T>
  T* borrow(size_t index) const {
    auto* holder = static_cast<std::shared_ptr<T>*>(external(index));
    return holder == nullptr ? nullptr : holder->get();
  }

 private:
  static constexpr size_t kCountMax = 8;
  void* external(size_t index) const;

  napi_env env_;
  napi_value values_[kCountMax];
};

// A JavaScript value that keeps `object` alive until it is collected.
template <class T>
napi_value make_handle(napi_env env, std::shared_ptr<T> object) {
  auto* holder = new std::shared_ptr<T>(std::move(object));
  napi_value handle = nullptr;
  auto release = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<T>*>(data); };
  if (napi_create_external(env, holder, release, nullptr, &handle) != napi_ok) delete holder;
  return handle;
}

// Builds a plain object, field by field.
class ObjectBuilder {
 public:
  explicit ObjectBuilder(napi_env env) : env_(env) { napi_create_object(env, &object_); }
  ObjectBuilder& set(const char* name, napi_value value);
  ObjectBuilder& number(const char* name, double value);
  ObjectBuilder& boolean(const char* name, bool value);
  ObjectBuilder& string(const char* name, const std::string& value);
  ObjectBuilder& bigint(const char* name, uint64_t value);
  napi_value object() const { return object_; }

 private:
  napi_env env_;
  napi_value object_ = nullptr;
};

napi_value make_number(napi_env env, double value);
napi_value make_boolean(napi_env env, bool value);
napi_value make_undefined(napi_env env);
napi_value make_null(napi_env env);

// An ArrayBuffer over memory that `keep_alive` owns; the reference goes when the ArrayBuffer does.
napi_value make_array_buffer(napi_env env, volatile void* bytes, size_t byte_length,
                             std::shared_ptr<void> keep_alive);
// After this the ArrayBuffer and every view of it have length 0.
void detach_array_buffer(napi_env env, napi_value array_buffer);

// What src/native/binding.ts calls NativeFailure. Everything that can fail returns it instead of
// throwing.
napi_value make_failure(napi_env env, const Failure& failure);
napi_value make_failure(napi_env env, const Status& status);

}  // namespace nvm::binding
