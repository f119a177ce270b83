// Tests of inputs as they are written on the command line.
#include "cli/input.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace thoplw::cli {

TEST_CASE("an input is sizes and an element type, by its name here or in torch") {
  struct Case {
    std::string_view text;
    Tensor tensor;
  };
  for (const Case& row : {
           Case{"1x3x224x224", {DType::f32, {1, 3, 224, 224}}}, Case{"7", {DType::f32, {7}}},
           Case{"1,3,224,224", {DType::f32, {1, 3, 224, 224}}}, Case{"1x128:i64", {DType::i64, {1, 128}}},
           Case{"1x128:int64", {DType::i64, {1, 128}}}, Case{"1x128:long", {DType::i64, {1, 128}}},
           Case{"2x2:bf16", {DType::bf16, {2, 2}}}, Case{"2x2:float16", {DType::f16, {2, 2}}},
           Case{"2x2:bool", {DType::boolean, {2, 2}}},
           Case{"9223372036854775807", {DType::f32, {9223372036854775807}}},  // 2^63 - 1
       }) {
    CAPTURE(row.text);
    CHECK(parse_input(row.text) == row.tensor);
  }
}

TEST_CASE("a wrong input gets one clear error") {
  struct Case {
    std::string text, error;
  };
  const auto malformed = [](const std::string& text) {
    return Case{text, "input '" + text + "' is not sizes of 1 and more parted by x, such as 1x3x224x224 or 1x128:i64"};
  };
  for (const Case& row : {
           malformed(""),
           malformed("x"),
           malformed("1x"),
           malformed("x1"),
           malformed("1xx2"),
           malformed("-1x3"),
           malformed("0x3"),
           malformed("1.5"),
           malformed("+1"),
           malformed(" 1"),
           malformed("1 "),
           malformed("axb"),
           malformed("1X3"),
           malformed(":f32"),
           malformed("1x3x"),
           Case{"9223372036854775808", "input '9223372036854775808' is too large"},      // 2^63
           Case{"4294967296x4294967296", "input '4294967296x4294967296' is too large"},  // 2^32 * 2^32
           Case{"1x3:", "unknown element type ''; known: bf16 bool f16 f32 f64 i32 i64 i8 u8"},
           Case{"1x3:f31",
                "unknown element type 'f31'; did you mean 'f32'? known: bf16 bool f16 f32 f64 i32 i64 i8 u8"},
           Case{"1x3:other", "unknown element type 'other'; known: bf16 bool f16 f32 f64 i32 i64 i8 u8"},
       }) {
    CAPTURE(row.text);
    CHECK_THROWS_WITH_AS(parse_input(row.text), row.error.c_str(), Error);
  }
}

}  // namespace thoplw::cli
