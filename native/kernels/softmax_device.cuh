// What the kernels of the softmax on a device share: the arrays of a step and the shapes of their tiles.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/dialect.h"
#include "kernels/softmax.h"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kTileItems = 64;     // of a tile, and of a panel
constexpr std::uint32_t kTileDepth = 16;     // components that pass through shared memory together
constexpr std::uint32_t kTileThreads = 256;  // 16 x 16
constexpr std::uint32_t kTileSide = 16;
constexpr std::uint32_t kThreadItems = kTileItems / kTileSide;
constexpr std::uint32_t kNetworkRows = 4;  // rows whose network a block runs: each weight is read for all of them
constexpr std::uint32_t kNetworkThreads = 256;
constexpr float kMasked = -3e38f;  // finite, so that differences are no NaN
constexpr float kNormEpsilon = 1e-5f;

struct ParameterArray {
  float* values = nullptr;
  float* first = nullptr;
  float* second = nullptr;
  float* gradient = nullptr;
  std::size_t size = 0;
};

// All on the device. The rows of a batch pass in groups [first_row, end_row); arrays "of a group" start at its first.
struct SoftmaxArrays {
  ParameterArray inputs, outputs, biases, dense;
  SoftmaxLayout layout;
  std::uint32_t num_items = 0;
  std::uint32_t dim = 0;
  std::uint32_t stride = 0;  // a multiple of kTileDepth
  std::uint32_t hidden = 0;
  std::uint32_t hidden_stride = 0;
  bool tied = true;
  bool layer_norm = false;
  bool self_mask = false;
  bool training = false;
  float clip_norm = 0;

  // Dropout: a unit is kept when its hash is at least `dropout_threshold`.
  std::uint32_t dropout_threshold = 0;
  std::uint32_t key = 0;
  float dropout_scale = 1;

  const SoftmaxRow* rows = nullptr;         // (batch)
  const SoftmaxTargets* targets = nullptr;  // (blocks of kSoftmaxRows rows)
  float share = 0;                          // of a pair in the loss: 1 / SoftmaxBatch::total
  std::uint32_t batch = 0;
  std::uint32_t first_row = 0;
  std::uint32_t end_row = 0;

  std::uint32_t tile_rows = 0;     // of the tiles that score the group
  std::uint32_t panels = 0;        // of kTileItems items
  std::uint32_t score_parts = 0;   // blocks along the items in the pass of scores
  std::uint32_t panel_blocks = 0;  // blocks that share the panels in the pass of gradients

  float* part_origin = nullptr;   // (score_parts, group) largest logit of a part
  float* part_sum = nullptr;      // (score_parts, group) sum of exponentials of the distance to it
  double* part_target = nullptr;  // (score_parts, tiles of rows) sum_ij C_ij s_ij
  float* normalizer = nullptr;    // (group) log sum_j exp(s_ij)
  double* losses = nullptr;       // (batch) added to
  float* parts = nullptr;         // (panel_blocks, group, stride) gradients of h

  // (batch, stride), zeros behind `dim`.
  float* input = nullptr;        // e
  float* normal = nullptr;       // x, and with layer_norm (x - mean) / deviation
  float* output = nullptr;       // h
  float* gradient = nullptr;     // of h
  float* along = nullptr;        // gradient of h times normal, by component
  float* residual = nullptr;     // gradient of x
  float* in_gradient = nullptr;  // gradient of e, less what it gets as an output
  float* inverse = nullptr;      // (batch) 1 / deviation
  // (batch, hidden_stride)
  float* units = nullptr;          // u
  float* unit_gradient = nullptr;  // gradient of a

  std::uint32_t* first_rows = nullptr;  // (num_items) with two tables: 1 + first row with this input, 0: none
  double* norms = nullptr;              // (kNormBlocks) parts of the squared norm

  float rate = 0;
  float keep = 1;
  float beta1 = 0;
  float beta2 = 0;
  float denominator = 1;
  float epsilon = 0;
};

constexpr std::uint32_t kNormBlocks = 128;

}  // namespace
}  // namespace palate::k_cuda
