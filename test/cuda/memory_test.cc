#include <cstring>

#include "harness.h"

namespace palate {
namespace {

__global__ void add_kernel(float* values, const float* terms, std::uint32_t size) {
  const std::uint32_t n = blockIdx.x * blockDim.x + threadIdx.x;
  if (n < size) values[n] += terms[n];
}

void add(DeviceMemory& device, std::vector<float>& values, const std::vector<float>& terms) {
  const std::uint32_t size = static_cast<std::uint32_t>(values.size());
  float* to = device.resident(values.data(), size);
  device.launch(add_kernel, blocks_of(size, 32), 32, 0, to, device.fresh(terms.data(), size), size);
}

TEST(memory_keeps_what_kernels_wrote_until_it_is_fetched) {
  for (const std::size_t size : {1u, 31u, 33u, 129u}) {
    DeviceMemory device(0);
    std::vector<float> values(size, 1.0f);
    std::vector<float> terms(size, 2.0f);
    add(device, values, terms);
    add(device, values, terms);
    EXPECT(device.finish() == Status::ok);
    EXPECT(values == std::vector<float>(size, 1.0f));
    EXPECT(device.fetch(nullptr) == Status::ok);
    EXPECT(values == std::vector<float>(size, 5.0f));
  }
}

TEST(memory_uploads_constants_once_and_fresh_arrays_each_time) {
  DeviceMemory device(0);
  std::vector<float> values(5, 1.0f);
  std::vector<float> terms(5, 2.0f);
  add(device, values, terms);
  terms.assign(5, 10.0f);
  values.assign(5, 100.0f);  // the host's copy is old: the device has the newer one
  add(device, values, terms);
  EXPECT(device.fetch(values.data()) == Status::ok);
  EXPECT(values == std::vector<float>(5, 13.0f));
}

TEST(memory_uploads_again_what_the_host_changed) {
  DeviceMemory device(0);
  std::vector<float> values(5, 1.0f);
  const std::vector<float> terms(5, 2.0f);
  add(device, values, terms);
  EXPECT(device.fetch(nullptr) == Status::ok);
  values.assign(5, 50.0f);
  device.forget(values.data());
  add(device, values, terms);
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT(values == std::vector<float>(5, 52.0f));
}

TEST(memory_has_no_array_for_nothing) {
  DeviceMemory device(0);
  const float* none = nullptr;
  float one = 1;
  EXPECT(device.constant(none, 3) == nullptr);
  EXPECT(device.resident(&one, 0) == nullptr);
  EXPECT(device.find(&one) == nullptr);
  EXPECT(device.constant(&one, 1) != nullptr && device.find(&one) == device.constant(&one, 1));
  device.launch(add_kernel, 0, 32, 0, nullptr, nullptr, 0u);
  EXPECT(device.finish() == Status::ok);
}

TEST(memory_says_how_much_is_missing_and_does_nothing_more) {
  DeviceMemory device(0);
  std::vector<float> values(5, 1.0f);
  const std::vector<float> terms(5, 2.0f);
  const char key = 0;
  EXPECT(device.scratch<float>(&key, std::size_t{1} << 40) == nullptr);
  EXPECT(device.status() == Status::out_of_memory);
  EXPECT(std::strstr(device.failure(), "4398046511104 bytes more are needed") != nullptr);
  add(device, values, terms);
  EXPECT(device.fetch(nullptr) == Status::out_of_memory);
  EXPECT(values == std::vector<float>(5, 1.0f));
}

TEST(memory_refuses_to_lose_what_a_kernel_wrote) {
  DeviceMemory device(0);
  std::vector<float> values(9, 1.0f);
  EXPECT(device.resident(values.data(), 5) != nullptr);
  EXPECT(device.resident(values.data(), 9) == nullptr);
  EXPECT(device.status() == Status::device_failed);
}

TEST(memory_reports_the_launch_that_failed) {
  DeviceMemory device(0);
  std::vector<float> values(5, 1.0f);
  device.launch(add_kernel, 1, 2048, 0, values.data(), values.data(), 5u);
  EXPECT(device.finish() == Status::device_failed);
  EXPECT(std::strstr(device.failure(), "cudaErrorInvalidConfiguration") != nullptr);
}

TEST(memory_of_a_device_that_is_not_there_fails) {
  DeviceMemory device(7);
  EXPECT(device.status() == Status::device_failed);
}

}  // namespace
}  // namespace palate
