// Outcome of native work. Kernels do not throw and do not print: what can fail says so here, and the
// binding turns it into a JavaScript error.
#pragma once

namespace palate {

enum class Status : int {
  ok = 0,
  cancelled,      // the caller's flag was raised
  diverged,       // a loss or a parameter became NaN or infinite
  out_of_memory,  // an allocation failed
  device_failed,  // the device or its driver reported an error
};

}  // namespace palate
