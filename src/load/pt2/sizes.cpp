// Symbolic sizes: which symbols there are, where they stand, and what they are worth.
#include "load/pt2/sizes.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/formatted.h"

namespace thoplw::pt2 {
namespace {

/// What the exporter saw; nothing where the size depends on data.
std::optional<std::int64_t> seen(const Json* hint) {
  if (!hint) return std::nullopt;
  if (hint->IsInt64()) return hint->GetInt64();
  if (!hint->IsObject()) return std::nullopt;
  const Tagged choice = tagged(*hint);
  return choice.tag == "as_int" && choice.value->IsInt64() ? std::optional(choice.value->GetInt64()) : std::nullopt;
}

std::int64_t checked(std::int64_t size) {
  if (size < 0) throw Error(formatted("a size must be 0 or more, not {}", size));
  return size;
}

std::string bound(const Json* value) {
  return value && value->IsInt64() ? fmt::to_string(value->GetInt64()) : "any size";
}

constexpr std::size_t kNamesShown = 20;

}  // namespace

const Json& tensor_meta(const Json& entry) {
  const Json* inner = find(entry, "meta");
  return inner ? *inner : entry;
}

Sizes::Sizes(const Json& program, const LoadOptions& options)
    : graph_(member(member(program, "graph_module"), "graph")) {
  if (options.dims.empty()) return;
  read_graph();
  for (const auto& [name, value] : options.dims) set(name, value);
  check_ranges(program);
}

std::int64_t Sizes::of(const Json& size) {
  const auto [tag, value] = tagged(size);
  if (tag == "as_int") return checked(integer(*value));
  if (tag != "as_expr") throw Error(formatted("a size must be a number or an expression, not '{}'", tag));
  return checked(evaluated(text_of(*value, "expr_str"), find(*value, "hint")));
}

std::int64_t Sizes::evaluated(std::string_view expression, const Json* hint) {
  const std::optional<std::int64_t> was = seen(hint);
  if (given_.empty() && was) return *was;
  const auto found = values_.find(expression);
  if (found != values_.end()) return found->second;
  std::optional<std::int64_t> value = evaluate(expression, symbols_);
  if (!value && was) {
    const std::vector<std::string> symbols = symbols_in(expression);
    if (std::ranges::none_of(symbols, [&](const std::string& symbol) { return given_.contains(symbol); })) value = was;
  }
  if (!value) unknown(expression);
  values_.emplace(expression, *value);
  return *value;
}

void Sizes::unknown(std::string_view expression) {
  read_graph();
  std::string cure;
  for (const std::string& symbol : symbols_in(expression)) {
    if (!symbols_.contains(symbol)) cure += formatted(" --dim {}=<size>", symbol);
  }
  throw Error(formatted("a size depends on data; give{}", cure));
}

/// Inputs first: that is where users look for names.
void Sizes::read_graph() {
  if (std::exchange(read_, true)) return;
  std::unordered_map<std::string_view, const Json*> values;
  for (const auto& [name, meta] : members(member(graph_, "tensor_values"))) values.emplace(text(name), &meta);
  const auto add_tensor = [&](std::string_view name, const Json& meta) {
    int dim = 0;
    for (const Json& size : items_of(tensor_meta(meta), "sizes")) add(formatted("{}.{}", name, dim++), size);
  };
  for (const Json& input : items_of(graph_, "inputs")) {
    const auto [tag, value] = tagged(input);
    if (tag != "as_tensor") continue;
    const auto found = values.find(text_of(*value, "name"));
    if (found == values.end()) continue;
    inputs_.insert(found->first);
    add_tensor(found->first, *found->second);
  }
  for (const auto& [name, size] : members(member(graph_, "sym_int_values"))) add(std::string(text(name)), size);
  for (const auto& [name, meta] : members(member(graph_, "tensor_values"))) add_tensor(text(name), meta);
}

void Sizes::add(const std::string& place, const Json& size) {
  const auto [tag, value] = tagged(size);
  if (tag != "as_expr") return;
  const std::string_view expression = text_of(*value, "expr_str");
  if (!expressions_.insert(expression).second) return;
  const std::optional<std::int64_t> was = seen(find(*value, "hint"));
  if (const auto solved = was ? solve(expression, *was) : std::nullopt) symbols_.insert(*solved);
  for (const std::string& symbol : symbols_in(expression)) {
    if (names_.insert(symbol).second) standings_.push_back({symbol, place, expression});
  }
}

void Sizes::set(const std::string& name, std::int64_t value) {
  if (value < 1) throw Error(formatted("--dim {}={}: a size must be 1 or more", name, value));
  names_.contains(name) ? set_symbol(name, value, name) : set_place(name, value);
}

void Sizes::set_symbol(const std::string& symbol, std::int64_t value, const std::string& name) {
  const auto [found, added] = given_.emplace(symbol, name);
  if (!added && symbols_[symbol] != value) {
    throw Error(formatted("--dim {} and --dim {} contradict each other: {} would be {} and {}", found->second, name,
                          symbol, symbols_[symbol], value));
  }
  symbols_[symbol] = value;
}

void Sizes::set_place(const std::string& name, std::int64_t value) {
  const Json* size = size_at(name);
  if (!size) throw Error(formatted("no dimension '{}'; {}", name, known_names()));
  const auto [tag, content] = tagged(*size);
  if (tag == "as_int") {
    if (integer(*content) == value) return;
    throw Error(formatted("--dim {}={}: this size is {} in the file for good; {}", name, value, integer(*content),
                          known_names()));
  }
  if (tag != "as_expr") throw Error(formatted("'{}' is not a size", name));
  const std::string_view expression = text_of(*content, "expr_str");
  const auto solved = solve(expression, value);
  if (!solved) {
    const std::vector<std::string> symbols = symbols_in(expression);
    throw Error(symbols.size() == 1 ? formatted("--dim {}={}: no {} makes it so", name, value, symbols.front())
                                    : formatted("--dim {}={}: this size has several symbols, name those: {}", name,
                                                value, fmt::join(symbols, " ")));
  }
  set_symbol(solved->first, solved->second, name);
}

/// "x.0" of a tensor, "n" of an integer.
const Json* Sizes::size_at(std::string_view place) const {
  if (const Json* number = find(member(graph_, "sym_int_values"), place)) return number;
  const std::size_t dot = place.rfind('.');
  if (dot == std::string_view::npos) return nullptr;
  const std::string_view digits = place.substr(dot + 1);
  unsigned dim = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), dim);
  if (error != std::errc() || end != digits.data() + digits.size()) return nullptr;
  const Json* meta = find(member(graph_, "tensor_values"), place.substr(0, dot));
  if (!meta) return nullptr;
  const auto sizes = items_of(tensor_meta(*meta), "sizes");
  return dim < sizes.Size() ? &sizes[dim] : nullptr;
}

