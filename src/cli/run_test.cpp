// Tests of the command line as a whole, with models that are given as traces.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <streambuf>

#include "base/system/process.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/help.h"
#include "cli/outcome_test.h"

namespace thoplw::cli {
namespace {

constexpr std::string_view kLinear = R"(thoplw trace 1
model "Net"
source "test"
class net.Net
class torch.nn.Linear
module "" net.Net
module "fc" torch.nn.Linear
param "fc.weight" %1:f32[3,2] trainable
param "fc.bias" %2:f32[3] trainable
call "" (%0:f32[1,2]) -> (%3:f32[1,3]) {
  call "fc" (%0:f32[1,2]) -> (%3:f32[1,3]) {
    aten::linear(%0:f32[1,2], %1:f32[3,2], %2:f32[3]) -> %3:f32[1,3]
  }
}
)";

constexpr std::string_view kUnknown = R"(thoplw trace 1
model "Odd"
source "test"
note "ran for real"
class net.Odd
module "" net.Odd
call "" (%0:f32[1,2]) -> (%1:f32[1,2]) {
  my::op(%0:f32[1,2]) -> %1:f32[1,2]
}
)";

Outcome run_with(const std::vector<std::string>& args, bool err_is_terminal = false) {
  const auto answer = [](const ModelRequest& request) {
    if (request.model == "broken") throw Error("no such model");
    return parse_trace(request.model == "odd" ? kUnknown : kLinear);
  };
  return outcome_of(args, answer, err_is_terminal);
}

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string known_conventions() {
  std::string names;
  for (const Convention* convention : conventions()) {
    names += (names.empty() ? "" : " ") + std::string(convention->name);
  }
  return names;
}

template <typename Rows>
std::string names_of(const Rows& rows) {
  std::string names;
  for (const auto& row : rows) names += (names.empty() ? "" : " ") + std::string(row.name);
  return names;
}

std::string known_suffixes() {
  std::string suffixes;
  for (const Renderer& renderer : renderers()) suffixes += " " + std::string(renderer.suffixes);
  return suffixes;
}

constexpr const char* kListsFlags = "`thoplw --help`, or --help after a command, lists those that there are";

constexpr std::string_view kTable =
    "| Name  | Class  | Input shape | Output shape | MACs | Params |\n"
    "+-------+--------+-------------+--------------+------+--------+\n"
    "| fc    | Linear | 2           | 3            | 9    | 9      |\n"  // 2*3 + 3
    "+-------+--------+-------------+--------------+------+--------+\n"
    "| Total | Net    | 2           | 3            | 9    | 9      |\n";

}  // namespace

TEST_CASE("a model is printed as a table") {
  const auto [code, out, err, asked] = run_with({"net"});
  CHECK(code == 0);
  CHECK(out == kTable);
  CHECK(err.empty());
}

TEST_CASE("the opener gets the model, its inputs and its settings") {
  const auto asked = run_with({"net", "--input", "1x2", "-i", "1x5:i64", "--set", "depth=3", "--set=name=a=b"}).asked;
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].model == "net");
  CHECK(asked[0].inputs == std::vector<Tensor>{{DType::f32, {1, 2}}, {DType::i64, {1, 5}}});
  CHECK(asked[0].settings == std::vector<std::pair<std::string, std::string>>{{"depth", "3"}, {"name", "a=b"}});
}

TEST_CASE("flags choose format, numbers, depth, order and convention") {
  CHECK(run_with({"net", "--kind", "csv"}).out ==
        "Name,Class,Input shape,Output shape,MACs,Params\nfc,Linear,2,3,9,9\nTotal,Net,2,3,9,9\n");
  CHECK(run_with({"net", "-kcsv"}).out == run_with({"-k=csv", "--", "net"}).out);
  CHECK(run_with({"--", "--net"}).asked.at(0).model == "--net");
  CHECK(run_with({"--kind=csv", "--fmt", "ratio", "net"}).out.find("fc,Linear,2,3,100.00 %,100.00 %") !=
        std::string::npos);
  CHECK(run_with({"net", "--depth", "0", "-k", "csv", "--sort", "macs"}).out.find("(root),Net,2,3,9,9") !=
        std::string::npos);
  CHECK(run_with({"net", "--convention", "exact", "-k", "csv"}).out.find("Total,Net,2,3,6,9") !=
        std::string::npos);  // 2*3: no bias
}

