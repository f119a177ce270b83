// Saved reports are what they were, and what is damaged is refused with its place.
#include "report/saved.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "render/formats.h"
#include "render/render.h"
#include "render/samples_test.h"
#include "trace/text.h"

namespace thoplw {
namespace {

using Json = nlohmann::ordered_json;

std::string saved(const Report& report, const RenderOptions& options = {}) {
  return find_renderer("json").report(report, options);
}

Report reread(const Report& report, const RenderOptions& options = {}) {
  return read_report("report.json", saved(report, options));
}

/// A report in which every field holds something.
Report full_report() {
  Report report = small_report();
  report.unit = Unit::flop;
  report.convention = "flops";
  for (Row& row : report.rows) row.cost = row.work;
  report.rows[1].in->stored = 40;
  report.rows[2].in.reset();
  report.rows[2].calls = 0;
  report.rows.back().exact = report.exact = false;
  const auto bytes = static_cast<std::size_t>(Measure::bytes);
  report.rows[1].least.set(bytes);
  report.least.set(bytes);
  report.all_params = report.active_params = 5000;
  report.trainable_params = 18446744073709551615U;
  report.buffers = 12;
  report.uncounted = {{"my::op", "head", 3}};
  report.missed = {{"aten::bmm", "block", 2}};
  report.missed_macs = 20736;
  report.not_run = {"aux"};
  report.notes = {"a note, with \"quotes\" and \\n"};
  report.steps = {{"", Tensor{DType::i64, {1, 8}}, 30000}, {"block", std::nullopt, 4002}};
  report.ops = {{"aten::conv2d", 3, only(Kind::contraction, 7), only(Kind::contraction, 34002), 34002, true}};
  hold(report, 3, 2890 * 4);
  return report;
}

}  // namespace

TEST_CASE("a saved report is the same again") {
  CHECK(reread(small_report()) == small_report());
  CHECK(reread(full_report()) == full_report());
  CHECK(saved(reread(full_report())) == saved(full_report()));
}

TEST_CASE("each record alone is the same again") {
  const Report report = full_report();
  for (const Row& row : report.rows) CHECK(read_row(json_record(row)) == row);
  for (const Step& step : report.steps) CHECK(read_step(json_record(step)) == step);
  for (const Uncounted& uncounted : report.uncounted) CHECK(read_uncounted(json_record(uncounted)) == uncounted);
  CHECK_THROWS_WITH_AS(read_step("{\"path\": 1}"), "step: path: must be a text", Error);
  CHECK_THROWS_WITH_AS(read_row("{"), "row:1: no JSON: the file is cut short", Error);
}

TEST_CASE("names that are no UTF-8 are as they were written: with U+FFFD") {
  Report expected = hostile_report();
  expected.rows.back().path = "e\u0301.\ufffd";
  CHECK(reread(hostile_report()) == expected);
}

TEST_CASE("the format of numbers, and a title, change nothing of what is saved") {
  for (const auto& numbers : number_formats()) {
    RenderOptions options;
    options.numbers = numbers.format;
    options.title = "net";
    CHECK(reread(small_report(), options) == small_report());
  }
}

TEST_CASE("a report that was rolled up or sorted is one too") {
  RenderOptions options;
  options.depth = 1;
  const Report rolled = reread(small_report(), options);
  CHECK(rolled.rows.size() == 4);
  CHECK(rolled.rows[2].own[Measure::macs] == Count(20736 + 2592));
  CHECK(rolled.total[Measure::macs] == small_report().total[Measure::macs]);
  options = {};
  options.sort = "macs";
  const Report sorted = reread(small_report(), options);
  std::vector<std::string> paths;
  for (const Row& row : sorted.rows) paths.push_back(row.path);
  // By MACs the rows are block, conv, head, block.mlp.0, and those without; a module stands before what is in it.
  CHECK(paths == std::vector<std::string>{"", "block", "block.act", "block.mlp", "block.mlp.0", "conv", "head"});
  CHECK(sorted.rows[4].parent == 3);
  CHECK(sorted.total[Measure::macs] == small_report().total[Measure::macs]);
}

TEST_CASE("what is no saved report, or a damaged one, is refused with its place") {
  const std::string whole = saved(small_report());
  const auto message = [](const std::string& text) -> std::string {
    try {
      read_report("r.json", text);
    } catch (const Error& error) {
      return error.what();
    }
    return "read";
  };
  const auto changed = [&](const char* pointer, const Json& value) {
    Json json = Json::parse(whole);
    json[Json::json_pointer(pointer)] = value;
    return message(json.dump());
  };
  const std::string anew = "; the file is damaged or was edited: write it anew";

  CHECK(message("") == "r.json:1: no JSON: the file is cut short");
  CHECK(message(whole.substr(0, whole.find("\"rows\""))) == "r.json:8: no JSON: the file is cut short");
  CHECK(message("{\n  oops") == "r.json:2: no JSON: the file is damaged, or no saved report");
  CHECK(message("\xff\xfe{") == "r.json:1: no JSON: the file is damaged, or no saved report");
  CHECK(message("[1e999]") == "r.json: a number in it is too large for any report");
  CHECK(changed("/total/lower_bounds", {"macs", "mac"}) == "r.json: total.lower_bounds[1]: there is no such measure");
  CHECK(message("7").starts_with("r.json: no saved report: it has no \"format\": \"thoplw report 1\"; write one with"));
  CHECK(message("{}").starts_with("r.json: no saved report"));
  CHECK(message(R"({"metadata": {}, "weight_map": {"w": "pytorch_model-00001-of-00002.bin"}})")
            .starts_with(
                "r.json: this is the index of weights in several files, such as pytorch_model-00001-of-00002.bin; "
                "they can be opened only by running Python code"));
  CHECK(message(R"({"weight_map": {"w": "a.safetensors"}})")
            .ends_with("the index of .safetensors files; name it so, as in model.safetensors.index.json"));
  CHECK(message(R"({"weight_map": 3})").starts_with("r.json: this is the index of weights in several files; they can"));
  CHECK(message(R"({"model_type": "bert"})").ends_with("a config of transformers is opened as transformers:PATH"));
  CHECK(message("[\n" + whole + ",\n" + whole + "\n]") ==
        "r.json: this is a list of 2, but a saved report is one object; save each model to a file of its own");
  CHECK(changed("/format", "thoplw report 2").starts_with("r.json: no saved report"));

  CHECK(changed("/rows/3/macs", -1) ==
        "r.json: rows[3].macs: must be a whole number from 0 to 18446744073709551615, not -1");
  CHECK(changed("/rows/3/macs", 1.5).starts_with("r.json: rows[3].macs: must be a whole number"));
  CHECK(changed("/rows/3/calls", 2147483648) ==
        "r.json: rows[3].calls: must be a whole number from 0 to 2147483647, not 2147483648");
  CHECK(changed("/rows/3/listed", 1) == "r.json: rows[3].listed: must be true or false");
  CHECK(changed("/rows/3/class", nullptr) == "r.json: rows[3].class: must be a text");
  CHECK(changed("/rows/3", 5) == "r.json: rows[3]: must be an object");
  CHECK(changed("/rows/1/input/dtype", "f33") == "r.json: rows[1].input.dtype: there is no element type 'f33'");
  CHECK(changed("/rows/1/input/shape/2", -8) ==
        "r.json: rows[1].input.shape[2]: must be a whole number from 0 to 9223372036854775807, not -8");
  CHECK(changed("/rows/1/work/norms", 4) == "r.json: rows[1].work.norms: there is no such kind of work");
  CHECK(changed("/rows", 5) == "r.json: rows: must be a list");
  CHECK(changed("/rows", Json::array()) == "r.json: rows: a report has at least the row of the model itself");
  Report full = full_report();
  full.ops[0].macs -= 1;
  CHECK(message(saved(full)) == "r.json: operators: they do not add up to total.macs" + anew);
  CHECK(changed("/unit", "GMAC") == "r.json: unit: must be \"MAC\" or \"FLOP\", not \"GMAC\"");
  CHECK(changed("/total", Json::object()) == "r.json: total: 'macs' is missing");

  CHECK(changed("/rows/2/parent", nullptr) ==
        "r.json: rows[2].parent: there is one module without a parent, and this is the second" + anew);
  CHECK(changed("/rows/2/parent", 70) == "r.json: rows[2].parent: there is no row 70" + anew);
  CHECK(changed("/rows/2/parent", 2) == "r.json: rows[2].parent: no way leads from this module to the root" + anew);
  CHECK(changed("/rows/2/depth", 2) == "r.json: rows[4].depth: the module around it is not one less deep" + anew);
  CHECK(changed("/rows/1/macs", 7785) ==
        "r.json: rows[1] ('conv'): subtree_macs is not what the rows inside add up to" + anew);
  CHECK(changed("/total/params", 3195) == "r.json: total.params: 3195, but the rows have 3194" + anew);
  CHECK(changed("/total/exact", false) == "r.json: total.exact: false, but the rows have true" + anew);
  for (const char* key : {"model", "convention", "unit", "total", "rows", "uncounted", "not_run", "notes", "steps",
                          "missed", "missed_macs"}) {
    Json json = Json::parse(whole);
    json.erase(key);
    CHECK(message(json.dump()) == "r.json: '" + std::string(key) + "' is missing");
  }
}

TEST_CASE("a file cut off anywhere is an error, never a report") {
  const std::string whole = saved(hostile_report());
  for (std::size_t end = 0; end < whole.size(); ++end) {
    CHECK_THROWS_AS(read_report("r.json", std::string_view(whole).substr(0, end)), Error);
  }
}

}  // namespace thoplw
