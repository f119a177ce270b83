// Graphs of ONNX files: what their nodes cost, whose they are, and what is said of files that cannot be followed.
#include <doctest/doctest.h>

#include <algorithm>

#include "conventions/convention.h"
#include "count/count.h"
#include "load/formats.h"
#include "load/onnx/test_model.h"
#include "trace/text.h"

namespace thoplw::onnx::test {
namespace {

using Dims = std::vector<std::pair<std::string, std::int64_t>>;

Report read(const std::string& bytes, const Dims& dims = {}, std::string_view convention = "thoplw") {
  return count(read_onnx({"folder/net.onnx", bytes}, {dims}), find_convention(convention));
}

const Row& row(const Report& report, std::string_view path) {
  const auto found = std::ranges::find(report.rows, path, &Row::path);
  REQUIRE_MESSAGE(found != report.rows.end(), path);
  return *found;
}

bool noted(const Report& report, std::string_view text) {
  return std::ranges::any_of(report.notes,
                             [&](const std::string& note) { return note.find(text) != std::string::npos; });
}

std::string complaint(const std::string& bytes, const Dims& dims = {}) {
  try {
    read(bytes, dims);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, std::string_view part) {
  CAPTURE(text);
  CAPTURE(part);
  return text.find(part) != std::string::npos;
}

/// x[rows, 4] times a 4x4 weight, `times` often in a row.
GraphOf product(const std::string& rows = "2") {
  return {.nodes = {node("MatMul", {"x", "w"}, {"y"}, "product")},
          .inputs = {value("x", kFloat, {rows, "4"})},
          .outputs = {value("y", kFloat, {rows, "4"})},
          .initializers = {tensor("w", kFloat, {4, 4})},
          .values = {}};
}
constexpr std::uint64_t kProduct = 2 * 4 * 4;

TEST_CASE("a node of a file without modules is one itself") {
  const Report report = read(model(product()));
  CHECK(report.model == "test");
  CHECK(report.total[Measure::macs] == kProduct);
  CHECK(row(report, "product").own[Measure::macs] == kProduct);
  CHECK(row(report, "product").own[Measure::params] == 16);
  CHECK(row(report, "product").cls == "MatMul");
  CHECK(report.exact);
}

TEST_CASE("a trace of a file says so, as text too") {
  const Trace trace = read_onnx({"folder/net.onnx", model(product())}, {});
  CHECK(trace.origin == Origin::onnx);
  CHECK(parse_trace(to_text(trace)).origin == Origin::onnx);
}

TEST_CASE("modules, their calls and their classes come from torch's metadata") {
  const Names path = {"layer"}, cls = {"torch.nn.modules.linear.Linear"};
  GraphOf graph = product();
  const auto step = [&](const std::string& in, const std::string& out, const std::string& name) {
    graph.nodes.push_back(placed(node("MatMul", {in, "layer.weight"}, {"p_" + out}), path, cls, name));
    graph.nodes.push_back(placed(node("Add", {"p_" + out, "layer.bias"}, {out}), path, cls, name));
  };
  graph.nodes.clear();
  graph.initializers = {tensor("layer.weight", kFloat, {4, 4}), tensor("layer.bias", kFloat, {4})};
  step("x", "a", "linear");
  step("a", "y", "linear_1");
  const Report report = read(model(graph, {}, "pytorch"));
  CHECK(report.model == "Net");
  CHECK(row(report, "layer").cls == "Linear");
  CHECK(row(report, "layer").calls == 2);
  CHECK(row(report, "layer").own[Measure::macs] == 2 * (kProduct + 2 * 4));  // the bias at each of 2 positions
  CHECK(row(report, "layer").own[Measure::params] == 16 + 4);
}

TEST_CASE("a node without metadata belongs to the call around it") {
  const Names path = {"block", "block.layer"}, cls = {"app.Block", "app.Layer"};
  GraphOf graph = product();
  graph.nodes = {placed(node("Relu", {"x"}, {"a"}), path, cls, "relu"), node("MatMul", {"a", "w"}, {"b"}),
                 placed(node("Relu", {"b"}, {"c"}), {"block", "block.act"}, cls, "relu_1"),
                 placed(node("Relu", {"c"}, {"y"}), {}, {}, "relu_2")};
  const Report report = read(model(graph, {}, "pytorch"));
  CHECK(row(report, "block").own[Measure::macs] == kProduct);
}

TEST_CASE("the exporter that traces puts modules into the names of nodes") {
  GraphOf graph = product();
  graph.initializers = {tensor("seq.0.weight", kFloat, {4, 4}), tensor("seq.0.bias", kFloat, {4})};
  graph.nodes = {node("MatMul", {"x", "seq.0.weight"}, {"a"}, "/seq/seq.0/MatMul"),
                 node("Add", {"a", "seq.0.bias"}, {"b"}, "/seq/seq.0/Add"),
                 node("Relu", {"b"}, {"c"}, "/seq/seq.1/Relu"),
                 node("MatMul", {"c", "seq.0.weight"}, {"d"}, "/seq/seq.0_1/MatMul"),
                 node("Add", {"d", "seq.0.bias"}, {"e"}, "/seq/seq.0_1/Add"),
                 node("Relu", {"e"}, {"y"}, "/seq/seq.1_1/Relu")};
  const Report report = read(model(graph, {}, "pytorch"));
  CHECK(row(report, "seq.0").cls == "Linear");
  CHECK(row(report, "seq.0").calls == 2);
  CHECK(row(report, "seq.0").own[Measure::macs] == 2 * (kProduct + 2 * 4));
  CHECK(row(report, "seq.1").calls == 2);
  CHECK(noted(report, "inferred from what they do"));
}

TEST_CASE("a folded batch norm and lost names are said, not guessed") {
  GraphOf graph;
  graph.inputs = {value("x", kFloat, {"1", "3", "8", "8"})};
  graph.outputs = {value("y", kFloat, {"1", "4", "8", "8"})};
  graph.initializers = {tensor("onnx::Conv_7", kFloat, {4, 3, 1, 1}), tensor("onnx::Conv_8", kFloat, {4})};
  graph.nodes = {node("Conv", {"x", "onnx::Conv_7", "onnx::Conv_8"}, {"y"}, "/conv/Conv")};
  // Tools that price a layer by its weight find it under whatever name; torchstat adds the bias to all 4*8*8 elements.
  for (const auto& [tool, macs] :
       {std::pair("thop", 12 * 64), std::pair("ultralytics-thop", 12 * 64), std::pair("torchstat", 12 * 64 + 256)}) {
    CAPTURE(tool);
    CHECK(read(model(graph, {}, "pytorch"), {}, tool).total[Measure::macs] == static_cast<std::uint64_t>(macs));
  }
  const Report report = read(model(graph, {}, "pytorch"));
  CHECK(row(report, "conv").cls == "Conv2d");
  CHECK(row(report, "conv").own[Measure::macs] == 12 * 64 + 4);  // 4*3 weights at 8*8 positions, the bias once
  CHECK(row(report, "conv").own[Measure::params] == 12 + 4);
  CHECK(noted(report, "a batch norm is folded into 1 of the layers"));
  CHECK(noted(report, "2 weights lost their names"));
}

TEST_CASE("functions are followed, with the attributes of their call") {
  Message transposed = Message().text(1, "transB").number(20, 2).text(21, "turn");
  const Message gemm = function("own", "Layer", {"a", "b"}, {"c"}, {node("Gemm", {"a", "b"}, {"c"}, "", {transposed})});
  GraphOf graph = product();
  graph.initializers = {tensor("w", kFloat, {5, 4})};
  graph.nodes = {node("Layer", {"x", "w"}, {"y"}, "call", {attribute("turn", 1)}, "own")};
  const Report report = read(model(graph, {gemm}));
  CHECK(report.total[Measure::macs] == 2 * 4 * 5);
  CHECK(report.exact);
}

/// x[2, 4] through a function that is called twice, each time with an attribute of its own.
GraphOf two_calls(const std::vector<Message>& given) {
  GraphOf graph = product();
  graph.initializers.clear();
  graph.nodes = {node("Layer", {"x"}, {"a"}, "first", {given[0]}, "own"),
                 node("Layer", {"a"}, {"y"}, "second", {given[1]}, "own")};
  return graph;
}

TEST_CASE("a weight that each call of a function gives as an attribute is a parameter of its own") {
  const Message layer =
      function("own", "Layer", {"a"}, {"c"},
               {node("Constant", {}, {"b"}, "", {referring("value", 4, "weight")}), node("MatMul", {"a", "b"}, {"c"})});
  const Message weight = tensor_attribute("weight", tensor("t", kFloat, {4, 4}));
  const Report report = read(model(two_calls({weight, weight}), {layer}), {}, "exact");
  CHECK(report.total[Measure::params] == 2 * 4 * 4);
  CHECK(report.total[Measure::macs] == 2 * kProduct);

  const Message around = function("own", "Around", {"a"}, {"c"},
                                  {node("Layer", {"a"}, {"c"}, "", {referring("weight", 4, "weight")}, "own")});
  GraphOf deeper = two_calls({weight, weight});
  deeper.nodes = {node("Around", {"x"}, {"a"}, "first", {weight}, "own"),
                  node("Around", {"a"}, {"y"}, "second", {weight}, "own")};
  CHECK(read(model(deeper, {layer, around}), {}, "exact").total[Measure::params] == 2 * 4 * 4);
}

TEST_CASE("a weight in the default of a function's attribute is one, however often it is called") {
  Message layer =
      function("own", "Layer", {"a"}, {"c"},
               {node("Constant", {}, {"b"}, "", {referring("value", 4, "weight")}), node("MatMul", {"a", "b"}, {"c"})});
  layer.add(11, tensor_attribute("weight", tensor("t", kFloat, {4, 4})));
  const Report report = read(model(two_calls({attribute("other", 1), attribute("other", 1)}), {layer}), {}, "exact");
  CHECK(report.total[Measure::params] == 4 * 4);
  CHECK(report.total[Measure::macs] == 2 * kProduct);
}

TEST_CASE("graphs that each call of a function gives as an attribute keep their weights apart") {
  GraphOf body;
  body.nodes = {node("MatMul", {"x", "w"}, {"m"})};
  body.outputs = {value("m", kFloat, {"2", "4"})};
  body.initializers = {tensor("w", kFloat, {4, 4})};
  const Message layer = function(
      "own", "Layer", {"a"}, {"c"},
      {constant("yes", Message().number(2, kBool).text(9, "\x01")),
       node("If", {"yes"}, {"c"}, "if", {referring("then_branch", 5, "graph"), referring("else_branch", 5, "graph")})});
  const Message graph = attribute("graph", body.message());
  const Report report = read(model(two_calls({graph, graph}), {layer}), {}, "exact");
  CHECK(report.total[Measure::params] == 2 * 4 * 4);
  CHECK(report.total[Measure::macs] == 2 * kProduct);
}

TEST_CASE("nodes of a graph that is given as an attribute see what is around the call, not inside of the function") {
  // Both have an `a`: 2x4 around the call of Outer, 3x4 in Inner. The graph is handed on from one to the other.
  GraphOf body, other;
  body.nodes = {node("MatMul", {"a", "w"}, {"m"})};
  other.nodes = {node("Relu", {"a"}, {"m"})};
  body.outputs = other.outputs = {Message().text(1, "m")};
  const Message inner = function(
      "own", "Inner", {"c", "a"}, {"y"},
      {node("If", {"c"}, {"y"}, "if", {referring("then_branch", 5, "yes"), referring("else_branch", 5, "no")})});
  const Message outer = function(
      "own", "Outer", {"c", "b"}, {"y"},
      {node("Relu", {"b"}, {"a"}),
       node("Inner", {"c", "a"}, {"y"}, "", {referring("yes", 5, "graph"), attribute("no", other.message())}, "own")});
  GraphOf graph;
  graph.inputs = {value("a", kFloat, {"2", "4"}), value("long", kFloat, {"3", "4"}), value("c", kBool, {})};
  graph.outputs = {Message().text(1, "y")};
  graph.initializers = {tensor("w", kFloat, {4, 4})};
  graph.nodes = {node("Outer", {"c", "long"}, {"y"}, "", {attribute("graph", body.message())}, "own")};
  const Report report = read(model(graph, {inner, outer}), {}, "exact");
  CHECK(report.total[Measure::macs] == kProduct);
  CHECK(report.total[Measure::params] == 4 * 4);
  CHECK(report.exact);
}

TEST_CASE("an optional input that is left out may be passed on, but stands for no value") {
  GraphOf graph = product();
  graph.nodes = {node("Layer", {"x", "w"}, {"y"}, "call", {}, "own")};
  const auto layer = [](const Names& out) {
    return function("own", "Layer", {"a", "b", "c"}, out, {node("Gemm", {"a", "b", "c"}, {"d"})});
  };
  CHECK(read(model(graph, {layer({"d"})})).total[Measure::macs] == kProduct);
  CHECK(has(complaint(model(graph, {layer({"e"})})), "does not make its output 'e'"));
  graph.nodes.push_back(node("Layer", {"x", "w", "none"}, {"z"}, "call", {}, "own"));
  CHECK(has(complaint(model(graph, {layer({"d"})})), "reads 'none', which nothing before it makes"));
}

TEST_CASE("functions that call themselves are refused") {
  const Message endless = function("own", "F", {"a"}, {"b"}, {node("F", {"a"}, {"b"}, "", {}, "own")});
  GraphOf graph = product();
  graph.nodes = {node("F", {"x"}, {"y"}, "", {}, "own")};
  CHECK(has(complaint(model(graph, {endless})), "without end"));

  std::vector<Message> doubling = {function("own", "F0", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})})};
  for (int i = 1; i < 60; ++i) {
    const std::string inner = "F" + std::to_string(i - 1);
    doubling.push_back(function("own", "F" + std::to_string(i), {"a"}, {"b"},
                                {node(inner, {"a"}, {"c"}, "", {}, "own"), node(inner, {"c"}, {"b"}, "", {}, "own")}));
  }
  graph.nodes = {node("F59", {"x"}, {"y"}, "", {}, "own")};
  CHECK(has(complaint(model(graph, doubling)), "more often than a file of its size can mean"));
}

