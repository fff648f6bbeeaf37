// What the CUDA library and the addon that opens it agree on. The library is a file of its own, as only a machine with
// an NVIDIA driver has a use for it; it exports one function, which returns this table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend.h"

namespace palate {

struct DeviceDescription {
  char name[128] = "";
  std::uint64_t memory_bytes = 0;
  std::uint32_t multiprocessors = 0;
  std::uint32_t capability_major = 0;  // compute capability, as 9.0
  std::uint32_t capability_minor = 0;
};

struct DeviceTable {
  std::uint32_t abi = 0;       // kDeviceAbi; stands first in every version
  std::uint32_t contract = 0;  // contract_fingerprint()
  // How many devices there are. 0: `reason` (`size` bytes) says why there is none to use.
  std::uint32_t (*count)(char* reason, std::size_t size) = nullptr;
  // False when the device cannot be used; `reason` says why.
  bool (*describe)(std::uint32_t ordinal, DeviceDescription& device, char* reason, std::size_t size) = nullptr;
  const Backend* backend = nullptr;
};

// Raised with every change of this file or of device.h.
inline constexpr std::uint32_t kDeviceAbi = 1;

// Differs where addon and library were built from other versions of the structs that pass between them.
constexpr std::uint32_t contract_fingerprint() {
  constexpr std::size_t sizes[] = {
      sizeof(DeviceTable),    sizeof(DeviceDescription), sizeof(Backend),      sizeof(DeviceOperations),
      sizeof(TopkCall),       sizeof(TrainState),        sizeof(EpochCall),    sizeof(PairsCall),
      sizeof(BatchView),      sizeof(ItemPairsCall),     sizeof(CountCall),    sizeof(FactorizeState),
      sizeof(FactorizeCall),  sizeof(PairSource),        sizeof(SoftmaxState), sizeof(SoftmaxBatch),
      sizeof(SoftmaxScratch), sizeof(AlsCall),           sizeof(GramCall),     sizeof(AlsPairsCall),
      sizeof(EaseCall),       sizeof(NeighborsCall),     sizeof(SlimCall),     sizeof(ScoreCall),
      sizeof(SampleState),    sizeof(SweepCall),         sizeof(SketchCall)};
  std::uint32_t hash = 2166136261u;  // FNV-1a over whole sizes
  for (const std::size_t size : sizes) hash = (hash ^ static_cast<std::uint32_t>(size)) * 16777619u;
  return hash;
}

}  // namespace palate

// The one exported function.
extern "C" const palate::DeviceTable* palate_cuda_table();
inline constexpr const char* kDeviceTableSymbol = "palate_cuda_table";
