// Saved reports, `thoplw diff` and `thoplw check` as a user runs them, with models that are given as traces.
#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/system/process.h"
#include "cli/outcome_test.h"

namespace thoplw::cli {
namespace {

/// A linear layer of 2 inputs and `out` outputs: 2 * out + out MACs and parameters.
std::string linear(int out) {
  const std::string n = std::to_string(out);
  return "thoplw trace 1\nmodel \"Net\"\nsource \"test\"\nclass net.Net\nclass torch.nn.Linear\nmodule \"\" net.Net\n"
         "module \"fc\" torch.nn.Linear\nparam \"fc.weight\" %1:f32[" +
         n +
         ",2] trainable\n"
         "param \"fc.bias\" %2:f32[" +
         n + "] trainable\ncall \"\" (%0:f32[1,2]) -> (%3:f32[1," + n +
         "]) {\n"
         "  call \"fc\" (%0:f32[1,2]) -> (%3:f32[1," +
         n + "]) {\n    aten::linear(%0:f32[1,2], %1:f32[" + n + ",2], %2:f32[" + n + "]) -> %3:f32[1," + n +
         "]\n  }\n}\n";
}

constexpr const char* kUnknown = R"(thoplw trace 1
model "Odd"
source "test"
class net.Odd
module "" net.Odd
call "" (%0:f32[1,2]) -> (%1:f32[1,2]) {
  my::op(%0:f32[1,2]) -> %1:f32[1,2]
}
)";

/// "net:3" is a linear layer with 3 outputs, "odd" what cannot be counted, "broken" no model.
Outcome run_with(const std::vector<std::string>& args) {
  return outcome_of(args, [](const ModelRequest& request) {
    if (request.model == "odd") return parse_trace(kUnknown);
    if (!request.model.starts_with("net:")) throw Error("no such model");
    return parse_trace(linear(std::stoi(request.model.substr(4))));
  });
}

/// A folder of its own, gone after the test.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("thoplw_reports_test" + std::to_string(system::process_id()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return file(name);
  }
};

}  // namespace

TEST_CASE("a saved report is shown as the model was, in every format") {
  const Folder folder;
  const std::string saved = folder.file("net.json");
  CHECK(run_with({"net:3", "-o", saved}).code == 0);
  for (const Renderer& renderer : renderers()) {
    const std::string kind(renderer.name);
    CAPTURE(kind);
    const Outcome again = run_with({saved, "--kind", kind});
    CHECK(again.code == 0);
    CHECK(again.asked.empty());
    CHECK(again.out == run_with({"net:3", "--kind", kind}).out);
  }
  CHECK(run_with({saved, "--convention", "thoplw"}).code == 0);
}

TEST_CASE("a saved report is no model, and says so") {
  const Folder folder;
  const std::string saved = folder.file("net.json"), none = folder.file("none.json");
  run_with({"net:3", "-o", saved});
  struct Case {
    std::vector<std::string> args;
    std::string err;
  };
  for (const Case& row : {
           Case{
               {saved, "--convention", "exact"},
               saved +
                   ": this was counted by 'thoplw', not by 'exact'; leave --convention out, or count the model itself"},
           Case{{saved, "--input", "1x2"},
                saved + ": a saved report was counted before; leave --input, --set and --dim out"},
           Case{{saved, "--save-trace", folder.file("t.trace")},
                saved + ": a saved report has no trace; leave --save-trace out"},
           Case{{"compare", saved},
                saved + ": a saved report has the counts of one convention alone; name the model itself"},
           Case{{none}, none + ": No such file or directory"},
           Case{{folder.file("cut.json", "{\"format\": ")},
                folder.file("cut.json") + ":1: no JSON: the file is cut short"},
       }) {
    const Outcome outcome = run_with(row.args);
    CHECK(outcome.err == "thoplw: " + row.err + "\n");
    CHECK(outcome.code == 2);
  }
  CHECK(run_with({"transformers:config.json"}).asked.size() == 1);  // a model's config is no report
}

