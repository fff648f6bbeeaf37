#include "kernels/fold_rows.h"

#include <atomic>

#include "kernels/als_cholesky.h"
#include "kernels/level.h"
#include "math/objectives.h"

namespace palate::KERNEL_NS {
namespace {

// Scratch of a thread, in the order of fold_floats().
struct FoldScratch {
  float* matrix;    // (width, width)
  float* chunk;     // (kFoldDepth, width + kFoldPadding)
  float* row;       // (width) x
  float* next;      // (width) x after the step
  float* gradient;  // (width)
  float* step;      // (width)
  float* product;   // (width)
  float* shift;     // (width)

  FoldScratch(float* scratch, std::size_t width)
      : matrix(scratch),
        chunk(matrix + width * width),
        row(chunk + kFoldDepth * (width + kFoldPadding)),
        next(row + width),
        gradient(next + width),
        step(gradient + width),
        product(step + width),
        shift(product + width) {}
};

// A row to fit.
struct FoldRow {
  std::uint32_t begin;  // pairs
  std::uint32_t end;
  float factor_penalty;
  float bias_penalty;
  float least_penalty;
};

// Half the slope and half the curvature of a loss by the score.
struct Bend {
  float slope;
  float curve;
  float loss;
};

// The curvature of the squared loss leaves out the link's own (Gauss-Newton), so that it is never negative.
PALATE_INLINE Bend bend_of(const FoldCall& call, float score, float target) {
  const float span = call.range_max - call.range_min;
  if (call.objective == Objective::logistic) {
    const Slope s = slope_of<Objective::logistic, Link::sigmoid>(call.range_min, span, score, target);
    const float p = sigmoid(score);
    return {0.5f * s.derivative, 0.5f * p * (1.0f - p), s.loss};
  }
  if (call.link == Link::sigmoid) {
    const Slope s = slope_of<Objective::squared, Link::sigmoid>(call.range_min, span, score, target);
    const float p = sigmoid(score);
    const float rise = span * p * (1.0f - p);
    return {0.5f * s.derivative, rise * rise, s.loss};
  }
  const float error = score - target;
  return {error, 1.0f, error * error};
}

PALATE_INLINE void clear(float* target, std::size_t size) {
  for (std::size_t k = 0; k < size; k += kLanes) store(target + k, splat(0.0f));
}

// target = (q_j + s, 1), zeros behind.
PALATE_INLINE void gather(const FoldCall& call, std::uint32_t other, const float* shift, std::uint32_t width,
                          float* target) {
  const float* fixed = call.fixed + std::size_t{other} * call.dim;
  std::uint32_t k = 0;
  for (; k + kLanes <= call.dim; k += kLanes) store(target + k, load(fixed + k) + load(shift + k));
  for (; k < call.dim; ++k) target[k] = fixed[k] + shift[k];
  for (; k < width; ++k) target[k] = 0.0f;
  target[call.dim] = call.biases == nullptr ? 0.0f : 1.0f;
}

PALATE_INLINE float inner(const float* a, const float* b, std::uint32_t width) {
  Lanes sums = splat(0.0f);
  for (std::uint32_t k = 0; k < width; k += kLanes) sums = fma(load(a + k), load(b + k), sums);
  return sum(sums);
}

// matrix and gradient = those of what does not depend on pairs; returns its part of the objective.
double start_system(const FoldCall& call, const FoldRow& row, const float* x, std::uint32_t width,
                    const FoldScratch& s) {
  clear(s.matrix, std::size_t{width} * width);
  clear(s.gradient, width);
  double total = 0;
  for (std::uint32_t i = 0; i < call.dim; ++i) {
    float* line = s.matrix + std::size_t{i} * width;
    if (call.gram != nullptr) {
      const float* gram = call.gram + std::size_t{i} * call.dim;
      for (std::uint32_t k = 0; k < call.dim; ++k) line[k] = gram[k];
      for (std::uint32_t k = 0; k < call.dim; ++k) s.gradient[k] = fma(x[i], gram[k], s.gradient[k]);
    }
    line[i] += row.factor_penalty;
  }
  for (std::uint32_t k = 0; k < call.dim; ++k) s.gradient[k] = fma(row.factor_penalty, x[k], s.gradient[k]);
  for (std::uint32_t k = 0; k < call.dim; ++k) total += static_cast<double>(x[k]) * static_cast<double>(s.gradient[k]);
  // Places without a parameter solve 1 x = 0.
  for (std::uint32_t k = call.dim; k < width; ++k) s.matrix[std::size_t{k} * width + k] = 1.0f;
  if (call.biases != nullptr) {
    const float bias = x[call.dim];
    s.matrix[std::size_t{call.dim} * width + call.dim] = row.bias_penalty;
    s.gradient[call.dim] = row.bias_penalty * bias;
    total += static_cast<double>(row.bias_penalty) * static_cast<double>(bias) * static_cast<double>(bias);
  }
  return total;
}

// The matrix A, the gradient g and the objective at x.
double form_system(const FoldCall& call, const FoldRow& row, const float* x, std::uint32_t width,
                   const FoldScratch& s) {
  double total = start_system(call, row, x, width, s);
  const std::size_t stride = width + kFoldPadding;
  alignas(64) float slopes[kFoldDepth];
  for (std::uint32_t begin = row.begin; begin < row.end; begin += kFoldDepth) {
    const std::uint32_t size = row.end - begin < kFoldDepth ? row.end - begin : kFoldDepth;
    double losses = 0;
    for (std::uint32_t n = 0; n < size; ++n) {
      const std::uint32_t pair = begin + n;
      float* z = s.chunk + n * stride;
      gather(call, call.others[pair], s.shift, width, z);
      const float score = (call.bases == nullptr ? 0.0f : call.bases[pair]) + inner(x, z, width);
      const Bend bend = bend_of(call, score, call.targets == nullptr ? 1.0f : call.targets[pair]);
      const float weight = call.weights == nullptr ? 1.0f : call.weights[pair];
      losses += static_cast<double>(weight) * static_cast<double>(bend.loss);
      // Rows by the root of their curvature, slopes against it. Where the curve is flat the slope is, too.
      const float root = __builtin_sqrtf(weight * bend.curve);
      slopes[n] = root > 0.0f ? weight * bend.slope / root : 0.0f;
      const Lanes scale = splat(root);
      for (std::uint32_t k = 0; k < width; k += kLanes) store(z + k, scale * load(z + k));
    }
    for (std::uint32_t n = size; n < (size + 3) / 4 * 4; ++n) {
      slopes[n] = 0.0f;
      clear(s.chunk + n * stride, width);
    }
    total += losses;
    combine(s.product, s.chunk, stride, slopes, (size + 3) / 4 * 4, width);
    for (std::uint32_t k = 0; k < width; k += kLanes) store(s.gradient + k, load(s.gradient + k) + load(s.product + k));
    add_products<false>(s.matrix, width, s.chunk, stride, width, size);
  }
  return total;
}

// next = row - share * step.
PALATE_INLINE void move(const FoldScratch& s, float share, std::uint32_t width) {
  const Lanes by = splat(-share);
  for (std::uint32_t k = 0; k < width; k += kLanes) store(s.next + k, fma(by, load(s.step + k), load(s.row + k)));
}

void fit_row(const FoldCall& call, const FoldRow& row, std::uint32_t width, const FoldScratch& s) {
  clear(s.row, width);
  double value = form_system(call, row, s.row, width, s);
  for (std::uint32_t step = 0; step < kFoldSteps; ++step) {
    for (std::uint32_t k = 0; k < width; k += kLanes) store(s.step + k, load(s.gradient + k));
    solve_one(s.matrix, width, width, row.least_penalty, s.step);
    float share = 1.0f;
    move(s, share, width);
    double found = form_system(call, row, s.next, width, s);
    // A value that is no number must not pass.
    while (!(found <= value) && share > 1e-6f) {
      share *= 0.5f;
      move(s, share, width);
      found = form_system(call, row, s.next, width, s);
    }
    if (!(found <= value)) return;
    for (std::uint32_t k = 0; k < width; k += kLanes) store(s.row + k, load(s.next + k));
    const bool settled = value - found <= kFoldFall * value;
    value = found;
    if (settled) return;
  }
}

struct Fold {
  const FoldCall* call;
  std::atomic<std::uint32_t> next{0};
};

// Takes rows until none is left.
void fold_worker(void* context, std::uint32_t worker) {
  Fold& fold = *static_cast<Fold*>(context);
  const FoldCall& call = *fold.call;
  const std::uint32_t width = fold_width(call.dim);
  const FoldScratch s(call.scratch + worker * fold_floats(call.dim), width);
  clear(s.shift, width);
  for (;;) {
    const std::uint32_t r = fold.next.fetch_add(1, std::memory_order_relaxed);
    if (r >= call.num_rows) return;
    const float bias_penalty = call.biases == nullptr ? 1.0f : call.bias_penalties[r];
    const float factor_penalty = call.factor_penalties[r];
    const float least = factor_penalty < bias_penalty ? factor_penalty : bias_penalty;
    const FoldRow row{call.offsets[r], call.offsets[r + 1], factor_penalty, bias_penalty, least < 1.0f ? least : 1.0f};
    if (row.begin == row.end) {
      clear(s.row, width);
    } else {
      if (call.shifts != nullptr)
        for (std::uint32_t k = 0; k < call.dim; ++k) s.shift[k] = call.shifts[std::size_t{r} * call.dim + k];
      fit_row(call, row, width, s);
    }
    for (std::uint32_t k = 0; k < call.dim; ++k) call.factors[std::size_t{r} * call.dim + k] = s.row[k];
    if (call.biases != nullptr) call.biases[r] = s.row[call.dim];
  }
}

}  // namespace

void fold_rows(const FoldCall& call, Pool& pool) {
  Fold fold{&call};
  const std::uint32_t threads = pool.threads();
  pool.run(threads < call.num_rows ? threads : call.num_rows, fold_worker, &fold);
}

}  // namespace palate::KERNEL_NS
