// A check for NaN and infinities.
#pragma once

#include <cstddef>

#include "core/parallel.h"

namespace palate {

bool all_finite(const float* values, std::size_t count, Pool& pool);

}  // namespace palate
