// How the emulator runs: read once from PALATE_EMULATOR, words with commas between them:
//   forward | reverse | random   in which order threads and blocks take their turns (forward)
//   seed=N                       of the random order, and of what memory holds before it is written (0)
//   eager | lazy                 whether streams work at once or when somebody waits (lazy)
//   memory=BYTES                 of the device (8 GiB)
//   driver=none | old, devices=N, capability=MAJOR.MINOR    what the machine lacks
#pragma once

#include <cstddef>
#include <cstdint>

namespace emulator {

enum class Order { forward, reverse, random };

struct Settings {
  Order order = Order::forward;
  std::uint64_t seed = 0;
  bool lazy = true;
  std::size_t memory = std::size_t{8} << 30;
  int driver_version = 13000;
  int devices = 1;
  int capability_major = 9;
  int capability_minor = 0;
};

const Settings& settings();

// Random numbers of the schedule; the same for the same seed.
std::uint64_t draw();

}  // namespace emulator
