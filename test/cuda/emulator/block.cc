// The threads of a block take turns: each runs until it waits at a barrier or for lanes of its warp. Stricter than a
// GPU, which may let these pass: all threads of a block must reach the same barrier, none may have returned before; the
// lanes of a mask must meet in the same operation on the same line.
#include "block.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fiber.h"
#include "sanitizers.h"
#include "settings.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulator {
namespace {

constexpr unsigned kNobody = ~0u;
constexpr unsigned kLanes = 32;
constexpr unsigned kTokens = 64;

enum class State { ready, at_barrier, in_warp, done };

constexpr unsigned kMostCopies = 64;

struct Thread {
  State state;
  Site site;
  // Copies under way, the oldest first, and the group of each.
  std::array<AsyncCopy, kMostCopies> copies;
  std::array<std::size_t, kMostCopies> groups;
  unsigned num_copies, done_copies;
  std::size_t group;  // that the next copy belongs to
  // Atomics that the next fence orders, the latest ones; whether a fence came before.
  std::array<void*, 8> touched;
  unsigned num_touched;
  bool fenced;
};

// Lanes that wait for each other. It is taken until all have gone on.
struct Meeting {
  unsigned mask = 0, arrived = 0, leaving = 0;
  WarpOperation operation = WarpOperation::sync;
  Site site = {};
  unsigned phase = 0;
  std::uint64_t values[kLanes];

  bool open() const { return arrived != 0; }
  bool free() const { return arrived == 0 && leaving == 0; }
};

struct Warp {
  std::array<Meeting, kLanes + 1> meetings;  // each lane is in one at most
  std::array<unsigned char, kTokens> phases;
};

// What is ordered: the start and end of a grid; two barriers in turn, as a fast thread may reach the next one before a
// slow one has left this one; warps likewise.
struct Tokens {
  char barrier[2];
  char warps[kMostThreads / kLanes][kTokens][2];
};

struct Block {
  std::vector<std::unique_ptr<Fiber>> fibers[sanitizers::kFiberSets];
  std::array<Thread, kMostThreads> threads;
  std::array<Warp, kMostThreads / kLanes> warps;
  Tokens tokens[sanitizers::kFiberSets];
  char grid_start, grid_end;
  std::array<unsigned, kMostThreads> queue;  // threads that can run
  unsigned head = 0, queued = 0;
  unsigned size = 0, done = 0, running = kNobody, parity = 0;
  // The barrier that threads wait at.
  Site site;
  unsigned waiting = 0, phase = 0;
  Vote vote = Vote::none;
  int votes = 0, result = 0;
  Fiber* host = nullptr;
  const std::function<void()>* body = nullptr;
};

Block& block() {
  static Block* const only = new Block();
  return *only;
}

unsigned token_of(unsigned mask) { return (mask * 2654435761u >> 16) % kTokens; }

void set_indices(unsigned thread) {
  threadIdx = {thread % blockDim.x, thread / blockDim.x % blockDim.y, thread / (blockDim.x * blockDim.y)};
}

void enqueue(Block& b, unsigned thread) {
  b.threads[thread].state = State::ready;
  b.queue[(b.head + b.queued++) % kMostThreads] = thread;
}

// The thread whose turn it is, or kNobody.
unsigned dequeue(Block& b) {
  if (b.queued == 0) return kNobody;
  const Order order = settings().order;
  const auto at = [&b](unsigned place) -> unsigned& { return b.queue[(b.head + place) % kMostThreads]; };
  if (order == Order::random) std::swap(at(static_cast<unsigned>(draw() % b.queued)), at(b.queued - 1));
  --b.queued;
  if (order != Order::forward) return at(b.queued);
  const unsigned first = at(0);
  b.head = (b.head + 1) % kMostThreads;
  return first;
}

// Leaves `from` for the next thread, or for the host when none can run; returns when it is `me`'s turn again.
void give_way(Block& b, Fiber& from, unsigned me) {
  const unsigned next = dequeue(b);
  if (next == me && me != kNobody) return;
  b.running = next;
  Fiber& target = next == kNobody ? *b.host : *b.fibers[b.parity][next];
  if (next != kNobody) set_indices(next);
  from.switch_to(target);
}

void wait(Block& b, State state, Site site) {
  const unsigned me = b.running;
  b.threads[me].state = state;
  b.threads[me].site = site;
  give_way(b, *b.fibers[b.parity][me], me);
}

void run_threads() {
  Fiber::started();
  for (;;) {
    Block& b = block();
    sanitizers::acquire(&b.grid_start);
    (*b.body)();
    sanitizers::release(&b.grid_end);
    if (b.waiting != 0) fail(b.site, "a thread returns while %u wait at this barrier", b.waiting);
    const unsigned me = b.running;
    if (b.threads[me].num_copies != b.threads[me].done_copies) {
      fail({"copies", 0}, "a thread returns while copies of its own are under way");
    }
    b.threads[me].state = State::done;
    ++b.done;
    give_way(b, *b.fibers[b.parity][me], me);
  }
}

[[noreturn]] void fail_deadlock(Block& b) {
  unsigned lanes = 0;
  Site site = b.site;
  for (unsigned t = 0; t < b.size; ++t) {
    if (b.threads[t].state != State::in_warp) continue;
    ++lanes;
    site = b.threads[t].site;
  }
  fail(site, "nobody can go on: %u of %u threads wait in warps, %u at a barrier, %u have returned", lanes, b.size,
       b.waiting, b.done);
}

Meeting& join(Block& b, unsigned mask, WarpOperation operation, Site site) {
  const unsigned me = b.running;
  const unsigned own = me % kLanes;
  const unsigned first = me - own;
  Warp& warp = b.warps[me / kLanes];
  if (((mask >> own) & 1u) == 0) fail(site, "lane %u is not in its own mask %08x", own, mask);
  Meeting* empty = nullptr;
  for (Meeting& meeting : warp.meetings) {
    if (meeting.free()) empty = &meeting;
    if (!meeting.open() || meeting.mask != mask) continue;
    if (meeting.operation != operation || meeting.site.line != site.line) {
      fail(site, "lanes of mask %08x wait in another operation, on line %d", mask, meeting.site.line);
    }
    return meeting;
  }
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((mask >> l) & 1u) == 0) continue;
    if (first + l >= b.size) fail(site, "mask %08x names lane %u, which the block does not have", mask, l);
    if (b.threads[first + l].state == State::done) fail(site, "mask %08x names lane %u, which has returned", mask, l);
  }
  empty->mask = mask;
  empty->operation = operation;
  empty->site = site;
  empty->phase = warp.phases[token_of(mask)];
  return *empty;
}

}  // namespace

