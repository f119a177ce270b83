// Sizes that vary, as the command line names them.
#pragma once

#include <string>
#include <string_view>

#include "cli/cli.h"
#include "report/formulas.h"

namespace thoplw::cli {

/// A size that all inputs can be given.
struct VariedSize {
  std::string_view name;
  std::string_view one;  ///< before a value: "a batch of "
  std::int64_t InputSizes::*size;
};

std::span<const VariedSize> varied_sizes();
/// Null where there is no such size.
const VariedSize* find_varied_size(std::string_view name);

/// The symbolic size of a file that is called so: by its name or its place, or as "batch" and "seq" where it is the
/// first or the second dimension of an input. Null: there is none.
const SymbolicSize* find_size(std::span<const SymbolicSize> sizes, std::string_view name);

/// What the file calls it; `name` where that is no other word for it.
std::string name_in_file(std::span<const SymbolicSize> sizes, const std::string& name);

/// As below, of a file; a size that has no values gets the least ones that the file is for. Throws Error.
Variable varied_in_file(const std::string& text, std::span<const SymbolicSize> sizes);

/// "seq=8..64", "image=224..512:32" in steps, "width=16,32,64"; "batch" and "seq" alone have values of their own, which
/// begin with 2 in training. Throws Error.
Variable varied(const std::string& text, bool in_training);

}  // namespace thoplw::cli
