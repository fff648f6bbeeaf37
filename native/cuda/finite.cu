// A check for NaN and infinities in an array on the device. Memory-bound: 4 bytes a value.
#include "cuda/kernels.h"
#include "cuda/memory.h"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kThreads = 256;
constexpr std::uint32_t kBlocksPerMultiprocessor = 8;

__global__ void __launch_bounds__(kThreads)
    all_finite_kernel(const float* values, std::size_t count, std::uint32_t* found) {
  constexpr std::uint32_t kExponent = 0x7f800000;  // all its bits are set in NaN and the infinities
  const std::size_t stride = std::size_t{gridDim.x} * kThreads;
  bool bad = false;
  for (std::size_t n = std::size_t{blockIdx.x} * kThreads + threadIdx.x; n < count; n += stride) {
    bad |= (static_cast<std::uint32_t>(__float_as_int(values[n])) & kExponent) == kExponent;
  }
  if (bad) store_relaxed(found, 1u);
}

const char kFound = 0;

}  // namespace

Status all_finite(DeviceMemory& device, const float* values, std::size_t count, bool& finite) {
  std::uint32_t bad = 0;
  const float* array = device.constant(values, count);
  std::uint32_t* found = device.scratch<std::uint32_t>(&kFound, 1);
  device.fill_zero(found, 1);
  const std::uint32_t most = device.multiprocessors() * kBlocksPerMultiprocessor;
  const std::uint32_t needed = blocks_of(count, kThreads);
  device.launch(all_finite_kernel, needed < most ? needed : most, kThreads, 0, array, count, found);
  device.read(&bad, found, 1);
  const Status status = device.finish();
  finite = bad == 0;
  return status;
}

}  // namespace palate::k_cuda
