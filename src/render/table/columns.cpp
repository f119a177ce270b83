// The table of columns: what each takes from a row.
#include "render/table/columns.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"

namespace thoplw {
namespace {

std::string name_of(const Row& row) { return shown_path(row.path); }
std::string class_of(const Row& row) { return row.cls; }

/// Sizes without the batch: "3 x 224 x 224". A tensor of one dimension has no batch to leave out.
std::string shape_text(const std::optional<Tensor>& tensor) {
  if (!tensor) return "";
  const Dims& shape = tensor->shape;
  if (shape.empty()) return "scalar";
  std::string text;
  for (std::size_t i = shape.size() == 1 ? 0 : 1; i < shape.size(); ++i) {
    text += (text.empty() ? "" : " x ") + std::to_string(shape[i]);
  }
  return text;
}

Count size_of(const std::optional<Tensor>& tensor) { return tensor ? numel(*tensor) : Count(0); }

std::string in_text(const Row& row) { return shape_text(row.in); }
std::string out_text(const Row& row) { return shape_text(row.out); }
Count in_size(const Row& row) { return size_of(row.in); }
Count out_size(const Row& row) { return size_of(row.out); }

Amount macs_of(const Row& row) { return {row.macs, row.exact}; }
Amount params_of(const Row& row) { return {row.params}; }

constexpr std::array kColumns = {
    Column{"name", "Name", "Name", name_of, nullptr},
    Column{"class", "Class", "Class", class_of, nullptr},
    Column{"input", "Input shape", "Input shape", in_text, nullptr, in_size},
    Column{"output", "Output shape", "Output shape", out_text, nullptr, out_size},
    Column{"macs", "MACs", "FLOPs", nullptr, macs_of},
    Column{"params", "Params", "Params", nullptr, params_of},
};

}  // namespace

std::span<const Column> columns() { return kColumns; }

const Column& find_column(std::string_view name) {
  const auto column = std::ranges::find(kColumns, name, &Column::name);
  if (column != kColumns.end()) return *column;
  std::vector<std::string_view> known;
  for (const auto& c : kColumns) known.push_back(c.name);
  throw Error(did_you_mean("column", name, known));
}

std::string_view title(const Column& column, Unit unit) {
  return unit == Unit::flop ? column.title_flops : column.title;
}

std::string shown_path(const std::string& path) { return path.empty() ? "(root)" : path; }

}  // namespace thoplw