TEST_CASE("only the costliest rows, or those that match, and the others as one") {
  CHECK(run_with({"net", "--top", "1", "-k", "csv"}).out == run_with({"net", "-k", "csv"}).out);
  CHECK(run_with({"net", "--filter", "Linear", "--filter=f*", "-k", "csv"}).code == 0);
  CHECK(run_with({"compare", "net", "--with", "exact", "--top", "1", "-k", "csv"}).out.find("\nfc,Linear,9,6\nTotal") !=
        std::string::npos);
  const auto wrong = run_with({"net", "--filter", "Conv*"});
  CHECK(wrong.code == 2);
  CHECK(wrong.err == "thoplw: filter 'Conv*' matches neither the path nor the class of a module\n");
}

TEST_CASE("colours go by the terminal, unless the user says when") {
  const auto tree = [](std::vector<std::string> args, bool color) {
    std::ostringstream out, err;
    args.insert(args.end(), {"net", "-k", "tree"});
    run(args, [](const ModelRequest&) { return parse_trace(kLinear); }, {out, err, false, {80, 24, color}});
    return out.str();
  };
  const auto colored = [](const std::string& text) { return text.find('\x1b') != std::string::npos; };
  CHECK(colored(tree({}, true)));
  CHECK_FALSE(colored(tree({}, false)));
  CHECK_FALSE(colored(tree({"--color", "never"}, true)));
  CHECK(colored(tree({"--color=always"}, false)));
  CHECK(tree({"--color", "auto"}, true) == tree({}, true));
  CHECK(colored(run_with({"net", "-k", "tree", "--color", "always"}).out));
  CHECK_FALSE(colored(run_with({"net", "-k", "tree"}).out));
}

TEST_CASE("a graph is of one model") {
  const auto several = run_with({"a", "b", "-k", "mermaid"});
  CHECK(several.code == 2);
  CHECK(several.asked.empty());
  CHECK(several.err ==
        "thoplw: a file of kind mermaid shows one MODEL, but 2 are given: run thoplw once for each, with -o FILE\n");
  CHECK(run_with({"a", "b", "-k", "folded"}).out == "a;fc 9\nb;fc 9\n");
  const auto texts = run_with({"a", "-k", "tree", "--columns", "name,calls"});
  CHECK(texts.err == "thoplw: a tree has names and numbers: of --columns none is a number; take --kind text\n");
  CHECK(run_with({"a", "-k", "csv", "-o", "-"}).out == run_with({"a", "-k", "csv"}).out);
}

TEST_CASE("conventions are listed, each with its unit") {
  const auto [code, out, err, asked] = run_with({"conventions"});
  CHECK(code == 0);
  CHECK(std::ranges::count(out, '\n') == static_cast<std::ptrdiff_t>(conventions().size()));
  CHECK(out.starts_with(std::string(conventions().front()->name) + " "));
  CHECK(out.find("\ntorch ") != std::string::npos);
  CHECK(asked.empty());
}

TEST_CASE("compare has a column per convention, and the parts of each difference") {
  const auto csv = run_with({"compare", "net", "--with", "exact,torch", "-k", "csv"});
  CHECK(csv.code == 0);
  CHECK(csv.out ==
        "Name,Class,thoplw MACs,exact MACs,torch FLOPs\n"
        "fc,Linear,9,6,12\n"
        "Total,Net,9,6,12\n"
        "Parameters,,9,9,9\n"
        "Total - thoplw,,0,-3,+3\n"
        "  x2,,0,0,+6\n"
        "  bias,,0,-3,-3\n");
  const auto text = run_with({"compare", "net", "--with", "exact", "--convention", "torch"}).out;
  CHECK(text.find("exact: -6 as a multiply-add counts twice\n") != std::string::npos);
  const auto json = nlohmann::json::parse(run_with({"compare", "net", "-k", "json"}).out);
  CHECK(json.at("conventions").size() == conventions().size());
  CHECK(run_with({"compare", "net", "-k", "tree"}).err == "thoplw: a comparison cannot be shown as tree\n");
}