GraphOf branches() {
  const GraphOf none{.nodes = {node("Relu", {"x"}, {"r"})},
                     .inputs = {},
                     .outputs = {value("r", kFloat, {"2", "4"})},
                     .initializers = {},
                     .values = {}};
  const GraphOf some{.nodes = {node("MatMul", {"x", "w"}, {"m"})},
                     .inputs = {},
                     .outputs = {value("m", kFloat, {"2", "4"})},
                     .initializers = {},
                     .values = {}};
  GraphOf graph = product();
  graph.inputs.push_back(value("which", kBool, {}));
  graph.nodes = {node("If", {"which"}, {"y"}, "if",
                      {attribute("then_branch", none.message()), attribute("else_branch", some.message())})};
  return graph;
}

TEST_CASE("of the branches of an If the costlier counts, unless the file says which runs") {
  const Report open = read(model(branches()));
  CHECK(open.total[Measure::macs] == kProduct);
  CHECK(open.exact);
  CHECK(noted(open, "the costlier branch"));

  GraphOf known = branches();
  known.inputs.pop_back();
  known.initializers.push_back(tensor("which", kInt64, {}, {1}));
  CHECK(read(model(known)).total[Measure::macs] == 0);
}

/// A branch of one product with that weight; one of 4 rows fits x[2, 4].
Message branch_of(const std::string& weight) {
  const GraphOf graph{.nodes = {node("MatMul", {"x", weight}, {"m"}, "by " + weight)},
                      .inputs = {},
                      .outputs = {value("m", kFloat, {"2", ""})},
                      .initializers = {},
                      .values = {}};
  return graph.message();
}

