// The level's row of the backend table.
#include "backend.h"
#include "kernels/level.h"

namespace palate::KERNEL_NS {

// A const at namespace scope has internal linkage unless it was declared extern first.
extern const Backend backend;
const Backend backend = {
#if defined(PALATE_LEVEL_AVX512)
    "avx512",
#elif defined(PALATE_LEVEL_AVX2)
    "avx2",
#elif defined(__aarch64__) || defined(_M_ARM64)
    "neon",
#else
    "base",
#endif
    select_topk,        train_epoch,      train_adam,    train_batch,    train_item_pairs, evaluate_pairs,
    count_cooccurrence, factorize_counts, count_pairs,   softmax_step,   softmax_loss,     solve_als,
    form_gram,          sum_pair_losses,  fit_neighbors, fit_ease,       fit_slim,         score_weights,
    fold_rows,          start_samples,    sample_fm,     sketch_samples, mix_sketch,       score_sample,
};

}  // namespace palate::KERNEL_NS
