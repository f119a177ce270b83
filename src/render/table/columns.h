// The columns of a table, as one table that text, csv and md share.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "render/render.h"

namespace thoplw {

/// A number in a table, and whether it is one or only a lower bound.
struct Amount {
  Count value;
  bool exact = true;
};

/// Of `text` and `amount` one is null.
struct Column {
  std::string_view name;                ///< what RenderOptions::sort takes: "macs"
  std::string_view title;               ///< "MACs"
  std::string_view title_flops;         ///< where the convention counts FLOPs
  std::string (*text)(const Row&);      ///< the cell
  Amount (*amount)(const Row&);         ///< the cell as a number
  Count (*size)(const Row&) = nullptr;  ///< sorts a text column by size instead of by alphabet
};

std::span<const Column> columns();

/// Throws Error with "did you mean".
const Column& find_column(std::string_view name);

std::string_view title(const Column& column, Unit unit);

/// A module's path as people read it: the root's is empty.
std::string shown_path(const std::string& path);

}  // namespace thoplw