/// An If on `which`, one integer, of which the file does not say the value.
GraphOf open_branches(const Message& then_branch, const Message& else_branch) {
  GraphOf graph = product();
  graph.inputs.push_back(value("rate", kInt64, {}));
  graph.initializers = {tensor("w", kFloat, {4, 4}), tensor("wide", kFloat, {4, 12}), tensor("tall", kFloat, {5, 4}),
                        tensor("taller", kFloat, {6, 4}), tensor("known", kInt64, {}, {16000})};
  graph.nodes = {
      node("Equal", {"rate", "known"}, {"is"}),
      node("If", {"is"}, {"y"}, "if", {attribute("then_branch", then_branch), attribute("else_branch", else_branch)})};
  return graph;
}

TEST_CASE("a branch that cannot run at these sizes is not the one that runs") {
  for (const bool fits_first : {true, false}) {
    const Message fits = branch_of("w"), does_not = branch_of("tall");
    const Report report = read(model(fits_first ? open_branches(fits, does_not) : open_branches(does_not, fits)));
    CHECK(report.total[Measure::macs] == kProduct);
    CHECK(report.exact);
    CHECK(noted(report, fits_first ? "If 'if': then_branch counts" : "If 'if': else_branch counts"));
    CHECK(noted(report, "cannot run at these sizes: node 'by tall' (MatMul): inner sizes differ: 4 and 5"));
  }
}

