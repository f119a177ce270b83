// Budgets of a project: the table [tool.thoplw] of its pyproject.toml. See docs/budgets.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/amount.h"
#include "report/budget.h"

namespace thoplw {

/// A text of the file, and where it stands: "pyproject.toml:12: check[0].input".
struct Quotation {
  std::string text, where;
};

/// One [[tool.thoplw.check]]: a model as the command line would name it, and what it may cost.
struct BudgetEntry {
  std::string model;  ///< files beside the TOML file are named from there
  std::vector<Quotation> inputs;
  std::vector<std::pair<std::string, std::string>> settings;  ///< values as Python writes them
  std::vector<std::pair<std::string, std::int64_t>> dims;     ///< sizes of symbolic dimensions, as LoadOptions has them
  std::optional<Quotation> convention;
  std::int64_t batch = 0;            ///< of a pass whose memory is asked for; 0: as the inputs say
  std::string optimizer, precision;  ///< the first of a training step, both empty: as the command line says
  Limits limits;
  std::string baseline;
  std::optional<Percent> tolerance;
  bool strict = false;
  std::string error;  ///< why this entry cannot be used; the others can
};

/// Throws Error("pyproject.toml:7: tool.thoplw.chek: unknown key 'chek'; did you mean 'check'? known: ...") where the
/// whole file cannot be used.
std::vector<BudgetEntry> read_budgets(const std::string& path, std::string_view text);

}  // namespace thoplw
