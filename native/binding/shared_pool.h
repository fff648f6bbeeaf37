// The pool that blocking searches share: starting threads costs more than a small search, so one pool
// outlives the calls. It ends with the last environment that loaded the addon, as a worker's end may
// unload the code that its threads run.
#pragma once

#include <cstdint>

#include "core/parallel.h"

namespace palate {

// Each environment that loads the addon joins, and leaves when it ends.
void join_shared_pool();
void leave_shared_pool();

// Calls body(context, pool) with the shared pool, or with a new one while another environment uses it.
void with_shared_pool(std::uint32_t threads, void (*body)(void* context, Pool& pool), void* context);

}  // namespace palate