TEST_CASE("where neither branch can run, the error says why of both") {
  const std::string said = complaint(model(open_branches(branch_of("tall"), branch_of("taller"))));
  CHECK(has(said,
            "If 'if': neither branch can run: in then_branch, node 'by tall' (MatMul): inner sizes differ: 4 and 5"));
  CHECK(has(said, "; in else_branch, node 'by taller' (MatMul): inner sizes differ: 4 and 6"));
}

TEST_CASE("a branch cannot run either where an If or a loop in it cannot") {
  const auto inside = [](const Names& in, std::string_view op, const std::vector<Message>& attributes) {
    GraphOf graph;
    graph.nodes = {node(op, in, {"inner"}, "inner", attributes)};
    graph.outputs = {value("inner", kFloat, {"2", ""})};
    return graph.message();
  };
  const Message choice = inside(
      {"is"}, "If", {attribute("then_branch", branch_of("tall")), attribute("else_branch", branch_of("taller"))});
  GraphOf body;
  body.nodes = {node("MatMul", {"state", "tall"}, {"next"}), node("Identity", {"go"}, {"on"})};
  body.inputs = {value("i", kInt64, {}), value("go", kBool, {}), value("state", kFloat, {"2", "4"})};
  body.outputs = {value("on", kBool, {}), value("next", kFloat, {"2", "4"})};
  const Message loop = inside({"known", "", "x"}, "Loop", {attribute("body", body.message())});
  for (const Message& cannot : {choice, loop}) {
    GraphOf graph = open_branches(cannot, branch_of("w"));
    graph.nodes.push_back(node("MatMul", {"y", "w"}, {"z"}));
    graph.outputs = {value("z", kFloat, {"2", "4"})};
    CHECK(read(model(graph)).total[Measure::macs] == 2 * kProduct);
  }
}

