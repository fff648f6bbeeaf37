// Training of factor models on ratings: matrix factorisation and factorisation machines.
//
// A user u and an item i have rows p_u, q_i of `dim` factors and biases. Shared features f (genres, age,
// ...) have rows v_f and biases too; a row of a user or item lists its features with weights x_f. With
//
//   A_u = p_u + sum_{f of u} x_f v_f                    a_u = b_u + sum x_f b_f + W_u
//   B_i = q_i + sum_{f of i} x_f v_f                    a_i = b_i + sum x_f b_f + W_i
//   W_u = 1/2 (|A_u|^2 - |p_u|^2 - sum x_f^2 |v_f|^2)   (0 unless within_side; W_i likewise)
//
// the score is x(u, i) = b_0 + a_u + a_i + A_u . B_i, which is Rendle's factorisation machine of degree 2
// (2010, eq. 1) over the features of u and i, with the pairs inside one side in W. Without shared features
// it is matrix factorisation with biases (Koren, Bell, Volinsky 2009, eq. 4).
//
// The implicit term of SVD++ (Koren 2008, eq. 15) is a case of it: with N(u) the items of all training ratings of u,
// each j of N(u) is a feature of u of weight |N(u)|^-1/2, with factors y_j, no bias and nothing within the side:
//
//   A_u = p_u + |N(u)|^-1/2 sum_{j in N(u)} y_j
//
// Prediction y = x (identity) or min + (max - min) sigmoid(x). Objectives, as means over ratings:
//   squared   (r - y)^2
//   logistic  cross-entropy of t = (r - min) / (max - min) against sigmoid(x)
//
// Numerics: factors float32, sixteen lanes; losses summed in float64, in batches and validation after at most 64
// in float32. The trainer takes denormal floats for zero. Deterministic: the same bits for any number of threads.
//
// Devices have kernels of their own (train_*.cu, evaluate_pairs.cu, with their rooflines), which take the same formulas
// in other orders on finer grids: the same bits in every run there, and those of the processor up to rounding where the
// order of ratings is the same.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/parallel.h"
#include "core/status.h"
#include "device.h"
#include "math/inline.h"

namespace palate {

enum class Optimizer : std::uint8_t { sgd, adagrad, adam };
enum class Objective : std::uint8_t { squared, logistic };
enum class Link : std::uint8_t { identity, sigmoid };

// Parameters of one kind of row with their optimizer state. `stride` floats a row, zeros behind `dim`.
struct ParameterTable {
  float* factors = nullptr;         // (rows, stride)
  float* factors_first = nullptr;   // (rows, stride) AdaGrad sums or Adam's first moments, else nullptr
  float* factors_second = nullptr;  // (rows, stride) Adam's second moments, else nullptr
  float* biases = nullptr;          // (rows)
  float* biases_first = nullptr;
  float* biases_second = nullptr;
  std::uint32_t* last_step = nullptr;  // (rows) Adam on touched rows: step of this epoch that a row stands at
  std::uint32_t rows = 0;
  float regularization = 0;
};

// Shared features of the rows of one side, CSR.
struct FeatureLists {
  const std::uint32_t* offsets = nullptr;  // (rows + 1), nullptr: none
  const std::uint32_t* features = nullptr;
  const float* weights = nullptr;

  PALATE_HOST_DEVICE bool empty() const { return offsets == nullptr; }
};

// N(u) of the implicit term: the features of user u are items[offsets[u] ... offsets[u + 1]), all of one weight.
struct ImplicitLists {
  const std::uint32_t* offsets = nullptr;  // (users + 1), nullptr: no implicit term
  const std::uint32_t* items = nullptr;    // ascending for each user
  const float* weights = nullptr;          // (users) |N(u)|^-1/2, 0 without ratings

