// Tests of kernels against the processor's: TEST(name) { ... EXPECT(...) ... }. The program runs all of them under the
// emulator's settings and prints "N passed, N failed".
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cuda/kernels.h"
#include "cuda/memory.h"

namespace palate::test {

struct Registration {
  Registration(const char* name, void (*body)());
};

// Reports a failure of the running test; `detail` may be empty.
void expect(bool holds, const char* text, const char* file, int line, const char* detail = "");

// Random numbers, the same in every run.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(next() % bound); }
  float uniform(float low, float high);
  float normal();
  std::vector<float> normals(std::size_t count);

 private:
  std::uint64_t state_;
};

// |a - b| <= tolerance * max(1, |a|, |b|), or both the same infinity.
bool close(double a, double b, double tolerance);
// Says which element differs most.
void expect_close(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance,
                  const char* file, int line);

}  // namespace palate::test

#define TEST(name)                                                                   \
  static void test_##name();                                                         \
  static const ::palate::test::Registration registration_##name(#name, test_##name); \
  static void test_##name()
#define EXPECT(condition) ::palate::test::expect((condition), #condition, __FILE__, __LINE__)
#define EXPECT_CLOSE(actual, expected, tolerance) \
  ::palate::test::expect_close(actual, expected, tolerance, __FILE__, __LINE__)
