// From the document of an exported program to a Trace: parameters, modules, the graph, and names that share a tensor.
#include "load/pt2/program.h"

#include <fmt/ranges.h>

#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/formatted.h"
#include "load/pt2/graph.h"

namespace thoplw::pt2 {
namespace {

/// Since schema 8 (torch 2.6), keys of the module stack tell the calls of a module apart.
constexpr std::int64_t kKeysTellCalls = 8;
constexpr std::int64_t kNewest = 8;

constexpr std::string_view kMangledSelf = "L__self___";

std::string_view owner(std::string_view full_name) {
  const std::size_t dot = full_name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : full_name.substr(0, dot);
}

/// A parameter or buffer by its full name.
struct Named {
  std::string name;
  std::vector<std::string_view> placeholders = {};  ///< in the graph, which may take it under several names or not
  bool buffer = false;
  const Stored* stored = nullptr;
  Id value = kNone;
  bool trainable = false;
};

std::int64_t schema_of(const Json& root) {
  const Json& version = member(root, "schema_version");
  return version.IsObject() ? integer(member(version, "major")) : integer(version);
}

std::string newer(std::int64_t schema) {
  return formatted("the file has schema {}, newer than what is known here ({})", schema, kNewest);
}

/// What two tensors that are one have in common, as far as a file without weights says.
std::string looks(std::string_view module, const Tensor& tensor) {
  return formatted("{} {} {}", module, static_cast<int>(tensor.dtype), tensor.shape);
}

class Program {
 public:
  Program(const Json& root, const std::vector<Stored>& weights, const LoadOptions& options)
      : root_(root),
        module_(member(root, "graph_module")),
        sizes_(root, options),
        stacks_(schema() >= kKeysTellCalls),
        scope_(member(module_, "graph"), trace_, sizes_),
        reader_(trace_, sizes_, stacks_) {
    read_names();
    add_stored(weights);
    for (Named& named : names_) place(named);
    for (const Json& entry : items_of(module_, "module_call_graph")) add_module(text_of(entry, "fqn"));
    reader_.read(scope_, {});
    for (const Json& output : items_of(scope_.graph(), "outputs")) {
      each_tensor(tagged(output), [&](std::string_view name) {
        if (!name.empty()) trace_.add_output(scope_.id(name));
      });
    }
    tie_by_use();
    for (const Named& named : names_) trace_.add_param(named.name, named.value, named.buffer, named.trainable);
  }

  Trace finish(const std::string& name) {
    if (schema() > kNewest) trace_.add_note(newer(schema()));
    const std::string_view cls = stacks_.root_class();
    return std::move(trace_).finish(cls.empty() ? name : std::string(cls.substr(cls.rfind('.') + 1)), Origin::pt2,
                                    source());
  }

 private:
  std::int64_t schema() const { return schema_of(root_); }

  /// "torch 2.13.0 .pt2" of "2.13.0+cpu"; releases before 2.5 do not say theirs.
  std::string source() const {
    const Json* version = find(root_, "torch_version");
    const std::string_view release = version ? text(*version) : "";
    return release.empty() ? "torch .pt2" : formatted("torch {} .pt2", release.substr(0, release.find('+')));
  }

  void add_module(std::string_view path) {
    if (path.find('@') == std::string_view::npos) trace_.add_module(path);
  }

  void read_names() {
    const Json& signature = member(module_, "signature");
    if (!find(signature, "input_specs")) return read_mangled_names(signature);
    for (const Json& spec : items_of(signature, "input_specs")) {
      const auto [tag, value] = tagged(spec);
      const bool buffer = tag == "buffer";
      if (!buffer && tag != "parameter") continue;
      Named& named = add_name(text_of(*value, buffer ? "buffer_name" : "parameter_name"), buffer);
      named.placeholders.push_back(text_of(member(*value, "arg"), "name"));
    }
  }