TEST_CASE("explain finds what gives a number, else the nearest") {
  const std::string twelve = run_with({"explain", "net", "12"}).out;
  CHECK(twelve.starts_with("12 is what these give:\n"));
  CHECK(twelve.find("\n  exact              MACs x 2                               12  0.00 % off  at 1x2\n") !=
        std::string::npos);
  CHECK(twelve.find("\n  torch              FLOPs                                  12  0.00 % off") !=
        std::string::npos);
  CHECK(twelve.find("\n  flops ") == std::string::npos);  // 12 and 3 for the bias
  CHECK(run_with({"explain", "net", "100"}).out.starts_with("100 is what no convention gives; the nearest are:\n"));
  CHECK(run_with({"explain", "net", "many"}).err.starts_with("thoplw: 'many' is not a count; write one such as 4.09G"));
}

TEST_CASE("several models are one table with a row each") {
  CHECK(run_with({"a", "b"}).out ==
        "| Model | Class | Input shape | MACs | Params |\n"
        "+-------+-------+-------------+------+--------+\n"
        "| a     | Net   | 2           | 9    | 9      |\n"  // 2*3 + 3
        "| b     | Net   | 2           | 9    | 9      |\n"
        "+-------+-------+-------------+------+--------+\n");
  CHECK(run_with({"b", "a", "-k", "csv", "--sort", "name"}).out ==
        "Model,Class,Input shape,MACs,Params\na,Net,2,9,9\nb,Net,2,9,9\n");
  CHECK(run_with({"odd", "a", "-k", "csv", "--sort", "macs"}).out ==
        "Model,Class,Input shape,MACs,Params\na,Net,2,9,9\nodd,Odd,2,>=0,0\n");
  CHECK(run_with({"a", "b", "-k", "csv", "--convention", "torch"})
            .out.starts_with("Model,Class,Input shape,FLOPs,Params\na,Net,2,12,9\n"));  // 2 * 2*3
  const auto ratio = run_with({"a", "odd", "--fmt", "ratio"}).out;
  CHECK(ratio.find("| a     | Net   | 2           | 100.00 % | 100.00 % |") != std::string::npos);
  CHECK(ratio.find("\nshares are of the greatest in each column\n") != std::string::npos);
  CHECK(ratio.ends_with("\nodd: not counted: my::op (once) in (root)\n"));
}

TEST_CASE("several models are a tree each under a heading; for json they are an array; for svg one picture") {
  const std::string tree = run_with({"a", "--kind", "tree"}).out;
  CHECK(run_with({"a", "b", "--kind", "tree"}).out == "a\n" + tree + "\nb\n" + tree);
  const auto json = nlohmann::json::parse(run_with({"a", "b", "--kind", "json"}).out);
  REQUIRE(json.size() == 2);
  CHECK(json.at(1).at("title") == "b");
  const std::string svg = run_with({"a", "b", "--kind", "svg"}).out;
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(svg.find("<title>b: 9.00 MACs, 9.00 parameters</title>") != std::string::npos);
}

TEST_CASE("a broken model does not stop the others") {
  const auto text = run_with({"a", "broken", "b", "-k", "csv"});
  CHECK(text.code == 2);
  CHECK(text.out == "Model,Class,Input shape,MACs,Params\na,Net,2,9,9\nb,Net,2,9,9\n");
  CHECK(text.err == "thoplw: broken: no such model\n");
  CHECK(run_with({"broken", "b", "-k", "csv"}).out == "Model,Class,Input shape,MACs,Params\nb,Net,2,9,9\n");
  CHECK(nlohmann::json::parse(run_with({"broken", "b", "--kind", "json"}).out).size() == 1);
  CHECK(run_with({"broken", "broken"}).out.empty());
  const auto alone = run_with({"broken"});
  CHECK(alone.code == 2);
  CHECK(alone.out.empty());
  CHECK(alone.err == "thoplw: no such model\n");
}

