// Walks the tables and writes Markdown.
#include "cli/reference.h"

#include <algorithm>

#include "base/formatted.h"
#include "cli/flags.h"
#include "conventions/class_formulas.h"
#include "load/onnx/operators.h"
#include "thoplw.h"

namespace thoplw::cli {
namespace {

/// A class formula in words.
struct ClassFormula {
  Work (*cost)(const CallView&);
  std::string_view counts;
};

constexpr auto kClassFormulas = std::to_array<ClassFormula>({
    {class_cost::linear, "positions x (in x out + bias elements)"},
    {class_cost::convolution<1>, "batch x (weight elements x positions + bias elements)"},
    {class_cost::convolution<2>, "batch x (weight elements x positions + bias elements)"},
    {class_cost::convolution<3>, "batch x (weight elements x positions + bias elements)"},
    {class_cost::softmax, "input elements"},
    {class_cost::norm<2>, "2 x input elements"},
    {class_cost::norm<4>, "4 x input elements"},
    {class_cost::average_pool<1>, "output elements"},
    {class_cost::average_pool<2>, "2 x output elements"},
    {class_cost::average_pool<3>, "3 x output elements"},
    {class_cost::prelu, "batch x slopes"},
    {class_cost::upsample, "output elements x (nearest 0, linear 4, bilinear 6, trilinear 14, bicubic 20)"},
    {class_cost::recurrent, "each gate of each step and direction as a linear layer"},
    {class_cost::multihead_attention, "projections as linear layers, and both attention products"},
    {class_cost::encoder_layer, "where it ran as one operator: what the modules in it cost; else 0"},
});

/// The words for a formula; a formula without words is a mistake in the tables above.
template <typename Table, typename Function>
const auto& words_for(const Table& table, Function function, std::string_view name, auto member) {
  const auto row = std::ranges::find(table, function, member);
  if (row == std::end(table)) throw Error(std::string(name) + ": its formula has no words in the reference");
  return *row;
}

std::string row(std::initializer_list<std::string_view> cells) {
  return formatted("| {} |\n", fmt::join(cells, " | "));
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + std::string(text) + "`"; }

template <typename Rows>
std::string name_table(std::string_view heading, const Rows& rows) {
  std::string text = formatted("\n## {}\n\n", heading) + row({"Name", "What"}) + row({"---", "---"});
  for (const auto& r : rows) text += row({code(r.name), r.doc});
  return text;
}

std::string param_policy(const ParamPolicy& policy) {
  if (policy.only_classes) return "Parameters: of modules that ran and have a rule, each time that they are met.";
  if (policy.only_leaves) return "Parameters: of modules that ran and have none inside, each time that they are met.";
  if (policy.leftovers) return "Parameters: all; tied weights in each module that runs.";
  if (policy.operand) return "Parameters: what operators read, buffers and a file's constants too, each once.";
  return formatted("Parameters: {}{}{}; tied weights once.",
                   policy.only_used        ? "of modules that ran"
                   : policy.only_trainable ? "all that are trained"
                                           : "all",
                   policy.norm_statistics ? ", with the running mean and variance of batch norms" : "",
                   policy.lacks ? ", without what the tool's own layers do not have" : "");
}

/// As what each ONNX operator counts, where its attributes do not say otherwise.
std::string onnx_table() {
  std::string text =
      "\n## ONNX\n\nAs which of these operators a node of an ONNX file counts. Names in `2d` stand for those of other "
      "dimensions, too; "
      "`If`, `Loop`, `Scan` and `SequenceMap` count as what is in their graphs.\n\n" +
      row({"Domain", "Operator", "Counts as"}) + row({"---", "---", "---"});
  const onnx::Node node;
  for (const auto& op : onnx::operators()) {
    const std::string counted = op.map({node, {}, 0}).name;
    text += row({op.domain.empty() ? "ai.onnx" : op.domain, code(op.name),
                 find_rule(counted) ? code(counted) : "not counted: a lower bound"});
  }
  return text;
}

/// The main kind of work, and what is counted; of other kinds as "bias: output elements".
std::pair<std::string_view, std::string> in_words(const Formula& formula) {
  if (!formula.computes()) return {"", "moves, makes or describes tensors: no arithmetic"};
  std::string text;
  for (const Counted& counted : formula.kinds()) {
    if (!text.empty()) text += formatted("; {}: ", kKindNames[static_cast<std::size_t>(counted.kind)]);
    text += counted.what;
  }
  return {kKindNames[static_cast<std::size_t>(formula.counts[0].kind)], text};
}

std::string list_of(const auto& rules, auto name) {
  std::vector<std::string> names;
  for (const auto& rule : rules) names.push_back(code(rule.*name));
  return formatted("{}.\n", fmt::join(names, ", "));
}

std::string section(const Convention& convention) {
  std::string text = formatted("\n## {}\n\n{}\n\nUnit: {}. {}\n\n", convention.name, convention.doc,
                               convention.unit == Unit::flop ? "FLOP" : "MAC", param_policy(convention.params));
  if (convention.is_tool()) {
    text += formatted("Checked against {}, <{}>. Its gaps: {}.\n\n", convention.tool.version, convention.tool.source,
                      convention.tool.gaps);
  }
  if (std::ranges::any_of(convention.price, [](int price) { return price != 0; })) {
    text += row({"Kind of work", "Price"}) + row({"---", "---:"});
    for (std::size_t k = 0; k < kKinds; ++k) text += row({kKindNames[k], std::to_string(convention.price[k])});
    text += "\n";
  }
  if (!convention.op_rules.empty()) {
    text += "Operators with a rule of their own: " + list_of(convention.op_rules, &OpRule::name);
  }
  if (convention.is_tool() && !convention.class_rules.empty()) {
    text += "Classes with a rule: " + list_of(convention.class_rules, &ClassRule::cls);
  } else if (!convention.class_rules.empty()) {
    text += row({"Class", "What is counted"}) + row({"---", "---"});
    for (const auto& rule : convention.class_rules) {
      text += row({code(rule.cls), words_for(kClassFormulas, rule.cost, rule.cls, &ClassFormula::cost).counts});
    }
  }
  return text;
}

}  // namespace

std::string cli_reference() {
  std::string text = "# Command line\n\n```\n" + help() + "```\n\n## Flags\n\n" + row({"Flag", "Value", "What"}) +
                     row({"---", "---", "---"});
  for (const auto& flag : flags()) {
    text += row({code(flag.name), code(flag.metavar), description(flag)});
  }
  text += "\n## Kinds\n\n" + row({"Name", "Suffixes", "What"}) + row({"---", "---", "---"});
  for (const auto& renderer : renderers()) text += row({code(renderer.name), code(renderer.suffixes), renderer.doc});
  text += name_table("Formats of numbers", number_formats());
  text += "\n## Columns\n\n" + row({"Name", "Title"}) + row({"---", "---"});
  for (const auto& column : columns()) text += row({code(column.name), column.title});
  return text;
}

std::string operators_reference() {
  std::string text =
      "# Operators\n\nWhat each operator counts as, before a convention prices it. In-place forms count as the "
      "operator "
      "that they are named for. An operator that is not here makes a total a lower bound.\n\n"
      "Direct solvers and factorisations have the multiply-adds that LAPACK Working Note 41 (appendix C) gives for "
      "their routine: its additions, each with its multiplication. All implementations without fast matrix products "
      "agree on those but for terms of lower order. What iterates (`linalg_svd`, `linalg_eigh`) or hangs on the data "
      "(the rank in `linalg_lstsq`, pivots in `linalg_ldl_factor`, the norm in `linalg_matrix_exp`) has no such count "
      "and stays a lower bound. Torch's FlopCounterMode, fvcore and the like count nothing for any of them.\n\n" +
      row({"Operator", "Kind", "What is counted", "Shape rule"}) + row({"---", "---", "---", "---"});
  for (const auto& rule : rules()) {
    const auto [kind, counted] = in_words(rule.formula);
    text += row({code(rule.name), kind, counted, rule.shape ? "native" : "torch"});
  }
  return text + onnx_table();
}

constexpr std::string_view kOwnConventions = R"(## Your own

A convention can be a TOML file, wherever a name can be: `--convention paper.toml`, `--with exact,paper.toml`, and in Python
`thoplw.profile(model, x, convention="paper.toml")` and `info.under("paper.toml")`.

```toml
name = "paper"         # else the name of the file
doc = "FLOPs as our paper has them"
unit = "FLOP"          # or "MAC"
base = "flops"         # whose prices, rules and parameters hold where this file says nothing; else there are none

[prices]               # per unit of work of a kind, 0 to 255
norm = 2
softmax = 0

[modules]              # what a call of a class or its subclasses costs, instead of all that it does itself
"torch.nn.GELU" = { outputs = 8, pays = "activation" }
"torch.nn.Embedding" = { outputs = 1 }
"torch.nn.Linear" = { contraction = 2 }
"torch.nn.Dropout" = {}

[operators]            # what an operator costs, where no class rule has its module
"aten::gelu" = { outputs = 8, pays = "activation" }

[parameters]
only_trainable = true
```

A rule adds up: `inputs` and `outputs`, per element of the first tensor that goes in or comes out; `parameters`, per element of
the module's own; and by the name of a kind, a price for work of that kind that it does itself. `pays` says as what kind the
first three show in `thoplw compare`: elementwise unless given. All are whole numbers.

`[parameters]` are all, tied weights once, but for: `only_used`, of modules that ran; `only_trainable`; `norm_statistics`, a
batch norm's running mean and variance too; `only_leaves`, of modules that ran and have none inside; `only_classes`, of modules
that ran and have a rule. Besides: `subclasses = false`, class rules serve no subclasses; `last_call = true`, of the calls of a
module with a class rule only the last counts; `only_live = true`, nothing for operators whose results nobody reads;
`per_sample = true`, costs are shared out among the samples of a batch. An unknown key is an error that names its line.
)";

std::string conventions_reference() {
  std::string text =
      "# Conventions\n\nWhat work is worth. A class rule prices all that a module of that class does itself, an "
      "operator "
      "rule one operator; elsewhere work has a price per unit of its kind. The conventions of other tools give what "
      "those "
      "tools print: what they have no rule for costs nothing there, and a note says which products that leaves out. "
      "What has no rule "
      "here makes a lower bound there, too.\n";
  for (const Convention* convention : conventions()) text += section(*convention);
  return text + "\n" + std::string(kOwnConventions);
}

}  // namespace thoplw::cli
