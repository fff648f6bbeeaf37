// Checks of arguments that several families share: what would read or write out of bounds.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "binding/args.h"

namespace palate {

template <typename Enum>
Enum word(const Fields& fields, const char* name, std::initializer_list<std::pair<const char*, Enum>> words,
          Napi::Env env) {
  const std::string text = fields.text(name);
  for (const auto& [key, value] : words) {
    if (text == key) return value;
  }
  throw Napi::RangeError::New(env, std::string("native: unknown `") + name + "` '" + text + "'");
}

// Indices are read in loops without bounds checks, so they are checked once here.
inline void expect_below(Napi::Env env, View<const std::uint32_t> values, std::uint32_t bound, const char* name) {
  for (std::size_t n = 0; n < values.size; ++n) {
    if (values[n] < bound) continue;
    throw Napi::RangeError::New(env, std::string("native: `") + name + "` holds an index out of range");
  }
}

inline void expect_offsets(Napi::Env env, View<const std::uint32_t> offsets, std::size_t total, const char* name) {
  bool good = offsets.size != 0 && offsets[0] == 0 && offsets[offsets.size - 1] == total;
  for (std::size_t n = 1; good && n < offsets.size; ++n) good = offsets[n - 1] <= offsets[n];
  if (!good) throw Napi::RangeError::New(env, std::string("native: `") + name + "` are not offsets");
}

// Larger sizes are mistakes: rows are padded in 32 bits, and each thread is reserved for.
inline constexpr std::uint32_t kMostDim = 1u << 20;
inline constexpr std::uint32_t kMostThreads = 1u << 16;

inline std::uint32_t at_most(const Fields& fields, const char* name, std::uint32_t most, Napi::Env env) {
  const std::uint32_t value = fields.u32(name);
  if (value > most) throw Napi::RangeError::New(env, std::string("native: `") + name + "` is too large");
  return value;
}

template <typename T>
View<const T> constant(View<T> view) {
  return {view.data, view.size};
}

}  // namespace palate