TEST_CASE("workers open live models where there are several, and give the same") {
  std::vector<std::string> args = {"a", "broken", "b", "odd", "c", "a", "--strict"};
  const auto alone = run_with(args);
  for (const std::string jobs : {"1", "2", "7"}) {
    std::ostringstream out, err;
    std::atomic<int> here = 0, there = 0;
    std::size_t started = 0;
    const auto opener = [](std::atomic<int>& calls) {
      return [&calls](const ModelRequest& request) -> Trace {
        ++calls;
        if (request.model == "broken") throw Error("no such model");
        return parse_trace(request.model == "odd" ? kUnknown : kLinear);
      };
    };
    ManyModels many;
    many.workers = [&](const std::vector<std::string>& models, std::size_t count) {
      CHECK(models.size() == 6);
      started = count;
      return opener(there);
    };
    std::vector<std::string> with_jobs = args;
    with_jobs.insert(with_jobs.end(), {"--jobs", jobs});
    CHECK(run(with_jobs, opener(here), {out, err}, many) == 2);
    CHECK(out.str() == alone.out);
    CHECK(err.str() == alone.err);
    CHECK((jobs == "1" ? here : there) == 6);
    CHECK(here + there == 6);
    CHECK(started == (jobs == "1" ? 0 : jobs == "2" ? 2 : 6));
  }
}

TEST_CASE("with few live models none is opened elsewhere; what a worker throws ends the run") {
  std::ostringstream out, err;
  ManyModels many;
  many.workers = [](const std::vector<std::string>&, std::size_t) -> Opener {
    return [](const ModelRequest&) -> Trace { throw std::runtime_error("stop"); };
  };
  const auto open = [](const ModelRequest&) { return parse_trace(kLinear); };
  CHECK(run({"a", "b", "c", "-j2"}, open, {out, err}, many) == 0);
  CHECK_THROWS_AS(run({"a", "b", "c", "d", "-j2"}, open, {out, err}, many), std::runtime_error);
}

TEST_CASE("a pattern stands for the models that match it; one that matches none is a model of that name") {
  std::ostringstream out, err;
  ManyModels many;
  many.matching = [](const std::string& pattern) {
    return pattern == "x:net*" ? std::vector<std::string>{"x:net1", "x:net2"} : std::vector<std::string>{};
  };
  const auto open = [](const ModelRequest& request) -> Trace {
    if (request.model.find('*') != std::string::npos) throw Error("no such model");
    return parse_trace(kLinear);
  };
  CHECK(run({"x:net*", "x:other*", "a", "-k", "csv"}, open, {out, err}, many) == 2);
  CHECK(out.str() == "Model,Class,Input shape,MACs,Params\nx:net1,Net,2,9,9\nx:net2,Net,2,9,9\na,Net,2,9,9\n");
  CHECK(err.str() == "thoplw: x:other*: no such model\n");
}

TEST_CASE("an interrupt is no broken model: it ends the run") {
  struct Interrupt : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  std::ostringstream out, err;
  const auto open = [](const ModelRequest&) -> Trace { throw Interrupt("stop"); };
  CHECK_THROWS_AS(run({"a", "b"}, open, {out, err}), Interrupt);
  CHECK(err.str().empty());
}

TEST_CASE("strict: a lower bound exits with 1 and names what was not counted") {
  const auto lax = run_with({"odd"});
  CHECK(lax.code == 0);
  CHECK(lax.out.find("not counted: my::op (once) in (root)") != std::string::npos);
  CHECK(lax.err == "thoplw: odd: ran for real\n");
  const auto strict = run_with({"odd", "--strict"});
  CHECK(strict.code == 1);
  CHECK(strict.out == lax.out);
  CHECK(strict.err == lax.err +
                          "thoplw: odd: not counted: my::op in (root)\n"
                          "thoplw: odd: the total is only a lower bound\n");
  CHECK(run_with({"net", "--strict"}).code == 0);
  CHECK(run_with({"odd", "broken", "--strict"}).code == 2);
}

