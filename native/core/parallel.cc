#include "core/parallel.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "core/float_mode.h"

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

// Indices [begin, end) that are left to claim, in one word.
struct alignas(64) Share {
  std::atomic<std::uint64_t> left{0};

  void set(std::uint32_t begin, std::uint32_t end) {
    left.store(static_cast<std::uint64_t>(end) << 32 | begin, std::memory_order_release);
  }

  // Claims the first index, or the last; false when none is left. Acquires what was written before set(), also
  // when other claims lie between.
  bool claim(bool first, std::uint32_t& index) {
    std::uint64_t range = left.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint32_t begin = static_cast<std::uint32_t>(range);
      const std::uint32_t end = static_cast<std::uint32_t>(range >> 32);
      if (begin >= end) return false;
      index = first ? begin : end - 1;
      const std::uint64_t rest = first ? range + 1 : range - (std::uint64_t{1} << 32);
      if (left.compare_exchange_weak(range, rest, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    }
  }
};

}  // namespace

// Each thread has a share of the indices, the same in all loops of one length, so that what it wrote in one loop
// is in its cache in the next. Who has finished his own takes from the ends of the others'.
//
// A loop ends when every index is done, whoever did it: a worker that is asleep or has no core to run on holds
// up nobody. It may look at the loop late, or at the next one instead. That is harmless, as an index is claimed
// in one atomic step, and the loop's fields stay as they are until every claimed index is done.
struct Pool::State {
  std::vector<std::thread> workers;
  std::unique_ptr<Share[]> shares;  // the caller's is the first
  std::atomic<bool> stop{false};
  Body body = nullptr;
  void* context = nullptr;
  std::uint64_t mode = 0;  // float_mode of the caller
  // On cache lines of their own, as many threads watch or write them.
  alignas(64) std::atomic<std::uint32_t> loops{0};       // started so far; workers sleep on it
  alignas(64) std::atomic<std::uint32_t> unfinished{0};  // indices of the loop; the caller sleeps on it

  std::uint32_t threads() const { return static_cast<std::uint32_t>(workers.size()) + 1; }

  // Works on the loop until no index is left to claim.
  void work(std::uint32_t thread, std::uint32_t num_shares) {
    std::uint32_t finished = 0;
    for (std::uint32_t n = 0; n < num_shares; ++n) {
      Share& share = shares[(thread + n) % num_shares];
      for (std::uint32_t index; share.claim(n == 0, index); ++finished) {
        if (finished == 0) set_float_mode(mode);
        body(context, index);
      }
    }
    if (finished != 0 && unfinished.fetch_sub(finished, std::memory_order_acq_rel) == finished) {
      unfinished.notify_one();
    }
  }

  void worker(std::uint32_t thread, std::uint32_t num_shares) {
    for (std::uint32_t seen = 0;;) {
      wait_while(loops, seen);
      seen = loops.load(std::memory_order_acquire);
      if (stop.load(std::memory_order_relaxed)) return;
      work(thread, num_shares);
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
  state_->shares = std::make_unique<Share[]>(threads);
  try {
    for (std::uint32_t t = 1; t < threads; ++t) {
      state_->workers.emplace_back([state = state_, t, threads] { state->worker(t, threads); });
    }
  } catch (const std::system_error&) {
    // The system grants no more threads. Results do not depend on their number, so fewer will do.
  }
}

Pool::~Pool() {
  state_->stop.store(true, std::memory_order_relaxed);
  state_->wake(state_->threads());
  for (std::thread& worker : state_->workers) worker.join();
  delete state_;
}

std::uint32_t Pool::threads() const { return state_->threads(); }

void Pool::run(std::uint32_t count, Body body, void* context) {
  State& s = *state_;
  if (s.workers.empty() || count <= 1) {
    for (std::uint32_t i = 0; i < count; ++i) body(context, i);
    return;
  }
  s.body = body;
  s.context = context;
  s.mode = float_mode();
  s.unfinished.store(count, std::memory_order_relaxed);
  const std::uint64_t threads = s.threads();
  for (std::uint64_t t = 0; t < threads; ++t) {
    s.shares[t].set(static_cast<std::uint32_t>(count * t / threads),
                    static_cast<std::uint32_t>(count * (t + 1) / threads));
  }
  s.wake(count - 1);
  s.work(0, s.threads());
  for (std::uint32_t left; (left = s.unfinished.load(std::memory_order_acquire)) != 0;) wait_while(s.unfinished, left);
}

}  // namespace palate
