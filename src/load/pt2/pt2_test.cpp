// .pt2 archives: programs written out here, sound ones with their arithmetic and bad ones with what is said of them.
#include <doctest/doctest.h>
#include <zlib.h>

#include <string>
#include <utility>
#include <vector>

#include "count/count.h"
#include "load/formats.h"
#include "load/pt2/program.h"
#include "load/pt2/stack.h"
#include "load/pt2/weights.h"
#include "thoplw.h"

namespace thoplw {
namespace {

std::string number(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += i < 8 ? static_cast<char>(value >> (8 * i) & 0xff) : '\0';
  return text;
}

/// Entries stored as they are, as torch writes them.
std::string zip(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string bytes, directory;
  for (const auto& [name, data] : entries) {
    const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<unsigned>(data.size()));
    const std::string common = number(20, 2) + number(0, 8) + number(checksum, 4) + number(data.size(), 4) +
                               number(data.size(), 4) + number(name.size(), 2) + number(0, 2);
    directory += "PK\1\2" + number(20, 2) + common + number(0, 10) + number(bytes.size(), 4) + name;
    bytes += "PK\3\4" + common + name + data;
  }
  const std::string end = "PK\5\6" + number(0, 4) + number(entries.size(), 2) + number(entries.size(), 2) +
                          number(directory.size(), 4) + number(bytes.size(), 4) + number(0, 2);
  return bytes + directory + end;
}

/// {"x": [2, 8]} as the schema writes it; a size that is not a number is an expression with the hint behind the '='.
std::string values(const std::vector<std::pair<std::string, std::vector<std::string>>>& tensors) {
  std::string text;
  for (const auto& [name, sizes] : tensors) {
    text += (text.empty() ? "\"" : ", \"") + name + R"(": {"dtype": 7, "requires_grad": true, "sizes": [)";
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const std::size_t equals = sizes[i].find('=');
      const bool expression = sizes[i].find_first_not_of("0123456789-") != std::string::npos;
      const std::string hint =
          equals == std::string::npos ? "null" : R"({"as_int": )" + sizes[i].substr(equals + 1) + "}";
      text += (i == 0 ? "" : ", ") + (expression ? R"({"as_expr": {"expr_str": ")" + sizes[i].substr(0, equals) +
                                                       R"(", "hint": )" + hint + "}}"
                                                 : R"({"as_int": )" + sizes[i] + "}");
    }
    text += "]}";
  }
  return "{" + text + "}";
}

std::string tensor(const std::string& name) { return R"({"as_tensor": {"name": ")" + name + "\"}}"; }

struct GraphText {
  std::string inputs = tensor("w") + ", " + tensor("x");
  std::string outputs = tensor("y");
  std::string nodes =
      R"({"target": "torch.ops.aten.linear.default", "inputs": [{"name": "input", "arg": {"as_tensor": {"name": "x"}}},
          {"name": "weight", "arg": {"as_tensor": {"name": "w"}}}], "outputs": [{"as_tensor": {"name": "y"}}],
          "metadata": {"nn_module_stack": "L,,app.Net;L_head,head,torch.nn.modules.linear.Linear"}})";
  std::string tensors = values({{"w", {"8", "4"}}, {"x", {"s0=2", "2*s1=6", "4"}}, {"y", {"s0=2", "2*s1=6", "8"}}});

  std::string text() const {
    return R"({"inputs": [)" + inputs + R"(], "outputs": [)" + outputs + R"(], "nodes": [)" + nodes +
           R"(], "tensor_values": )" + tensors + R"(, "sym_int_values": {}})";
  }
};

std::string program(const GraphText& graph, const std::string& schema = "8") {
  return R"({"graph_module": {"graph": )" + graph.text() + R"(, "signature": {"input_specs": [
      {"parameter": {"arg": {"name": "w"}, "parameter_name": "head.weight"}},
      {"user_input": {"arg": {"as_tensor": {"name": "x"}}}}]},
      "module_call_graph": [{"fqn": ""}, {"fqn": "head"}, {"fqn": "unused"}]},
      "range_constraints": {"s0": {"min_val": 1, "max_val": 64}, "2*s1": {"min_val": 4, "max_val": null}},
      "schema_version": {"major": )" +
         schema + R"(, "minor": 0}, "torch_version": "2.9.1+cpu"})";
}

Report counted(const Trace& trace) { return count(trace, find_convention("exact")); }

Report counted(const GraphText& graph, const LoadOptions& options = {}) {
  return counted(pt2::read_program(program(graph), {}, options, "net"));
}