TEST_CASE("a file takes the output, in the format of its suffix unless a kind is given") {
  const std::string path = "thoplw_run_test.md";
  const auto outcome = run_with({"net", "-o", path});
  CHECK(outcome.code == 0);
  CHECK(outcome.out.empty());
  CHECK(file_text(path).starts_with("| Name "));
  CHECK(file_text(path).ends_with("|\n"));
  CHECK(run_with({"net", "-o", path, "--kind", "text"}).code == 0);
  CHECK(file_text(path) == kTable);
  CHECK(run_with({"broken", "-o", path}).code == 2);
  CHECK(file_text(path) == kTable);  // left as it was
  std::remove(path.c_str());
  CHECK(run_with({"net", "-o", "no/such/folder.md"}).err ==
        "thoplw: cannot write 'no/such/folder.md': No such file or directory\n");
}

/// One line, as words were before they were wrapped.
std::string unwrapped(std::string_view text) {
  std::string words;
  for (const char c : text) {
    if (c != '\n' && c != ' ') {
      words += c;
    } else if (!words.ends_with(' ')) {
      words += ' ';
    }
  }
  return words;
}

TEST_CASE("help of a command tells of each flag that goes with it, with all that the flag knows") {
  CHECK(run_with({"--help"}).out == run_with({"help"}).out);
  CHECK(run_with({"-h"}).out == run_with({"help"}).out);
  std::vector<std::string_view> all;
  for (const Command& command : commands()) {
    CAPTURE(command.word);
    const std::string word = command.word.empty() ? "net" : std::string(command.word);
    const Outcome help = run_with({word, "--help"});
    CHECK(help.code == 0);
    CHECK(help.asked.empty());
    const bool topic = std::ranges::find(topics(), word, &Topic::name) != topics().end();
    if (!command.word.empty() && !topic) CHECK(run_with({"help", word}).out == help.out);
    const std::string words = unwrapped(help.out);
    for (const Flag& flag : flags()) {
      CAPTURE(flag.name);
      const bool told = words.find(description(flag, command)) != std::string::npos;
      if (!by_place(flag)) CHECK(told == goes_with(flag, command));
      if (!told) continue;
      CHECK(words.find(long_name(flag)) != std::string::npos);
      all.push_back(flag.name);
    }
  }
  for (const Flag& flag : flags()) {
    CAPTURE(flag.name);
    CHECK(std::ranges::find(all, flag.name) != all.end());
  }
}

TEST_CASE("help is as wide as the terminal, and fits one screen") {
  for (const int columns : {40, 60, 80, 120}) {
    CAPTURE(columns);
    std::ostringstream out, err;
    const Opener none;
    for (const char* topic : {"--help", "inputs", "columns", "conventions", "fit", "llm", "train"}) {
      CAPTURE(topic);
      out.str("");
      const std::vector<std::string> args =
          topic[0] == '-' ? std::vector<std::string>{topic} : std::vector<std::string>{"help", topic};
      CHECK(run(args, none, {out, err, false, Screen{columns, 24, false}}) == 0);
      std::istringstream lines(out.str());
      int count = 0;
      for (std::string line; std::getline(lines, line); ++count) {
        const std::size_t word = line.find_first_not_of(' ');
        const bool one_word = word == std::string::npos || line.find(' ', word) == std::string::npos;
        CHECK((line.size() <= static_cast<std::size_t>(columns) || one_word || line.starts_with("Usage") ||
               line.starts_with("Example") || line.starts_with("  thoplw ")));
      }
      if (columns == 80 && topic[0] == '-') CHECK(count <= 48);
    }
  }
  CHECK(run_with({"help", "inptus"}).err.starts_with("thoplw: unknown topic 'inptus'; did you mean 'inputs'?"));
}

