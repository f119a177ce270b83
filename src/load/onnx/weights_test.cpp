// Which tensors of ONNX files are parameters, how many weights they hold, and whose they are.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "conventions/convention.h"
#include "count/count.h"
#include "load/formats.h"
#include "load/onnx/test_model.h"

namespace thoplw::onnx::test {
namespace {

constexpr int kUint8 = 2, kInt32 = 6;

Report read(const std::string& bytes) { return count(read_onnx({"net.onnx", bytes}, {}), find_convention("exact")); }

std::uint64_t params_of(const Report& report, std::string_view path) {
  const auto found = std::ranges::find(report.rows, path, &Row::path);
  REQUIRE_MESSAGE(found != report.rows.end(), path);
  return found->own[Measure::params].value();
}

Message reals(std::string_view name, const std::vector<float>& values) {
  Message list;
  list.text(1, name).number(20, 6);
  protozero::pbf_writer(list.bytes).add_packed_float(7, values.begin(), values.end());
  return list;
}

template <class Make>
Message filled(std::string_view name, const Sizes& sizes, Make&& make) {
  std::size_t count = 1;
  for (const std::int64_t size : sizes) count *= static_cast<std::size_t>(size);
  std::vector<float> numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = make(i);
  return tensor(name, kFloat, sizes)
      .text(9, std::string(reinterpret_cast<const char*>(numbers.data()), count * sizeof(float)));
}

/// SparseTensorProto of so many values: 1 they, 2 where they are, 3 sizes.
Message sparse_attribute(std::string_view name, std::int64_t values, const Sizes& sizes) {
  Message sparse;
  sparse.add(1, tensor("", kFloat, {values})).add(2, tensor("", kInt64, {values, 2}));
  for (const std::int64_t size : sizes) sparse.number(3, size);
  return Message().text(1, name).add(22, sparse).number(20, 11);
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
      {"MatMulFpQ4: a blob, and the sizes that it stands for",
       {ms("MatMulFpQ4", {"x", "w", "sizes"}, {attribute("blk_quant_type", 1)})},
       {kX},
       {tensor("w", kUint8, {1536}), tensor("sizes", kInt64, {2}, {64, 48})},
       64 * 48},
      {"MoEPacked: bytes in the last dimension",
       {ms("MoEPacked", {"x", "r", "w", "", "w2"}, {attribute("k", 1)})},
       {kX, value("r", kFloat, {"2", "3"})},
       {tensor("w", kUint8, {3, 16, 70}), tensor("w2", kUint8, {3, 64, 20})},
       3 * (16 * 64 + 64 * 16)},
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
      {"a Constant that lists its numbers",
       {node("Constant", {}, {"b"}, "", {reals("value_floats", std::vector<float>(32, 0.5F))}),
        node("Gemm", {"x", "w", "b"}, {"y"}, "layer")},
       {kX},
       {tensor("w", kFloat, {64, 32})},
       64 * 32 + 32},
      {"a sparse Constant: all that its sizes say",
       {node("Constant", {}, {"w"}, "", {sparse_attribute("sparse_value", 3, {64, 32})}),
        node("MatMul", {"x", "w"}, {"y"}, "layer")},
       {kX},
       {},
       64 * 32},
      {"LinearRegressor",
       {node("LinearRegressor", {"x"}, {"y"}, "layer",
             {reals("coefficients", std::vector<float>(64, 1)), reals("intercepts", std::vector<float>{1})},
             "ai.onnx.ml")},
       {kX},
       {},
       64 + 1},
      {"trees whose numbers are tensors: 3 splits, 4 leaves",
       {node("TreeEnsemble", {"x"}, {"y"}, "layer",
             {tensor_attribute("nodes_splits", tensor("", kFloat, {3})),
              tensor_attribute("leaf_weights", tensor("", kFloat, {4})),
              tensor_attribute("nodes_modes", tensor("", kUint8, {3})), attribute("n_targets", 1)},
             "ai.onnx.ml")},
       {kX},
       {},
       3 + 4},
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
       {filled("m", {2, 64}, [](std::size_t i) { return i == 5 ? -1e9F : 0.0F; })},
       0},
      {"a causal mask of 64 KB",
       {node("MatMul", {"x", "w"}, {"s"}, "layer"), node("Add", {"s", "m"}, {"a"}), node("Softmax", {"a"}, {"y"})},
       {value("x", kFloat, {"128", "64"})},
       {tensor("w", kFloat, {64, 128}),
        filled("m", {128, 128}, [](std::size_t i) { return i % 128 > i / 128 ? -INFINITY : 0.0F; })},
       64 * 128},
      {"one that is multiplied with",
       {node("Mul", {"x", "m"}, {"y"})},
       {value("x", kFloat, {"128", "128"})},
       {filled("m", {128, 128}, [](std::size_t i) { return i % 128 > i / 128 ? 0.0F : 1.0F; })},
       0},
      {"one that is subtracted",
       {node("Sub", {"x", "m"}, {"y"})},
       {value("x", kFloat, {"128", "128"})},
       {filled("m", {128, 128}, [](std::size_t i) { return i % 128 > i / 128 ? 1e4F : 0.0F; })},
       0},
      {"factors of the same size are learnt",
       {node("Mul", {"x", "m"}, {"y"}, "layer")},
       {value("x", kFloat, {"128", "128"})},
       {filled("m", {128, 128}, [](std::size_t i) { return static_cast<float>(i % 7); })},
       128 * 128},
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
    CHECK(report.total[Measure::params] == row.params);
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

/// x[2, 64] and what a body gets beside it, which computes y of them by way of `nodes`.
struct Body {
  std::string_view what;
  std::vector<Message> nodes, tensors;
  Names states;  ///< beside x, as the body hands them on
  std::uint64_t params;
};

const std::vector<Body>& bodies() {
  static const std::vector<Body> rows = {
      {"a weight that every turn gets",
       {node("MatMul", {"h", "u"}, {"out"}, "layer")},
       {tensor("w", kFloat, {64, 64})},
       {"u"},
       64 * 64},
      {"through an Identity",
       {node("MatMul", {"h", "u"}, {"out"}, "layer"), node("Identity", {"u"}, {"v"})},
       {tensor("w", kFloat, {64, 64})},
       {"v"},
       64 * 64},
      {"cast in the body",
       {node("DequantizeLinear", {"u", "s"}, {"d"}), node("MatMul", {"h", "d"}, {"out"}, "layer")},
       {tensor("w", kInt8, {64, 64}), tensor("s", kFloat, {})},
       {"u"},
       64 * 64},
      {"where a state starts: learnt",
       {node("MatMul", {"h", "u"}, {"out"}, "layer"), node("Tanh", {"u"}, {"v"})},
       {filled("w", {64, 64}, [](std::size_t i) { return static_cast<float>(i % 9); })},
       {"v"},
       64 * 64},
      {"where a state starts: zeros",
       {node("MatMul", {"h", "k"}, {"p"}, "layer"), node("Add", {"p", "u"}, {"out"}), node("Tanh", {"u"}, {"v"})},
       {filled("w", {2, 64}, [](std::size_t) { return 0.0F; }), tensor("k", kFloat, {64, 64})},
       {"v"},
       64 * 64},
  };
  return rows;
}

TEST_CASE("a mask that torch's exporter names is a buffer, other tables are parameters") {
  GraphOf graph{
      .nodes = {node("MatMul", {"x", "fc.weight"}, {"a"}, "/fc/MatMul"), node("Mul", {"a", "mask"}, {"y"}, "/Mul")},
      .inputs = {kX},
      .outputs = {Message().text(1, "y")},
      .initializers = {tensor("fc.weight", kFloat, {64, 64}),
                       filled("mask", {2, 64}, [](std::size_t i) { return i % 3 ? 1.0F : 0.0F; })},
      .values = {}};
  CHECK(read(model(graph, {}, "pytorch")).all_params == 64 * 64);
  CHECK(read(model(graph, {}, "pytorch")).buffers == 2 * 64);
  graph.initializers[1] = filled("mask", {2, 64}, [](std::size_t i) { return static_cast<float>(i % 3); });
  CHECK(read(model(graph, {}, "pytorch")).all_params == 64 * 64 + 2 * 64);
}

TEST_CASE("a weight that goes into a loop belongs to the layer in it that uses it") {
  for (const Body& row : bodies()) {
    CAPTURE(row.what);
    GraphOf body{
        .nodes = row.nodes,
        .inputs = {Message().text(1, "i"), Message().text(1, "c"), Message().text(1, "h"), Message().text(1, "u")},
        .outputs = {Message().text(1, "c"), Message().text(1, "out"), Message().text(1, row.states[0])},
        .initializers = {},
        .values = {}};
    GraphOf graph{.nodes = {node("Loop", {"times", "", "x", "w"}, {"y"}, "loop", {attribute("body", body.message())})},
                  .inputs = {kX},
                  .outputs = {Message().text(1, "y")},
                  .initializers = row.tensors,
                  .values = {}};
    graph.initializers.push_back(tensor("times", kInt64, {}, {3}));
    const Report looped = read(model(graph));
    CHECK(looped.total[Measure::params] == row.params);
    CHECK(params_of(looped, "") == 0);
    // A Scan gives its states to the body, too, and of the sequence a slice.
    body.inputs = {Message().text(1, "h"), Message().text(1, "u"), Message().text(1, "t")};
    body.outputs = {Message().text(1, "out"), Message().text(1, row.states[0])};
    graph.nodes = {node("Scan", {"x", "w", "sequence"}, {"y"}, "scan",
                        {attribute("body", body.message()), attribute("num_scan_inputs", 1)})};
    graph.inputs.push_back(value("sequence", kFloat, {"3", "8"}));
    const Report scanned = read(model(graph));
    CHECK(scanned.total[Measure::params] == row.params);
    CHECK(params_of(scanned, "") == 0);
  }
}

TEST_CASE("of a weight that a Scan goes through, each turn uses a slice") {
  GraphOf body{.nodes = {node("MatMul", {"h", "slice"}, {"out"}, "layer")},
               .inputs = {Message().text(1, "h"), Message().text(1, "slice")},
               .outputs = {Message().text(1, "out")},
               .initializers = {},
               .values = {}};
  const GraphOf graph{.nodes = {node("Scan", {"x", "w"}, {"y"}, "scan",
                                     {attribute("body", body.message()), attribute("num_scan_inputs", 1)})},
                      .inputs = {kX},
                      .outputs = {Message().text(1, "y")},
                      .initializers = {tensor("w", kFloat, {6, 64, 64})},
                      .values = {}};
  const Report report = read(model(graph));
  CHECK(params_of(report, "layer") == 6 * 64 * 64);
  CHECK(report.total[Measure::macs] == 6 * 2 * 64 * 64);
}

TEST_CASE("a branch uses weights of the graph around it") {
  const auto branch = [](std::string_view weight) {
    return GraphOf{.nodes = {node("MatMul", {"x", std::string(weight)}, {"out"}, "layer")},
                   .inputs = {},
                   .outputs = {Message().text(1, "out")},
                   .initializers = {},
                   .values = {}}
        .message();
  };
  const GraphOf graph{.nodes = {node("If", {"c"}, {"y"}, "if",
                                     {attribute("then_branch", branch("w")), attribute("else_branch", branch("w"))})},
                      .inputs = {kX, value("c", kBool, {})},
                      .outputs = {Message().text(1, "y")},
                      .initializers = {tensor("w", kFloat, {64, 32})},
                      .values = {}};
  CHECK(params_of(read(model(graph)), "layer") == 64 * 32);
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