TEST_CASE("diff takes models and saved reports alike") {
  const Folder folder;
  const std::string saved = folder.file("net.json");
  run_with({"net:3", "-o", saved});
  const Outcome outcome = run_with({"diff", saved, "net:4", "--input", "1x2"});
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  REQUIRE(outcome.asked.size() == 1);
  CHECK(outcome.asked[0].inputs.size() == 1);  // the saved report needs none
  CHECK(outcome.out ==
        saved +
            " -> net:4\n"
            "| Name  | Class  | MACs | Change | %       | Params | Change | %       |\n"
            "+-------+--------+------+--------+---------+--------+--------+---------+\n"
            "| fc    | Linear | 12   | +3     | +33.3 % | 12     | +3     | +33.3 % |\n"  // 2*4 + 4, after 2*3 + 3
            "+-------+--------+------+--------+---------+--------+--------+---------+\n"
            "| Total | Net    | 12   | +3     | +33.3 % | 12     | +3     | +33.3 % |\n"
            "\nMACs 9 -> 12 (+33.3 %), params 9 -> 12 (+33.3 %)\n");
  CHECK(run_with({"diff", "net:3", "net:3", "--kind", "csv"}).out.find("\n(1 unchanged)") != std::string::npos);
  CHECK(run_with({"diff", "net:3", "net:3", "--kind", "csv", "--all"}).out.find("\nfc,fc,") != std::string::npos);
  CHECK(run_with({"diff", "odd", "net:3"}).code == 0);
  CHECK(run_with({"diff", "odd", "net:3", "--strict"}).code == 1);
}

TEST_CASE("diff says which of the two is wrong") {
  const Folder folder;
  const std::string saved = folder.file("net.json"), exact = folder.file("exact.json");
  run_with({"net:3", "-o", saved});
  run_with({"net:3", "-o", exact, "--convention", "exact"});
  const auto err = [](const std::vector<std::string>& args) {
    const Outcome outcome = run_with(args);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    return outcome.err;
  };
  CHECK(err({"diff", "net:3", "broken"}) == "thoplw: broken: no such model\n");
  CHECK(
      err({"diff", saved, exact}) ==
      "thoplw: the first is counted by 'thoplw' (MACs), the second by 'exact' (MACs): count both by one convention\n");
  CHECK(run_with({"diff", exact, "net:4", "--convention", "exact"}).code == 0);
  CHECK(err({"diff", saved, saved, "--input", "1x2"}).find("leave --input") != std::string::npos);
  CHECK(err({"diff", saved}) == "thoplw: write `thoplw diff A B`; 1 argument is given\n");
  CHECK(err({"diff", saved, saved, "--kind", "tree"}) == "thoplw: a diff cannot be shown as tree\n");
  CHECK(err({"net:3", "--all"}) == "thoplw: --all works only with `thoplw diff`\n");
}

TEST_CASE("check: 0 within, 1 over with the rows to blame, 2 where it cannot be told") {
  const Outcome within = run_with({"check", "net:3", "--max-macs", "9", "--max-params", "10"});
  CHECK(within.code == 0);
  CHECK(within.out == "ok       net:3: 9 of 9 MACs (100.0 %); 9 of 10 params (90.0 %)\n");
  const Outcome over = run_with({"check", "net:3", "--max-macs", "8"});
  CHECK(over.code == 1);
  CHECK(over.out ==
        "OVER     net:3: 9 of 8 MACs (112.5 %), 1 too many\n"
        "           the costliest:\n"
        "             fc (Linear): 9 MACs, 100.0 % of all\n");
  const Outcome broken = run_with({"check", "broken", "--max-macs", "8"});
  CHECK(broken.code == 2);
  CHECK(broken.out.empty());
  CHECK(broken.err == "thoplw: no such model\n");
  const Outcome three = run_with({"check", "net:3", "broken", "net:4", "--max-macs", "9"});
  CHECK(three.code == 2);
  CHECK(three.out.find("error    broken: no such model\nOVER     net:4: 12 of 9 MACs") != std::string::npos);
}

