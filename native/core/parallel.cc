#include "core/parallel.h"

#include <atomic>
#include <chrono>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace palate {
namespace {

// Loops follow each other closely in training, and waking a thread that sleeps takes some 30 us: threads watch
// for news this long before they sleep.
constexpr std::chrono::microseconds kSpinTime{200};
constexpr int kSpinsPerLook = 32;  // at the clock

inline void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
  asm volatile("yield");
#endif
}

// Returns when `value` is no longer `old`: spins first, then sleeps until it is notified.
void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int spin = 0; spin < kSpinsPerLook; ++spin) {
      if (value.load(std::memory_order_acquire) != old) return;
      relax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

// A loop ends when every index is done, whoever did it: a worker that is asleep or has no core to run on holds
// up nobody. It may look at the loop late, or at the next one instead. That is harmless, as an index is claimed
// in one atomic step, and the loop's fields stay as they are until every claimed index is done.
struct Pool::State {
  std::vector<std::thread> workers;
  std::atomic<bool> stop{false};
  Body body = nullptr;
  void* context = nullptr;
  std::uint32_t count = 0;
  // On cache lines of their own, as many threads watch or write them.
  alignas(64) std::atomic<std::uint32_t> loops{0};       // started so far; workers sleep on it
  alignas(64) std::atomic<std::uint32_t> unclaimed{0};   // indices of the loop
  alignas(64) std::atomic<std::uint32_t> unfinished{0};  // indices of the loop; the caller sleeps on it

  // Works on the loop until no index is left to claim.
  void work() {
    std::uint32_t finished = 0;
    std::uint32_t left = unclaimed.load(std::memory_order_relaxed);
    while (left != 0) {
      // Acquires the fields that run() wrote, also when other claims lie between.
      if (!unclaimed.compare_exchange_weak(left, left - 1, std::memory_order_acquire, std::memory_order_relaxed)) {
        continue;
      }
      body(context, count - left);
      ++finished;
      left = unclaimed.load(std::memory_order_relaxed);
    }
    if (finished != 0 && unfinished.fetch_sub(finished, std::memory_order_acq_rel) == finished) {
      unfinished.notify_one();
    }
  }

  void worker() {
    for (std::uint32_t seen = 0;;) {
      wait_while(loops, seen);
      seen = loops.load(std::memory_order_acquire);
      if (stop.load(std::memory_order_relaxed)) return;
      work();
    }
  }

  void wake(std::uint32_t most) {
    loops.fetch_add(1, std::memory_order_release);
    if (most >= workers.size()) {
      loops.notify_all();
    } else {
      for (std::uint32_t n = 0; n < most; ++n) loops.notify_one();
    }
  }
};

Pool::Pool(std::uint32_t threads) : state_(new State) {
  state_->workers.reserve(threads);
  try {
    for (std::uint32_t t = 1; t < threads; ++t) {
      state_->workers.emplace_back([state = state_] { state->worker(); });
    }
  } catch (const std::system_error&) {
    // The system grants no more threads. Results do not depend on their number, so fewer will do.
  }
}

Pool::~Pool() {
  state_->stop.store(true, std::memory_order_relaxed);
  state_->wake(threads());
  for (std::thread& worker : state_->workers) worker.join();
  delete state_;
}

std::uint32_t Pool::threads() const { return static_cast<std::uint32_t>(state_->workers.size()) + 1; }

void Pool::run(std::uint32_t count, Body body, void* context) {
  State& s = *state_;
  if (s.workers.empty() || count <= 1) {
    for (std::uint32_t i = 0; i < count; ++i) body(context, i);
    return;
  }
  s.body = body;
  s.context = context;
  s.count = count;
  s.unfinished.store(count, std::memory_order_relaxed);
  s.unclaimed.store(count, std::memory_order_release);
  s.wake(count - 1);
  s.work();
  for (std::uint32_t left; (left = s.unfinished.load(std::memory_order_acquire)) != 0;) wait_while(s.unfinished, left);
}

}  // namespace palate
