// Writes a Trace as text: one record per line, every value with its id and type.

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/formatted.h"
#include "base/harmless.h"
#include "trace/cursor.h"
#include "trace/text.h"

namespace thoplw {
namespace {

std::string quoted(const std::string& text) {
  return harmless_json(nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string bare_or_quoted(const std::string& name) { return is_bare(name) ? name : quoted(name); }

std::string real(double value) {
  std::string text = formatted("{}", value);
  const bool looks_whole = text.find_first_of(".en") == std::string::npos;  // inf and nan have an n
  return looks_whole ? text + ".0" : text;
}

struct AttrText {
  std::string operator()(std::int64_t value) const { return formatted("{}", value); }
  std::string operator()(double value) const { return real(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(const std::string& value) const { return quoted(value); }
  std::string operator()(const std::vector<std::int64_t>& values) const {
    return formatted("[{}]", fmt::join(values, ","));
  }
};

std::string_view name_of(Region::Kind kind) {
  switch (kind) {
    case Region::Kind::checkpoint:
      return "checkpoint";
    case Region::Kind::reentrant:
      return "reentrant";
    case Region::Kind::function:
      return "function";
  }
  return "";
}

std::string path_of_param(const Trace& trace, const Param& param) {
  const std::string& module = at(trace.modules, param.module).path;
  return module.empty() ? param.name : module + "." + param.name;
}

class Writer {
 public:
  explicit Writer(const Trace& trace) : trace_(trace) {}

  std::string write() {
    records();
    calls_and_ops();
    regions();
    storages();
    return std::move(text_);
  }

 private:
  void line(const std::string& content) { text_ += content + "\n"; }
  void indented(const std::string& content) { line(std::string(2 * open_.size(), ' ') + content); }

  void records() {
    line("thoplw trace 1");
    line("model " + quoted(trace_.model));
    line("source " + quoted(trace_.source));
    if (trace_.training) line("mode train");
    for (const std::string& note : trace_.notes) line("note " + quoted(note));
    for (const Class& cls : trace_.classes) {
      std::string bases;
      for (const std::string& base : cls.bases) bases += " " + bare_or_quoted(base);
      line("class " + bare_or_quoted(cls.name) + (bases.empty() ? "" : " :" + bases));
    }
    for (const Module& module : trace_.modules) {
      line("module " + quoted(module.path) + " " + bare_or_quoted(at(trace_.classes, module.cls).name) +
           (module.places == 1 ? "" : formatted(" places={}", module.places.value())));
    }
    for (const Param& param : trace_.params) {
      const std::string name = quoted(path_of_param(trace_, param)) + " " + value(param.value);
      line(param.buffer ? "buffer " + name : "param " + name + (param.trainable ? " trainable" : " frozen"));
    }
  }

  std::string value(Id id) const {
    if (id == kNone) return "none";
    const Tensor& tensor = at(trace_.values, id);
    const std::string stored = tensor.stored >= 0 ? formatted(";{}", tensor.stored) : "";
    return formatted("%{}:{}[{}{}]", id, name(tensor.dtype), fmt::join(tensor.shape, ","), stored);
  }

  std::string values(const std::vector<Id>& ids) const {
    std::string text = "(";
    for (std::size_t i = 0; i < ids.size(); ++i) text += (i ? ", " : "") + value(ids[i]);
    return text + ")";
  }

  /// Calls and operators in the order in which they ran; a call ends where something outside of it begins.
  void calls_and_ops() {
    std::size_t next_call = 0;
    for (std::size_t i = 0; i <= trace_.ops.size(); ++i) {
      for (; next_call < trace_.calls.size() && trace_.calls[next_call].first_op <= static_cast<Id>(i); ++next_call) {
        open(static_cast<Id>(next_call));
      }
      if (i < trace_.ops.size()) op(trace_.ops[i]);
    }
    close_to(kNone);
  }

  void close_to(Id call) {
    while (!open_.empty() && open_.back() != call) {
      open_.pop_back();
      indented("}");
    }
  }

  void open(Id id) {
    const Call& call = at(trace_.calls, id);
    close_to(call.parent);
    std::string text =
        "call " + quoted(at(trace_.modules, call.module).path) + " " + values(call.in) + " -> " + values(call.out);
    if (call.times != 1) text += formatted(" times={}", call.times.value());
    if (call.custom) text += formatted(" custom={}", call.custom->value());
    indented(text + " {");
    open_.push_back(id);
  }

  void op(const Op& op) {
    close_to(op.call);
    std::string text = bare_or_quoted(trace_.op_name(op)) + values(op.in) + " -> " +
                       (op.out.size() == 1 ? value(op.out.front()) : values(op.out));
    if (!op.attrs.empty()) {
      text += " {";
      for (std::size_t i = 0; i < op.attrs.size(); ++i) {
        text += (i ? " " : "") + bare_or_quoted(op.attrs[i].name) + "=" + std::visit(AttrText{}, op.attrs[i].value);
      }
      text += "}";
    }
    indented(op.grad ? text : text + " no_grad");
  }

  void regions() {
    for (const Region& region : trace_.regions) {
      line(formatted("region {} {} {} {} {} -> {} keeps {}", name_of(region.kind), quoted(region.name), region.first_op,
                     region.end_op, values(region.in), values(region.out), values(region.kept)));
    }
  }

  void storages() {
    std::vector<std::string> inside(trace_.memory.storages.size());
    for (std::size_t i = 0; i < trace_.memory.places.size(); ++i) {
      const Place& place = trace_.memory.places[i];
      if (place.storage == kNone) continue;
      std::string& values = at(inside, place.storage);
      values += (values.empty() ? "" : ", ") + value(static_cast<Id>(i));
      if (!place.strides.empty()) values += formatted("@[{}]", fmt::join(place.strides, ","));
    }
    for (std::size_t i = 0; i < inside.size(); ++i) {
      const Storage& storage = trace_.memory.storages[i];
      line(formatted("storage {}{}{} ({})", storage.bytes.value(), moment("born", storage.born),
                     moment("died", storage.died), inside[i]));
    }
  }

  static std::string moment(std::string_view what, Id op) { return op == kNone ? "" : formatted(" {}={}", what, op); }

  const Trace& trace_;
  std::string text_;
  std::vector<Id> open_;  ///< calls around the current line
};

}  // namespace

std::string to_text(const Trace& trace) { return Writer(trace).write(); }

}  // namespace thoplw
