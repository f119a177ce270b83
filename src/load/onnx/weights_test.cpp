// Which tensors of ONNX files are parameters, how many weights they hold, and whose they are.
#include <doctest/doctest.h>

#include <algorithm>

#include "load/formats.h"
#include "load/onnx/test_model.h"
#include "report/report.h"

namespace thoplw::onnx::test {
namespace {

constexpr int kUint8 = 2, kInt32 = 6;

Report read(const std::string& bytes) { return count(read_onnx({"net.onnx", bytes}, {}), find_convention("exact")); }

std::uint64_t params_of(const Report& report, std::string_view path) {
  const auto found = std::ranges::find(report.rows, path, &Row::path);
  REQUIRE_MESSAGE(found != report.rows.end(), path);
  return found->params.value();
}

Message reals(std::string_view name, const std::vector<float>& values) {
  Message list;
  list.text(1, name).number(20, 6);
  protozero::pbf_writer(list.bytes).add_packed_float(7, values.begin(), values.end());
  return list;
}

Message ms(std::string_view op, const Names& in, const std::vector<Message>& attributes = {}) {
  return node(op, in, {"y"}, "layer", attributes, "com.microsoft");
}

const Message kX = value("x", kFloat, {"2", "64"}), kU8 = value("x", kUint8, {"2", "64"});
const Message kScale = tensor("s", kFloat, {}), kZero = tensor("z", kUint8, {}), kScales = tensor("ss", kFloat, {32});

struct Case {
  std::string_view what;
  std::vector<Message> nodes, inputs, tensors;
  std::uint64_t params;
};

GraphOf graph_of(const Case& row) {
  return {.nodes = row.nodes,
          .inputs = row.inputs,
          .outputs = {Message().text(1, "y")},
          .initializers = row.tensors,
          .values = {}};
}

const std::vector<Case>& cases() {
  static const std::vector<Case> rows = {
      // operands of quantized products
      {"DynamicQuantizeMatMul",
       {ms("DynamicQuantizeMatMul", {"x", "w", "s", "z", "b"})},
       {kX},
       {tensor("w", kUint8, {64, 32}), kScale, kZero, tensor("b", kFloat, {32})},
       64 * 32 + 32},
      {"MatMulIntegerToFloat",
       {ms("MatMulIntegerToFloat", {"x", "w", "s", "ss", "z", "z", "b"})},
       {kU8},
       {tensor("w", kUint8, {64, 32}), kScale, kScales, kZero, tensor("b", kFloat, {32})},
       64 * 32 + 32},
      {"QGemm with a bias of int32",
       {ms("QGemm", {"x", "s", "z", "w", "ss", "z", "b"})},
       {kU8},
       {tensor("w", kUint8, {64, 32}), kScale, kScales, kZero, tensor("b", kInt32, {32})},
       64 * 32 + 32},
      {"QLinearConv with a bias of int32",
       {node("QLinearConv", {"x", "s", "z", "w", "ss", "z", "s", "z", "b"}, {"y"}, "layer")},
       {value("x", kUint8, {"1", "3", "8", "8"})},
       {tensor("w", kInt8, {32, 3, 1, 1}), kScale, kScales, kZero, tensor("b", kInt32, {32})},
       32 * 3 + 32},
      {"DynamicQuantizeLSTM",
       {ms("DynamicQuantizeLSTM", {"x", "w", "r", "b", "", "", "", "", "s", "z", "s", "z"})},
       {value("x", kFloat, {"5", "2", "8"})},
       {tensor("w", kInt8, {1, 8, 16}), tensor("r", kInt8, {1, 4, 16}), tensor("b", kFloat, {1, 32}), kScale, kZero},
       8 * 16 + 4 * 16 + 32},
      {"QAttention",
       {ms("QAttention", {"x", "w", "b", "s", "s", "", "z", "z"}, {attribute("num_heads", 2)})},
       {value("x", kUint8, {"1", "5", "8"})},
       {tensor("w", kInt8, {8, 24}), tensor("b", kFloat, {24}), kScale, kZero},
       8 * 24 + 24},
      {"FusedGemm",
       {ms("FusedGemm", {"x", "w", "b"})},
       {kX},
       {tensor("w", kFloat, {64, 32}), tensor("b", kFloat, {32})},
       64 * 32 + 32},
      {"NhwcConv",
       {ms("NhwcConv", {"x", "w", "b"})},
       {value("x", kFloat, {"1", "8", "8", "3"})},
       {tensor("w", kFloat, {4, 1, 1, 3}), tensor("b", kFloat, {4})},
       4 * 3 + 4},
      // weights that are packed: their number, not that of the bytes
      {"MatMulNBits",
       {ms("MatMulNBits", {"x", "w", "sc", "zp"},
           {attribute("K", 64), attribute("N", 32), attribute("bits", 4), attribute("block_size", 32)})},
       {kX},
       {tensor("w", kUint8, {32, 2, 16}), tensor("sc", kFloat, {32, 2}), tensor("zp", kUint8, {32, 1})},
       64 * 32},
      {"MatMulNBits of 40 columns, which fill two blocks of 32, with a bias",
       {ms("MatMulNBits", {"x", "w", "sc", "", "", "b"},
           {attribute("K", 40), attribute("N", 32), attribute("bits", 4), attribute("block_size", 32)})},
       {value("x", kFloat, {"2", "40"})},
       {tensor("w", kUint8, {32, 2, 16}), tensor("sc", kFloat, {32, 2}), tensor("b", kFloat, {32})},
       40 * 32 + 32},
      {"MatMulBnb4",
       {ms("MatMulBnb4", {"x", "w", "sc"}, {attribute("K", 64), attribute("N", 32), attribute("quant_type", 1)})},
       {kX},
       {tensor("w", kUint8, {1024}), tensor("sc", kFloat, {64})},
       64 * 32},
      {"GatherBlockQuantized",
       {ms("GatherBlockQuantized", {"w", "i", "sc"}, {attribute("bits", 4)})},
       {value("i", kInt64, {"3"})},
       {tensor("w", kUint8, {10, 16}), tensor("sc", kFloat, {10, 1})},
       10 * 32},
      {"QMoE of two experts, 8 bits",
       {ms("QMoE", {"x", "r", "w", "sc", "b", "w2", "sc"}, {attribute("expert_weight_bits", 8), attribute("k", 1)})},
       {kX, value("r", kFloat, {"2", "2"})},
       {tensor("w", kUint8, {2, 16, 64}), tensor("sc", kFloat, {2, 16}), tensor("b", kFloat, {2, 16}),
        tensor("w2", kUint8, {2, 64, 16})},
       2 * (16 * 64 + 16 + 64 * 16)},
      // inputs that the operator of the rule table has no place for
      {"SkipLayerNormalization",
       {ms("SkipLayerNormalization", {"x", "x", "gamma", "beta", "b"})},
       {kX},
       {tensor("gamma", kFloat, {64}), tensor("beta", kFloat, {64}), tensor("b", kFloat, {64})},
       3 * 64},
      {"MultiHeadAttention",
       {ms("MultiHeadAttention", {"x", "x", "x", "b"}, {attribute("num_heads", 2)})},
       {value("x", kFloat, {"1", "5", "8"})},
       {tensor("b", kFloat, {24})},
       24},
      // what others made of a weight before it is used
      {"int8 through Cast, Sub and Mul",
       {node("Cast", {"w"}, {"a"}, "", {attribute("to", 1)}), node("Sub", {"a", "zero"}, {"b"}),
        node("Mul", {"b", "ss"}, {"c"}), node("MatMul", {"x", "c"}, {"y"}, "layer")},
       {kX},
       {tensor("w", kInt8, {64, 32}), kScales, tensor("zero", kFloat, {32})},
       64 * 32},
      {"uint8 through DequantizeLinear and Transpose",
       {node("DequantizeLinear", {"w", "ss", "zs"}, {"a"}), node("Transpose", {"a"}, {"b"}),
        node("MatMul", {"x", "b"}, {"y"}, "layer")},
       {kX},
       {tensor("w", kUint8, {32, 64}), kScales, tensor("zs", kUint8, {32})},
       64 * 32},
      {"a bias of int32 through DequantizeLinear",
       {node("DequantizeLinear", {"b", "s"}, {"a"}), node("Gemm", {"x", "w", "a"}, {"y"}, "layer")},
       {kX},
       {tensor("w", kFloat, {64, 32}), tensor("b", kInt32, {32}), kScale},
       64 * 32 + 32},
      {"a bias behind a Reshape",
       {node("ConvInteger", {"x", "w"}, {"a"}, "layer"), node("Cast", {"a"}, {"c"}, "", {attribute("to", 1)}),
        node("Reshape", {"b", "four"}, {"d"}), node("Add", {"c", "d"}, {"y"})},
       {value("x", kUint8, {"1", "3", "8", "8"})},
       {tensor("w", kInt8, {4, 3, 1, 1}), tensor("b", kFloat, {4}), tensor("four", kInt64, {4}, {1, 4, 1, 1})},
       4 * 3 + 4},
      {"one weight that two layers use in parts",
       {node("Split", {"w"}, {"p", "q"}, "", {attribute("axis", 1), attribute("num_outputs", 2)}),
        node("MatMul", {"x", "p"}, {"a"}, "layer"), node("MatMul", {"x", "q"}, {"y"}, "other")},
       {kX},
       {tensor("w", kFloat, {64, 32})},
       64 * 32},
      // in Constants, attributes, tables
      {"a Constant",
       {constant("w", tensor("", kFloat, {64, 32})), node("MatMul", {"x", "w"}, {"y"}, "layer")},
       {kX},
       {},
       64 * 32},
      {"two Constants, one of int8",
       {constant("w", tensor("", kInt8, {64, 32})), node("DequantizeLinear", {"w", "s"}, {"d"}),
        constant("b", tensor("", kFloat, {32})), node("Gemm", {"x", "d", "b"}, {"y"}, "layer")},
       {kX},
       {kScale},
       64 * 32 + 32},
      {"LinearRegressor",
       {node("LinearRegressor", {"x"}, {"y"}, "layer",
             {reals("coefficients", std::vector<float>(64, 1)), reals("intercepts", std::vector<float>{1})},
             "ai.onnx.ml")},
       {kX},
       {},
       64 + 1},
      {"a small table",
       {node("Gather", {"w", "i"}, {"y"}, "layer")},
       {value("i", kInt64, {"3"})},
       {tensor("w", kFloat, {2, 3})},
       6},
      {"a small table of int8",
       {node("Gather", {"w", "i"}, {"a"}, "layer"), node("DequantizeLinear", {"a", "s"}, {"y"})},
       {value("i", kInt64, {"3"})},
       {tensor("w", kInt8, {2, 3}), kScale},
       6},
      // no parameters
      {"sizes, axes, scales and limits",
       {node("Reshape", {"x", "sizes"}, {"a"}), node("QuantizeLinear", {"a", "ss"}, {"q"}),
        node("DequantizeLinear", {"q", "ss"}, {"d"}), node("Clip", {"d", "low"}, {"e"}),
        node("Unsqueeze", {"e", "axes"}, {"y"})},
       {kX},
       {tensor("sizes", kInt64, {2}, {4, 32}), kScales, tensor("low", kFloat, {1}), tensor("axes", kInt64, {1}, {0})},
       0},
      {"a mask for a softmax",
       {node("Add", {"x", "m"}, {"a"}), node("Softmax", {"a"}, {"y"})},
       {kX},
       {tensor("m", kFloat, {2, 64})
            .text(9,
                  [] {
                    std::vector<float> mask(128, 0);
                    mask[5] = -1e9F;
                    return std::string(reinterpret_cast<const char*>(mask.data()), mask.size() * sizeof(float));
                  }())},
       0},
      {"positions that are cast",
       {node("Cast", {"p"}, {"a"}, "", {attribute("to", 1)}), node("Mul", {"x", "a"}, {"y"})},
       {kX},
       {tensor("p", kInt64, {64})},
       0},
  };
  return rows;
}

TEST_CASE("parameters of one layer, by how the file holds them") {
  for (const Case& row : cases()) {
    CAPTURE(row.what);
    const Report report = read(model(graph_of(row)));
    CHECK(report.params == row.params);
  }
}

TEST_CASE("a weight belongs to the layer that uses it, not to what hands it on") {
  for (const Case& row : cases()) {
    const bool named = std::ranges::any_of(
        row.nodes, [](const Message& node) { return node.bytes.find("layer") != std::string::npos; });
    if (!named || row.what.starts_with("one weight that two")) continue;
    CAPTURE(row.what);
    const Report report = read(model(graph_of(row)));
    CHECK(params_of(report, "") == 0);
  }
}

TEST_CASE("layers of a quantized file have the names that they had before") {
  GraphOf graph{.nodes = {ms("MatMulNBits", {"x", "w_Q4", "s"}, {attribute("K", 64), attribute("N", 32)})},
                .inputs = {kX},
                .outputs = {Message().text(1, "y")},
                .initializers = {tensor("w_Q4", kUint8, {32, 2, 16}), tensor("s", kFloat, {64})},
                .values = {}};
  graph.nodes[0] = node("MatMulNBits", {"x", "w_Q4", "s"}, {"y"}, "fc_Q4", {attribute("K", 64), attribute("N", 32)},
                        "com.microsoft");
  CHECK(params_of(read(model(graph)), "fc") == 64 * 32);
  graph.initializers = {tensor("w", kInt8, {64, 32})};
  for (const std::string_view name : {"fc", "fc_quant", "fc/MatMulAddFusion"}) {
    graph.nodes = {node("MatMulInteger", {"x", "w"}, {"y"}, name)};
    CHECK(params_of(read(model(graph)), "fc") == 64 * 32);
  }
}

}  // namespace
}  // namespace thoplw::onnx::test
