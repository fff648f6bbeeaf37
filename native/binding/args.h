// Reading arguments from JavaScript. The TypeScript side has validated values; here types are checked
// once more only where a wrong one would read or write out of bounds.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

#include "core/view.h"

namespace palate {

template <typename T>
constexpr napi_typedarray_type array_type();
template <>
constexpr napi_typedarray_type array_type<float>() {
  return napi_float32_array;
}
template <>
constexpr napi_typedarray_type array_type<double>() {
  return napi_float64_array;
}
template <>
constexpr napi_typedarray_type array_type<std::uint32_t>() {
  return napi_uint32_array;
}
template <>
constexpr napi_typedarray_type array_type<std::int32_t>() {
  return napi_int32_array;
}
template <>
constexpr napi_typedarray_type array_type<std::uint8_t>() {
  return napi_uint8_array;
}

// The memory of a typed array, in place. Never through .ArrayBuffer(): that fails for shared buffers.
template <typename T>
View<T> array_of(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray()) {
    throw Napi::TypeError::New(value.Env(), std::string("native: `") + name + "` is not a typed array");
  }
  napi_typedarray_type type;
  std::size_t length = 0;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != array_type<T>()) {
    throw Napi::TypeError::New(value.Env(), std::string("native: `") + name + "` has the wrong element type");
  }
  return {static_cast<T*>(data), length};
}

// Fields of an options object.
class Fields {
 public:
  explicit Fields(const Napi::Value& value) : object_(value.As<Napi::Object>()) {
    if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "native: expected an object");
  }

  std::uint32_t u32(const char* name) const { return get(name).ToNumber().Uint32Value(); }
  double number(const char* name) const { return get(name).ToNumber().DoubleValue(); }
  float f32(const char* name) const { return static_cast<float>(number(name)); }
  bool boolean(const char* name) const { return get(name).ToBoolean().Value(); }
  std::string text(const char* name) const { return get(name).ToString().Utf8Value(); }
  Napi::Value value(const char* name) const { return get(name); }
  bool has(const char* name) const { return !get(name).IsUndefined(); }

  // An array of exactly `size` elements.
  template <typename T>
  View<T> array(const char* name, std::size_t size) const {
    const View<T> view = array_of<T>(get(name), name);
    if (view.size != size) {
      throw Napi::RangeError::New(object_.Env(), std::string("native: `") + name + "` has " +
                                                     std::to_string(view.size) + " elements, expected " +
                                                     std::to_string(size));
    }
    return view;
  }
  template <typename T>
  View<T> array(const char* name) const {
    return array_of<T>(get(name), name);
  }
  // An object that holds the same values: it keeps their arrays alive, whatever becomes of the caller's object.
  Napi::Object copy() const {
    Napi::Object copied = Napi::Object::New(object_.Env());
    const Napi::Array names = object_.GetPropertyNames();
    for (std::uint32_t n = 0; n < names.Length(); ++n) copied.Set(names.Get(n), object_.Get(names.Get(n)));
    return copied;
  }

 private:
  Napi::Value get(const char* name) const { return object_.Get(name); }

  Napi::Object object_;
};

}  // namespace palate
