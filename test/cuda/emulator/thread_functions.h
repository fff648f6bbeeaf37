// What a thread of a kernel calls: barriers, warps, atomics, arithmetic. Each call that waits says from where, so that
// messages can name the line.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace emulator {

struct Site {
  const char* file;
  int line;
};
enum class Vote { none, count, all, any };
enum class WarpOperation { sync, shuffle, ballot, match, reduce };

int barrier(Vote vote, bool predicate, Site site);
// Waits for the lanes of `mask`, and returns what they brought: 32 values, for the caller until its next call.
const std::uint64_t* meet(unsigned mask, std::uint64_t value, WarpOperation operation, Site site);
unsigned lane();
unsigned live_lanes();
void fence();
// An atomic access: what it reads is ordered by the next fence, what came before the last one by what it writes.
void touch_atomic(void* address);
// Lets another thread run, where the schedule wants one.
void reschedule();

// A copy that a thread has begun, and that nobody may rely on before it has waited.
struct AsyncCopy {
  void* target;
  const void* source;
  std::size_t bytes;
};
void begin_copy(const AsyncCopy& copy, Site site);
void commit_copies();
// The next copy to be carried out so that `groups` groups at most are still under way; false where there is none.
bool next_copy(std::size_t groups, AsyncCopy& copy);
[[noreturn]] void fail_lane(unsigned lane, unsigned mask, Site site);

template <typename T>
std::uint64_t to_bits(T value) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t) && std::is_trivially_copyable_v<T>);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}
template <typename T>
T from_bits(std::uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

// The value of lane `source`, or the caller's own where `inside` is false, as at the ends of a segment.
template <typename T>
T shuffle(unsigned mask, T value, unsigned source, bool inside, Site site) {
  const std::uint64_t* values = meet(mask, to_bits(value), WarpOperation::shuffle, site);
  if (!inside) return value;
  if (((mask >> source) & 1u) == 0) fail_lane(source, mask, site);
  return from_bits<T>(values[source]);
}

template <typename T, typename Combine>
T reduce(unsigned mask, T value, Combine combine, Site site) {
  const std::uint64_t* values = meet(mask, to_bits(value), WarpOperation::reduce, site);
  bool first = true;
  T result = value;
  for (unsigned l = 0; l < 32; ++l) {
    if (((mask >> l) & 1u) == 0) continue;
    result = first ? from_bits<T>(values[l]) : combine(result, from_bits<T>(values[l]));
    first = false;
  }
  return result;
}

// Relaxed, as CUDA's atomics are, and real ones, so that ThreadSanitizer knows them.
template <typename T, typename Change>
T change(T* address, Change next_of) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  static_assert(sizeof(T) == sizeof(Bits));
  reschedule();
  touch_atomic(address);
  Bits* bits = reinterpret_cast<Bits*>(address);
  Bits old = __atomic_load_n(bits, __ATOMIC_RELAXED);
  Bits next;
  do {
    next = static_cast<Bits>(to_bits(static_cast<T>(next_of(from_bits<T>(old)))));
  } while (!__atomic_compare_exchange_n(bits, &old, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return from_bits<T>(old);
}

}  // namespace emulator

#define EMULATOR_FROM const char *emulator_file = __builtin_FILE(), int emulator_line = __builtin_LINE()
#define EMULATOR_SITE \
  ::emulator::Site { emulator_file, emulator_line }

inline void __syncthreads(EMULATOR_FROM) { emulator::barrier(emulator::Vote::none, false, EMULATOR_SITE); }
inline int __syncthreads_count(int p, EMULATOR_FROM) {
  return emulator::barrier(emulator::Vote::count, p != 0, EMULATOR_SITE);
}
inline int __syncthreads_and(int p, EMULATOR_FROM) {
  return emulator::barrier(emulator::Vote::all, p != 0, EMULATOR_SITE);
}
inline int __syncthreads_or(int p, EMULATOR_FROM) {
  return emulator::barrier(emulator::Vote::any, p != 0, EMULATOR_SITE);
}

inline void __syncwarp(unsigned mask = 0xffffffffu, EMULATOR_FROM) {
  emulator::meet(mask, 0, emulator::WarpOperation::sync, EMULATOR_SITE);
}
template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, EMULATOR_FROM) {
  const unsigned first = emulator::lane() & ~static_cast<unsigned>(width - 1);
  return emulator::shuffle(mask, value, first + (static_cast<unsigned>(source) & static_cast<unsigned>(width - 1)),
                           true, EMULATOR_SITE);
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, EMULATOR_FROM) {
  const unsigned source = emulator::lane() ^ static_cast<unsigned>(lanes);
  const unsigned end = (emulator::lane() & ~static_cast<unsigned>(width - 1)) + static_cast<unsigned>(width);
  return emulator::shuffle(mask, value, source, source < end, EMULATOR_SITE);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATOR_FROM) {
  const unsigned inside = (emulator::lane() & static_cast<unsigned>(width - 1)) + delta;
  return emulator::shuffle(mask, value, emulator::lane() + delta, inside < static_cast<unsigned>(width), EMULATOR_SITE);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATOR_FROM) {
  const unsigned place = emulator::lane() & static_cast<unsigned>(width - 1);
  return emulator::shuffle(mask, value, emulator::lane() - delta, place >= delta, EMULATOR_SITE);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, EMULATOR_FROM) {
  const std::uint64_t* values = emulator::meet(mask, predicate != 0, emulator::WarpOperation::ballot, EMULATOR_SITE);
  unsigned result = 0;
  for (unsigned l = 0; l < 32; ++l) {
    if (((mask >> l) & 1u) != 0 && values[l] != 0) result |= 1u << l;
  }
  return result;
}
inline int __any_sync(unsigned mask, int predicate, EMULATOR_FROM) {
  return __ballot_sync(mask, predicate, emulator_file, emulator_line) != 0;
}
inline int __all_sync(unsigned mask, int predicate, EMULATOR_FROM) {
  return __ballot_sync(mask, predicate, emulator_file, emulator_line) == mask;
}
template <typename T>
unsigned __match_any_sync(unsigned mask, T value, EMULATOR_FROM) {
  const std::uint64_t own = emulator::to_bits(value);
  const std::uint64_t* values = emulator::meet(mask, own, emulator::WarpOperation::match, EMULATOR_SITE);
  unsigned result = 0;
  for (unsigned l = 0; l < 32; ++l) {
    if (((mask >> l) & 1u) != 0 && values[l] == own) result |= 1u << l;
  }
  return result;
}
template <typename T>
T __reduce_add_sync(unsigned mask, T value, EMULATOR_FROM) {
  return emulator::reduce(
      mask, value, [](T a, T b) { return static_cast<T>(a + b); }, EMULATOR_SITE);
}
template <typename T>
T __reduce_min_sync(unsigned mask, T value, EMULATOR_FROM) {
  return emulator::reduce(
      mask, value, [](T a, T b) { return b < a ? b : a; }, EMULATOR_SITE);
}
template <typename T>
T __reduce_max_sync(unsigned mask, T value, EMULATOR_FROM) {
  return emulator::reduce(
      mask, value, [](T a, T b) { return b > a ? b : a; }, EMULATOR_SITE);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, EMULATOR_FROM) {
  return emulator::reduce(
      mask, value, [](unsigned a, unsigned b) { return a | b; }, EMULATOR_SITE);
}

