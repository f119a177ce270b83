// The rows of a tree: those that are shown and the modules around them, each with the sum of what it leaves out.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "render/table/selection.h"
#include "report/report.h"

namespace thoplw {

struct KeptRow {
  const Row* row;                    ///< among all rows, which have to outlive this
  Id parent = kNone;                 ///< the place, among the kept rows, of the one around it
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

}  // namespace thoplw
