#include "cuda/sums.h"

#include "cuda/warp.h"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kThreads = 256;
constexpr std::uint32_t kOfBlock = 4096;

template <typename T, typename Term>
__device__ void sum_block(double* parts, const T* values, std::size_t count, Term term) {
  const std::size_t begin = std::size_t{blockIdx.x} * kOfBlock;
  const std::size_t end = count - begin < kOfBlock ? count : begin + kOfBlock;
  double sum = 0;
  for (std::size_t n = begin + threadIdx.x; n < end; n += kThreads) sum += term(static_cast<double>(values[n]));
  sum = block_sum<kThreads>(sum);
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kThreads) sum_kernel(double* parts, const double* values, std::size_t count) {
  sum_block(parts, values, count, [](double value) { return value; });
}

__global__ void __launch_bounds__(kThreads) square_sum_kernel(double* parts, const float* values, std::size_t count) {
  sum_block(parts, values, count, [](double value) { return value * value; });
}

template <typename T>
void queue(DeviceMemory& device, const void* key, void (*kernel)(double*, const T*, std::size_t), const T* values,
           std::size_t count, std::vector<double>& sums) {
  const std::uint32_t blocks = blocks_of(count, kOfBlock);
  sums.assign(blocks, 0.0);
  double* parts = device.scratch<double>(key, blocks);
  device.launch(kernel, blocks, kThreads, 0, parts, values, count);
  device.read(sums.data(), parts, blocks);
}

}  // namespace

void sum_values(DeviceMemory& device, const void* key, const double* values, std::size_t count, QueuedSum& sum) {
  queue(device, key, sum_kernel, values, count, sum.parts_);
}

void sum_squares(DeviceMemory& device, const void* key, const float* values, std::size_t count, QueuedSum& sum) {
  queue(device, key, square_sum_kernel, values, count, sum.parts_);
}

}  // namespace palate::k_cuda