template <class Run>
std::string complaint(const Run& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string complaint(const GraphText& graph, const LoadOptions& options = {}) {
  return complaint([&] { counted(graph, options); });
}

TEST_CASE("pt2: a program as the exporter writes it") {
  const Trace trace = pt2::read_program(program({}), {}, {}, "net");
  CHECK(trace.model == "Net");
  CHECK(trace.source == "torch 2.9.1 .pt2");
  CHECK((trace.origin == Origin::pt2 && parse_trace(to_text(trace)).origin == Origin::pt2));
  REQUIRE(trace.modules.size() == 3);
  CHECK(trace.modules[1].path == "head");
  CHECK(trace.classes[static_cast<std::size_t>(trace.modules[1].cls)].name == "torch.nn.Linear");
  REQUIRE(trace.params.size() == 1);
  CHECK(trace.params[0].trainable);
  const Report report = counted(trace);
  CHECK(report.total[Measure::macs] == 2 * 6 * 4 * 8);  // positions by in by out
  CHECK(report.total[Measure::params] == 4 * 8);
}

TEST_CASE("pt2: sizes by symbol, by place, and derived") {
  CHECK(counted({}, {{{"s0", 5}}}).total[Measure::macs] == 5 * 6 * 32);
  CHECK(counted({}, {{{"x.0", 5}, {"x.1", 10}}}).total[Measure::macs] == 5 * 10 * 32);
  CHECK(counted({}, {{{"s1", 7}}}).total[Measure::macs] == 2 * 14 * 32);
  CHECK(counted({}, {{{"x.1", 10}, {"s1", 5}}}).total[Measure::macs] == 2 * 10 * 32);
  CHECK(counted({}, {{{"x.2", 4}}}).total[Measure::macs] == 2 * 6 * 32);
}

TEST_CASE("pt2: sizes that are open") {
  CHECK(pt2::program_sizes(program({})) ==
        std::vector<SymbolicSize>{{"s0", "x.0", 1, 64}, {"s1", "", 2, std::nullopt}});  // of 2*s1, which is 4 or more
}

TEST_CASE("pt2: sizes that cannot be") {
  const auto said = [](std::vector<std::pair<std::string, std::int64_t>> dims) {
    return complaint({}, {std::move(dims)});
  };
  CHECK(said({{"s0", 65}}) == "s0 would be 65; the program was exported for 1 to 64");
  CHECK(said({{"x.1", 2}}) == "2*s1 would be 2; the program was exported for 4 to any size");
  CHECK(said({{"batch", 2}}) == "no dimension 'batch'; known are s0 (x.0), s1 (in x.1)");
  CHECK(said({{"x.3", 2}}).starts_with("no dimension 'x.3'"));
  CHECK(said({{"x.2", 5}}).starts_with("--dim x.2=5: this size is 4 in the file"));
  CHECK(said({{"x.1", 7}}) == "--dim x.1=7: no s1 makes it so");
  CHECK(said({{"x.1", 10}, {"s1", 6}}) == "--dim x.1 and --dim s1 contradict each other: s1 would be 5 and 6");
  CHECK(said({{"s0", -1}}) == "--dim s0=-1: a size must be 1 or more");
}

TEST_CASE("pt2: a size that depends on data is asked for") {
  GraphText graph;
  graph.tensors = values({{"w", {"8", "4"}}, {"x", {"u0", "4"}}, {"y", {"u0", "8"}}});
  CHECK(complaint(graph).find("a size depends on data; give --dim u0=<size>") != std::string::npos);
  CHECK(counted(graph, {{{"u0", 3}}}).total[Measure::macs] == 3 * 32);
}

std::string linear(const std::string& in, const std::string& out) {
  return R"({"target": "torch.ops.aten.linear.default", "inputs": [{"name": "", "arg": )" + tensor(in) +
         R"(}, {"name": "", "arg": )" + tensor("w") + R"(}], "outputs": [)" + tensor(out) + R"(], "metadata": {}})";
}

GraphText body(const std::vector<std::string>& nodes, const std::string& result) {
  GraphText graph;
  graph.inputs = tensor("x") + ", " + tensor("w");
  graph.outputs = tensor(result);
  graph.nodes.clear();
  for (const std::string& node : nodes) graph.nodes += (graph.nodes.empty() ? "" : ", ") + node;
  graph.tensors = values({{"w", {"4", "4"}}, {"x", {"3", "4"}}, {"y", {"3", "4"}}, {"z", {"3", "4"}}});
  return graph;
}

std::string graph_argument(const GraphText& graph, const std::string& name) {
  return R"({"name": "", "arg": {"as_graph": {"name": ")" + name + R"(", "graph": )" + graph.text() + "}}}";
}

/// One node that takes graphs, and behind them x and w.
GraphText around(const std::string& name, const std::string& before, const std::string& operands,
                 const std::vector<std::string>& x = {"3", "4"}) {
  GraphText graph;
  graph.nodes = R"({"target": "torch.ops.higher_order.)" + name + R"(", "inputs": [)" + before + ", " + operands +
                R"(], "outputs": [)" + tensor("y") + R"(], "metadata": {}})";
  graph.tensors = values({{"w", {"4", "4"}}, {"x", x}, {"y", x}});
  return graph;
}

const std::string kFlat = R"({"name": "", "arg": {"as_tensors": [{"name": "x"}, {"name": "w"}]}})";
const std::string kApart = R"({"name": "", "arg": {"as_tensors": [{"name": "x"}]}}, )"
                           R"({"name": "", "arg": {"as_tensors": [{"name": "w"}]}})";

TEST_CASE("pt2: graphs within the graph") {
  const GraphText one = body({linear("x", "y")}, "y"), two = body({linear("x", "y"), linear("y", "z")}, "z");
  constexpr int kLinear = 3 * 4 * 4;  // 3 positions, 4 in, 4 out
  const std::string both = graph_argument(one, "a") + ", " + graph_argument(two, "b");

  const Report cond = counted(around("cond", both, kFlat));
  CHECK(cond.total[Measure::macs] == 2 * kLinear);  // the costlier branch
  CHECK(cond.exact);
  REQUIRE(cond.notes.size() == 1);
  CHECK(cond.notes[0].ends_with("the costlier one is counted, b"));

  CHECK(counted(around("wrap_with_set_grad_enabled", graph_argument(two, "a"), kFlat)).total[Measure::macs] ==
        2 * kLinear);
  CHECK(counted(around("map_impl", graph_argument(one, "a"), kApart, {"5", "3", "4"})).total[Measure::macs] ==
        5 * kLinear);

  const Report loop = counted(around("while_loop", both, kFlat));
  CHECK(loop.total[Measure::macs] == 3 * kLinear);  // condition and body once each
  CHECK_FALSE(loop.exact);
  REQUIRE(loop.uncounted.size() == 1);
  CHECK(loop.uncounted[0].op == "higher_order::while_loop");

  const Report unknown = counted(around("new_thing", graph_argument(one, "a"), kFlat));
  CHECK_FALSE(unknown.exact);
  CHECK(unknown.uncounted.at(0).op == "higher_order::new_thing");
}

TEST_CASE("pt2: operators that are not known make a lower bound") {
  GraphText graph = body({}, "y");
  const auto one = [&](const std::string& target) {
    graph.nodes = R"({"target": ")" + target + R"(", "inputs": [{"name": "a", "arg": )" + tensor("x") +
                  R"(}], "outputs": [)" + tensor("y") + R"(], "metadata": {}})";
    return counted(graph);
  };
  CHECK(one("torch.ops.my.kernel.default").uncounted.at(0).op == "my::kernel");
  CHECK(one("app.helper").uncounted.at(0).op == "app.helper");
  CHECK(one("torch.ops.aten.relu.default").exact);
}

TEST_CASE("pt2: what is wrong in a program is said with its place") {
  struct Row {
    std::string GraphText::*part;
    std::string from, to, said;
  };
  const std::vector<Row> rows = {
      {&GraphText::nodes, R"("name": "w"}})", R"("name": "gone"}})",
       "node 0 (torch.ops.aten.linear.default): tensor_values lacks 'gone'"},
      {&GraphText::nodes, R"("target": "torch.ops.aten.linear.default", )", "",
       "node 0 (no target): 'target' is missing"},
      {&GraphText::nodes, R"("outputs": [)", R"("outputs": 3, "other": [)",
       "node 0 (torch.ops.aten.linear.default): 'outputs': this must be a list"},
      {&GraphText::nodes, "head,torch", "torch", "node 0 (torch.ops.aten.linear.default): nn_module_stack: "},
      {&GraphText::tensors, R"("as_int": 8)", R"("as_int": -8)", "tensor 'w': a size must be 0 or more, not -8"},
      {&GraphText::tensors, R"("as_int": 8)", R"("as_int": 8e30)", "tensor 'w': this must be an integer of 64 bits"},
      {&GraphText::tensors, R"("as_int": 8)", R"("as_text": 8)",
       "tensor 'w': a size must be a number or an expression, not 'as_text'"},
      {&GraphText::tensors, R"("dtype": 7, )", "", "tensor 'w': 'dtype' is missing"},
      {&GraphText::inputs, R"("name": "x")", R"("name": 1)", ""},
  };
  for (const auto& [part, from, to, said] : rows) {
    CAPTURE(to);
    GraphText graph;
    const std::size_t at = (graph.*part).find(from);
    REQUIRE(at != std::string::npos);
    (graph.*part).replace(at, from.size(), to);
    CHECK(complaint(graph).find(said) != std::string::npos);
  }
}

TEST_CASE("pt2: documents that are no programs") {
  const auto said = [](const std::string& json) { return complaint([&] { pt2::read_program(json, {}, {}, "net"); }); };
  CHECK(said("").starts_with("no JSON from byte 0 on"));
  CHECK(said("{\"a\": 1").starts_with("no JSON from byte 7 on"));
  CHECK(said("[]") == "this must be an object with 'schema_version'");
  CHECK(said("{}") == "'graph_module' is missing");
  CHECK(
      said(R"({"schema_version": {"major": 99}, "graph_module": {}})") ==
      "'graph' is missing; the file has schema 99, newer than what is known here (8): export it by an older torch, or "
      "as .onnx");
  CHECK(said(std::string(1'000'000, '[')).starts_with("no JSON from byte"));
  CHECK(said(std::string(1'000'000, '[') + std::string(1'000'000, ']')) ==
        "this must be an object with 'schema_version'");

  GraphText graph = body({linear("x", "y")}, "y");
  for (int i = 0; i < 300; ++i)
    graph = [&] {
      GraphText outer = around("wrap", graph_argument(graph, "g"), kFlat);
      outer.inputs = tensor("x") + ", " + tensor("w");
      return outer;
    }();
  CHECK(complaint(graph).find("graphs are nested more than 200 deep") != std::string::npos);
}

TEST_CASE("pt2: archives with other things") {
  const auto said = [](const std::string& bytes) { return complaint([&] { read_pt2({"net.pt2", bytes}, {}); }); };
  CHECK(read_pt2({"net.pt2", zip({{"net/models/model.json", program({})}})}, {}).model == "Net");
  CHECK(read_pt2({"net.pt2", zip({{"models/other.json", program({})}})}, {}).model == "Net");
  CHECK(read_pt2({"net.pt2", zip({{"serialized_exported_program.json", program({})}})}, {}).model == "Net");
  CHECK(said("PK\3\4").find("zip archive") != std::string::npos);
  CHECK(said(zip({{"a/data/aotinductor/model/x.so", ""}})).find("AOTInductor") != std::string::npos);
  CHECK(said(zip({{"a/constants.pkl", ""}, {"a/data.pkl", ""}})).find("TorchScript") != std::string::npos);
  CHECK(said(zip({{"a/data.pkl", ""}})).find("saved by torch.save") != std::string::npos);
  CHECK(said(zip({{"a.txt", ""}})).find("without models/model.json") != std::string::npos);
  CHECK(said(zip({{"models/a.json", ""}, {"models/b.json", ""}})).find("2 programs") != std::string::npos);
  CHECK(said(zip({{"models/model.json", "{}"}})) == "models/model.json: 'graph_module' is missing");
  CHECK(said(zip({{"models/model.json", "{}"}, {"data/weights/model_weights_config.json", "{\"config\": 1}"}}))
            .starts_with("data/weights/model_weights_config.json: "));
  CHECK(said(zip({{"models/model.json", "{}"}, {"data/weights/model.pt", zip({{"a", ""}})}})) ==
        "data/weights/model.pt: no data.pkl in it");
}

TEST_CASE("pt2: names that share a tensor") {
  const auto weights = [](const std::string& file) {
    return R"({"path_name": ")" + file + R"(", "is_param": true, "use_pickle": false, "tensor_meta": {"dtype": 7,
        "sizes": [{"as_int": 8}, {"as_int": 4}], "requires_grad": true, "strides": [{"as_int": 4}, {"as_int": 1}],
        "storage_offset": {"as_int": 0}, "layout": 7}})";
  };
  const auto params = [&](const std::string& config, const std::string& bytes) {
    const std::string archive = zip({{"models/model.json", program({})},
                                     {"data/weights/weight_0", bytes},
                                     {"data/weights/weight_1", bytes},
                                     {"data/weights/model_weights_config.json", R"({"config": )" + config + "}"}});
    return counted(read_pt2({"net.pt2", archive}, {})).all_params;
  };
  const std::string head = R"({"head.weight": )" + weights("weight_0");
  CHECK(params(head + R"(, "tied.weight": )" + weights("weight_0") + "}", "bytes") == 32);
  CHECK(params(head + R"(, "other.weight": )" + weights("weight_1") + "}", "bytes") == 64);
  CHECK(params(head + R"(, "other.weight": )" + weights("weight_0") + "}", "") == 64);  // no weights, no ties
}