TEST_CASE("what people type by mistake is told from models") {
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{"chekc", "net"}, "unknown command 'chekc'; did you mean 'check'? `thoplw --help` lists all"},
      {{"memroy"}, "unknown command 'memroy'; did you mean 'memory'? `thoplw --help` lists all"},
      {{"summary", "net"}, "there is no command 'summary': no word is needed for that: `thoplw MODEL`"},
      {{"net", "--format", "csv"}, "unknown flag '--format'; did you mean '--kind'?"},
      {{"net", "--input-size=1x3x8x8"}, "unknown flag '--input-size'; did you mean '--input'?"},
      {{"net", "-", "-"}, "- is given twice; standard input gives one model"},
  };
  for (const auto& [args, error] : rows) {
    CAPTURE(error);
    CHECK(run_with(args).err.starts_with("thoplw: " + std::string(error)));
  }
  CHECK(run_with({"explain", "12", "net"}).out == run_with({"explain", "net", "12"}).out);
}

TEST_CASE("the version") {
  const std::string out = run_with({"--version"}).out;
  CHECK(out.starts_with("thoplw " + std::string(version()) + "\nbuilt by "));
}

TEST_CASE("a model is saved as a trace, which is a model again") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("thoplw_run_test" + std::to_string(system::process_id()) + ".trace"))
          .string();
  const auto live = run_with({"net", "--save-trace", path});
  const auto saved = run_with({path});
  std::remove(path.c_str());
  CHECK(live.code == 0);
  CHECK(saved.code == 0);
  CHECK(saved.asked.empty());
  CHECK(saved.out == live.out);
  CHECK(saved.out.find("| fc") != std::string::npos);
}

