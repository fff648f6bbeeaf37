// Sums over arrays on the device in float64, in an order that depends on their length alone.
#pragma once

#include <vector>

#include "cuda/memory.h"

namespace palate::k_cuda {

// Results of sums that were queued; the host adds up what blocks left, once the device has finished.
class QueuedSum {
 public:
  double total() const {
    double sum = 0;
    for (const double part : parts_) sum += part;
    return sum;
  }

 private:
  friend void sum_values(DeviceMemory&, const void*, const double*, std::size_t, QueuedSum&);
  friend void sum_squares(DeviceMemory&, const void*, const float*, std::size_t, QueuedSum&);
  std::vector<double> parts_;
};

// `key` names the scratch of this sum; it must differ from that of any other sum until the device has finished.
void sum_values(DeviceMemory& device, const void* key, const double* values, std::size_t count, QueuedSum& sum);
void sum_squares(DeviceMemory& device, const void* key, const float* values, std::size_t count, QueuedSum& sum);

}  // namespace palate::k_cuda
