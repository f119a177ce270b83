// Tests of equal modules as one row: which are equal, what the row says, and that sums stay what they are.
#include "render/fold.h"

#include <doctest/doctest.h>

#include <functional>
#include <random>

#include "base/error.h"
#include "base/formatted.h"
#include "render/module_tree.h"
#include "render/render.h"
#include "render/samples_test.h"
#include "render/table/selection.h"

namespace thoplw {
namespace {

using Names = std::vector<std::string>;

struct Module {
  std::string path, cls;
  int macs = 0;
};

Report model_of(const std::vector<Module>& modules) {
  Report report;
  report.model = "Net";
  report.convention = "thoplw";
  add_row(report, "", "Net", {1, 4}, {1, 4}, 0, 0).listed = false;
  for (const Module& module : modules) {
    const bool around = module.macs == 0;
    add_row(report, module.path, module.cls, {1, 4}, {1, 4}, module.macs, module.macs / 2).listed = !around;
  }
  add_totals(report);
  return report;
}

/// So many blocks, each with two layers inside, in modules of such a name.
std::vector<Module> blocks(const std::string& name, int many) {
  std::vector<Module> modules;
  for (int i = 0; i < many; ++i) {
    const std::string path = formatted("{}{}", name, i);
    modules.insert(modules.end(), {{path, "Block"}, {path + ".a", "Linear", 20}, {path + ".b", "Linear", 12}});
  }
  return modules;
}

std::vector<Module> joined(std::vector<Module> modules, const std::vector<Module>& more) {
  modules.insert(modules.end(), more.begin(), more.end());
  return modules;
}

RenderOptions folding() {
  RenderOptions options;
  options.fold = true;
  return options;
}

/// "0-2 x3" for each row but the root.
Names folded_names(const Report& report, const RenderOptions& options = folding()) {
  const ChosenRows chosen = chosen_rows(report, options);
  Names names;
  for (const Row& row : chosen.rows()) {
    if (!row.path.empty()) names.push_back(row.times == 1 ? row.path : formatted("{} x{}", row.path, row.times));
  }
  return names;
}

std::string shown(const Report& report, std::string_view kind, const RenderOptions& options = {}) {
  return render_report(report, find_renderer(kind), options);
}

}  // namespace

TEST_CASE("neighbours are one row where they are equal and their names count on") {
  struct Case {
    std::string_view why;
    std::vector<Module> modules;
    Names folded;
  };
  const Case cases[] = {
      {"one is no run", blocks("", 1), {"0", "0.a", "0.b"}},
      {"two", blocks("", 2), {"0-1 x2", "0-1.a x2", "0-1.b x2"}},
      {"two layers are two lines, and so would they be folded", {{"0", "A", 2}, {"1", "A", 2}}, {"0", "1"}},
      {"three layers", {{"0", "A", 2}, {"1", "A", 2}, {"2", "A", 2}}, {"0-2 x3"}},
      {"names around numbers", blocks("layer_", 12), {"layer_0-11 x12", "layer_0-11.a x12", "layer_0-11.b x12"}},
      {"after them", {{"x1_a", "A", 2}, {"x2_a", "A", 2}, {"x3_a", "A", 2}}, {"x1-3_a x3"}},
      {"zeros before", {{"08", "A", 2}, {"09", "A", 2}, {"10", "A", 2}}, {"08-10 x3"}},
      {"numbers that grow longer", {{"8", "A", 2}, {"9", "A", 2}, {"10", "A", 2}}, {"8-10 x3"}},
      {"a gap", {{"0", "A", 2}, {"1", "A", 2}, {"2", "A", 2}, {"4", "A", 2}, {"5", "A", 2}}, {"0-2 x3", "4", "5"}},
      {"words", {{"query", "A", 2}, {"key", "A", 2}, {"value", "A", 2}}, {"query", "key", "value"}},
      {"other prefixes", {{"a0", "A", 2}, {"b1", "A", 2}, {"c2", "A", 2}}, {"a0", "b1", "c2"}},
      {"other classes that cost as much", {{"0", "A", 2}, {"1", "B", 2}, {"2", "A", 2}}, {"0", "1", "2"}},
      {"by turns", {{"0", "A", 2}, {"1", "B", 4}, {"2", "A", 2}, {"3", "B", 4}}, {"0", "1", "2", "3"}},
      {"other costs", {{"0", "A", 2}, {"1", "A", 4}, {"2", "A", 4}, {"3", "A", 4}}, {"0", "1-3 x3"}},
      {"other costs inside",
       {{"0", "B"}, {"0.a", "A", 2}, {"0.b", "A", 4}, {"1", "B"}, {"1.a", "A", 4}, {"1.b", "A", 2}},
       {"0", "0.a", "0.b", "1", "1.a", "1.b"}},
      {"other names inside", {{"0", "B"}, {"0.a", "A", 2}, {"1", "B"}, {"1.b", "A", 2}}, {"0", "0.a", "1", "1.b"}},
      {"as many inside, at other depths",
       {{"0", "B"}, {"0.a", "B"}, {"0.a.b", "A", 2}, {"1", "B"}, {"1.a", "B"}, {"1.b", "A", 2}},
       {"0", "0.a", "0.a.b", "1", "1.a", "1.b"}},
      {"runs in runs",
       joined(joined({{"s0", "S"}}, blocks("s0.", 3)), joined({{"s1", "S"}}, blocks("s1.", 3))),
       {"s0-1 x2", "s0-1.0-2 x6", "s0-1.0-2.a x6", "s0-1.0-2.b x6"}},
      {"runs in modules that differ",
       joined(joined({{"s0", "S"}}, blocks("s0.", 2)), joined({{"s1", "S"}}, blocks("s1.", 3))),
       {"s0", "s0.0-1 x2", "s0.0-1.a x2", "s0.0-1.b x2", "s1", "s1.0-2 x3", "s1.0-2.a x3", "s1.0-2.b x3"}},
      {"numbers that are too long to count",
       {{"18446744073709551615", "A", 2}, {"0", "A", 2}},
       {"18446744073709551615", "0"}},
  };
  for (const Case& row : cases) {
    CAPTURE(row.why);
    CHECK(folded_names(model_of(row.modules)) == row.folded);
  }
}

TEST_CASE("whatever a row tells has to be equal") {
  const Names apart = {"0", "0.a", "0.b", "1", "1.a", "1.b"};
  const Names together = {"0-1 x2", "0-1.a x2", "0-1.b x2"};
  struct Case {
    std::string_view why;
    std::function<void(Row&)> change;
    Names names;
  };
  for (const Case& row : {
           Case{"nothing", [](Row&) {}, together},
           Case{"its path alone", [](Row& row) { row.work[Kind::bias] = 7; }, together},  // no column shows it
           Case{"its input",
                [](Row& row) {
                  row.in->shape = {1, 5};
                },
                apart},
           Case{"the type of its output", [](Row& row) { row.out->dtype = DType::f16; }, apart},
           Case{"how often it ran", [](Row& row) { row.calls = 2; }, apart},
           Case{"a lower bound", [](Row& row) { row.exact = false; }, apart},
           Case{"its parameters", [](Row& row) { row.own[Measure::params] += 1; }, apart},
           Case{"a measure that is not shown", [](Row& row) { row.own[Measure::trainable] += 1; }, together},
       }) {
    CAPTURE(row.why);
    Report report = model_of(blocks("", 2));
    row.change(report.rows[5]);  // "1.a"
    add_up(report);
    CHECK(folded_names(report) == row.names);
  }
  Report report = model_of(blocks("", 2));
  report.know({Measure::trainable});
  report.rows[5].own[Measure::trainable] = 1;
  RenderOptions options = folding();
  CHECK(folded_names(report, options) == together);
  options.columns = {"name", "trainable"};
  CHECK(folded_names(report, options) == apart);
  options.columns = {"name", "macs"};
  options.sort = "trainable";
  CHECK(folded_names(report, options) == apart);
}

TEST_CASE("a depth comes before folding, and so does a filter; the costliest rows are counted after it") {
  const Report report = model_of(joined(blocks("", 3), {{"head", "Linear", 40}}));
  RenderOptions options = folding();
  options.depth = 1;
  CHECK(folded_names(report, options) == Names{"0-2 x3", "head"});
  options = folding();
  options.filter = {"1"};  // is told apart from its neighbours
  CHECK(shown(report, "text", options).find("| 1.a ") != std::string::npos);
  options.filter = {"*.a"};
  CHECK(shown(report, "text", options).find("| 0-2.a ") != std::string::npos);
  options.filter = {};
  options.top = 2;  // 3 * 20 and 40, not 40 and 20
  const std::string table = shown(report, "text", options);
  CHECK(table.find("| 0-2.a ") < table.find("| head "));
  CHECK(table.find("| (3 others)") != std::string::npos);  // 0.b, 1.b and 2.b
}

TEST_CASE("a folded table has the sums, and says what one costs") {
  const Report report = model_of(joined(blocks("layers.", 3), {{"head", "Linear", 40}}));
  CHECK("\n" + shown(report, "text", folding()) == R"(
| Name         | Class      | Input shape | Output shape | MACs | Params |
+--------------+------------+-------------+--------------+------+--------+
| layers.0-2.a | 3 x Linear | 4           | 4            | 60   | 30     |
| layers.0-2.b | 3 x Linear | 4           | 4            | 36   | 18     |
| head         | Linear     | 4           | 4            | 40   | 20     |
+--------------+------------+-------------+--------------+------+--------+
| Total        | Net        | 4           | 4            | 136  | 68     |

layers.0-2: 3 x Block, each 32 MACs, 16 params)");
  CHECK(shown(report, "md", folding()).ends_with("\nlayers.0-2: 3 x Block, each 32 MACs, 16 params"));
  CHECK(shown(report, "text").find("0-2") == std::string::npos);
  RenderOptions options = folding();
  options.filter = {"head", "layers.0"};  // what layers.1-2 cost is with the others
  CHECK(shown(report, "text", options)
            .ends_with("\n| Total      | Net    | 4           | 4            | 136  | 68     |"));
  options.filter = {"*.a"};
  CHECK(shown(report, "text", options).ends_with("\nlayers.0-2: 3 x Block, each 32 MACs, 16 params"));
}

TEST_CASE("what one of a run does itself is one other") {
  const Report report = model_of({{"0", "Block", 8}, {"0.a", "Linear", 20}, {"1", "Block", 8}, {"1.a", "Linear", 20}});
  RenderOptions options;
  options.filter = {"*.a"};
  const std::string tree = shown(report, "tree", options);
  CHECK(tree.find("└─ 0-1: 2 x Block") != std::string::npos);
  CHECK(tree.find("└─ (1 other) ") != std::string::npos);
}

TEST_CASE("the tree folds unless it must not, and shows one of each run") {
  const Report report =
      model_of(joined(joined({{"s0", "S"}}, blocks("s0.", 3)), joined({{"s1", "S"}}, blocks("s1.", 3))));
  CHECK("\n" + shown(report, "tree") == R"(
Module                    MACs     Share  Params
Net                        192  100.00 %      96
└─ s0-1: 2 x S             192  100.00 %      96
   └─ (each)                96   50.00 %      48
      └─ 0-2: 3 x Block     96   50.00 %      48
         └─ (each)          32   16.67 %      16
            ├─ a: Linear    20   10.42 %      10
            └─ b: Linear    12    6.25 %       6)");
  RenderOptions options;
  options.fold = false;
  const std::string whole = shown(report, "tree", options);
  CHECK(std::ranges::count(whole, '\n') == 1 + 2 + 6 + 12);
  options = {};
  options.top = 1;  // the 6 layers `a`
  CHECK("\n" + shown(report, "tree", options) == R"(
Module                    MACs     Share  Params
Net                        192  100.00 %      96
└─ s0-1: 2 x S             192  100.00 %      96
   └─ (each)                96   50.00 %      48
      └─ 0-2: 3 x Block     96   50.00 %      48
         └─ (each)          32   16.67 %      16
            ├─ a: Linear    20   10.42 %      10
            └─ (1 other)    12    6.25 %       6)");
}

TEST_CASE("lower bounds stay lower bounds") {
  Report report = model_of(blocks("", 2));
  for (const std::size_t i : {2, 5}) report.rows[i].exact = false;  // "0.a" and "1.a"
  add_totals(report);
  const std::string tree = shown(report, "tree"), table = shown(report, "text", folding());
  for (const std::string_view line : {"0-1: 2 x Block   >=64", "(each)        >=32", "a: Linear  >=20"}) {
    CHECK(tree.find(line) != std::string::npos);
  }
  CHECK(table.find("0-1.a | 2 x Linear | 4           | 4            | >=40 |") != std::string::npos);
  CHECK(table.find("0-1: 2 x Block, each >=32 MACs, 16 params") != std::string::npos);
}

TEST_CASE("formats that have every module refuse to fold, and nobody else does") {
  const Report report = model_of(blocks("", 2));
  for (const Renderer& renderer : renderers()) {
    CAPTURE(renderer.name);
    if (renderer.folds) {
      CHECK(render_report(report, renderer, folding()) != "");
    } else {
      CHECK_THROWS_WITH_AS(
          render_report(report, renderer, folding()),
          (std::string(renderer.name) + " has every module in full; equal ones are one row in html, md, text, tree")
              .c_str(),
          Error);
    }
  }
  RenderOptions options = folding();
  options.by = By::cls;
  CHECK_THROWS_WITH_AS(render_report(report, find_renderer("tree"), options),
                       "only rows of modules are folded: leave --fold or --by out", Error);
}

namespace {

/// Of few classes, names and costs, so that many are equal.
void grow(std::mt19937& chance, const std::string& path, int depth, std::vector<Module>& modules) {
  const auto any = [&](int below) { return static_cast<int>(chance() % static_cast<unsigned>(below)); };
  const int many = 1 + any(5);
  int name = any(2);
  for (int i = 0; i < many; ++i, name += 1 + (any(6) == 0 ? 1 : 0)) {
    const std::string inner = path.empty() ? std::to_string(name) : formatted("{}.{}", path, name);
    const bool leaf = depth == 0 || any(3) == 0;
    modules.push_back({inner, leaf ? "Linear" : "Block", leaf ? 2 + 2 * any(2) : 0});
    if (leaf) continue;
    std::mt19937 same(7 + static_cast<unsigned>(any(2)));  // one of two subtrees
    grow(same, inner, depth - 1, modules);
  }
}

/// What is inside a node adds up to it, or is one of it.
void check_sums(const ModuleNode& node) {
  if (node.inside.empty()) return;
  Amounts sum;
  for (const ModuleNode& inner : node.inside) {
    sum += inner.row.own;
    check_sums(inner);
  }
  CHECK(node.row.own[Measure::macs] == sum[Measure::macs] * Count(node.times));
  CHECK(node.row.own[Measure::params] == sum[Measure::params] * Count(node.times));
}

}  // namespace

TEST_CASE("whatever is folded, rows add up to the total and stand for every module") {
  std::size_t rows = 0, fewer = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 chance(seed);
    std::vector<Module> modules;
    grow(chance, "", 3, modules);
    const Report report = model_of(modules);
    const ChosenRows chosen = chosen_rows(report, folding());
    const std::vector<Row>& folded = chosen.rows();
    Amounts sum;
    int times = 0;
    for (const Row& row : folded) {
      sum += row.own;
      times += row.times;
    }
    CHECK(sum == report.total);
    CHECK(times == static_cast<int>(report.rows.size()));
    rows += report.rows.size();
    fewer += folded.size();
    for (const std::size_t top : {0, 1, 3}) {
      RenderOptions options = folding();
      options.top = top;
      check_sums(module_tree(report, options));
    }
  }
  CHECK(2 * fewer < rows);  // else this tries little
}

}  // namespace thoplw