void fail(Site site, const char* format, ...) {
  const Block& b = block();
  std::fprintf(stderr, "emulator: %s:%d: block (%u, %u, %u)", site.file, site.line, blockIdx.x, blockIdx.y, blockIdx.z);
  if (b.running != kNobody) std::fprintf(stderr, ", thread (%u, %u, %u)", threadIdx.x, threadIdx.y, threadIdx.z);
  std::fputs(": ", stderr);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  std::_Exit(66);
}

void fail_lane(unsigned lane, unsigned mask, Site site) {
  fail(site, "a shuffle reads lane %u, which is not in mask %08x", lane, mask);
}

void open_grid(dim3 grid, dim3 size) {
  Block& b = block();
  gridDim = grid;
  blockDim = size;
  b.size = size.x * size.y * size.z;
  for (auto& fibers : b.fibers) {
    while (fibers.size() < b.size) fibers.push_back(std::make_unique<Fiber>(run_threads));
  }
  sanitizers::release(&b.grid_start);
}

void close_grid() { sanitizers::acquire(&block().grid_end); }

void run_block(const std::function<void()>& thread, unsigned parity) {
  Block& b = block();
  Fiber host;
  b.host = &host;
  b.body = &thread;
  b.parity = parity % sanitizers::kFiberSets;
  b.done = b.waiting = b.head = b.queued = b.phase = 0;
  for (unsigned w = 0; w * kLanes < b.size; ++w) {
    b.warps[w].phases.fill(0);
    for (Meeting& meeting : b.warps[w].meetings) meeting.arrived = meeting.leaving = 0;
  }
  for (unsigned t = 0; t < b.size; ++t) {
    b.threads[t].num_copies = b.threads[t].done_copies = 0;
    b.threads[t].group = 0;
    b.threads[t].num_touched = 0;
    b.threads[t].fenced = false;
    enqueue(b, t);
  }
  while (b.done < b.size) {
    if (b.queued == 0) fail_deadlock(b);
    give_way(b, host, kNobody);
  }
  b.running = kNobody;
}

void reschedule() {
  Block& b = block();
  constexpr unsigned kSeldom = 8;
  if (b.running == kNobody || settings().order != Order::random || draw() % kSeldom != 0) return;
  const unsigned me = b.running;
  enqueue(b, me);
  give_way(b, *b.fibers[b.parity][me], me);
}