TEST_CASE("what is wrong with a file is said, whatever branch it is in") {
  CHECK(has(complaint(model(open_branches(branch_of("w"), branch_of("absent")))), "reads 'absent'"));
}

TEST_CASE("the value of an input of one integer decides which branch runs") {
  const std::string file = model(open_branches(branch_of("w"), branch_of("wide")));
  constexpr std::uint64_t kWide = 2 * 4 * 12;
  CHECK(read(file).total[Measure::macs] == kWide);
  CHECK(noted(read(file), "values of inputs may tell it: --dim rate=N"));
  for (const std::int64_t rate : {8000, 0, -1}) CHECK(read(file, {{"rate", rate}}).total[Measure::macs] == kWide);
  const Report told = read(file, {{"rate", 16000}});
  CHECK(told.total[Measure::macs] == kProduct);
  CHECK(told.notes.empty());
  CHECK(has(complaint(file, {{"rates", 16000}}), "did you mean 'rate'"));

  GraphOf graph = branches();  // a product where `which` is false
  graph.inputs.back() = value("which", kBool, {"1"});
  CHECK(read(model(graph), {{"which", 1}}).total[Measure::macs] == 0);
  CHECK(read(model(graph), {{"which", 0}}).total[Measure::macs] == kProduct);
  CHECK(has(complaint(model(graph), {{"which", 2}}), "this input is true or false; give 1 or 0"));
  CHECK(has(complaint(model(graph), {{"x", 2}}), "unknown dimension 'x'; known: which"));
}

/// A loop whose body multiplies its state by the weight.
GraphOf loop(const Message& condition_out, bool grows = false) {
  GraphOf body;
  body.nodes = {node("MatMul", {"state", "w"}, {"m"}), condition_out};
  body.nodes.push_back(grows ? node("Concat", {"m", "m"}, {"next"}, "", {attribute("axis", 0)})
                             : node("Relu", {"m"}, {"next"}));
  body.inputs = {value("i", kInt64, {}), value("go", kBool, {}),
                 value("state", kFloat, grows ? Names{"rows", "4"} : Names{"2", "4"})};
  body.outputs = {value("on", kBool, {}), value("next", kFloat, grows ? Names{"rows2", "4"} : Names{"2", "4"}),
                  value("m", kFloat, {"", "4"})};
  GraphOf graph = product();
  graph.initializers.push_back(tensor("trips", kInt64, {}, {7}));
  graph.nodes = {node("Loop", {"trips", "", "x"}, {"y", "all"}, "loop", {attribute("body", body.message())})};
  return graph;
}

TEST_CASE("a loop of known length counts its body as often") {
  const Report report = read(model(loop(node("Identity", {"go"}, {"on"}))));
  CHECK(report.total[Measure::macs] == 7 * kProduct);
  CHECK(report.exact);
}