// Copies are carried out when the thread waits for them: the latest that CUDA allows.
inline void __pipeline_memcpy_async(void* target, const void* source, std::size_t bytes, EMULATOR_FROM) {
  emulator::begin_copy({target, source, bytes}, EMULATOR_SITE);
}
#undef EMULATOR_FROM
#undef EMULATOR_SITE

inline void __pipeline_commit() { emulator::commit_copies(); }
inline void __pipeline_wait_prior(std::size_t groups) {
  emulator::AsyncCopy copy;
  while (emulator::next_copy(groups, copy)) {
    // Here, and not in the emulator, so that the sanitizers see the accesses.
    for (std::size_t n = 0; n < copy.bytes; n += sizeof(unsigned)) {
      const unsigned* source = reinterpret_cast<const unsigned*>(static_cast<const char*>(copy.source) + n);
      *reinterpret_cast<unsigned*>(static_cast<char*>(copy.target) + n) = *source;
    }
  }
}

inline unsigned __activemask() { return emulator::live_lanes(); }
inline void __threadfence() { emulator::fence(); }
inline void __threadfence_block() { emulator::fence(); }

template <typename T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  return emulator::change(address, [value](T old) { return old + value; });
}
template <typename T>
T atomicSub(T* address, std::type_identity_t<T> value) {
  return emulator::change(address, [value](T old) { return old - value; });
}
template <typename T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return emulator::change(address, [value](T old) { return old > value ? old : value; });
}
template <typename T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return emulator::change(address, [value](T old) { return old < value ? old : value; });
}
template <typename T>
T atomicOr(T* address, std::type_identity_t<T> value) {
  return emulator::change(address, [value](T old) { return old | value; });
}
template <typename T>
T atomicAnd(T* address, std::type_identity_t<T> value) {
  return emulator::change(address, [value](T old) { return old & value; });
}
template <typename T>
T atomicExch(T* address, std::type_identity_t<T> value) {
  return emulator::change(address, [value](T) { return value; });
}
template <typename T>
T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  return emulator::change(address, [expected, value](T old) {
    return emulator::to_bits(old) == emulator::to_bits(expected) ? value : old;
  });
}

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline float __int_as_float(int bits) { return emulator::from_bits<float>(static_cast<std::uint32_t>(bits)); }
inline int __float_as_int(float x) { return static_cast<int>(emulator::to_bits(x)); }
inline float __uint_as_float(unsigned bits) { return emulator::from_bits<float>(bits); }
inline unsigned __float_as_uint(float x) { return static_cast<unsigned>(emulator::to_bits(x)); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((std::uint64_t{a} * b) >> 32); }
template <typename T>
T __ldg(const T* address) {
  return *address;
}
template <typename T>
T __ldcg(const T* address) {
  return *address;
}
template <typename T>
constexpr T min(T a, std::type_identity_t<T> b) {
  return b < a ? b : a;
}
template <typename T>
constexpr T max(T a, std::type_identity_t<T> b) {
  return a < b ? b : a;
}
