// SPDX-License-Identifier: MIT
// Reads a plain JavaScript object that describes something: options, a fault. As with Arguments,
// src/ has checked types, and what is missing or of another type reads as absent.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "binding/values.h"

namespace nvm::binding {

class ObjectReader {
 public:
  ObjectReader(napi_env env, napi_value object) : env_(env), object_(object) {}

  std::optional<double> number(const char* name) const {
    double value = 0;
    napi_value property = get(name);
    if (property == nullptr || napi_get_value_double(env_, property, &value) != napi_ok) return {};
    return value;
  }
  // An unsigned integer of any width up to 2^53.
  template <class T>
  std::optional<T> integer(const char* name) const {
    const auto value = number(name);
    if (!value) return {};
    return to_unsigned<T>(*value);
  }
  template <class T>
  T integer(const char* name, T absent) const {
    return integer<T>(name).value_or(absent);
  }
  std::optional<bool> optional_boolean(const char* name) const {
    bool value = false;
    napi_value property = get(name);
    if (property == nullptr || napi_get_value_bool(env_, property, &value) != napi_ok) return {};
    return value;
  }
  bool boolean(const char* name) const { return optional_boolean(name).value_or(false); }
  std::string string(const char* name) const;
  // A copy of a typed array; null when it is absent.
  std::shared_ptr<const std::vector<std::byte>> bytes(const char* name) const;
  // The elements of an array of objects; none when it is absent.
  std::vector<ObjectReader> objects(const char* name) const;

 private:
  // Null when there is no such property.
  napi_value get(const char* name) const;

  napi_env env_;
  napi_value object_;
};

}  // namespace nvm::binding