TEST_CASE("a loop that changes sizes counts each turn with those that it has") {
  const Report report = read(model(loop(node("Identity", {"go"}, {"on"}), true)));
  CHECK(report.total[Measure::macs] == (2 + 4 + 8 + 16 + 32 + 64 + 128) * 4 * 4);  // rows double with each of 7 turns
  CHECK(report.exact);
  CHECK(row(report, "").in->shape == Sizes{2, 4});
}

/// A loop as tf2onnx writes it: as many turns as a file can say, and a counter among the states that ends it.
GraphOf counting(const Message& step, std::int64_t from, std::string_view limit, bool grows = false) {
  GraphOf body;
  body.nodes = {step, node("Less", {"count_next", std::string(limit)}, {"on"})};
  body.nodes.push_back(node("MatMul", {"state", "w"}, {"m"}, "product"));
  body.nodes.push_back(grows ? node("Concat", {"state", "m"}, {"next"}, "", {attribute("axis", 0)})
                             : node("Relu", {"m"}, {"next"}));
  body.nodes.push_back(node("Identity", {"limit"}, {"limit_next"}));
  const Names sizes = grows ? Names{"", "4"} : Names{"2", "4"};
  body.inputs = {value("i", kInt64, {}), value("go", kBool, {}), value("count", kInt64, {}), value("limit", kInt64, {}),
                 value("state", kFloat, sizes)};
  body.outputs = {value("on", kBool, {}), value("count_next", kInt64, {}), value("limit_next", kInt64, {}),
                  value("next", kFloat, sizes)};
  GraphOf graph = product();
  for (const auto& [name, number] : {std::pair("most", INT64_MAX), std::pair("from", from),
                                     std::pair("nine", INT64_C(9)), std::pair("two", INT64_C(2))}) {
    graph.initializers.push_back(tensor(name, kInt64, {}, {number}));
  }
  graph.nodes = {node("Less", {"from", "nine"}, {"starts"}),
                 node("Loop", {"most", "starts", "from", "nine", "x"}, {"a", "b", "y"}, "loop",
                      {attribute("body", body.message())})};
  return graph;
}

TEST_CASE("a loop whose condition follows from integers runs as often as that says") {
  const Message plus_two = node("Add", {"count", "two"}, {"count_next"});
  struct {
    GraphOf graph;
    std::uint64_t turns;
  } kLoops[] = {
      {counting(plus_two, 0, "nine"), 5},                                   // 2, 4, 6, 8, 10
      {counting(plus_two, 0, "limit"), 5},                                  // the same, as a state that no turn changes
      {counting(plus_two, 7, "nine"), 1},                                   // 9
      {counting(plus_two, 9, "nine"), 0},                                   // it does not start
      {counting(node("Add", {"i", "two"}, {"count_next"}), 0, "nine"), 8},  // 2, 3, ... 9: by the number of the turn
      {counting(node("Mul", {"count", "two"}, {"count_next"}), 1, "nine"), 4},  // 2, 4, 8, 16
  };
  for (const auto& [graph, turns] : kLoops) {
    const Report report = read(model(graph));
    CHECK(report.total[Measure::macs] == turns * kProduct);
    CHECK(report.exact);
  }
}

TEST_CASE("the condition of a loop may ask for sizes that its turns change") {
  GraphOf graph = counting(node("Size", {"state"}, {"count_next"}), 0, "nine", true);
  CHECK(read(model(graph)).total[Measure::macs] == (2 + 4) * 4 * 4);  // 2 rows, 8 elements: go on; 4 rows, 16: stop
  CHECK(read(model(graph)).exact);
}

TEST_CASE("a loop that may end earlier counts once, and the total is a lower bound") {
  GraphOf asks = loop(node("Identity", {"flag"}, {"on"}));
  asks.inputs.push_back(value("flag", kBool, {}));
  const GraphOf endless = counting(node("Identity", {"count"}, {"count_next"}), 0, "nine");
  for (const GraphOf& graph : {asks, endless}) {
    const Report report = read(model(graph));
    CHECK_FALSE(report.exact);
    CHECK(std::ranges::any_of(report.uncounted, [](const Uncounted& left) { return left.op == "onnx::Loop"; }));
    CHECK(noted(report, "how often Loop 'loop' runs is not in the file"));
  }
  CHECK(read(model(asks)).total[Measure::macs] == kProduct);
}

