// Sizes of symbolic dimensions, and values of inputs of one integer: those that a user names, and what follows.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "load/build/symbols.h"
#include "load/load.h"
#include "load/onnx/model.h"
#include "load/onnx/operators.h"

namespace thoplw::onnx {

class Sizes {
 public:
  /// Throws Error where a size that is needed is not named, or one is named that the file does not have.
  Sizes(const Graph& graph, const LoadOptions& options);

  /// -1 where it does not follow from the sizes that are known.
  std::int64_t of(const Dim& dim) const;
  Known known(const ValueInfo& value) const;
  /// The same of an input, with its value where one is named.
  Known input(const ValueInfo& value) const;
  /// " --dim sr=N" for each input of one integer whose value is not named.
  std::string open_values() const;
  /// "batch is taken as 1; set it with --dim batch=N"
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Use {
    std::string_view input;
    std::size_t place = 0, rank = 0;
  };
  void find_symbols();
  void set_named(const std::string& name, std::int64_t size);
  bool set_place(std::string_view name, std::int64_t size);
  bool set_value(const std::string& name, std::int64_t value);
  void set_symbol(const std::string& symbol, std::int64_t size);
  void settle_others();
  [[noreturn]] void throw_unknown(const std::string& name) const;

  const Graph& graph_;
  std::vector<const ValueInfo*> inputs_;                       ///< without those that are weights
  std::map<std::string, std::vector<Use>, std::less<>> uses_;  ///< by symbol
  Symbols symbols_;
  std::map<std::string, std::int64_t, std::less<>> places_;  ///< "x.0" where the file has no name for a size
  std::map<std::string, std::int64_t, std::less<>> values_;  ///< of inputs of one integer
  std::vector<std::string> notes_;
  mutable std::unordered_map<std::string_view, std::int64_t> evaluated_;
};

/// Those that inputs leave open, in their order.
std::vector<SymbolicSize> open_sizes(const Graph& graph);

}  // namespace thoplw::onnx
