#include <cmath>
#include <limits>
#include <utility>

#include "core/finite.h"
#include "harness.h"

namespace palate {
namespace {

bool finite_on_device(const std::vector<float>& values) {
  DeviceMemory device(0);
  bool finite = false;
  EXPECT(k_cuda::all_finite(device, values.data(), values.size(), finite) == Status::ok);
  return finite;
}

TEST(finite_finds_each_bad_value_wherever_it_stands) {
  Pool pool(1);
  for (const std::size_t size : {0u, 1u, 31u, 33u, 129u, 20'000u}) {
    std::vector<float> values = test::Random(size).normals(size);
    EXPECT(finite_on_device(values));
    for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
      if (place >= size) continue;
      for (const float bad : {NAN, INFINITY, -INFINITY}) {
        const float good = std::exchange(values[place], bad);
        EXPECT(!finite_on_device(values));
        EXPECT(!all_finite(values.data(), size, pool));
        values[place] = good;
      }
    }
  }
}

TEST(finite_finds_many_bad_values_at_once) { EXPECT(!finite_on_device(std::vector<float>(3'000, NAN))); }

TEST(finite_takes_the_largest_and_denormal_numbers_for_finite) {
  EXPECT(finite_on_device({std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min(), -0.0f}));
}

}  // namespace
}  // namespace palate