TEST_CASE("a scan counts its body once per slice") {
  GraphOf body;
  body.nodes = {node("MatMul", {"slice", "w"}, {"m"})};
  body.inputs = {value("slice", kFloat, {"2", "4"})};
  body.outputs = {value("m", kFloat, {"2", "4"})};
  GraphOf graph = product();
  graph.inputs = {value("xs", kFloat, {"5", "2", "4"})};
  graph.nodes = {
      node("Scan", {"xs"}, {"y"}, "scan", {attribute("body", body.message()), attribute("num_scan_inputs", 1)})};
  const Report report = read(model(graph));
  CHECK(report.total[Measure::macs] == 5 * kProduct);
  CHECK(report.exact);
}

TEST_CASE("sizes that are open") {
  GraphOf graph = product("N");
  graph.inputs.push_back(value("z", kFloat, {"N", "2*half", "", "3", "half"}));
  CHECK(onnx_sizes({"net.onnx", model(graph)}) ==
        std::vector<SymbolicSize>{{"N", "x.0"}, {"half", ""}, {"z.2", "z.2"}});
  CHECK(onnx_sizes({"net.onnx", model(product())}).empty());
}

TEST_CASE("sizes of symbolic dimensions") {
  CHECK(read(model(product("batch"))).total[Measure::macs] == 4 * 4);
  CHECK(noted(read(model(product("batch"))), "batch is taken as 1; set it with --dim batch=N"));
  CHECK(read(model(product("batch")), {{"batch", 3}}).total[Measure::macs] == 3 * 4 * 4);
  CHECK(read(model(product("batch")), {{"x.0", 3}}).total[Measure::macs] == 3 * 4 * 4);
  CHECK(read(model(product("2*half")), {{"half", 3}}).total[Measure::macs] == 6 * 4 * 4);
  CHECK(read(model(product("2*half")), {{"x.0", 6}}).total[Measure::macs] == 6 * 4 * 4);
  CHECK(read(model(product("")), {{"x.0", 3}}).total[Measure::macs] == 3 * 4 * 4);
  CHECK(has(complaint(model(product("2*half")), {{"x.0", 7}}), "cannot be 7"));
  CHECK(has(complaint(model(product("batch")), {{"bach", 2}}), "did you mean 'batch'?"));
  CHECK(has(complaint(model(product("batch")), {{"batch", 2}, {"x.0", 3}}), "--dim sets batch to 2 and to 3"));
  CHECK(has(complaint(model(product("batch")), {{"batch", 0}}), "1 or more"));
  CHECK(has(complaint(model(product()), {{"x.0", 3}}), "it is 2 in the file, and fixed"));
  CHECK(has(complaint(model(product()), {{"batch", 3}}), "leave --dim out"));
  GraphOf sequence = product("batch");
  sequence.inputs = {value("x", kFloat, {"batch", "seq", "4"})};
  CHECK(has(complaint(model(sequence)), "give --dim seq=N"));
  CHECK(read(model(sequence), {{"batch", 2}, {"seq", 3}}).total[Measure::macs] == 6 * 4 * 4);
}

TEST_CASE("what is not known is never 0") {
  GraphOf unknown = product();
  unknown.nodes = {node("Foo", {"x"}, {"y"}, "", {}, "some.where")};
  const Report strange = read(model(unknown));
  CHECK_FALSE(strange.exact);
  CHECK(strange.uncounted.at(0).op == "some.where::Foo");

  GraphOf shapeless = product();
  shapeless.inputs = {Message().text(1, "x").add(2, Message().add(1, Message().number(1, kFloat)))};
  shapeless.outputs = {Message().text(1, "y")};
  const Report vague = read(model(shapeless));
  CHECK_FALSE(vague.exact);
  CHECK(vague.uncounted.at(0).op == "onnx::MatMul of unknown size");
}

TEST_CASE("where a part of the work of an operator hangs on the data, the other part counts") {
  GraphOf graph;
  graph.inputs = {value("x", kFloat, {"2", "8", "16"}), value("mask", kFloat, {"2", "8"}),
                  value("global", kInt64, {"2", "8"})};
  graph.initializers = {tensor("w", kFloat, {16, 48}), tensor("b", kFloat, {48}),
                        tensor("none", kInt64, {2, 8}, Sizes(16, 0))};
  graph.outputs = {value("y", kFloat, {"2", "8", "16"})};
  const std::vector<Message> attributes = {attribute("num_heads", 4), attribute("window", 2)};
  const auto longformer = [&](const std::string& global) {
    graph.nodes = {node("LongformerAttention", {"x", "w", "b", "mask", "w", "b", global}, {"y"}, "layer", attributes,
                        "com.microsoft")};
    return read(model(graph), {}, "exact");
  };
  const std::uint64_t local = 16 * 16 * 48 + 2 * 34 * (16 + 16);  // of 8 tokens, 8*5 - 2*3 pairs are at most 2 apart
  CHECK(longformer("none").total[Measure::macs] == local);
  CHECK(longformer("none").exact);
  const Report open = longformer("global");
  CHECK(open.total[Measure::macs] == local);
  CHECK_FALSE(open.exact);
  CHECK(open.uncounted.at(0).op == "com.microsoft::LongformerAttention");
}

