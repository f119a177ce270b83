// The rows of a tree: those that are shown and the modules around them, each with the sum of what it leaves out.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "render/options.h"
#include "render/table/selection.h"
#include "report/report.h"

namespace thoplw {

struct KeptRow {
  std::unique_ptr<Row> row;          ///< its parent is a place among the kept rows; whoever takes it frees it
  std::string name;                  ///< in the module around it: "0" of "layer1.0"; of the root it is empty
  bool shown = true;                 ///< false: it is kept as the root, or for what is inside it
  std::size_t at = 0;                ///< its place among all rows
  std::size_t children = 0;          ///< how many modules are right inside it, kept or not
  std::unique_ptr<Others> others{};  ///< what is inside it and in none of the kept modules inside it; null: nothing

  void leave_out(const Row& other) {
    if (!others) others = std::make_unique<Others>();
    others->add(other);
  }
};

/// Is a row that is left out one of the others?
using CountsRow = std::function<bool(const Row&)>;

/// In the order of `rows`; the root is always kept.
std::vector<KeptRow> kept_rows(const std::vector<Row>& rows, const std::vector<bool>& shown, const CountsRow& counts);

/// As the options choose them; others are rows that have a line by `measures`.
std::vector<KeptRow> kept_rows(const Report& report, const RenderOptions& options, std::span<const Measure> measures);

}  // namespace thoplw
