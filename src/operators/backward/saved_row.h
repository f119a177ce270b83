// What autograd keeps of one of its own operators: a row for each, generated from torch's derivatives.yaml.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "operators/backward/grad_op.h"

namespace thoplw {

/// A set of an operator's tensor arguments, or of its results, by number: bit 0 is the first. A list is one argument.
using Numbers = std::uint32_t;

struct SavedRow {
  static constexpr int kNoList = -1;
  static constexpr std::size_t kMostGuards = 3;

  /// Tensors that are kept only where one of `needs` needs a gradient.
  struct Guard {
    Numbers kept = 0, needs = 0;
  };

  std::string_view name;   ///< without namespace and overload: "addmm"
  std::string_view first;  ///< name of the first tensor argument
  int results = 0;
  int tensors = 0;
  int list = kNoList;  ///< the argument that is a list
  Numbers differentiable = 0;
  Numbers inputs = 0, outputs = 0;  ///< kept in any case
  Guard guards[kMostGuards] = {};
};

/// The row of the overload that ran, by the number of its tensors and results; null where there is none. `name` has no
/// namespace.
const SavedRow* saved_row(const OpView& op, std::string_view name);

/// The rows of all overloads.
std::span<const SavedRow> saved_rows(std::string_view name);

}  // namespace thoplw
