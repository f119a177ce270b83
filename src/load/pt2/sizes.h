// Sizes of tensors, of which some are expressions: what the exporter saw, or what the user names instead.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "load/build/symbols.h"
#include "load/load.h"
#include "load/pt2/json.h"

namespace thoplw::pt2 {

/// The TensorMeta of an entry of tensor_values. Torch 2.1 has it one level deeper.
const Json& tensor_meta(const Json& entry);

class Sizes {
 public:
  /// Both must outlive this. Throws Error where a name of `options` is not known, gets two values or one outside its
  /// range.
  Sizes(const Json& program, const LoadOptions& options);

  /// Of a SymInt: {"as_int": 3}, or {"as_expr": {"expr_str": "2*s44", "hint": {"as_int": 6}}}.
  std::int64_t of(const Json& size);

  /// Those that inputs leave open, in their order.
  std::vector<SymbolicSize> open(const Json& program);

 private:
  /// Where a symbol stands first: "x.1", as "2*s44".
  struct Standing {
    std::string symbol, place;
    std::string_view expression;
    bool plain() const;  ///< is the expression the symbol alone?
  };
  void read_graph();
  void add(const std::string& place, const Json& size);
  void set(const std::string& name, std::int64_t value);
  void set_symbol(const std::string& symbol, std::int64_t value, const std::string& name);
  void set_place(const std::string& name, std::int64_t value);
  const Json* size_at(std::string_view place) const;
  void check_ranges(const Json& program) const;
  std::int64_t evaluated(std::string_view expression, const Json* hint);
  [[noreturn]] void unknown(std::string_view expression);
  std::string known_names() const;

  const Json& graph_;
  bool read_ = false;  ///< was the graph looked through for symbols?
  std::vector<Standing> standings_;
  std::unordered_set<std::string> names_;                  ///< of all symbols
  std::unordered_set<std::string_view> inputs_;            ///< that are tensors, weights too
  std::unordered_set<std::string_view> expressions_;       ///< those that were looked at
  Symbols symbols_;                                        ///< values: the exporter's, or the user's
  std::map<std::string, std::string, std::less<>> given_;  ///< by symbol: what the user calls it
  std::unordered_map<std::string_view, std::int64_t> values_;
};

}  // namespace thoplw::pt2
