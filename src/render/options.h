// How a report is to be shown: what a user may ask of any format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thoplw {

enum class NumberFormat : std::uint8_t {
  raw,
  clever,
  ratio,
  digits,  ///< raw, and times as whole picoseconds: what programs get for raw
};

struct NumberFormatName {
  std::string_view name;  ///< "raw"
  NumberFormat format;
  std::string_view doc;
};

std::span<const NumberFormatName> number_formats();

/// Throws Error with "did you mean".
NumberFormat find_number_format(std::string_view name);

/// What has a row: a module, all modules of a class, or all calls of an operator.
enum class By : std::uint8_t { module, cls, op };

struct ByName {
  std::string_view name;  ///< "class"
  By by;
  std::string_view doc;
};

std::span<const ByName> groupings();

/// Throws Error with "did you mean".
By find_grouping(std::string_view name);

/// What the text is shown on.
struct Screen {
  int columns = 0;     ///< how wide it is; 0: no terminal, so any width
  int lines = 0;       ///< how high it is; 0: not known
  bool color = false;  ///< does it want colours?
};

struct RenderOptions {
  NumberFormat numbers = NumberFormat::raw;
  int depth = -1;                      ///< roll deeper modules up into this depth; -1: no limit
  std::string sort{};                  ///< column to sort by, numbers descending; empty: model order
  std::string title{};                 ///< heading, where several reports are shown; empty: none
  std::size_t top = 0;                 ///< so many of the costliest rows, all else as one; 0: all
  std::vector<std::string> filter{};   ///< globs of paths or classes, all else as one row; empty: all
  std::vector<std::string> columns{};  ///< names of the columns of tables and trees; empty: the usual ones
  By by = By::module;
  std::optional<bool> fold{};  ///< are equal modules next to each other one row? None: as is usual in the format
  Screen screen{};
};

}  // namespace thoplw
