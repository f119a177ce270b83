// Budgets of a pyproject.toml: what is read, and where what is wrong stands.
#include "cli/budget_file.h"

#include <doctest/doctest.h>

namespace thoplw {
namespace {

std::string error_of(const std::string& text) {
  try {
    const auto entries = read_budgets("pyproject.toml", text);
    for (const BudgetEntry& entry : entries) {
      if (!entry.error.empty()) return entry.error;
    }
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// The error of an entry with that line in it.
std::string entry_error(const std::string& line) {
  return error_of("[[tool.thoplw.check]]\nmodel = \"a:B\"\nmax-macs = 1\n" + line + "\n");
}

}  // namespace

TEST_CASE("an entry is read whole") {
  const auto entries = read_budgets("pyproject.toml", R"(
[project]
name = "ours"
[tool.other]
check = 3
[tool.thoplw]
convention = "exact"
[[tool.thoplw.check]]
model = "torchvision:resnet18"
input = ["1x3x224x224", "1x8:i64"]
set = { num_classes = 10, name = "10", rate = 0.5, bias = true, sizes = [1, [2, "a\"b"]] }
max-macs = "1.1G"
max-params = 12_000_000
baseline = "resnet18.json"
tolerance = "0.5%"
[[tool.thoplw.check]]
model = "net.pt2"
input = "1x3"
dim = { batch = 8 }
convention = "thop"
strict = true
max-params = "0"
)");
  REQUIRE(entries.size() == 2);
  const BudgetEntry& first = entries[0];
  CHECK(first.error.empty());
  CHECK(first.model == "torchvision:resnet18");
  REQUIRE(first.inputs.size() == 2);
  CHECK(first.inputs[1].text == "1x8:i64");
  CHECK(first.inputs[1].where == "pyproject.toml:10: check[0].input");
  using Settings = std::vector<std::pair<std::string, std::string>>;
  CHECK(first.settings == Settings{{"bias", "True"},
                                   {"name", "\"10\""},
                                   {"num_classes", "10"},
                                   {"rate", "0.5"},
                                   {"sizes", R"([1, [2, "a\"b"]])"}});
  CHECK(first.limits[Measure::macs] == Count(1'100'000'000));
  CHECK(first.limits[Measure::params] == Count(12'000'000));
  CHECK(first.baseline == "resnet18.json");
  CHECK(plus(1000, *first.tolerance) == Count(1005));
  CHECK(first.convention->text == "exact");
  CHECK_FALSE(first.strict);
  CHECK(entries[1].convention->text == "thop");
  CHECK(entries[1].strict);
  CHECK(entries[1].dims == std::vector<std::pair<std::string, std::int64_t>>{{"batch", 8}});
  CHECK(entries[1].limits[Measure::params] == Count(0));
}

TEST_CASE("files are named from the folder of the TOML file, all else as it is") {
  const auto entries = read_budgets("sub/pyproject.toml", R"(
[[tool.thoplw.check]]
model = "nets.py:Net"
convention = "paper.toml"
baseline = "base.json"
[[tool.thoplw.check]]
model = "net.onnx"
max-macs = 1
[[tool.thoplw.check]]
model = "transformers:BertModel"
convention = "thop"
baseline = "/abs/base.json"
)");
  CHECK(entries.at(0).model == "sub/nets.py:Net");
  CHECK(entries.at(0).baseline == "sub/base.json");
  CHECK(entries.at(0).convention->text == "sub/paper.toml");
  CHECK(entries.at(1).model == "sub/net.onnx");
  CHECK(entries.at(2).model == "transformers:BertModel");
  CHECK(entries.at(2).baseline == "/abs/base.json");
  CHECK(entries.at(2).convention->text == "thop");
}

TEST_CASE("a broken entry says where, and leaves the others") {
  const auto entries = read_budgets("pyproject.toml", R"([[tool.thoplw.check]]
model = "a:B"
max-mac = 3
[[tool.thoplw.check]]
model = "a:C"
max-macs = 3
)");
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].model == "a:B");
  CHECK(entries[0].error.starts_with(
      "pyproject.toml:3: check[0].max-mac: unknown key 'max-mac'; did you mean 'max-macs'? known: baseline batch "
      "convention dim input "));
  CHECK(entries[1].error.empty());
}

TEST_CASE("what is wrong is said with its line and key") {
  const std::string at = "pyproject.toml:4: check[0].";
  CHECK(entry_error("max-params = -1") ==
        at + "max-params: must be an amount such as \"2G\", or a whole number of 0 or more, not -1");
  CHECK(entry_error("max-params = 1.5") ==
        at + "max-params: must be an amount such as \"2G\", or a whole number of 0 or more, not 1.5");
  CHECK(entry_error("max-params = \"2X\"") ==
        at + "max-params: '2X' is not a count; write one such as 2G, 1.82G or 12_000_000");
  CHECK(entry_error("tolerance = \"1\"\nbaseline = \"b.json\"") ==
        at + "tolerance: '1' is not a percentage; write one such as 1% or 0.5%");
  CHECK(entry_error("tolerance = \"1%\"") ==
        "pyproject.toml:1: check[0]: has a tolerance but no baseline: write baseline, or leave tolerance out");
  CHECK(entry_error("input = 3") == at + "input: must be a list of sizes, such as [\"1x3x224x224\"], not 3");
  CHECK(entry_error("input = [3]") == at + "input: must be a text in quotes, not 3");
  CHECK(entry_error("set = 3") == at + "set: must be a table, such as { name = 1 }, not 3");
  CHECK(entry_error("set = { a = 1979-05-27 }") ==
        at + "set.a: must be a number, a text, true, false or a list of these, not a date or a time");
  CHECK(entry_error("dim = { a = 1.5 }") == at + "dim.a: must be a whole number, not 1.5");
  CHECK(entry_error("strict = 1") == at + "strict: must be true or false, not 1");
  CHECK(entry_error("baseline = \"\"") == at + "baseline: must not be empty");
  CHECK(error_of("[[tool.thoplw.check]]\nmax-macs = 1") ==
        "pyproject.toml:1: check[0]: has no model: write model = \"torchvision:resnet18\"");
  CHECK(error_of("[[tool.thoplw.check]]\nmodel = \"a:B\"") ==
        "pyproject.toml:1: check[0]: has no limit: write max-macs, max-params, max-memory, max-inference-memory or "
        "baseline");
  const std::string none =
      "pyproject.toml: there is no budget in it; write [[tool.thoplw.check]] with a model and a "
      "max-macs, max-params, max-memory or baseline";
  CHECK(error_of("") == none);
  CHECK(error_of("tool = 3") == none);
  CHECK(error_of("[tool]\nthoplw = 3") == none);
  CHECK(error_of("[tool.thoplw.check]\nmodel = \"a:B\"") ==
        "pyproject.toml:1: tool.thoplw.check: must be a list of tables, written [[tool.thoplw.check]], not a table");
  CHECK(error_of("[tool.thoplw]\nchecks = 1\n[[tool.thoplw.check]]\n")
            .starts_with("pyproject.toml:2: tool.thoplw.checks: unknown key 'checks'; did you mean 'check'?"));
  CHECK(error_of("[tool.thoplw]\ncheck = [3]") ==
        "pyproject.toml:2: check[0]: must be a table, such as { name = 1 }, not 3");
  CHECK(error_of("[tool").starts_with("pyproject.toml:1: "));
}

TEST_CASE("an entry limits the memory of a training step") {
  const auto entries = read_budgets("pyproject.toml", R"(
[[tool.thoplw.check]]
model = "a:B"
batch = 16
optimizer = "sgd"
precision = "amp-bf16"
max-memory = "1.5GiB"
[[tool.thoplw.check]]
model = "a:B"
max-memory = 1000
)");
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].error.empty());
  CHECK(entries[0].batch == 16);
  CHECK(entries[0].optimizer == "sgd");
  CHECK(entries[0].precision == "amp-bf16");
  CHECK(entries[0].limits.memory == Count(3) * (1 << 29));
  CHECK(entries[1].limits.memory == Count(1000));
  CHECK(entries[1].limits.any_of(Question::training));
  CHECK(entry_error("batch = 0").starts_with("pyproject.toml:4: check[0].batch: "));
  CHECK(entry_error("optimizer = \"adm\"").find("did you mean 'adam'?") != std::string::npos);
  CHECK(entry_error("precision = \"f8\"").find("unknown precision 'f8'") != std::string::npos);
  CHECK(entry_error("max-memory = \"24X\"") ==
        "pyproject.toml:4: check[0].max-memory: '24X' is not an amount of memory; write one such as 24G or 24GiB");
}

}  // namespace thoplw
