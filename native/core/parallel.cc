#include "core/parallel.h"

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace palate {
namespace {

// Short loops follow each other closely in training: a woken thread spins this long (some tens of
// microseconds) before it sleeps.
constexpr int kSpins = 4000;

inline void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
  asm volatile("yield");
#endif
}

}  // namespace

struct Pool::State {
  std::vector<std::thread> workers;
  std::atomic<std::uint32_t> generation{0};  // bumped to start a loop
  std::atomic<std::uint32_t> next{0};        // next index of the loop
  std::atomic<std::uint32_t> running{0};     // workers still inside the loop
  std::atomic<bool> stop{false};
  Body body = nullptr;
  void* context = nullptr;
  std::uint32_t count = 0;

  void work() {
    for (std::uint32_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) body(context, i);
  }

  void worker() {
    std::uint32_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < kSpins && generation.load(std::memory_order_acquire) == seen; ++spin) relax();
      generation.wait(seen, std::memory_order_acquire);
      seen = generation.load(std::memory_order_acquire);
      if (stop.load(std::memory_order_relaxed)) return;
      work();
      if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) running.notify_one();
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
  state_->generation.fetch_add(1, std::memory_order_release);
  state_->generation.notify_all();
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
  s.next.store(0, std::memory_order_relaxed);
  s.running.store(static_cast<std::uint32_t>(s.workers.size()), std::memory_order_relaxed);
  s.generation.fetch_add(1, std::memory_order_release);
  s.generation.notify_all();
  s.work();
  for (int spin = 0; spin < kSpins && s.running.load(std::memory_order_acquire) != 0; ++spin) relax();
  for (std::uint32_t left; (left = s.running.load(std::memory_order_acquire)) != 0;) {
    s.running.wait(left, std::memory_order_acquire);
  }
}

}  // namespace palate