TEST_CASE("a wrong command line gets one clear error and code 2, before any model is opened") {
  struct Case {
    std::vector<std::string> args;
    std::string err;
  };
  for (const Case& row : {
           Case{{}, "no MODEL is given: name one, such as torchvision:resnet18, or see --help"},
           Case{{"net", "--knd", "csv"}, std::string("unknown flag '--knd'; did you mean '--kind'? ") + kListsFlags},
           Case{{"net", "--kind", "txt"}, "unknown kind 'txt'; did you mean 'text'? known: " + names_of(renderers())},
           Case{{"net", "--fmt=rat"}, "unknown fmt 'rat'; did you mean 'raw'? known: clever ratio raw"},
           Case{{"net", "--sort", "mac"}, "unknown column 'mac'; did you mean 'macs'? known: " + names_of(columns())},
           Case{{"net", "--with", "exact"}, "--with works only with `thoplw compare`"},
           Case{{"diff", "net", "net", "--top", "1"},
                "--top works only with `thoplw MODEL`, `thoplw train`, `thoplw memory`, `thoplw compare`, `thoplw "
                "sweep`"},
           Case{{"net", "-o", ""}, "--output needs the name of a file, and gets an empty one"},
           Case{{"compare", "net", "--with", "exact,exact"}, "--with has exact twice"},
           Case{{"explain", "net", "1", "--kind", "csv"}, "--kind does not work with `thoplw explain`"},
           Case{{"conventions", "--input", "1x3"}, "--input does not work with `thoplw conventions`"},
           Case{{"fit", "net", "--memory", "1M", "--by", "class"},
                "--by works only with `thoplw MODEL`, `thoplw train`, `thoplw memory`"},
           Case{{"net:1", "net:2", "--top", "1"},
                "--depth, --top, --filter, --fold and --no-fold are of layers, but the table of several MODELs has a "
                "row for each model: give one MODEL, or add --kind tree"},
           Case{{"net:1", "net:2", "--depth", "0", "--kind", "md"},
                "--depth, --top, --filter, --fold and --no-fold are of layers, but the table of several MODELs has a "
                "row for each model: give one MODEL, or add --kind tree"},
           Case{{"diff", "net", "net", "--filter", "fc"},
                "--filter works only with `thoplw MODEL`, `thoplw train`, `thoplw memory`, `thoplw compare`"},
           Case{{"compare", "net", "--with", "exact,thp"},
                "unknown convention 'thp'; did you mean 'thop'? known: " + known_conventions()},
           Case{{"conventions", "net"}, "write `thoplw conventions`; 1 argument is given"},
           Case{{"explain", "net"}, "write `thoplw explain MODEL NUMBER`; 1 argument is given"},
           Case{{"explain", "net", "1", "-o", "number.json"}, "an explanation is text, not json"},
           Case{{"conventions", "-o", "list.csv"}, "the list of conventions is text, not csv"},
           Case{{"fit", "net", "--memory", "1M", "--kind", "html"},
                "what fits can be shown as text or json, not as html"},
           Case{{"net", "--kind", "svg", "--columns", "macs"}, "--columns is of tables, and svg is none"},
           Case{{"net", "-o", "net.dot", "--fmt", "clever"}, "--fmt is of tables, and dot is none"},
           Case{{"net", "--by", "class", "--depth", "1"}, "--depth is of modules: leave it or --by out"},
           Case{{"train", "net", "--reentrant"}, "--reentrant is of --checkpoint: name what is checkpointed"},
           Case{{"compare", "net", "--training", "--top", "1"},
                "--top is of the table of a forward: leave it out where a step of training is compared"},
           Case{{"formula", "net", "--vary", "batch", "--optimizer", "adam"},
                "some of these flags are of a step of training: add --train, or leave them out"},
           Case{{"net", "train"}, "a command stands first: `thoplw train net`"},
           Case{{"CHECK", "net"}, "unknown command 'CHECK'; did you mean 'check'? `thoplw --help` lists all"},
           Case{{"net", "--kind", "JSON"}, "unknown kind 'JSON'; did you mean 'json'? known: " + names_of(renderers())},
           Case{{"net", "-o", std::filesystem::temp_directory_path().string()},
                std::filesystem::temp_directory_path().string() + " is a folder: name a file in it"},
           Case{{"compare"}, "no MODEL is given: name one, such as torchvision:resnet18, or see --help"},
           Case{{"net", "--convention", "exakt"},
                "unknown convention 'exakt'; did you mean 'exact'? known: " + known_conventions()},
           Case{{"net", "--jobs", "0"}, "jobs '0' is not a number of 1 to 1024"},
           Case{{"net", "-j", "many"}, "jobs 'many' is not a number of 1 to 1024"},
           Case{{"net", "--depth", "two"}, "depth 'two' is not a number of 0 or more"},
           Case{{"net", "--depth=-1"}, "depth '-1' is not a number of 0 or more"},
           Case{{"net", "--depth", "99999999999"}, "depth '99999999999' is not a number of 0 or more"},
           Case{{"net", "--depth", "-1"}, "depth '-1' is not a number of 0 or more"},
           Case{{"--depth=", "net"}, "depth '' is not a number of 0 or more"},
           Case{{"net", "--top", "0"}, "top '0' is not a number of 1 or more"},
           Case{{"net", "--top", "-3"}, "top '-3' is not a number of 1 or more"},
           Case{{"net", "--top", "5x"}, "top '5x' is not a number of 1 or more"},
           Case{{"net", "--color", "alway"}, "unknown color 'alway'; did you mean 'always'? known: always auto never"},
           Case{{"net", "--set", "depth"}, "setting 'depth' is not key=value"},
           Case{{"net", "--set", "=3"}, "setting '=3' is not key=value"},
           Case{{"net", "--dim", "batch"}, "dim 'batch' is not name=size, such as batch=8"},
           Case{{"net", "--dim", "=8"}, "dim '=8' is not name=size, such as batch=8"},
           Case{{"net", "--dim", "batch="}, "dim 'batch=' is not name=size, such as batch=8"},
           Case{{"net", "--dim", "batch=8x"}, "dim 'batch=8x' is not name=size, such as batch=8"},
           Case{{"net", "--dim", "batch=8"}, "--dim is for model files; the sizes of other models come from --input"},
           Case{{"net.onnx", "--input", "1x3"},
                "net.onnx: a file has its inputs and settings in it; leave --input and --set out, and name symbolic "
                "sizes with --dim"},
           Case{{"net", "odd", "--save-trace", "net.trace"}, "--save-trace takes one MODEL, but 2 are given"},
           Case{{"net", "--kind", "csv", "--kind", "md"}, "--kind is given twice"},
           Case{{"net", "--input", "1x-2"},
                "input '1x-2' is not sizes of 1 and more parted by x, such as 1x3x224x224 or 1x128:i64"},
           Case{{"net", "--kind"}, "--kind needs a value: KIND"},
           Case{{"net", "-k"}, "--kind needs a value: KIND"},
           Case{{"net", "-Vk"}, "--kind needs a value: KIND"},
           Case{{"net", "--strict=yes"}, "--strict takes no value"},
           Case{{"net", "-x"}, std::string("unknown flag '-x'; ") + kListsFlags},
           Case{{"net", "-o", "table.xls"},
                "the name 'table.xls' does not tell the format: give a kind, or one of the "
                "suffixes" +
                    known_suffixes()},
       }) {
    const auto outcome = run_with(row.args);
    CHECK(outcome.err == "thoplw: " + row.err + "\n");
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK(outcome.asked.empty());
  }
}

