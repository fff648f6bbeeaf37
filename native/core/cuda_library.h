// The CUDA library: found, opened and checked at run time, so that the addon needs neither CUDA nor a driver.
#pragma once

#include <string>

#include "cuda/library.h"

namespace palate {

struct CudaLibrary {
  const DeviceTable* table = nullptr;  // nullptr: there is no usable library
  std::string reason;                  // why not
};

// Opens the library at `path`. It stays open for the life of the process, and is opened once.
CudaLibrary open_cuda_library(const std::string& path);

}  // namespace palate
