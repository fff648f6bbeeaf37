// Native objects whose calls run on threads of their own: what a call shares with its object, and how it ends.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "binding/args.h"
#include "core/status.h"

namespace palate {

inline const char* word_of(Status status) {
  return status == Status::ok ? "ok" : status == Status::cancelled ? "cancelled" : "diverged";
}

// What the thread of a call shares with the object that it was called on.
template <typename State>
struct Shared {
  template <typename... Args>
  explicit Shared(Args&&... args) : state(std::forward<Args>(args)...) {}

  State state;
  std::atomic<bool> running{false};
};

// A call under way: the object and its arrays are not collected while the thread runs.
template <typename State, typename Result>
struct Call {
  Call(std::shared_ptr<Shared<State>> session, const Napi::Value& object, const Napi::Value& cancel)
      : shared(std::move(session)),
        self(Napi::Persistent(object.As<Napi::Object>())),
        flag(Napi::Persistent(cancel.As<Napi::Object>())) {
    shared->running = true;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { shared->running = false; }  // also when the thread failed or never started

  std::shared_ptr<Shared<State>> shared;
  Napi::ObjectReference self, flag;
  Result result;
};

// The flag is shared with JavaScript, which writes it with Atomics.store.
inline const std::atomic<std::int32_t>* cancel_flag(const Napi::Value& value) {
  const View<std::int32_t> cancel = array_of<std::int32_t>(value, "cancel");
  if (cancel.empty()) throw Napi::RangeError::New(value.Env(), "native: `cancel` is empty");
  return reinterpret_cast<const std::atomic<std::int32_t>*>(cancel.data);
}

// What messages call an object and its calls.
struct SessionWords {
  const char* object = "the object";
  const char* call = "a call";
};

template <typename State>
void expect_idle(Napi::Env env, const std::shared_ptr<Shared<State>>& shared, const SessionWords& words = {}) {
  using std::string_literals::operator""s;
  if (shared == nullptr) throw Napi::Error::New(env, "native: "s + words.object + " was disposed");
  if (shared->running) throw Napi::Error::New(env, "native: "s + words.call + " is running");
}

}  // namespace palate
