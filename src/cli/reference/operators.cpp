// docs/operators.md: what each operator counts, and as which operator each ONNX node counts.
#include <string>
#include <string_view>
#include <utility>

#include "cli/reference/markdown.h"
#include "cli/reference/pages.h"
#include "load/onnx/operators.h"
#include "operators/rule.h"

namespace thoplw::cli {

using namespace markdown;

namespace {

constexpr std::string_view kIntroduction = R"(# Operators

What each operator counts, before a [convention](conventions.md) puts a price on it. A form that works in place, such as
`aten::add_`, counts as the operator that it is named for. An operator that is not in the table makes a total a lower bound,
and the report names it.

- **Kinds.** Contraction and attention count multiply-adds; all other kinds count elements. A contraction of which no operand is
  made of weights counts as attention.
- **Shape rule.** Says who computes the shape of the result of a live model: thoplw itself (native), or torch.
- **Letters.** In attention L queries meet S keys, and E is the size of one of them in one head; m, n and k are sizes of matrices.
- **Solvers.** Direct solvers and factorisations have the multiply-adds that LAPACK Working Note 41 (appendix C) gives for their
  routine: its additions, each with its multiplication. Implementations without fast matrix products agree on these, but for
  terms of lower order. FlopCounterMode of torch, fvcore and the like count nothing for any of them. What iterates (`linalg_svd`,
  `linalg_eigh`) or depends on the data (the rank in `linalg_lstsq`, pivots in `linalg_ldl_factor`, the norm in
  `linalg_matrix_exp`) has no such count, and stays a lower bound.

)";

constexpr std::string_view kOnnx = R"(
## ONNX

Each node of an ONNX file counts as one of the operators above, unless its attributes say otherwise. A name in `2d` stands for
other numbers of dimensions, too. `If`, `Loop`, `Scan` and `SequenceMap` count as what is in their graphs.

)";

/// The main kind of work, and what is counted; of other kinds as "bias: output elements".
std::pair<std::string_view, std::string> in_words(const Formula& formula) {
  if (!formula.computes()) return {"", "nothing: it moves, makes or describes tensors"};
  std::string text;
  for (const Counted& counted : formula.kinds()) {
    if (!text.empty()) text += formatted("; {}: ", kKindNames[static_cast<std::size_t>(counted.kind)]);
    text += counted.what;
  }
  return {kKindNames[static_cast<std::size_t>(formula.kinds().front().kind)], text};
}

}  // namespace

std::string operators_page() {
  std::string text = std::string(kIntroduction) + header({"Operator", "Kind", "What is counted", "Shape rule"});
  for (const Rule& rule : rules()) {
    const auto [kind, counted] = in_words(rule.formula);
    text += row({code(rule.name), kind, counted, rule.shape ? "native" : "torch"});
  }
  text += std::string(kOnnx) + header({"Domain", "Operator", "Counts as"});
  const onnx::Node node;
  for (const onnx::Operator& op : onnx::operators()) {
    const std::string counted = op.map({node, {}, 0}).name;
    text += row({op.domain.empty() ? "ai.onnx" : op.domain, code(op.name),
                 find_rule(counted) ? code(counted) : "not counted: a lower bound"});
  }
  return text;
}

}  // namespace thoplw::cli