  bool empty() const { return offsets == nullptr; }
};

struct TrainOptions {
  Optimizer optimizer = Optimizer::sgd;
  Objective objective = Objective::squared;
  Link link = Link::identity;
  float range_min = 0;
  float range_max = 1;
  bool within_side = false;
  bool train_biases = true;
  bool train_global_bias = false;
  bool decoupled = false;
  bool lazy = false;                // Adam: rows without a gradient stand still
  float bias_learning_rate = 1;     // multiple of the learning rate
  float feature_learning_rate = 1;  // multiple of the learning rate, for shared features
  float regularization_bias = 0;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  float clip_norm = 0;  // 0: none
  std::uint32_t batch_size = 1;
};

// Ratings cut into blocks of user groups x item groups (core/grid.h). A square is `side` user groups with all `side`
// item groups; stratum square * side + shift has the blocks (b, (b + shift) % side), b < side, of that square: they
// share no user and no item.
//
// In batches a stratum is a number of steps, and each step has an equal share of every block.
//
// A device with far more threads than blocks takes `inner` x `inner` of these cells together as one block of its own,
// whose warps walk through it as blocks walk through a square: warp w in turn t has the cell (w, (w + t) % inner) of
// it.
struct GridView {
  std::uint32_t side = 0;
  std::uint32_t squares = 0;
  std::uint32_t inner = 1;
  const std::size_t* blocks = nullptr;   // (squares * side * side + 1) ranges of the arrays below
  const std::uint32_t* users = nullptr;  // (size)
  const std::uint32_t* items = nullptr;  // (size), in batches with the marks below
  const float* values = nullptr;
  // Batches alone.
  const std::uint32_t* stratum_steps = nullptr;  // (squares * side)
  const std::size_t* stratum_starts = nullptr;   // (squares * side) where step_sizes of each stratum start
  const std::uint32_t* step_sizes = nullptr;     // ratings of each step, over all blocks
};

// Marks on the item of a rating: others of the same block and step have that item too.
inline constexpr std::uint32_t kSeenBefore = 1u << 31;
inline constexpr std::uint32_t kSeenLater = 1u << 30;
inline constexpr std::uint32_t kItemBits = kSeenLater - 1;

PALATE_HOST_DEVICE constexpr std::size_t cell_of(std::uint32_t stratum, std::uint32_t block, std::uint32_t side) {
  return std::size_t{stratum / side * side + block} * side + (block + stratum) % side;
}
// Blocks of `inner` x `inner` cells that share no user and no item: so many are a stratum, and so many strata a square.
PALATE_HOST_DEVICE constexpr std::uint32_t blocks_of_stratum(const GridView& grid) { return grid.side / grid.inner; }
// The cell of a warp of a block in one of its turns.
PALATE_HOST_DEVICE constexpr std::size_t cell_of_warp(const GridView& grid, std::uint32_t stratum, std::uint32_t block,
                                                      std::uint32_t turn, std::uint32_t warp) {
  const std::uint32_t blocks = grid.side / grid.inner;
  const std::size_t users = (std::size_t{stratum / blocks} * blocks + block) * grid.inner + warp;
  return users * grid.side + (block + stratum) % blocks * grid.inner + (warp + turn) % grid.inner;
}
constexpr std::uint32_t stratum_of(std::uint32_t cell, std::uint32_t side) {
  const std::uint32_t group = cell / side;
  return group / side * side + (cell % side + side - group % side) % side;
}
// Where share k of `shares` equal ones of `size` ends.
PALATE_HOST_DEVICE constexpr std::size_t share_end(std::size_t size, std::uint32_t k, std::uint32_t shares) {
  return size * (std::size_t{k} + 1) / shares;
}

// One batch, grouped by user and by item. A slot is a distinct user or item of the batch. A vector is what a
// rating reads of its other side: with shared features the slot's combined row, else the row in the table.
struct BatchView {
  std::uint32_t size = 0;
  std::uint32_t num_users = 0;                    // slots
  std::uint32_t num_items = 0;                    // slots
  const std::uint32_t* user_rows = nullptr;       // (num_users) user of each slot
  const std::uint32_t* item_rows = nullptr;       // (num_items)
  const std::uint32_t* user_ranges = nullptr;     // (num_users + 1) ratings of each user slot
  const std::uint32_t* item_ranges = nullptr;     // (num_items + 1) entries of each item slot
  const std::uint32_t* rating_vectors = nullptr;  // (size) item vector of each rating, user-grouped order
  const float* values = nullptr;                  // (size) user-grouped order
  const std::uint32_t* entry_ratings = nullptr;   // (size) ratings in item-grouped order
  const std::uint32_t* entry_vectors = nullptr;   // (size) user vector of each entry, item-grouped order
};

// The ratings of each slot in runs of at most kSegmentSize, so that a device has pieces of work of one size. Segments
// follow each other as their slots do; segment g has the entries from starts[g] to starts[g + 1].
struct SegmentLists {
  std::uint32_t count = 0;
  const std::uint32_t* starts = nullptr;         // (count + 1)
  const std::uint32_t* slots = nullptr;          // (count) slot of each segment
  const std::uint32_t* slot_segments = nullptr;  // (slots + 1) segments of each slot
};
inline constexpr std::uint32_t kSegmentSize = 32;

// A batch for devices: everything in one array, to be copied at once. Entries of features are the slots that have the
// feature, first those of users, then, counted from num_users on, those of items.
struct SegmentedBatch {
  const std::uint32_t* words = nullptr;  // all arrays below lie in it
  std::size_t num_words = 0;
  bool kept = false;  // the words are those of the call before
  BatchView view;
  SegmentLists users;
  SegmentLists items;
  SegmentLists features;
  const std::uint32_t* feature_slots = nullptr;
  const float* feature_weights = nullptr;
};

// Scratch of train_batch for slots of one side.
struct SlotScratch {
  float* combined = nullptr;                   // (slots, stride) A_u or B_i; nullptr without shared features
  float* combined_bias = nullptr;              // (slots) a_u or a_i
  float* gradient = nullptr;                   // (slots, stride)
  float* gradient_bias = nullptr;              // (slots)
  double* norm = nullptr;                      // (slots) squared gradient norm
  const std::uint32_t* slot_of_row = nullptr;  // (rows) 1 + slot in this batch, 0: not in it
};

struct BatchScratch {
  SlotScratch users;
  SlotScratch items;
  float* feature_gradient = nullptr;       // (features, stride)
  float* feature_gradient_bias = nullptr;  // (features)
  std::uint32_t* feature_rows = nullptr;   // (features) rows of this batch that have the feature
  double* feature_norm = nullptr;          // (features)
  float* errors = nullptr;                 // (batch) d loss / d x of each rating
  float* entry_errors = nullptr;           // (batch) the same in item-grouped order
  double* losses = nullptr;                // (user slots)
  double* squares = nullptr;               // (user slots) squared error in rating units
};

struct TrainState {
  ParameterTable users;
  ParameterTable items;
  ParameterTable features;
  float global_bias = 0;
  float global_first = 0;
  float global_second = 0;
  std::uint64_t step = 0;  // optimizer steps taken
  std::uint32_t dim = 0;
  std::uint32_t stride = 0;
  FeatureLists user_features;
  FeatureLists item_features;
  ImplicitLists implicit;  // of rows y in `features`, one an item
  TrainOptions options;
  DeviceMemory* device = nullptr;  // where the arrays are on a device; nullptr: the processor
};

// Gathers the batches of an epoch; belongs to the trainer, outside the kernels.
struct BatchSource {
  // The next batch, valid until the next call; false at the end of the epoch.
  bool (*next)(void* self, BatchView& batch) = nullptr;
  // The same for devices; nullptr where the trainer has none.
  bool (*next_segmented)(void* self, SegmentedBatch& batch) = nullptr;
  void* self = nullptr;
  BatchScratch scratch;
};

// Tables of the piecewise form for coupled decay; see math/adam_pieces.h.
struct AdamPieces {
  std::uint32_t longest = 1;        // steps a piece
  const float* rates = nullptr;     // (2 * steps + 2) as AdamCall::rates, at half steps
  const float* epsilons = nullptr;  // (2 * steps + 2)
  const float* drifts = nullptr;    // (2 * steps + 2) d ln(rate) / dt
  const float* middles = nullptr;   // (kLongestPiece + 1) beta2^((n + 1) / 2)
  const float* ends = nullptr;      // (kLongestPiece + 1) beta2^((n - 1) / 2)
  const float* tilts = nullptr;     // (kLongestPiece + 1) sum over j of (j - (n + 1) / 2) beta1^j
};
inline constexpr std::uint32_t kLongestPiece = 64;

// base^n for n up to some most, as low[n % kLowPowers] * high[n / kLowPowers].
inline constexpr std::uint32_t kLowPowers = 256;
struct PowerTable {
  const float* low = nullptr;
  const float* high = nullptr;
};

// What Adam on touched rows needs for one kind of parameters; see math/adam.h.
struct AdamKind {
  const float* reach = nullptr;  // (steps + 1) T of the closed form
  PowerTable keep;               // d^n
  PowerTable fade;               // (beta1 / (sqrt(beta2) d))^n
  float shrink = 0;              // 1 - d = lr l2 with decoupled decay, else 0
  float l2 = 0;                  // coupled decay, else 0
  float rate = 1;                // multiple of the learning rate
};

// Adam on touched rows, in blocks or in batches. Steps of an epoch count from 1; step 0 is where the epoch starts, and
// where last_step of all rows must stand then.
struct AdamCall {
  bool closed = false;              // no coupled decay, not lazy: rows hold (w, u, s) of math/adam.h, else (w, m, v)
  std::uint32_t steps = 0;          // of this epoch; 0: another way to train
  std::uint64_t first_step = 0;     // steps before this epoch
  const float* rates = nullptr;     // (steps + 1) lr / (1 - beta1^t) sqrt(1 - beta2^t)
  const float* epsilons = nullptr;  // (steps + 1) epsilon sqrt(1 - beta2^t)
  PowerTable first;                 // beta1^n
  PowerTable second;                // beta2^n
  AdamKind users, items, biases;
  AdamPieces pieces;
  std::uint32_t* slots = nullptr;  // (items) scratch, in blocks
};

// Training with the implicit term, users in batches: see train_implicit.cc.
inline constexpr std::uint32_t kSweepUsers = 32;    // of a batch
inline constexpr std::uint32_t kSweepRatings = 16;  // of a user at a time
inline constexpr std::uint32_t kSweepShards = 16;   // ranges of items with about equally many ratings

struct UserSweepView {
  const std::uint32_t* users = nullptr;  // (num_users) those with ratings, in the order of the epoch
  std::uint32_t num_users = 0;
  const float* values = nullptr;               // of ImplicitLists::items
  const std::uint32_t* shard_items = nullptr;  // (kSweepShards + 1) first item of each shard
  // Scratch of a batch.
  float* combined = nullptr;        // (kSweepUsers, stride) A_u
  float* gradients = nullptr;       // (kSweepUsers, stride) G_u
  float* turn_gradients = nullptr;  // (kSweepUsers, stride)
  float* errors = nullptr;          // d loss / d x of the ratings of a batch, user by user
  std::size_t* starts = nullptr;    // (kSweepUsers) where those of each user start
  double* losses = nullptr;         // (2 * kSweepUsers)
};

struct EpochCall {
  float learning_rate = 0;
  const std::atomic<std::int32_t>* cancel = nullptr;    // non-zero: stop, set by JavaScript
  const std::atomic<std::int32_t>* teardown = nullptr;  // non-zero: stop, the environment goes away
  // Epochs in blocks.
  GridView grid;
  const std::uint32_t* strata = nullptr;  // (squares * side / inner) order of the strata
  const float* user_shares = nullptr;     // (users) L2 share of one rating: 2 n^(power - 1), 0 where n is 0
  const float* item_shares = nullptr;
  const float* feature_shares = nullptr;
  float* block_scratch = nullptr;  // (side, block_stride): see train_epoch.cc
  std::size_t block_stride = 0;
  double* block_losses = nullptr;  // (2 * side)
  // Batches.
  BatchSource* batches = nullptr;
  AdamCall adam;
  // With the implicit term; the shares of `feature_shares` are those of the rows y.
  UserSweepView sweep;
};

// Ratings that a block of Adam takes at a time, inside its share of a step.
inline constexpr std::uint32_t kAdamChunk = 4;

// Floats of EpochCall::block_scratch that one block of Adam needs: see Scratch in train_adam.cc. `repeated` items occur
// more than once in its share of a step.
constexpr std::size_t adam_block_floats(std::size_t repeated, std::size_t stride) {
  return ((6 * std::size_t{kAdamChunk} + 2) * stride + repeated * (2 * stride + 2) + 15) / 16 * 16;
}

// Floats of EpochCall::block_scratch that one row-wise block needs: two rows, and a copy of the shared features with
// their optimizer sums and update counts.
constexpr std::size_t block_floats(std::size_t features, std::size_t stride) {
  return (2 * stride + features * (2 * stride + 3) + 15) / 16 * 16;
}

// Pairs to score.
struct PairsCall {
  const std::uint32_t* users = nullptr;  // (size)
  const std::uint32_t* items = nullptr;
  const float* values = nullptr;
  std::size_t size = 0;
  // Scratch when there are shared features; with the implicit term the first alone.
  float* combined_users = nullptr;        // (users, stride)
  float* combined_user_biases = nullptr;  // (users)
  float* combined_items = nullptr;
  float* combined_item_biases = nullptr;
  double* partial = nullptr;  // (2 * chunks) scratch, chunks = ceil(size / kPairsChunk)
};

inline constexpr std::size_t kPairsChunk = 1024;

// Sums over ratings; the caller divides.
struct EpochLoss {
  double loss = 0;
  double squared_error = 0;  // in rating units
  std::size_t count = 0;
};

}  // namespace palate
