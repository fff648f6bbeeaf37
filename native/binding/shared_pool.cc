#include "binding/shared_pool.h"

#include <atomic>
#include <memory>

namespace palate {
namespace {

// A lock on an atomic: std::mutex would ask for pthread_mutex_trylock of a newer glibc.
class Gate {
 public:
  bool try_enter() { return !taken_.exchange(true, std::memory_order_acquire); }
  void enter() {
    while (!try_enter()) taken_.wait(true, std::memory_order_relaxed);
  }
  void leave() {
    taken_.store(false, std::memory_order_release);
    taken_.notify_one();
  }

 private:
  std::atomic<bool> taken_{false};
};

// Leaves the gate that was entered before.
class Leave {
 public:
  explicit Leave(Gate& gate) : gate_(gate) {}
  Leave(const Leave&) = delete;
  Leave& operator=(const Leave&) = delete;
  ~Leave() { gate_.leave(); }

 private:
  Gate& gate_;
};

struct SharedPool {
  Gate gate;  // entered while the pool works
  std::unique_ptr<Pool> pool;
  int environments = 0;
};

SharedPool& shared_pool() {
  // Never destroyed: at process exit its threads may outlive static objects.
  static SharedPool* const shared = new SharedPool;
  return *shared;
}

}  // namespace

void join_shared_pool() {
  SharedPool& shared = shared_pool();
  shared.gate.enter();
  const Leave leave(shared.gate);
  ++shared.environments;
}

void leave_shared_pool() {
  SharedPool& shared = shared_pool();
  shared.gate.enter();
  const Leave leave(shared.gate);
  if (--shared.environments == 0) shared.pool.reset();
}

void with_shared_pool(std::uint32_t threads, void (*body)(void* context, Pool& pool), void* context) {
  SharedPool& shared = shared_pool();
  if (!shared.gate.try_enter()) {
    Pool own(threads);
    body(context, own);
    return;
  }
  const Leave leave(shared.gate);
  if (shared.pool == nullptr || shared.pool->threads() != threads) {
    shared.pool.reset();
    shared.pool = std::make_unique<Pool>(threads);
  }
  body(context, *shared.pool);
}

}  // namespace palate
