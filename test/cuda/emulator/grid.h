// Grids, as streams run them.
#pragma once

#include "cuda_runtime.h"

namespace emulator {

// Why a launch would be refused, or cudaSuccess.
cudaError_t check_launch(const Launch& launch);

// Runs all blocks, in the order of the settings.
void run_grid(const Launch& launch);

// Device memory can be used by kernels and copies, never by the host.
void allow_device_memory(bool allowed);

}  // namespace emulator