TEST_CASE("a verdict stands though its reader has left") {
  struct Gone : std::streambuf {
    int overflow(int) override { throw ReaderGone{}; }
  } buffer;
  std::ostream out(&buffer);
  out.exceptions(std::ios::badbit);  // hands on what the buffer throws
  const Opener open = [](const ModelRequest& request) {
    return parse_trace(request.model == "odd" ? kUnknown : linear(3));
  };
  const auto code = [&](const std::vector<std::string>& args) {
    out.clear();
    std::ostringstream err;
    return run(args, open, {out, err});
  };
  CHECK(code({"check", "net:3", "--max-macs", "8"}) == 1);
  CHECK(code({"check", "net:3", "--max-macs", "9"}) == 0);
  CHECK(code({"odd", "--strict"}) == 1);
  CHECK(code({"net:3", "odd", "--strict", "--kind", "json"}) == 1);
  CHECK(code({"odd"}) == 0);
}

TEST_CASE("a check of a step of training says so") {
  const Outcome over = run_with({"check", "net:3", "--max-macs", "8", "--optimizer", "sgd"});
  CHECK(over.out.find(" of 8 MACs of a step of training (") != std::string::npos);
}

TEST_CASE("CSV is one table") {
  CHECK(run_with({"diff", "net:3", "net:4", "--kind", "csv"}).out.starts_with("Name,"));
  const Outcome several = run_with({"compare", "net:3", "net:4", "--kind", "csv"});
  CHECK(several.code == 2);
  CHECK(several.err ==
        "thoplw: a file of kind csv shows one MODEL, but 2 are given: run thoplw once for each, with -o FILE\n");
  CHECK(run_with({"net:3", "net:4", "--kind", "csv"}).code == 0);  // a row for each
}

TEST_CASE("check against a baseline") {
  const Folder folder;
  const std::string saved = folder.file("net.json");
  run_with({"net:100", "-o", saved});  // 300 MACs and parameters
  CHECK(run_with({"check", "net:100", "--baseline", saved}).out ==
        "ok       net:100: 300 of 300 MACs (100.0 %, as the baseline); 300 of 300 params (100.0 %, as the baseline)\n");
  CHECK(run_with({"check", "net:101", "--baseline", saved, "--tolerance", "1%"}).code == 0);  // 303
  const Outcome over = run_with({"check", "net:102", "--baseline", saved, "--tolerance", "1%", "--input", "1x2"});
  CHECK(over.code == 1);
  CHECK(over.out.starts_with(
      "OVER     net:102: 306 of 303 MACs (100.9 %, +6 or +2.00 % since the baseline), 3 too many; "));
  CHECK(over.out.find("           grew most:\n             fc (Linear): +6 to 306 MACs\n") != std::string::npos);
  const std::string none = folder.file("none.json");
  CHECK(run_with({"check", "net:3", "--baseline", none}).err ==
        "thoplw: the baseline " + none + " does not exist; write it: thoplw net:3 -o " + none + "\n");
}

TEST_CASE("a lower bound does not pass without a word, nor under --strict") {
  const Outcome lax = run_with({"check", "odd", "--max-macs", "2G"});
  CHECK(lax.code == 0);
  CHECK(lax.out ==
        "UNKNOWN  odd: >=0 of 2000000000 MACs (0.0 %)\n"
        "           not known to be within its budget: what is counted is a lower bound; --strict takes it for over\n"
        "           no rule counts my::op in (root)\n");
  const Outcome strict = run_with({"check", "odd", "--max-macs", "2G", "--strict"});
  CHECK(strict.code == 1);
  CHECK(strict.out == lax.out);
  CHECK(run_with({"check", "odd", "--max-params", "0", "--strict"}).code == 0);
}