TEST_CASE("trees count as what they are: not at all, and said so") {
  GraphOf graph = product();
  graph.nodes = {node("TreeEnsembleRegressor", {"x"}, {"y"}, "trees", {attribute("n_targets", 1)}, "ai.onnx.ml")};
  const Report report = read(model(graph), {}, "exact");
  CHECK_FALSE(report.exact);
  CHECK(report.uncounted.at(0).op == "ai.onnx.ml::TreeEnsembleRegressor");
}

TEST_CASE("integers for shapes are no parameters, and quantized weights are") {
  GraphOf graph = product();
  graph.initializers = {tensor("shape", kInt64, {2}, {4, 2}), tensor("w", kInt8, {2, 3}), tensor("scale", kFloat, {})};
  graph.nodes = {node("Reshape", {"x", "shape"}, {"a"}), node("DequantizeLinear", {"w", "scale"}, {"d"}),
                 node("MatMul", {"a", "d"}, {"y"})};
  graph.outputs = {value("y", kFloat, {"4", "3"})};
  const Report report = read(model(graph));
  CHECK(report.total[Measure::params] == 6);
  CHECK(report.total[Measure::macs] == 4 * 2 * 3);
}

TEST_CASE("damaged files are refused with the place and the reason") {
  const std::string good = model(product());
  CHECK(complaint(good).empty());
  CHECK(has(complaint("hello, world: this is a text"), "not an ONNX model"));
  CHECK(has(complaint(Message().number(1, 10).bytes), "it has no graph"));
  CHECK(has(complaint(good.substr(0, good.size() / 2)), "cut"));
  for (std::size_t length = 0; length < good.size(); ++length) complaint(good.substr(0, length));

  GraphOf graph = product();
  graph.nodes = {node("MatMul", {"x", "later"}, {"y"}), node("Relu", {"y"}, {"later"})};
  CHECK(has(complaint(model(graph)), "reads 'later', which nothing before it makes"));
  graph = product();
  graph.outputs = {value("z", kFloat, {})};
  CHECK(has(complaint(model(graph)), "output 'z' is made by no node"));
  graph = product();
  graph.nodes = {Message().text(1, "x").text(2, "y")};
  CHECK(has(complaint(model(graph)), "graph 1: node 1: it names no operator"));
  graph = product();
  graph.initializers = {tensor("w", kFloat, {4, -4})};
  CHECK(has(complaint(model(graph)), "initializer 1: it has a negative size"));
  graph.initializers = {tensor("w", kFloat, Sizes(65, 1))};
  CHECK(has(complaint(model(graph)), "more than 64 dimensions"));
  graph.initializers = {tensor("w", kFloat, {4, 8'000'000'000'000'000'000})};
  graph.outputs = {value("y", kFloat, {"2", "8"})};
  CHECK(has(complaint(model(graph)), "2^6"));
}

TEST_CASE("graphs inside of graphs without end are refused") {
  GraphOf graph = product();
  Message deep = graph.message();
  for (int i = 0; i < 150; ++i) {
    GraphOf around = product();
    around.nodes = {node("Foo", {"x"}, {"y"}, "", {attribute("body", deep)}, "own")};
    deep = around.message();
  }
  graph.nodes = {node("Foo", {"x"}, {"y"}, "", {attribute("body", deep)}, "own")};
  CHECK(has(complaint(model(graph)), "nested more than 100 deep"));
}

TEST_CASE("a file is known by its fields") {
  CHECK(looks_like_onnx(model(product())));
  CHECK_FALSE(looks_like_onnx(""));
  CHECK_FALSE(looks_like_onnx("PK\x03\x04"));
  CHECK_FALSE(looks_like_onnx("thoplw trace 1\n"));
  CHECK_FALSE(looks_like_onnx("hello, world: this is a text"));
}

}  // namespace
}  // namespace thoplw::onnx::test
