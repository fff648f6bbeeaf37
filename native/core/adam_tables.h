// Tables over the steps of an epoch for Adam on touched rows; see math/adam.h and math/adam_pieces.h.
#pragma once

#include <cstdint>

#include "core/memory.h"
#include "kernels/train.h"

namespace palate {

// Whether rows without a gradient move by a closed form: no coupled decay of users, items or biases, and not lazy.
bool adam_is_closed(const TrainState& state);

class AdamTables {
 public:
  // `steps`: of every epoch.
  AdamTables(const TrainState& state, std::uint32_t steps);

  bool failed() const { return failed_; }

  // Fills the tables of an epoch that starts behind `first_step` steps.
  void start(std::uint64_t first_step, double learning_rate);
  const AdamCall& call() const { return call_; }

 private:
  struct Powers {
    Buffer<float> low, high;
  };
  struct Kind {
    Buffer<float> reach;
    Powers keep, fade;
  };

  void allocate(Powers& powers);
  void fill(Powers& powers, double base, PowerTable& table);
  void fill_kind(Kind& kind, AdamKind& view, double decay);
  void fill_pieces(std::uint64_t first_step, double learning_rate);

  const TrainState& state_;
  std::uint32_t steps_;
  Buffer<float> rates_, epsilons_;
  Powers first_, second_;
  Kind users_, items_, biases_;
  Buffer<float> piece_rates_, piece_epsilons_, piece_drifts_, middles_, ends_, tilts_;
  AdamCall call_;
  bool failed_ = false;
};

}  // namespace palate
