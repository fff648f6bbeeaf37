#include "binding/task.h"

#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "binding/device.h"

namespace palate {
namespace {

struct Task;
void on_message(Napi::Env, Napi::Function, Task*, void*) {}
using Signal = Napi::TypedThreadSafeFunction<Task, void, on_message>;

struct Task {
  napi_deferred deferred = nullptr;
  std::function<void(const std::atomic<std::int32_t>&)> work;
  std::function<Napi::Value(Napi::Env)> result;
  std::atomic<std::int32_t> teardown{0};
  std::string error;
  bool of_device = false;
  std::thread thread;
  Signal signal;

  void run() {
    try {
      work(teardown);
    } catch (const DeviceFailure& failure) {
      error = failure.what();
      of_device = true;
    } catch (const std::exception& failure) {
      error = failure.what();
    }
    signal.Release();  // the last one: finish() follows on the JavaScript thread
  }
};

void tear_down(void* pointer) {
  Task* task = static_cast<Task*>(pointer);
  task->teardown.store(1, std::memory_order_relaxed);
  if (task->thread.joinable()) task->thread.join();
}

void finish(Napi::Env env, void*, Task* pointer) {
  std::unique_ptr<Task> task(pointer);
  if (task->thread.joinable()) task->thread.join();
  napi_remove_env_cleanup_hook(env, tear_down, pointer);
  if (task->teardown.load(std::memory_order_relaxed) != 0) return;
  Napi::HandleScope scope(env);
  try {
    if (task->of_device) throw device_error(env, task->error);
    if (!task->error.empty()) throw Napi::Error::New(env, task->error);
    // By the C calls: the wrapper would throw where a terminating worker runs no JavaScript any more, and
    // then there is nobody left to tell.
    napi_resolve_deferred(env, task->deferred, task->result(env));
  } catch (const Napi::Error& error) {
    napi_reject_deferred(env, task->deferred, error.Value());
  }
}

}  // namespace

Napi::Promise run_task(Napi::Env env, const char* name, std::function<void(const std::atomic<std::int32_t>&)> work,
                       std::function<Napi::Value(Napi::Env)> result) {
  auto owner = std::make_unique<Task>();
  Task* task = owner.get();
  task->work = std::move(work);
  task->result = std::move(result);
  napi_value promise = nullptr;
  if (napi_create_promise(env, &task->deferred, &promise) != napi_ok) throw Napi::Error::New(env);
  task->signal = Signal::New(env, name, 0, 1, task, finish, static_cast<void*>(nullptr));
  napi_add_env_cleanup_hook(env, tear_down, task);
  owner.release();  // finish() deletes it
  try {
    task->thread = std::thread([task] { task->run(); });
  } catch (const std::system_error& failure) {
    task->error = std::string("no thread for native work: ") + failure.what();
    task->signal.Release();
  }
  return Napi::Promise(env, promise);
}

}  // namespace palate
