#include "core/cuda_library.h"

#if defined(__linux__)

#include <dlfcn.h>

#include <map>
#include <mutex>

// glibc 2.34 gave these a new version when it moved them from libdl to libc; the old one is in every glibc.
#if defined(__GLIBC__) && defined(__x86_64__)
__asm__(".symver dlopen, dlopen@GLIBC_2.2.5");
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver dlerror, dlerror@GLIBC_2.2.5");
#elif defined(__GLIBC__) && defined(__aarch64__)
__asm__(".symver dlopen, dlopen@GLIBC_2.17");
__asm__(".symver dlsym, dlsym@GLIBC_2.17");
__asm__(".symver dlerror, dlerror@GLIBC_2.17");
#endif

namespace palate {
namespace {

CudaLibrary open(const std::string& path) {
  CudaLibrary library;
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* error = dlerror();
    library.reason = std::string("the CUDA library cannot be loaded: ") + (error == nullptr ? path : error);
    return library;
  }
  using Export = const DeviceTable* (*)();
  const auto get_table = reinterpret_cast<Export>(dlsym(handle, kDeviceTableSymbol));
  const DeviceTable* table = get_table == nullptr ? nullptr : get_table();
  if (table == nullptr) {
    library.reason = path + " is not a CUDA library of palate";
  } else if (table->abi != kDeviceAbi || table->contract != contract_fingerprint()) {
    library.reason = path + " was built for another version of palate: build both together";
  } else {
    library.table = table;
  }
  return library;
}

}  // namespace

CudaLibrary open_cuda_library(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, CudaLibrary> opened;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = opened.find(path);
  return found != opened.end() ? found->second : opened.emplace(path, open(path)).first->second;
}

}  // namespace palate

#else

namespace palate {

CudaLibrary open_cuda_library(const std::string&) { return {nullptr, "CUDA is supported on Linux alone"}; }

}  // namespace palate

#endif