  /// Torch 2.1 has {"inputs_to_parameters": {"arg1_1": "L__self___stem_0.weight"}}: keys of module stacks.
  void read_mangled_names(const Json& signature) {
    for (const Json& node : items_of(scope_.graph(), "nodes")) {
      const Json* metadata = find(node, "metadata");
      const Json* written = metadata ? find(*metadata, "nn_module_stack") : nullptr;
      if (!written) continue;
      for (const Frame& frame : stacks_.read(text(*written))) paths_.emplace(frame.key, frame.path);
    }
    for (const bool buffer : {false, true}) {
      for (const auto& [placeholder, name] :
           members(member(signature, buffer ? "inputs_to_buffers" : "inputs_to_parameters"))) {
        add_name(text(name), buffer).placeholders.push_back(text(placeholder));
      }
    }
  }

  std::string unmangled(std::string_view name) const {
    const std::string_view module = owner(name);
    const auto path = paths_.find(module);
    if (path != paths_.end()) return std::string(path->second).append(name.substr(module.size()));
    return std::string(name.starts_with(kMangledSelf) ? name.substr(kMangledSelf.size()) : name);
  }

  Named& add_name(std::string_view full_name, bool buffer) {
    std::string name = unmangled(full_name);
    const auto [found, added] = by_name_.emplace(name, names_.size());
    if (added) names_.push_back({.name = std::move(name), .buffer = buffer});
    return names_[found->second];
  }

  /// The state dict has also what the graph does not take; it is part of the model all the same.
  void add_stored(const std::vector<Stored>& weights) {
    for (const Stored& stored : weights) add_name(stored.name, !stored.parameter).stored = &stored;
  }

  void place(Named& named) {
    const Stored* stored = named.stored;
    const bool known = stored && !stored->storage.empty();
    const auto tied = known ? storages_.find(stored->storage) : storages_.end();
    if (tied != storages_.end()) {
      named.value = tied->second;
    } else {
      named.value =
          named.placeholders.empty() ? trace_.add_value(stored->tensor) : scope_.id(named.placeholders.front());
      if (known) storages_.emplace(stored->storage, named.value);
    }
    for (std::string_view placeholder : named.placeholders) scope_.bind(placeholder, named.value);
    named.trainable = !named.buffer && (stored ? stored->trainable : scope_.requires_grad(named.placeholders.front()));
    reader_.add_owner(named.value, owner(named.name));
  }

  /// A file without weights does not say which names share a tensor. But of those that do, the graph takes one only: a
  /// module that ran then used another's tensor of the same looks instead of its own.
  void tie_by_use() {
    std::unordered_map<std::string, Id> borrowed;
    for (const auto& [module, value] : reader_.borrowed()) borrowed.emplace(looks(module, trace_.value(value)), value);
    if (borrowed.empty()) return;
    for (Named& named : names_) {
      if ((named.stored && !named.stored->storage.empty()) || reader_.is_used(named.value)) continue;
      const auto found = borrowed.find(looks(owner(named.name), trace_.value(named.value)));
      if (found != borrowed.end()) named.value = found->second;
    }
  }

  const Json& root_;
  const Json& module_;
  TraceBuilder trace_;
  Sizes sizes_;
  Stacks stacks_;
  Scope scope_;
  GraphReader reader_;
  std::vector<Named> names_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<std::string_view, std::string_view> paths_;  ///< by key of the module stack
  std::unordered_map<std::string_view, Id> storages_;
};

}  // namespace

Trace read_program(std::string json, const std::vector<Stored>& weights, const LoadOptions& options,
                   const std::string& name) {
  const Document document(std::move(json));
  try {
    return Program(document.root(), weights, options).finish(name);
  } catch (const Error& error) {
    if (!find(document.root(), "schema_version") || schema_of(document.root()) <= kNewest) throw;
    throw Error(
        formatted("{}; {}: export it by an older torch, or as .onnx", error.what(), newer(schema_of(document.root()))));
  }
}

std::vector<SymbolicSize> program_sizes(std::string json) {
  const Document document(std::move(json));
  return Sizes(document.root(), {}).open(document.root());
}

}  // namespace thoplw::pt2
