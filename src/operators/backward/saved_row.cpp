// The generated rows of what autograd keeps, and the choice among overloads.
#include "operators/backward/saved_row.h"

#include <algorithm>
#include <array>
#include <variant>

#include "base/error.h"

namespace thoplw {
namespace {

/// Takes the text up to the next `by` off `rest`.
constexpr std::string_view next(std::string_view& rest, char by) {
  const std::size_t end = std::min(rest.find(by), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

constexpr bool take_end(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

/// The rows' text, as the generator writes it.
struct Text {
  std::string_view name;
  int results;
  std::string_view tensors, kept;
};

int number_of(std::string_view tensor, std::string_view tensors) {
  for (int i = 0; !tensors.empty(); ++i) {
    if (next(tensors, ' ') == tensor) return i;
  }
  throw Error("a row keeps a tensor that the operator does not have");
}

SavedRow read(const Text& text) {
  SavedRow row;
  row.name = text.name;
  row.results = text.results;
  char names[512] = {};  // of the tensors, without marks
  std::size_t length = 0;
  for (std::string_view rest = text.tensors; !rest.empty(); ++row.tensors) {
    std::string_view tensor = next(rest, ' ');
    if (take_end(tensor, "*")) row.differentiable |= Numbers{1} << row.tensors;
    if (take_end(tensor, "[]")) row.list = row.tensors;
    if (row.tensors == 0) row.first = tensor;
    for (const char c : tensor) names[length++] = c;
    names[length++] = ' ';
  }
  std::size_t guards = 0;
  for (std::string_view rest = text.kept; !rest.empty();) {
    std::string_view conditions = next(rest, ' ');
    if (conditions.starts_with('>')) {
      row.outputs |= Numbers{1} << (conditions[1] - '0');
      continue;
    }
    const Numbers kept = Numbers{1} << number_of(next(conditions, '?'), {names, length});
    if (conditions.empty()) {
      row.inputs |= kept;
      continue;
    }
    SavedRow::Guard& guard = row.guards[guards++];
    guard.kept = kept;
    while (!conditions.empty()) guard.needs |= Numbers{1} << number_of(next(conditions, '|'), {names, length});
  }
  return row;
}

constexpr Text kTexts[] = {
#include "operators/backward/saved_table.inc"
};

/// Sorted by name. Read when first asked for: not every compiler takes so many steps while it compiles.
const std::array<SavedRow, std::size(kTexts)>& rows() {
  static const auto all = [] {
    std::array<SavedRow, std::size(kTexts)> rows;
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = read(kTexts[i]);
    std::ranges::sort(rows, {}, &SavedRow::name);
    return rows;
  }();
  return all;
}

/// Has the overload that ran a number where this row has its first tensor?
bool number_is_first(const OpView& op, const SavedRow& row) {
  const AttrValue* value = op.attr(row.first);
  return value && (std::holds_alternative<std::int64_t>(*value) || std::holds_alternative<double>(*value));
}

/// How well an overload fits: its tensors, then its results. Tensors that a row has too many are numbers in this call.
int fit(const OpView& op, const SavedRow& row) {
  const int tensors = static_cast<int>(op.op.in.size());
  const bool fits = row.list == SavedRow::kNoList ? tensors == row.tensors : tensors >= row.tensors - 1;
  if (number_is_first(op, row)) return 0;
  return (fits ? 4 : row.tensors > tensors ? 1 : 0) + (static_cast<int>(op.op.out.size()) == row.results ? 2 : 0);
}

}  // namespace

std::span<const SavedRow> saved_rows(std::string_view name) {
  return std::ranges::equal_range(rows(), name, {}, &SavedRow::name);
}

const SavedRow* saved_row(const OpView& op, std::string_view name) {
  const SavedRow* best = nullptr;
  for (const SavedRow& row : saved_rows(name)) {
    if (!best || fit(op, row) >= fit(op, *best)) best = &row;
  }
  return best;
}

}  // namespace thoplw
