// The emulator itself: each function of CUDA that kernels may use, against its definition.
#include <numeric>

#include "cuda/warp.h"
#include "harness.h"

namespace palate {
namespace {

// Runs a kernel of one block that writes one number a thread.
std::vector<int> numbers_of(void (*kernel)(int*), unsigned threads) {
  DeviceMemory device(0);
  std::vector<int> numbers(threads, -1);
  device.launch(kernel, 1, threads, 0, device.result(numbers.data(), threads));
  EXPECT(device.fetch(nullptr) == Status::ok);
  return numbers;
}

template <typename Formula>
std::vector<int> by_thread(unsigned threads, Formula formula) {
  std::vector<int> numbers(threads);
  for (unsigned t = 0; t < threads; ++t) numbers[t] = static_cast<int>(formula(t));
  return numbers;
}

__global__ void indices_kernel(int* out) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  out[block * blockDim.x * blockDim.y * blockDim.z + thread] = static_cast<int>(threadIdx.z * 100 + blockIdx.y);
}

TEST(emulator_counts_threads_and_blocks_in_three_dimensions) {
  DeviceMemory device(0);
  std::vector<int> numbers(2 * 3 * 2 * 4 * 2 * 3, -1);
  device.launch(indices_kernel, dim3(2, 3, 2), dim3(4, 2, 3), 0, device.result(numbers.data(), numbers.size()));
  EXPECT(device.fetch(nullptr) == Status::ok);
  for (std::size_t n = 0; n < numbers.size(); ++n) {
    const std::size_t thread = n % 24;
    const std::size_t block = n / 24;
    EXPECT(numbers[n] == static_cast<int>(thread / 8 * 100 + block / 2 % 3));
  }
}

__global__ void reverse_kernel(int* out) {
  SHARED(values, int[96]);
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = values[blockDim.x - 1 - threadIdx.x];
}

TEST(emulator_barriers_make_shared_memory_visible) {
  EXPECT(numbers_of(reverse_kernel, 96) == by_thread(96, [](unsigned t) { return 95 - t; }));
}

__global__ void votes_kernel(int* out) {
  const bool odd = threadIdx.x % 2 == 1;
  const int count = __syncthreads_count(odd);
  const int all = __syncthreads_and(threadIdx.x < 64) != 0;
  const int any = __syncthreads_or(threadIdx.x == 5) != 0;
  out[threadIdx.x] = count * 100 + all * 10 + any;
}

TEST(emulator_barriers_vote) {
  EXPECT(numbers_of(votes_kernel, 64) == std::vector<int>(64, 3211));
  EXPECT(numbers_of(votes_kernel, 67) == std::vector<int>(67, 3301));
}

__global__ void shuffle_kernel(int* out) {
  const int lane = static_cast<int>(threadIdx.x % 32);
  int sum = __shfl_sync(kAllLanes, lane, 7);
  sum += 100 * __shfl_xor_sync(kAllLanes, lane, 16);
  sum += 10'000 * __shfl_down_sync(kAllLanes, lane, 1, 8);
  sum += 1'000'000 * __shfl_up_sync(kAllLanes, lane, 3, 16);
  out[threadIdx.x] = sum;
}

TEST(emulator_shuffles_within_segments) {
  EXPECT(numbers_of(shuffle_kernel, 64) == by_thread(64, [](unsigned t) {
           const unsigned l = t % 32;
           return 7 + 100 * (l ^ 16) + 10'000 * (l % 8 == 7 ? l : l + 1) + 1'000'000 * (l % 16 < 3 ? l : l - 3);
         }));
}

__global__ void masks_kernel(int* out) {
  const unsigned lane = threadIdx.x;
  const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  int result = 0;
  if (lane < 16) {
    result = __popc(__ballot_sync(half, lane % 4 == 0));
  } else {
    result = static_cast<int>(__reduce_add_sync(half, lane));
  }
  __syncwarp();
  const unsigned same = __match_any_sync(kAllLanes, lane / 5);
  out[lane] =
      result * 100 + __popc(same) + (__any_sync(half, lane == 3) ? 10 : 0) + (__all_sync(half, lane < 16) ? 20 : 0);
}

TEST(emulator_groups_lanes_by_masks) {
  EXPECT(numbers_of(masks_kernel, 32) == by_thread(32, [](unsigned l) {
           const unsigned same = l / 5 == 6 ? 2 : 5;
           return l < 16 ? 4 * 100 + same + 30 : 376 * 100 + same;
         }));
}

__global__ void atomics_kernel(float* sum, unsigned* counts, unsigned long long* wide) {
  atomicAdd(sum, 0.5f);
  atomicAdd(&counts[0], 2u);
  atomicMax(&counts[1], threadIdx.x);
  atomicMin(&counts[2], threadIdx.x);
  atomicOr(&counts[3], 1u << (threadIdx.x % 32));
  atomicAdd(wide, 1ull << 33);
  if (atomicCAS(&counts[4], 0u, 1u) == 0u) atomicExch(&counts[5], 77u);
}

TEST(emulator_atomics_lose_nothing) {
  DeviceMemory device(0);
  float sum = 1;
  std::vector<unsigned> counts = {0, 0, 1000, 0, 0, 0};
  unsigned long long wide = 0;
  device.launch(atomics_kernel, 3, 40, 0, device.resident(&sum, 1), device.resident(counts.data(), 6),
                device.resident(&wide, 1));
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT(sum == 61.0f && wide == 120ull << 33);
  EXPECT((counts == std::vector<unsigned>{240, 39, 0, 0xffffffffu, 1, 77}));
}

__global__ void last_block_kernel(const int* values, int* parts, unsigned* done, int* total) {
  SHARED(last, bool);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = values[blockIdx.x];
    __threadfence();
    last = atomicAdd(done, 1u) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (!last || threadIdx.x != 0) return;
  int sum = 0;
  for (unsigned b = 0; b < gridDim.x; ++b) sum += parts[b];
  *total = sum;
}

TEST(emulator_fences_let_the_last_block_sum_up) {
  DeviceMemory device(0);
  std::vector<int> values(17);
  std::iota(values.begin(), values.end(), 1);
  const char keys[2] = {};
  unsigned* done = device.scratch<unsigned>(&keys[0], 1);
  device.fill_zero(done, 1);
  int total = 0;
  device.launch(last_block_kernel, 17, 64, 0, device.constant(values.data(), 17), device.scratch<int>(&keys[1], 17),
                done, device.result(&total, 1));
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT(total == 153);
}

__global__ void sums_kernel(int* out) {
  const int sum = k_cuda::block_sum<96>(static_cast<int>(threadIdx.x));
  const int again = k_cuda::block_sum<96>(1);
  out[threadIdx.x] = sum * 1000 + again;
}

TEST(emulator_runs_sums_over_blocks) { EXPECT(numbers_of(sums_kernel, 96) == std::vector<int>(96, 4560 * 1000 + 96)); }

__global__ void dynamic_kernel(int* out, unsigned size) {
  DYN_SHARED(int, values);
  SHARED(extra, int[3]);
  for (unsigned n = threadIdx.x; n < size; n += blockDim.x) values[n] = static_cast<int>(n);
  if (threadIdx.x < 3) extra[threadIdx.x] = 1;
  __syncthreads();
  int sum = extra[0] + extra[1] + extra[2];
  for (unsigned n = 0; n < size; ++n) sum += values[n];
  out[threadIdx.x] = sum;
}

TEST(emulator_has_dynamic_shared_memory_beside_arrays) {
  for (const unsigned size : {1u, 1000u, 15'000u}) {
    DeviceMemory device(0);
    std::vector<int> sums(33);
    device.launch(dynamic_kernel, 1, 33, size * sizeof(int), device.result(sums.data(), 33), size);
    EXPECT(device.fetch(nullptr) == Status::ok);
    EXPECT(sums == std::vector<int>(33, 3 + static_cast<int>(size * (size - 1) / 2)));
  }
}

__global__ void relaxed_kernel(float* value, unsigned* count) {
  store_relaxed(value, load_relaxed(value));
  store_relaxed(count, load_relaxed(count));
}

TEST(emulator_lets_relaxed_accesses_race) {
  DeviceMemory device(0);
  float value = 3;
  unsigned count = 4;
  device.launch(relaxed_kernel, 3, 64, 0, device.resident(&value, 1), device.resident(&count, 1));
  EXPECT(device.fetch(nullptr) == Status::ok && value == 3 && count == 4);
}

}  // namespace
}  // namespace palate