TEST_CASE("pt2: the state dict as a pickle") {
  const auto word = [](const std::string& text) { return "X" + number(text.size(), 4) + text; };
  const std::string sizes = "(K\2K\3t", strides = "(K\3K\1t";
  const std::string storage = "(" + word("storage") + "ctorch\nHalfStorage\n" + word("7") + word("cpu") + "K\6tQ";
  const std::string tensor =
      "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + "K" + number(0, 1) + sizes + strides + "\x89}tR";
  const std::string dict = "}" + word("a") + tensor + "s.";
  const std::vector<pt2::Stored> found = pt2::pickled_weights(dict);
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "a");
  CHECK(found[0].tensor == Tensor{DType::f16, {2, 3}});
  CHECK_FALSE(found[0].parameter);
  for (std::size_t size = 0; size < dict.size(); ++size) {
    CHECK_THROWS_AS(pt2::pickled_weights(std::string_view(dict).substr(0, size)), Error);
  }
  CHECK(complaint([] { pt2::pickled_weights("N."); }) == "the pickle holds no dict of tensors");
  CHECK(complaint([] { pt2::pickled_weights("i"); }) == "pickle opcode 0x69 at byte 0 is not read here");
  CHECK(complaint([] { pt2::pickled_weights(std::string(10'000, '}')); }) == "the pickle makes too many values");
}

TEST_CASE("pt2: module paths in the forms of all releases") {
  CHECK(pt2::plain_path("L['self']") == "");
  CHECK(pt2::plain_path("L['self'].stem") == "stem");
  CHECK(pt2::plain_path("getattr(L['self'].stem, '2')") == "stem.2");
  CHECK(pt2::plain_path("getattr(getattr(L['self'].a, '0').b, '1')") == "a.0.b.1");
  CHECK(pt2::plain_path("L['self']._modules['stem']._modules['0']") == "stem.0");
  CHECK(pt2::plain_path("model.layers.slice(None, 2, None).0") == "model.layers.0");
  pt2::Stacks stacks(true);
  const Stack new_form = stacks.read("L__self__,,app.Net;L__self__a@1,a,torch.nn.modules.conv.Conv2d");
  REQUIRE(new_form.size() == 2);
  CHECK(new_form[1].key == "L__self__a@1");
  CHECK(stacks.root_class() == "app.Net");
  const Stack old_form = stacks.read("L__self___a_0:(getattr(L['self'].a, '0'),torch.nn.modules.conv.Conv2d)");
  REQUIRE(old_form.size() == 1);
  CHECK(old_form[0].path == "a.0");
  CHECK(old_form[0].cls == "torch.nn.modules.conv.Conv2d");
  CHECK(stacks.read("_empty_nn_module_stack_from_metadata_hook,x,y").empty());
}

TEST_CASE("pt2: calls of a layer that the keys do not tell apart") {
  pt2::Stacks stacks(false);
  const Frame root{"L", "", "app.Net"}, layer{"L_a", "a", "torch.nn.modules.conv.Conv2d"};
  const Frame block{"L_b", "b", "app.Block"};
  const auto key = [&](std::vector<Frame> stack, pt2::Mark mark) {
    return std::string(stacks.next_call(stack, mark).back().key);
  };
  CHECK(key({root, layer}, {"aten::conv2d", 3}) == "L_a");
  CHECK(key({root, layer}, {}) == "L_a");
  CHECK(key({root, layer}, {"aten::conv2d", 3}) == "L_a@1");  // at once again
  CHECK(key({root, block}, {"aten::add", kNone}) == "L_b");
  CHECK(key({root, block}, {"aten::add", kNone}) == "L_b");  // no layer: may do the same twice
  CHECK(key({root, layer}, {"aten::conv2d", 3}) == "L_a@2");
}

}  // namespace
}  // namespace thoplw
