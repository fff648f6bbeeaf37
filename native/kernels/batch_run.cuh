// What the kernels of a mini-batch work on. Part of train_batch.cu.
#pragma once

#include "kernels/adam_rows.cuh"
#include "kernels/combine_rows.cuh"
#include "kernels/step_scalars.h"
#include "kernels/train.h"
#include "kernels/warp_rows.cuh"

namespace palate::k_cuda {

inline constexpr std::uint32_t kBatchWarps = 8;
inline constexpr std::uint32_t kBatchBlocks = 4;  // on a multiprocessor

// What every step reads and leaves for the next one, and the losses of the epoch so far.
struct BatchGlobals {
  float bias;
  float first;
  float second;
  float scale;  // of the gradient, by clipping
  double loss;
  double squared_error;
};

// One side of a batch; a slot is a distinct user or item of it.
struct SideRun {
  ParameterTable table;
  FeatureLists lists;
  AdamKind kind;
  SegmentLists segments;
  const std::uint32_t* rows;  // (slots)
  std::uint32_t slots;
  float* combined;             // (slots, stride), nullptr without shared features
  float* combined_bias;        // (slots)
  float* partial;              // (segments, stride)
  float* partial_bias;         // (segments)
  float* gradient;             // (slots, stride)
  float* gradient_bias;        // (slots)
  double* norm;                // (slots)
  std::uint32_t* slot_of_row;  // (rows) 1 + slot; 0 between steps
};

struct BatchRun {
  TrainState s;
  BatchView view;
  SideRun users;
  SideRun items;
  SegmentLists features;
  const std::uint32_t* feature_slots;
  const float* feature_weights;
  float* feature_partial;        // (segments of features, stride)
  float* feature_partial_bias;   // (segments of features)
  float* feature_gradient;       // (features, stride)
  float* feature_gradient_bias;  // (features)
  double* feature_norm;          // (features)
  float* errors;                 // (size) d loss / d x of each rating
  double* losses;                // (segments of users, 2)
  BatchGlobals* globals;
  BatchScalars scalars;
  AdamCall adam;  // on touched rows, where adam.steps is not 0
  std::uint32_t adam_step;
  bool dense;  // every row is stepped, else those of the batch
};

// The rows that ratings meet.
__device__ __forceinline__ const float* vectors_of(const SideRun& side) {
  return side.combined != nullptr ? side.combined : side.table.factors;
}
__device__ __forceinline__ const float* biases_of(const SideRun& side) {
  return side.combined != nullptr ? side.combined_bias : side.table.biases;
}

// The side that a unit counted over both sides belongs to, users first.
struct SideUnit {
  const SideRun& side;
  std::uint32_t unit;
};
__device__ __forceinline__ SideUnit side_of(const BatchRun& run, std::uint32_t unit, std::uint32_t users) {
  return unit < users ? SideUnit{run.users, unit} : SideUnit{run.items, unit - users};
}

}  // namespace palate::k_cuda
