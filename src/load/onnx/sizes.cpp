// Settles every symbolic dimension of the inputs before a graph is followed.
#include "load/onnx/sizes.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "base/error.h"
#include "base/suggest.h"

namespace thoplw::onnx {
namespace {

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::ranges::all_of(text, letter);
}

/// The symbols of a dimension; a name that is no expression, such as "batch size", is one symbol.
std::vector<std::string> symbols_of(std::string_view text) {
  if (is_identifier(text)) return {std::string(text)};
  try {
    return symbols_in(text);
  } catch (const Error&) {
    return {std::string(text)};
  }
}

std::optional<std::int64_t> value_of(std::string_view text, const Symbols& symbols) {
  if (const auto found = symbols.find(text); found != symbols.end()) return found->second;
  if (is_identifier(text)) return std::nullopt;
  try {
    return evaluate(text, symbols);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string place(std::string_view input, std::size_t i) { return std::string(input) + "." + std::to_string(i); }

bool names_a_batch(std::string_view symbol) {
  std::string lower(symbol);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower.find("batch") != std::string::npos || lower == "n" || lower == "b" || lower == "bs";
}

/// Of one integer or bool, such as a sampling rate or whether there is a cache?
bool holds_one_number(const ValueInfo& input) {
  return is_integral(input.dtype) && input.has_shape &&
         std::ranges::all_of(input.dims, [](const Dim& dim) { return dim.size == 1; });
}

/// Without those that are weights.
std::vector<const ValueInfo*> inputs_of(const Graph& graph) {
  std::unordered_set<std::string_view> weights;
  for (const TensorData& tensor : graph.initializers) weights.insert(tensor.name);
  std::vector<const ValueInfo*> inputs;
  for (const ValueInfo& input : graph.inputs) {
    if (!weights.contains(input.name)) inputs.push_back(&input);
  }
  return inputs;
}

std::string taken_as_one(const std::string& name) { return name + " is taken as 1; set it with --dim " + name + "=N"; }

}  // namespace

Sizes::Sizes(const Graph& graph, const LoadOptions& options) : graph_(graph) {
  find_symbols();
  for (const auto& [name, size] : options.dims) set_named(name, size);
  settle_others();
}

void Sizes::find_symbols() {
  inputs_ = inputs_of(graph_);
  for (const ValueInfo* input : inputs_) {
    for (std::size_t i = 0; i < input->dims.size(); ++i) {
      const Dim& dim = input->dims[i];
      if (dim.size) continue;
      if (dim.symbol.empty()) {
        places_.emplace(place(input->name, i), -1);
        continue;
      }
      for (const std::string& symbol : symbols_of(dim.symbol))
        uses_[symbol].push_back({input->name, i, input->dims.size()});
    }
  }
}

void Sizes::throw_unknown(const std::string& name) const {
  std::vector<std::string_view> known;
  for (const auto& [symbol, uses] : uses_) known.push_back(symbol);
  for (const auto& [text, size] : places_) known.push_back(text);
  for (const ValueInfo* input : inputs_) {
    if (holds_one_number(*input)) known.push_back(input->name);
  }
  if (known.empty()) throw Error("--dim " + name + ": no input has a symbolic dimension; leave --dim out");
  throw Error(did_you_mean("dimension", name, known));
}

void Sizes::set_symbol(const std::string& symbol, std::int64_t size) {
  const auto [found, fresh] = symbols_.try_emplace(symbol, size);
  if (!fresh && found->second != size) {
    throw Error("--dim sets " + symbol + " to " + std::to_string(found->second) + " and to " + std::to_string(size));
  }
}

/// Is `name` a place, "x.0"?
bool Sizes::set_place(std::string_view name, std::int64_t size) {
  for (const ValueInfo* input : inputs_) {
    if (!name.starts_with(input->name)) continue;
    for (std::size_t i = 0; i < input->dims.size(); ++i) {
      if (name.size() <= input->name.size() || name != place(input->name, i)) continue;
      const Dim& dim = input->dims[i];
      if (dim.size && *dim.size != size) {
        throw Error("--dim " + std::string(name) + ": it is " + std::to_string(*dim.size) + " in the file, and fixed");
      }
      if (dim.size) return true;
      if (dim.symbol.empty()) {
        places_[std::string(name)] = size;
        return true;
      }
      if (uses_.contains(dim.symbol)) {
        set_symbol(std::string(dim.symbol), size);
        return true;
      }
      const auto solved = solve(dim.symbol, size);
      if (!solved) {
        throw Error("--dim " + std::string(name) + ": " + std::string(dim.symbol) + " cannot be " +
                    std::to_string(size) + "; set its symbols instead");
      }
      set_symbol(solved->first, solved->second);
      return true;
    }
  }
  return false;
}

bool Sizes::set_value(const std::string& name, std::int64_t value) {
  const auto named = std::ranges::find(inputs_, name, &ValueInfo::name);
  if (named == inputs_.end() || !holds_one_number(**named)) return false;
  if ((*named)->dtype == DType::boolean && value != 0 && value != 1) {
    throw Error("--dim " + name + ": this input is true or false; give 1 or 0");
  }
  values_[name] = value;
  return true;
}

void Sizes::set_named(const std::string& name, std::int64_t size) {
  if (!uses_.contains(name) && set_value(name, size)) return;
  if (size < 1) throw Error("--dim " + name + ": a size must be 1 or more");
  if (uses_.contains(name)) return set_symbol(name, size);
  if (!set_place(name, size)) throw_unknown(name);
}

/// A leading dimension is a batch, which is 1 unless it is named. Any other size would be a guess.
void Sizes::settle_others() {
  std::string missing;
  for (const auto& [symbol, uses] : uses_) {
    if (symbols_.contains(symbol)) continue;
    const bool leads = std::ranges::all_of(uses, [](const Use& use) { return use.place == 0; });
    const bool batch = names_a_batch(symbol) || std::ranges::any_of(uses, [](const Use& use) { return use.rank > 1; });
    if (leads && batch) {
      symbols_.emplace(symbol, 1);
      notes_.push_back(taken_as_one(symbol));
    } else {
      missing += " --dim " + symbol + "=N";
    }
  }
  for (auto& [name, size] : places_) {
    if (size >= 0) continue;
    if (name.ends_with(".0")) {
      size = 1;
      notes_.push_back(taken_as_one(name));
    } else {
      missing += " --dim " + name + "=N";
    }
  }
  if (!missing.empty()) throw Error("sizes of its inputs are not in the file; give" + missing);
}

std::int64_t Sizes::of(const Dim& dim) const {
  if (dim.size) return *dim.size;
  if (dim.symbol.empty()) return -1;
  const auto [found, fresh] = evaluated_.try_emplace(dim.symbol, -1);
  if (fresh) {
    const auto value = value_of(dim.symbol, symbols_);
    if (value && *value >= 0) found->second = *value;
  }
  return found->second;
}

std::string Sizes::open_values() const {
  std::string names;
  for (const ValueInfo* input : inputs_) {
    if (holds_one_number(*input) && !values_.contains(input->name))
      names += " --dim " + std::string(input->name) + "=N";
  }
  return names;
}

Known Sizes::input(const ValueInfo& value) const {
  Known input = known(value);
  if (const auto named = values_.find(value.name); named != values_.end()) input.elements = {named->second};
  return input;
}

Known Sizes::known(const ValueInfo& value) const {
  Known known;
  known.dtype = value.dtype;
  known.has_rank = value.has_shape;
  for (std::size_t i = 0; i < value.dims.size(); ++i) {
    const auto named = value.dims[i].size || !value.dims[i].symbol.empty() || places_.empty()
                           ? places_.end()
                           : places_.find(place(value.name, i));
    known.shape.push_back(named == places_.end() ? of(value.dims[i]) : named->second);
  }
  return known;
}

std::vector<SymbolicSize> open_sizes(const Graph& graph) {
  std::vector<SymbolicSize> sizes;
  for (const ValueInfo* input : inputs_of(graph)) {
    for (std::size_t i = 0; i < input->dims.size(); ++i) {
      const Dim& dim = input->dims[i];
      const std::string here = place(input->name, i);
      if (dim.size) continue;
      if (dim.symbol.empty()) sizes.push_back({.name = here, .place = here});
      if (dim.symbol.empty()) continue;
      for (const std::string& symbol : symbols_of(dim.symbol)) {
        const bool known = std::ranges::find(sizes, symbol, &SymbolicSize::name) != sizes.end();
        if (!known) sizes.push_back({.name = symbol, .place = symbol == dim.symbol ? here : ""});
      }
    }
  }
  return sizes;
}

}  // namespace thoplw::onnx