TEST_CASE("several models are one page: one frame, one table; a comparison each") {
  const auto times = [](const std::string& text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
  };
  const std::string one = run_with({"a", "-k", "html"}).out;
  const std::string three = run_with({"a", "broken", "b", "c", "-k", "html"}).out;
  const std::string compared = run_with({"compare", "a", "b", "--with", "fvcore", "-k", "html"}).out;
  for (const char* once : {"<!doctype", "<main>", "</main>", "</html>"}) {
    CHECK(times(one, once) == 1);
    CHECK(times(three, once) == 1);
    CHECK(times(compared, once) == 1);
  }
  CHECK(times(one, "<section class=\"report\">") == 1);
  CHECK(times(three, "<table class=\"flat\">") == 1);
  CHECK(times(compared, "<table class=\"flat\">") == 2);
  CHECK(compared.ends_with("</html>\n"));
  CHECK(run_with({"broken", "broken", "-k", "html"}).out.empty());
}

TEST_CASE("progress is shown to a terminal, for several models") {
  const std::string clear = "\r\x1b[K";
  const auto bar = [](int filled, int rest) {  // a quarter of 80 columns
    std::string cells;
    for (int i = 0; i < filled; ++i) cells += "━";
    for (int i = 0; i < rest; ++i) cells += "┄";
    return cells;
  };
  CHECK(run_with({"a", "b"}, true).err ==
        clear + "[1/2] " + bar(0, 20) + " a" + clear + clear + "[2/2] " + bar(10, 10) + " b" + clear);
  CHECK(run_with({"a"}, true).err.empty());
  CHECK(run_with({"a", "b"}, false).err.empty());
  const std::string hostile = run_with({"a\n\x1b[2J" + std::string(100, 'x'), "b"}, true).err;
  CHECK(hostile.find("] " + bar(0, 20) + " a\\n\\x1b[2Jx") != std::string::npos);
  CHECK(hostile.find("…") != std::string::npos);  // it fits one line
}

TEST_CASE("a reader that has left is no error; a full disk is one") {
  struct Failing : std::streambuf {
    int reason;
    explicit Failing(int why) : reason(why) {}
    int overflow(int) override {
      errno = reason;
      return traits_type::eof();
    }
  };
  struct Case {
    int reason;
    const char* said;
  };
  for (const auto& [reason, said] : {
           Case{EPIPE, ""},
           Case{ENOSPC, "thoplw: cannot write the output: No space left on device\n"},
           Case{EIO, "thoplw: cannot write the output: Input/output error\n"},
           Case{EBADF, "thoplw: cannot write the output: stdout is closed\n"},
       }) {
    Failing buffer(reason);
    std::ostream out(&buffer);
    std::ostringstream err;
    int opened = 0;
    const auto open = [&](const ModelRequest&) {
      ++opened;
      return parse_trace(kLinear);
    };
    CHECK(run({"a", "b", "-k", "json"}, open, {out, err}) == (reason == EPIPE ? 0 : 2));
    CHECK(opened == 1);
    CHECK(err.str() == said);
  }
}

}  // namespace thoplw::cli
