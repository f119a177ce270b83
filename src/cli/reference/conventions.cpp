// docs/conventions.md: what each convention counts, and how to write one.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cli/reference/markdown.h"
#include "cli/reference/pages.h"
#include "conventions/class_formulas.h"
#include "conventions/convention.h"

namespace thoplw::cli {

using namespace markdown;

namespace {

constexpr std::string_view kIntroduction = R"(# Conventions

A convention says what work is worth, and which tensors are parameters. Three are our own: `thoplw`, the default, `exact` and
`flops`. The others print what other tools print, mistakes included. You can also [write your own](#your-own).

A convention has prices and rules:

- A **price** is for one unit of work of a kind. [Operators](operators.md) says how much work each operator does, and of which
  kind.
- A **class rule** is for all that a module of that class does itself, in place of prices.
- An **operator rule** is for one operator, in place of its price.

What a tool has no rule for costs nothing under its convention, and a note says how many products that leaves out. An operator
that thoplw does not know makes a total a lower bound under every convention.
)";

constexpr std::string_view kYourOwn = R"(## Your own

A convention can be a TOML file. Give its path in place of a name: `--convention paper.toml`, `--with exact,paper.toml`, or in
Python `thoplw.profile(model, x, convention="paper.toml")` and `info.under("paper.toml")`.

```toml
name = "paper"         # unless given, the name of the file
doc = "FLOPs as our paper has them"
unit = "FLOP"          # or "MAC"
base = "flops"         # its prices, rules and parameters hold where this file says nothing; without it there are none

[prices]               # per unit of work of a kind, 0 to 255
norm = 2
softmax = 0

[modules]              # what a call of this class or a subclass costs, in place of all that it does itself
"torch.nn.GELU" = { outputs = 8, pays = "activation" }
"torch.nn.Embedding" = { outputs = 1 }
"torch.nn.Linear" = { contraction = 2 }
"torch.nn.Dropout" = {}

[operators]            # what an operator costs, unless a class rule is for its module
"aten::gelu" = { outputs = 8, pays = "activation" }

[parameters]
only_trainable = true
```

A rule adds up what it names, all in whole numbers:

- `inputs`, `outputs`: per element of the first tensor that goes in, or comes out.
- `parameters`: per element of the module's own parameters.
- The name of a kind of work, such as `contraction`: per unit of such work that the module or operator does itself.
- `pays`: as which kind of work the first three appear in `thoplw compare`; elementwise unless given.

All parameters count, shared ones once, unless `[parameters]` says otherwise:

| Key | What counts |
| --- | --- |
| `only_used = true` | only parameters of modules that ran |
| `only_trainable = true` | only parameters that are trained |
| `norm_statistics = true` | also the running mean and variance of batch norms |
| `only_leaves = true` | only parameters of modules that ran and have no modules inside |
| `only_classes = true` | only parameters of modules that ran and have a rule |

Four more keys go above all tables:

| Key | What it does |
| --- | --- |
| `subclasses = false` | a class rule is not for subclasses |
| `last_call = true` | of a module with a class rule only the last call counts |
| `only_live = true` | operators cost nothing if nothing reads their results |
| `per_sample = true` | costs are divided among the samples of a batch |

An unknown key is an error that names its line.
)";

/// Where a list of names is longer than this, it is folded.
constexpr std::size_t kShort = 8;

/// The default first, then the others of our own, then those of tools.
std::vector<const Convention*> in_order() {
  std::vector<const Convention*> order(conventions().begin(), conventions().end());
  const auto place = [](const Convention* convention) {
    return convention->name == "thoplw" ? 0 : convention->is_tool() ? 2 : 1;
  };
  std::ranges::stable_sort(order, {}, place);
  return order;
}

/// "one line. And more" -> "One line. And more."
std::string sentence(std::string_view text) {
  std::string sentence(text);
  if (sentence.empty()) return sentence;
  const char first = sentence.front();
  if (sentence.size() > 1 && first >= 'a' && first <= 'z') sentence.front() = static_cast<char>(first - 'a' + 'A');
  return sentence.ends_with('.') ? sentence : sentence + ".";
}

std::string param_policy(const ParamPolicy& policy) {
  if (policy.instead) return formatted("{}.", policy.instead->doc);
  std::vector<std::string_view> tests;
  for (const ParamTest* test : policy.only) tests.push_back(test->doc);
  const bool each_time = std::ranges::any_of(policy.only, &ParamTest::each_time);
  return formatted("{}{}. Shared ones count {}.", tests.empty() ? "all" : formatted("{}", fmt::join(tests, ", ")),
                   policy.norm_statistics ? ", and the running mean and variance of batch norms" : "",
                   each_time ? "in each of their modules" : "once");
}

std::string tool_lines(const Tool& tool) {
  return formatted("- Checked against: {}, <{}>\n- Gaps: {}\n", tool.version, tool.source, sentence(tool.gaps));
}

/// "contraction 2, bias 1; other kinds 0"
std::string prices(const Convention& convention) {
  std::string text;
  bool all = true;
  for (std::size_t k = 0; k < kKinds; ++k) {
    if (convention.prices[static_cast<Kind>(k)] == 0) {
      all = false;
    } else {
      text += formatted("{}{} {}", text.empty() ? "" : ", ", kKindNames[k], convention.prices[static_cast<Kind>(k)]);
    }
  }
  return text.empty() ? "none: what has no rule costs nothing" : text + (all ? "" : "; other kinds 0");
}

/// "what: `a`, `b`", folded if it is long.
std::string list_of(std::string_view what, const auto& rules, auto name) {
  std::vector<std::string> names;
  for (const auto& rule : rules) names.push_back(code(rule.*name));
  const std::string list = formatted("{}", fmt::join(names, ", "));
  if (names.size() > kShort) return folded(formatted("{}: {}", what, names.size()), list);
  return formatted("{}: {}\n", what, list);
}

/// Of our own conventions, whose rules have words.
std::string class_table(const Convention& convention) {
  std::string text = header({"Class", "What is counted"});
  for (const ClassRule& rule : convention.class_rules) text += row({code(rule.cls), class_cost::in_words(rule.cost)});
  return text;
}

std::string section(const Convention& convention) {
  std::string text = formatted("\n## {}\n\n{}\n\n- Unit: {}\n- Prices: {}\n- Parameters: {}\n", convention.name,
                               sentence(convention.doc), convention.unit == Unit::flop ? "FLOP" : "MAC",
                               prices(convention), param_policy(convention.params));
  if (convention.is_tool()) text += tool_lines(convention.tool);
  if (!convention.op_rules.empty()) text += "\n" + list_of("Operators with a rule", convention.op_rules, &OpRule::name);
  if (convention.class_rules.empty()) return text;
  return text + "\n" +
         (convention.is_tool() ? list_of("Classes with a rule", convention.class_rules, &ClassRule::cls)
                               : class_table(convention));
}

}  // namespace

std::string conventions_page() {
  std::string text(kIntroduction);
  for (const Convention* convention : in_order()) text += section(*convention);
  return text + "\n" + std::string(kYourOwn);
}

}  // namespace thoplw::cli
