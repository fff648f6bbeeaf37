#include "cuda/products.h"

#include <cmath>
#include <initializer_list>
#include <tuple>

#include "cuda/sums.h"
#include "harness.h"

namespace palate {
namespace {

// (rows, stride) with zeros behind `columns`.
std::vector<float> padded(std::uint32_t rows, std::uint32_t columns, std::uint32_t stride, std::uint64_t seed) {
  test::Random random(seed);
  std::vector<float> table(std::size_t{rows} * stride, 0.0f);
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t c = 0; c < columns; ++c) table[std::size_t{r} * stride + c] = random.normal();
  }
  return table;
}

// sum over k < depth of left[k][r] right[k][c], as (rows, columns).
std::vector<float> product_of(const std::vector<float>& left, std::uint32_t left_stride,
                              const std::vector<float>& right, std::uint32_t right_stride, std::uint32_t rows,
                              std::uint32_t columns, std::uint32_t depth) {
  std::vector<float> result(std::size_t{rows} * columns);
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t c = 0; c < columns; ++c) {
      double sum = 0;
      for (std::uint32_t k = 0; k < depth; ++k) {
        sum += static_cast<double>(left[k * left_stride + r]) * right[k * right_stride + c];
      }
      result[r * columns + c] = static_cast<float>(sum);
    }
  }
  return result;
}

TEST(products_of_odd_sizes) {
  for (const auto& [rows, columns, depth] :
       {std::tuple{1u, 4u, 1u}, {31u, 32u, 33u}, {65u, 132u, 16u}, {129u, 48u, 17u}, {3u, 260u, 0u}}) {
    const std::uint32_t left_stride = k_cuda::turned_stride(rows);
    const std::uint32_t right_stride = columns + 8;
    const std::vector<float> left = padded(depth, rows, left_stride, 1);
    const std::vector<float> right = padded(depth, columns, right_stride, 2);
    std::vector<float> result(std::size_t{rows} * columns, 9.0f);
    DeviceMemory device(0);
    k_cuda::Product product;
    product.result = device.result(result.data(), result.size());
    product.result_stride = columns;
    product.left = device.constant(left.data(), left.size());
    product.left_stride = left_stride;
    product.right = device.constant(right.data(), right.size());
    product.right_stride = right_stride;
    product.rows = rows;
    product.columns = columns;
    product.depth = depth;
    k_cuda::multiply(device, product);
    EXPECT(device.fetch(result.data()) == Status::ok);
    const std::vector<float> expected = product_of(left, left_stride, right, right_stride, rows, columns, depth);
    EXPECT_CLOSE(result, expected, 1e-5);
  }
}

// Of one part, and of several.
TEST(gram_of_odd_sizes) {
  for (const auto& [rows, dim] : {std::tuple{0u, 3u}, {1u, 1u}, {33u, 16u}, {1'300u, 31u}, {129u, 140u}}) {
    const std::uint32_t stride = (dim + 15) / 16 * 16;
    const std::vector<float> table = padded(rows, dim, stride, rows);
    std::vector<float> gram(std::size_t{stride} * stride, 9.0f);
    DeviceMemory device(0);
    k_cuda::multiply_gram(device, device.result(gram.data(), gram.size()), device.constant(table.data(), table.size()),
                          rows, stride);
    EXPECT(device.fetch(gram.data()) == Status::ok);
    const std::vector<float> expected = product_of(table, stride, table, stride, stride, stride, rows);
    EXPECT_CLOSE(gram, expected, 1e-4);
    for (std::uint32_t i = 0; i < stride; ++i) {
      for (std::uint32_t j = 0; j < i; ++j) EXPECT(gram[i * stride + j] == gram[j * stride + i]);
    }
  }
}

TEST(turned_tables_end_in_zeros) {
  for (const auto& [rows, stride] : {std::tuple{1u, 16u}, {31u, 48u}, {33u, 32u}, {129u, 16u}}) {
    const std::vector<float> table = padded(rows, stride, stride, rows);
    const std::uint32_t width = k_cuda::turned_stride(rows);
    std::vector<float> turned(std::size_t{stride} * width, 9.0f);
    DeviceMemory device(0);
    k_cuda::turn(device, device.result(turned.data(), turned.size()), device.constant(table.data(), table.size()), rows,
                 stride);
    EXPECT(device.fetch(turned.data()) == Status::ok);
    for (std::uint32_t k = 0; k < stride; ++k) {
      for (std::uint32_t r = 0; r < width; ++r) {
        EXPECT(turned[k * width + r] == (r < rows ? table[r * stride + k] : 0.0f));
      }
    }
  }
}

TEST(sums_of_many_values) {
  const char keys[2] = {};
  for (const std::size_t count : {0u, 1u, 255u, 4'096u, 9'000u}) {
    const std::vector<float> floats = test::Random(count).normals(count);
    const std::vector<double> doubles(floats.begin(), floats.end());
    DeviceMemory device(0);
    k_cuda::QueuedSum sum, squares;
    k_cuda::sum_values(device, &keys[0], device.constant(doubles.data(), count), count, sum);
    k_cuda::sum_squares(device, &keys[1], device.constant(floats.data(), count), count, squares);
    EXPECT(device.finish() == Status::ok);
    double expected = 0;
    double expected_squares = 0;
    for (const double value : doubles) {
      expected += value;
      expected_squares += value * value;
    }
    EXPECT(test::close(sum.total(), expected, 1e-12));
    EXPECT(test::close(squares.total(), expected_squares, 1e-12));
  }
}

}  // namespace
}  // namespace palate