/// The keys are expressions too: {"2*s44": {"min_val": 2, "max_val": 512}}. No bound is null or infinite.
void Sizes::check_ranges(const Json& program) const {
  for (const auto& [key, range] : members(member(program, "range_constraints"))) {
    const std::string_view expression = text(key);
    const std::optional<std::int64_t> value = evaluate(expression, symbols_);
    if (!value) continue;
    const Json* least = find(range, "min_val");
    const Json* most = find(range, "max_val");
    const bool low = least && least->IsInt64() && *value < least->GetInt64();
    const bool high = most && most->IsInt64() && *value > most->GetInt64();
    if (!low && !high) continue;
    throw Error(formatted("{} would be {}; the program was exported for {} to {}", expression, *value, bound(least),
                          bound(most)));
  }
}

bool Sizes::Standing::plain() const { return solve(expression, 1) == std::pair(symbol, std::int64_t{1}); }

std::vector<SymbolicSize> Sizes::open(const Json& program) {
  read_graph();
  std::vector<SymbolicSize> sizes;
  for (const Standing& standing : standings_) {
    if (!inputs_.contains(std::string_view(standing.place).substr(0, standing.place.rfind('.')))) continue;
    SymbolicSize size{.name = standing.symbol, .place = standing.plain() ? standing.place : ""};
    for (const auto& [key, range] : members(member(program, "range_constraints"))) {
      const std::string_view expression = text(key);
      const auto bound = [&](const Json* value) -> std::optional<std::int64_t> {
        const auto solved = value && value->IsInt64() ? solve(expression, value->GetInt64()) : std::nullopt;
        return solved && solved->first == standing.symbol ? std::optional(solved->second) : std::nullopt;
      };
      size.least = std::max(size.least, bound(find(range, "min_val")).value_or(1));
      const std::optional<std::int64_t> most = bound(find(range, "max_val"));
      if (most) size.most = std::min(*most, size.most.value_or(*most));
    }
    sizes.push_back(std::move(size));
  }
  return sizes;
}

std::string Sizes::known_names() const {
  if (standings_.empty()) return "all sizes of this file are fixed";
  std::string names;
  for (std::size_t i = 0; i < std::min(standings_.size(), kNamesShown); ++i) {
    const Standing& standing = standings_[i];
    names += formatted("{}{} ({}{})", names.empty() ? "" : ", ", standing.symbol, standing.plain() ? "" : "in ",
                       standing.place);
  }
  return "known are " + names + (standings_.size() > kNamesShown ? ", ..." : "");
}

}  // namespace thoplw::pt2
