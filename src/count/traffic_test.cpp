// Bytes that operators read and write, worked out by hand.
#include "count/traffic.h"

#include <doctest/doctest.h>

#include <string>

#include "conventions/convention.h"
#include "count/count.h"
#include "trace/text.h"

namespace thoplw {
namespace {

/// A model of these operators; tensors that none of them makes are its inputs.
Trace trace_of(const std::string& ops, const std::string& out = "") {
  return parse_trace("thoplw trace 1\nmodel \"M\"\nclass M\nmodule \"\" M\ncall \"\" () -> (" + out + ") {\n" + ops +
                     "\n}\n");
}

struct Case {
  const char* op;
  std::uint64_t read, written;
};

}  // namespace

TEST_CASE("an operator moves its distinct inputs and results") {
  const Case cases[] = {
      {"aten::relu(%0:f32[2,3]) -> %1:f32[2,3]", 24, 24},
      {"aten::add(%0:f32[2,3], %0:f32[2,3]) -> %1:f32[2,3]", 24, 24},  // the same input twice
      {"aten::relu_(%0:f32[2,3]) -> %0:f32[2,3]", 24, 24},             // read and written
      {"aten::linear(%0:f32[5,4], %1:f32[3,4], %2:f32[3]) -> %3:f32[5,3]", 80 + 48 + 12, 60},
      {"aten::cat(%0:f32[2,3], %1:f16[2,3]) -> %2:f32[4,3]", 24 + 12, 48},
      {"aten::max(%0:f32[2,3]) -> (%1:f32[2], %2:i64[2])", 24, 8 + 16},
      {"my::op(%0:f32[2,3]) -> %1:u8[2,3]", 24, 6},  // that nothing is known of
      // Views are free, and so is what hands on its input.
      {"aten::view(%0:f32[2,3]) -> %1:f32[6]", 0, 0},
      {"aten::chunk(%0:f32[2,4]) -> (%1:f32[2,2], %2:f32[2,2])", 0, 0},
      {"aten::contiguous(%0:f32[2,3]) -> %0:f32[2,3]", 0, 0},
      {"aten::reshape(%0:f32[2,3]) -> %1:f32[3,2]", 0, 0},
      // A look-up reads the rows that it fetches, and their numbers.
      {"aten::embedding(%0:f32[100,4], %1:i64[3]) -> %2:f32[3,4]", 3 * 4 * 4 + 3 * 8, 48},
      {"aten::index_select(%0:f32[100,4], %1:i64[3]) -> %2:f32[3,4]", 48 + 24, 48},
      {"aten::embedding_bag(%0:f32[100,4], %1:i64[6], %2:i64[2]) -> %3:f32[2,4]", 6 * 4 * 4 + 6 * 8 + 2 * 8, 32},
      {"aten::_grouped_mm(%0:f32[2,4], %1:f32[8,4,6], %2:i32[8]) -> %3:f32[2,6]", 32 + 2 * 4 * 6 * 4 + 32, 48},
      // Of what is only written nothing is read; of what is only sized neither.
      {"aten::zeros_like(%0:f32[2,3]) -> %1:f32[2,3]", 0, 24},
      {"aten::empty_like(%0:f32[2,3]) -> %1:f32[2,3]", 0, 0},
      {"aten::copy_(%0:f32[2,3], %1:f16[2,3]) -> %0:f32[2,3]", 12, 24},
      {"aten::zero_(%0:f32[2,3]) -> %0:f32[2,3]", 0, 24},
      // A few rows of a large cache.
      {"aten::index_copy_(%0:f32[100,4], %1:i64[2], %2:f32[2,4]) -> %0:f32[100,4]", 2 * 8 + 32, 32},
      {"aten::scatter_add_(%0:f32[100,4], %1:i64[2,4], %2:f32[2,4]) -> %0:f32[100,4]", 32 + 64 + 32, 32},
  };
  for (const Case& row : cases) {
    CAPTURE(row.op);
    const TraceTraffic traffic = traffic_of(trace_of(row.op));
    REQUIRE(traffic.ops.size() == 1);
    CHECK(traffic.ops[0].read == row.read);
    CHECK(traffic.ops[0].written == row.written);
    CHECK(traffic.ops[0].exact);
  }
}

TEST_CASE("a reshape copies what was turned, and not what is in one piece") {
  const auto copied = [](const std::string& ops) {
    const TraceTraffic traffic = traffic_of(trace_of(ops));
    return traffic.ops.back().bytes();
  };
  CHECK(copied("aten::transpose(%0:f32[2,3]) -> %1:f32[3,2]\naten::reshape(%1:f32[3,2]) -> %2:f32[6]") == 48);
  CHECK(copied("aten::transpose(%0:f32[1,3]) -> %1:f32[3,1]\naten::reshape(%1:f32[3,1]) -> %2:f32[3]") == 0);
  CHECK(copied("aten::select(%0:f32[3,2,4]) -> %1:f32[2,4]\naten::reshape(%1:f32[2,4]) -> %2:f32[8]") ==
        0);                                                                                                 // the first
  CHECK(copied("aten::slice(%0:f32[2,4]) -> %1:f32[2,3]\naten::reshape(%1:f32[2,3]) -> %2:f32[6]") == 48);  // columns
  CHECK(copied("aten::slice(%0:f32[4,2]) -> %1:f32[3,2]\naten::reshape(%1:f32[3,2]) -> %2:f32[6]") == 0);   // rows
}

TEST_CASE("what attention gives is in one piece once its heads come after the positions") {
  const std::string ops =
      "aten::scaled_dot_product_attention(%0:f32[2,4,3,5], %1:f32[2,4,3,5], %2:f32[2,4,3,5]) -> %3:f32[2,4,3,5]\n"
      "aten::transpose(%3:f32[2,4,3,5]) -> %4:f32[2,3,4,5]\n"
      "aten::reshape(%4:f32[2,3,4,5]) -> %5:f32[2,3,20]";
  CHECK(traffic_of(trace_of(ops)).ops.back().bytes() == 0);
}

TEST_CASE("of what is expanded only what is there is read") {
  const TraceTraffic traffic = traffic_of(
      trace_of("aten::expand(%0:f32[1,3]) -> %1:f32[100,3]\naten::add(%1:f32[100,3], %2:f32[100,3]) -> %3:f32[100,3]"));
  CHECK(traffic.ops[1].read == 12 + 1200);
}

TEST_CASE("what cannot be done without: weights and inputs once, as far as they are read, and what comes out") {
  const char* ops =
      "aten::embedding(%0:f32[100,4], %1:i64[3]) -> %2:f32[3,4]\n"
      "aten::linear(%2:f32[3,4], %3:f32[5,4]) -> %4:f32[3,5]\n"
      "aten::t(%3:f32[5,4]) -> %5:f32[4,5]\n"
      "aten::mm(%2:f32[3,4], %5:f32[4,5]) -> %6:f32[3,5]\n"
      "aten::add(%4:f32[3,5], %6:f32[3,5]) -> %7:f32[3,5]";
  const TraceTraffic traffic = traffic_of(trace_of(ops, "%7:f32[3,5]"));
  CHECK(traffic.least == 3 * 4 * 4 + 3 * 8 + 5 * 4 * 4 + 3 * 5 * 4);  // three rows, their numbers, the weight, the sum
}

TEST_CASE("traffic is of the module that the operator ran in, as often as that ran") {
  const Trace trace = parse_trace(R"(thoplw trace 1
model "M"
class M
class torch.nn.ReLU
module "" M
module "act" torch.nn.ReLU
call "" (%0:f32[2,3]) -> (%2:f32[4,3]) {
  call "act" (%0:f32[2,3]) -> (%1:f32[2,3]) times=5 {
    aten::relu(%0:f32[2,3]) -> %1:f32[2,3]
  }
  aten::cat(%0:f32[2,3], %1:f32[2,3]) -> %2:f32[4,3]
}
)");
  const Report report = count(trace, find_convention("exact"));
  CHECK(report.rows[0].own[Measure::traffic] == 48 + 48);
  CHECK(report.rows[1].own[Measure::traffic] == 5 * 48);
  CHECK(report.total[Measure::traffic] == 336);
  REQUIRE(report.moves.size() == 2);
  CHECK(report.moves[0].name == "aten::relu");
  CHECK(report.moves[0].own[Measure::traffic] == 240);
  CHECK(report.moves[0].calls == 5);
}

TEST_CASE("a tensor of unknown size makes traffic a lower bound, and one beyond 64 bits is none") {
  const Report unknown = count(trace_of("aten::relu(%0:bits[2,3]) -> %1:f32[2,3]"), find_convention("exact"));
  CHECK(unknown.total[Measure::traffic] == 24);
  CHECK_FALSE(unknown.amount(Measure::traffic).exact);
  const Report huge = count(trace_of("aten::view(%0:f32[3000000000,3000000000]) -> %1:f32[9000000000000000000]\n"
                                     "aten::my(%0:f32[3000000000,3000000000]) -> %2:f32[1]"),
                            find_convention("exact"));
  CHECK_FALSE(huge.amount(Measure::traffic).exact);
}

}  // namespace thoplw
