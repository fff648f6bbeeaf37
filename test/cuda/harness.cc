#include "harness.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>

namespace palate::test {
namespace {

struct Test {
  const char* name;
  void (*body)();
};

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

bool failed = false;
const char* running = "";

}  // namespace

Registration::Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }

void expect(bool holds, const char* text, const char* file, int line, const char* detail) {
  if (holds) return;
  failed = true;
  std::fprintf(stderr, "%s:%d: %s: %s %s\n", file, line, running, text, detail);
}

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15u;  // splitmix64
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

float Random::uniform(float low, float high) {
  return low + (high - low) * static_cast<float>(next() >> 40) / static_cast<float>(1 << 24);
}

float Random::normal() {
  float sum = 0;  // of twelve uniform numbers: close enough to normal for inputs of tests
  for (int n = 0; n < 12; ++n) sum += uniform(-0.5f, 0.5f);
  return sum;
}

std::vector<float> Random::normals(std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = normal();
  return values;
}

bool close(double a, double b, double tolerance) {
  if (a == b) return true;
  return std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

void expect_close(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance,
                  const char* file, int line) {
  expect(actual.size() == expected.size(), "sizes are equal", file, line);
  std::size_t worst = 0;
  double most = -1;
  for (std::size_t n = 0; n < std::min(actual.size(), expected.size()); ++n) {
    if (close(actual[n], expected[n], tolerance)) continue;
    const double difference = std::abs(static_cast<double>(actual[n]) - expected[n]);
    if (!(difference <= most)) {
      most = difference;
      worst = n;
    }
  }
  if (most == -1) return;
  const std::string detail = "at " + std::to_string(worst) + ": " + std::to_string(actual[worst]) + " is not " +
                             std::to_string(expected[worst]);
  expect(false, "arrays are close", file, line, detail.c_str());
}

}  // namespace palate::test

int main(int count, char** words) {
  using namespace palate::test;
  int passed = 0;
  int bad = 0;
  for (const Test& test : tests()) {
    if (count > 1 && std::strstr(test.name, words[1]) == nullptr) continue;
    running = test.name;
    failed = false;
    test.body();
    (failed ? bad : passed) += 1;
  }
  std::printf("%d passed, %d failed\n", passed, bad);
  return bad == 0 && passed != 0 ? 0 : 1;
}
