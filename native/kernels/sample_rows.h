// One factor of one side: the figures of its rows, and the draws of its features. `kLinear` stands for the weights w:
// their h is x, as if rest were 1 and a were 0.
#pragma once

#include "kernels/sample_fm.h"
#include "math/random.h"

namespace palate::KERNEL_NS {
namespace {

// Sums over ratings that a feature's distribution is made of.
struct FeatureSums {
  float squares = 0;  // sum h^2
  float errors = 0;   // sum h e
};

// One factor of one field.
struct Prior {
  float mean;
  float precision;
};

// The factor that is being drawn.
struct Factor {
  const SampleState* state;
  std::uint32_t index;  // dim: the weights
  float* values;        // (num_features)
  const float* means;   // (num_fields)
  const float* precisions;
  float offset;  // what all residuals fall by first: the change of the global bias

  Prior prior(std::uint32_t field) const { return {means[field], precisions[field]}; }
  const float* q(const SampleSide& side) const { return side.q + static_cast<std::size_t>(index) * side.rows; }
};

// A draw of v from its distribution given all others.
PALATE_INLINE float draw(const SampleState& s, const Prior& prior, const FeatureSums& sums, float value, float normal) {
  const float precision = s.precision * sums.squares + prior.precision;
  const float pull = s.precision * (sums.errors + value * sums.squares) + prior.precision * prior.mean;
  return pull / precision + normal / __builtin_sqrtf(precision);
}

// h = weight (rest + a) over the ratings of a row.
template <bool kLinear>
PALATE_INLINE void add_row(FeatureSums& sums, const RowStats& row, float weight, float value) {
  if constexpr (kLinear) {
    sums.squares += weight * weight * row.rest_squared;
    sums.errors += weight * row.error_rest;
  } else {
    const float a = row.q - weight * value;
    sums.squares += weight * weight * (row.rest_squared + a * (2 * row.rest + a * row.count));
    sums.errors += weight * (row.error_rest + a * row.error);
  }
}

// Takes a feature's change over to a row.
template <bool kLinear>
PALATE_INLINE void move_row(RowStats& row, float weight, float value, float change) {
  const float step = weight * change;
  const float a = kLinear ? 0.0f : row.q - weight * value;
  row.error -= step * (row.rest + a * row.count);
  row.error_rest -= step * (row.rest_squared + a * row.rest);
  row.shift += step * a;
  row.moved += step;
  row.q += step;
}

// Draws the id of a row whose figures are there.
template <bool kLinear>
PALATE_INLINE void draw_id(const Factor& factor, const SampleSide& side, std::uint32_t row) {
  const SampleState& s = *factor.state;
  RowStats& stats = side.stats[row];
  if (stats.count == 0.0f) return;
  const std::uint32_t feature = s.fields[side.first_field].begin + row;
  float& value = factor.values[feature];
  FeatureSums sums;
  add_row<kLinear>(sums, stats, 1.0f, value);
  const float drawn = draw(s, factor.prior(side.first_field), sums, value, s.normals[feature]);
  move_row<kLinear>(stats, 1.0f, value, drawn - value);
  value = drawn;
}

// Draws the other features of a side, one after the other, as those of a field may share rows.
template <bool kLinear>
void draw_listed(const Factor& factor, const SampleSide& side) {
  const SampleState& s = *factor.state;
  for (std::uint32_t field = side.first_field + 1; field < side.first_field + side.num_fields; ++field) {
    const Prior prior = factor.prior(field);
    for (std::uint32_t feature = s.fields[field].begin; feature < s.fields[field].end; ++feature) {
      const std::uint32_t begin = side.feature_offsets[feature - side.first_listed];
      const std::uint32_t end = side.feature_offsets[feature - side.first_listed + 1];
      if (begin == end) continue;
      const float value = factor.values[feature];
      FeatureSums sums;
      for (std::uint32_t n = begin; n < end; ++n) {
        add_row<kLinear>(sums, side.stats[side.feature_rows[n]], side.feature_weights[n], value);
      }
      const float drawn = draw(s, prior, sums, value, s.normals[feature]);
      for (std::uint32_t n = begin; n < end; ++n) {
        move_row<kLinear>(side.stats[side.feature_rows[n]], side.feature_weights[n], value, drawn - value);
      }
      factor.values[feature] = drawn;
    }
  }
}

// The part of a user's moments in Q.
PALATE_INLINE void add_moments(const Factor& factor, std::uint32_t user) {
  const SampleState& s = *factor.state;
  for (std::uint32_t l = 0; l < s.num_levels; ++l) {
    const SampleLevel& level = s.levels[l];
    for (std::uint32_t label = level.user_labels[user]; label < level.user_labels[user + 1]; ++label) {
      const float value = factor.values[level.first_feature + label];
      for (std::uint32_t t = level.offsets[label]; t < level.offsets[label + 1]; ++t) {
        s.moments[t] = l == 0 ? value : s.moments[t] + value;
      }
    }
  }
}

// The figures of a user, and the draw of his id.
template <bool kLinear>
void start_user(const Factor& factor, std::uint32_t user) {
  const SampleState& s = *factor.state;
  const SampleSide& side = s.users;
  const std::uint32_t begin = side.offsets[user];
  const std::uint32_t end = side.offsets[user + 1];
  const float* item_q = kLinear ? nullptr : factor.q(s.items);
  if constexpr (!kLinear) add_moments(factor, user);
  RowStats sums{static_cast<float>(end - begin), 0, 0, 0, 0, kLinear ? 0.0f : factor.q(side)[user], 0, 0};
  for (std::uint32_t t = begin; t < end; ++t) {
    const float e = s.errors[t] - factor.offset;
    const float rest = kLinear ? 1.0f : item_q[side.others[t]] + s.moments[t];
    s.errors[t] = e;
    sums.rest += rest;
    sums.rest_squared += rest * rest;
    sums.error += e;
    sums.error_rest += e * rest;
  }
  side.stats[user] = sums;
  draw_id<kLinear>(factor, side, user);
}

// Brings the residuals of an item up to what was drawn for its users; then its figures, and the draw of its id.
template <bool kLinear>
void start_item(const Factor& factor, std::uint32_t item) {
  const SampleState& s = *factor.state;
  const SampleSide& side = s.items;
  const std::uint32_t begin = side.offsets[item];
  const std::uint32_t end = side.offsets[item + 1];
  const float q = kLinear ? 0.0f : factor.q(side)[item];
  RowStats sums{static_cast<float>(end - begin), 0, 0, 0, 0, q, 0, 0};
  for (std::uint32_t n = begin; n < end; ++n) {
    const std::uint32_t t = side.positions[n];
    const RowStats& user = s.users.stats[side.others[n]];
    const float moments = kLinear ? 0.0f : s.moments[t];
    const float e = s.errors[t] - (user.moved * (kLinear ? 1.0f : q + moments) + user.shift);
    const float rest = kLinear ? 1.0f : user.q + moments;
    s.errors[t] = e;
    sums.rest += rest;
    sums.rest_squared += rest * rest;
    sums.error += e;
    sums.error_rest += e * rest;
  }
  side.stats[item] = sums;
  draw_id<kLinear>(factor, side, item);
}

// Draws the labels of a level for one user: each rating has one, so they do not depend on each other.
template <bool kLinear>
void draw_labels(const Factor& factor, const SampleLevel& level, std::uint32_t field, std::uint32_t user) {
  const SampleState& s = *factor.state;
  const float user_q = s.users.stats[user].q;
  for (std::uint32_t label = level.user_labels[user]; label < level.user_labels[user + 1]; ++label) {
    const std::uint32_t begin = level.offsets[label];
    const std::uint32_t end = level.offsets[label + 1];
    const std::uint32_t feature = level.first_feature + label;
    const float value = factor.values[feature];
    const auto slope = [&](std::uint32_t t) {
      return kLinear ? 1.0f : user_q + s.items.stats[s.users.others[t]].q + s.moments[t] - value;
    };
    FeatureSums sums;
    for (std::uint32_t t = begin; t < end; ++t) {
      const float h = slope(t);
      sums.squares += h * h;
      sums.errors += h * s.errors[t];
    }
    const float drawn = draw(s, factor.prior(field), sums, value, s.normals[feature]);
    const float change = drawn - value;
    for (std::uint32_t t = begin; t < end; ++t) {
      s.errors[t] -= change * slope(t);
      if constexpr (!kLinear) s.moments[t] += change;
    }
    factor.values[feature] = drawn;
  }
}

// Brings the residuals of a user up to what was drawn for his items, and draws his moments.
template <bool kLinear>
void finish_user(const Factor& factor, std::uint32_t user) {
  const SampleState& s = *factor.state;
  const SampleSide& side = s.users;
  const float user_q = side.stats[user].q;
  for (std::uint32_t t = side.offsets[user]; t < side.offsets[user + 1]; ++t) {
    const RowStats& item = s.items.stats[side.others[t]];
    s.errors[t] -= item.moved * (kLinear ? 1.0f : user_q + s.moments[t]) + item.shift;
  }
  const std::uint32_t first = s.num_fields - s.num_levels;
  for (std::uint32_t l = 0; l < s.num_levels; ++l) draw_labels<kLinear>(factor, s.levels[l], first + l, user);
}

}  // namespace
}  // namespace palate::KERNEL_NS
