// Tests of element types and counts.
#include "trace/tensor.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

namespace thoplw {

TEST_CASE("an element type has one name, both ways") {
  for (int i = 0; i <= static_cast<int>(DType::other); ++i) {
    const auto dtype = static_cast<DType>(i);
    CHECK(dtype_named(name(dtype)) == dtype);
  }
  CHECK(name(DType::boolean) == "bool");
  CHECK_FALSE(dtype_named("float").has_value());
}

TEST_CASE("an element type belongs to a family") {
  for (DType dtype : {DType::f32, DType::bf16, DType::f8e4m3, DType::c64}) CHECK(is_floating(dtype));
  for (DType dtype : {DType::boolean, DType::u8, DType::i64}) CHECK((is_integral(dtype) && !is_floating(dtype)));
  CHECK((is_complex(DType::c64) && !is_complex(DType::f32)));
  CHECK((!is_floating(DType::other) && !is_integral(DType::other)));
}

TEST_CASE("a shape has the product of its sizes as elements") {
  CHECK(numel(Dims{}).value() == 1);
  CHECK(numel(Dims{2, 3, 4}).value() == 24);
  CHECK(numel(Dims{std::int64_t{1} << 40, std::int64_t{1} << 40, 0}).value() == 0);
  CHECK_THROWS_AS(numel(Dims{std::int64_t{1} << 40, std::int64_t{1} << 40}), Error);
  CHECK_THROWS_AS(numel(Dims{-1}), Error);
}

TEST_CASE("counts throw where 64 bits end") {
  const Count most = std::numeric_limits<std::uint64_t>::max();
  CHECK((most + 0) == most);
  CHECK((most * 1) == most);
  CHECK((most - most) == Count(0));
  CHECK_THROWS_AS(most + 1, Error);
  CHECK_THROWS_AS(most * 2, Error);
  CHECK_THROWS_AS(Count(1) - 2, Error);
  CHECK_THROWS_AS(Count(-1), Error);
}

}  // namespace thoplw
