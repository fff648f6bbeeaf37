// Devices as the bindings of trainers see them: which one a call asks for, and errors that name what went wrong there.
#pragma once

#include <napi.h>

#include <stdexcept>
#include <string>

#include "binding/args.h"
#include "core/device.h"

namespace palate {

// Becomes an error with the code of DeviceError in JavaScript.
struct DeviceFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Napi::Error device_error(Napi::Env env, const std::string& message);

// The row of the library that cudaDevices() opened last, or nullptr.
const Backend* cuda_backend();

// The device that `device` counts to, or the processor where it is undefined. Throws where the device has not all of
// the kernels, or is not there.
template <typename... Kernels>
DeviceChoice device_of(Napi::Env env, const Fields& fields, Kernels Backend::*... kernels) {
  if (!fields.has("device")) return {};
  const Backend* backend = cuda_backend();
  if (backend == nullptr) throw device_error(env, "no CUDA library is open");
  if (((backend->*kernels == nullptr) || ...)) throw device_error(env, "there is no CUDA kernel for this yet");
  return {backend, fields.u32("device")};
}

// Before a new trainer is used.
inline void expect_open(Napi::Env env, const Device& device) {
  if (device.failed()) throw device_error(env, "the CUDA device cannot be opened: another program may have its memory");
}

// In the thread of a call: throws what its status leaves unsaid.
inline void expect_device(const Device& device) {
  if (device.status() != Status::ok) throw DeviceFailure(device.failure());
}

// On JavaScript's thread, for arrays that were fetched.
inline void expect_fetched(Napi::Env env, Status status, const Device& device) {
  if (status != Status::ok) throw device_error(env, device.failure());
}

}  // namespace palate
