// The caller's wish to stop.
#pragma once

#include <atomic>
#include <cstdint>

namespace palate {
namespace {  // a copy for each level of the kernels, none of which may run another's instructions

// Whether a flag of the call is raised; nullptr never is.
template <typename Call>
bool is_raised(const Call& call) {
  const auto raised = [](const std::atomic<std::int32_t>* flag) {
    return flag != nullptr && flag->load(std::memory_order_relaxed) != 0;
  };
  return raised(call.cancel) || raised(call.teardown);
}

}  // namespace
}  // namespace palate
