#include "settings.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace emulator {
namespace {

// The text behind `name=`, or nullptr.
const char* value_of(const std::string& word, const char* name) {
  const std::string start = std::string(name) + "=";
  return word.compare(0, start.size(), start) == 0 ? word.c_str() + start.size() : nullptr;
}

void apply(const std::string& word, Settings& settings) {
  if (word == "forward") {
    settings.order = Order::forward;
  } else if (word == "reverse") {
    settings.order = Order::reverse;
  } else if (word == "random") {
    settings.order = Order::random;
  } else if (word == "eager" || word == "lazy") {
    settings.lazy = word == "lazy";
  } else if (const char* seed = value_of(word, "seed")) {
    settings.seed = std::strtoull(seed, nullptr, 10);
  } else if (const char* memory = value_of(word, "memory")) {
    settings.memory = std::strtoull(memory, nullptr, 10);
  } else if (const char* driver = value_of(word, "driver")) {
    settings.driver_version = std::string(driver) == "none" ? 0 : 11040;
  } else if (const char* devices = value_of(word, "devices")) {
    settings.devices = std::atoi(devices);
  } else if (const char* capability = value_of(word, "capability")) {
    std::sscanf(capability, "%d.%d", &settings.capability_major, &settings.capability_minor);
  } else if (!word.empty()) {
    std::fprintf(stderr, "emulator: PALATE_EMULATOR does not know '%s'\n", word.c_str());
    std::_Exit(66);
  }
}

Settings read() {
  Settings settings;
  const char* text = std::getenv("PALATE_EMULATOR");
  std::string rest = text == nullptr ? "" : text;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    apply(rest.substr(0, comma), settings);
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
  }
  return settings;
}

}  // namespace

const Settings& settings() {
  static const Settings settings = read();
  return settings;
}

std::uint64_t draw() {
  static std::uint64_t state = settings().seed * 0x9e3779b97f4a7c15u + 1;
  state += 0x9e3779b97f4a7c15u;  // splitmix64
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace emulator