TEST_CASE("check without a MODEL: the budgets of a project, each with a line") {
  const Folder folder;
  run_with({"net:3", "-o", folder.file("net3.json")});
  const std::string config = folder.file("pyproject.toml", R"([tool.thoplw]
convention = "exact"
[[tool.thoplw.check]]
model = "net:3"
input = ["1x2"]
set = { width = 7 }
max-macs = 6
[[tool.thoplw.check]]
model = "net:4"
max-macs = 1
max-mac = 2
[[tool.thoplw.check]]
model = "net:5"
max-macs = 9
[[tool.thoplw.check]]
model = "net:3"
convention = "thoplw"
baseline = "net3.json"
[[tool.thoplw.check]]
model = "net:3"
input = "1xx"
max-macs = 9
)");
  const Outcome outcome = run_with({"check", "--config", config});
  CHECK(outcome.code == 2);
  REQUIRE(outcome.asked.size() == 3);
  CHECK(outcome.asked[0].inputs.size() == 1);
  CHECK(outcome.asked[0].settings.at(0) == std::pair<std::string, std::string>("width", "7"));
  CHECK(outcome.asked[1].inputs.empty());
  CHECK(
      outcome.out.starts_with("ok       net:3: 6 of 6 MACs (100.0 %)\n"  // exact: 2*3, no bias
                              "error    net:4: " +
                              config + ":11: check[1].max-mac: unknown key 'max-mac'"));
  CHECK(outcome.out.find("\nOVER     net:5: 10 of 9 MACs (111.1 %), 1 too many\n") != std::string::npos);
  CHECK(outcome.out.find("\nok       net:3: 9 of 9 MACs (100.0 %, as the baseline); 9 of 9 params") !=
        std::string::npos);
  CHECK(outcome.err.find("thoplw: net:3: " + config + ":21: check[4].input: input '1xx' is not sizes") !=
        std::string::npos);

  const auto json = nlohmann::json::parse(run_with({"check", "--config", config, "--kind", "json"}).out);
  std::vector<std::string> verdicts;
  for (const auto& check : json.at("checks")) verdicts.push_back(check.at("verdict"));
  CHECK(verdicts == std::vector<std::string>{"ok", "error", "over", "ok", "error"});
  CHECK(json.at("checks").at(2).at("limits").at(0).at("used") == 10);
  CHECK(json.at("checks").at(2).at("limits").at(0).at("blame").at(0).at("name") == "fc");
  const std::string md = run_with({"check", "--config", config, "--kind", "md"}).out;
  CHECK(md.find("| over    | net:5 | MACs") != std::string::npos);
}

TEST_CASE("a check that cannot be made is an error") {
  const auto err = [](const std::vector<std::string>& args) {
    const Outcome outcome = run_with(args);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK(outcome.asked.empty());
    return outcome.err;
  };
  CHECK(err({"check", "net:3", "--max-macs", "2X"}) ==
        "thoplw: '2X' is not a count; write one such as 2G, 1.82G or 12_000_000\n");
  CHECK(err({"check", "net:3", "--tolerance", "1%"}) == "thoplw: --tolerance goes with --baseline\n");
  CHECK(err({"check", "net:3", "net:4", "--baseline", "a.json"}) == "thoplw: --baseline takes one MODEL\n");
  CHECK(err({"check", "net:3", "--config", "a.toml"}) == "thoplw: --config is for a check without a MODEL\n");
  CHECK(err({"check", "--max-macs", "2G"}).starts_with("thoplw: limits, --input, --set and --dim go with a MODEL"));
  CHECK(err({"check", "--config", "none.toml"}) == "thoplw: none.toml: No such file or directory\n");
  CHECK(run_with({"check", "net:3"}).err ==
        "thoplw: there is no budget to check: give --max-macs, --max-params, --max-memory or --baseline\n");
  CHECK(run_with({"check", "net:3", "--max-macs", "9", "--kind", "tree"}).err ==
        "thoplw: a check cannot be shown as tree\n");
}

}  // namespace thoplw::cli
