// Long work off the event loop: one thread a task, its result delivered as a promise. Survives
// process.exit() and worker.terminate(): the environment's clean-up hook raises `teardown` and joins.
#pragma once

#include <napi.h>

#include <atomic>
#include <functional>

namespace palate {

// Runs `work` on a new thread. Afterwards, on the JavaScript thread, settles the promise with what `result`
// returns; an exception from either rejects it. `result` is dropped uncalled when the environment goes away.
// Whatever the work needs must be kept alive by the captured state.
Napi::Promise run_task(Napi::Env env, const char* name,
                       std::function<void(const std::atomic<std::int32_t>& teardown)> work,
                       std::function<Napi::Value(Napi::Env)> result);

}  // namespace palate