int barrier(Vote vote, bool predicate, Site site) {
  Block& b = block();
  if (b.done != 0) fail(site, "%u threads of the block returned before this barrier", b.done);
  if (b.waiting == 0) {
    b.site = site;
    b.vote = vote;
    b.votes = 0;
  } else if (b.vote != vote || b.site.line != site.line) {
    fail(site, "other threads of the block wait at another barrier, on line %d", b.site.line);
  }
  b.votes += predicate ? 1 : 0;
  char* token = &b.tokens[b.parity].barrier[b.phase];
  sanitizers::release(token);
  if (++b.waiting < b.size) {
    wait(b, State::at_barrier, site);
  } else {
    const unsigned me = b.running;
    b.waiting = 0;
    b.phase ^= 1;
    b.result = vote == Vote::count ? b.votes : vote == Vote::all ? b.votes == static_cast<int>(b.size) : b.votes != 0;
    for (unsigned t = 0; t < b.size; ++t) enqueue(b, t);
    give_way(b, *b.fibers[b.parity][me], me);
  }
  sanitizers::acquire(token);
  return b.result;
}

const std::uint64_t* meet(unsigned mask, std::uint64_t value, WarpOperation operation, Site site) {
  Block& b = block();
  Meeting& meeting = join(b, mask, operation, site);
  const unsigned me = b.running;
  const unsigned own = me % kLanes;
  Warp& warp = b.warps[me / kLanes];
  // Shuffles and votes order no memory, as in CUDA.
  char* token = &b.tokens[b.parity].warps[me / kLanes][token_of(mask)][meeting.phase];
  if (operation == WarpOperation::sync) sanitizers::release(token);
  meeting.values[own] = value;
  meeting.arrived |= 1u << own;
  if (meeting.arrived != mask) {
    wait(b, State::in_warp, site);
  } else {
    meeting.arrived = 0;
    meeting.leaving = mask;
    if (operation == WarpOperation::sync) warp.phases[token_of(mask)] ^= 1;
    for (unsigned l = 0; l < kLanes; ++l) {
      if (((mask >> l) & 1u) != 0) enqueue(b, me - own + l);
    }
    give_way(b, *b.fibers[b.parity][me], me);
  }
  meeting.leaving &= ~(1u << own);
  if (operation == WarpOperation::sync) sanitizers::acquire(token);
  return meeting.values;
}

void begin_copy(const AsyncCopy& copy, Site site) {
  Block& b = block();
  Thread& thread = b.threads[b.running];
  const auto aligned = [&copy](const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) % copy.bytes == 0;
  };
  if (copy.bytes != 4 && copy.bytes != 8 && copy.bytes != 16) fail(site, "a copy of %zu bytes", copy.bytes);
  if (!aligned(copy.target) || !aligned(copy.source)) fail(site, "a copy of %zu bytes is not aligned", copy.bytes);
  if (thread.num_copies == kMostCopies) fail(site, "more than %u copies of a thread are under way", kMostCopies);
  thread.groups[thread.num_copies] = thread.group;
  thread.copies[thread.num_copies++] = copy;
}

void commit_copies() {
  Block& b = block();
  ++b.threads[b.running].group;
}

bool next_copy(std::size_t groups, AsyncCopy& copy) {
  Block& b = block();
  Thread& thread = b.threads[b.running];
  if (thread.done_copies == thread.num_copies) {
    thread.done_copies = thread.num_copies = 0;
    return false;
  }
  if (thread.groups[thread.done_copies] + groups >= thread.group) return false;
  copy = thread.copies[thread.done_copies++];
  return true;
}

unsigned lane() { return block().running % kLanes; }

unsigned live_lanes() {
  const Block& b = block();
  const unsigned first = b.running - b.running % kLanes;
  unsigned mask = 0;
  for (unsigned l = 0; l < kLanes && first + l < b.size; ++l) {
    if (b.threads[first + l].state != State::done) mask |= 1u << l;
  }
  return mask;
}

// As fences of C++: what a thread did before one is seen by a thread that reads a later atomic of it, behind its own.
void fence() {
  Block& b = block();
  Thread& thread = b.threads[b.running];
  for (unsigned n = 0; n < thread.num_touched && n < thread.touched.size(); ++n) sanitizers::acquire(thread.touched[n]);
  thread.num_touched = 0;
  thread.fenced = true;
  reschedule();
}

void touch_atomic(void* address) {
  Block& b = block();
  Thread& thread = b.threads[b.running];
  if (thread.fenced) sanitizers::release(address);
  thread.touched[thread.num_touched++ % thread.touched.size()] = address;
}

}  // namespace emulator
