// Which operators do not simply read their inputs and write their results.
#include "operators/touches.h"

#include <doctest/doctest.h>

namespace thoplw {

TEST_CASE("views move nothing, in place or not") {
  for (const char* name : {"aten::view", "aten::detach", "aten::detach_", "aten::unsqueeze", "aten::squeeze_"}) {
    CHECK(touches(name) == Touches::nothing);
  }
  CHECK(touches("aten::transpose_") == Touches::turned);
  CHECK(touches("aten::chunk") == Touches::part);
}

TEST_CASE("what is known of an operator in place does not hold for the other form") {
  CHECK(touches("aten::copy_") == Touches::replaced);
  CHECK(touches("aten::copy") == Touches::all);
  CHECK(touches("aten::index_copy_") == Touches::scattered);
  CHECK(touches("aten::index_copy") == Touches::all);
  CHECK(touches("aten::scatter_add_") == Touches::accumulated);
}

TEST_CASE("names tell what is done in place") {
  CHECK(in_place("aten::relu_"));
  CHECK(in_place("aten::__iadd__"));
  CHECK_FALSE(in_place("aten::relu"));
  CHECK_FALSE(in_place("aten::__and__"));
}

TEST_CASE("an operator that nothing is known of reads and writes all") { CHECK(touches("my::op") == Touches::all); }

}  // namespace thoplw
