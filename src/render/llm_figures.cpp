// The table of figures, and the sentences below it.
#include "render/llm_figures.h"

#include <algorithm>
#include <utility>

#include "base/formatted.h"
#include "render/memory_lines.h"

namespace thoplw {
namespace {

class Figures {
 public:
  explicit Figures(const Llm& llm) : llm_(llm) {}

  std::vector<LlmFigure> all() {
    add("parameters", "parameters", FigureUnit::parameters, llm_.parameters.whole, llm_.parameters.device);
    add("active_parameters", "active parameters", FigureUnit::parameters, llm_.active);
    add("weights", "weights", FigureUnit::bytes, llm_.weights.whole, llm_.weights.device);
    if (llm_.split.tensor > 1) add("replicated", "weights on each device", FigureUnit::bytes, {}, llm_.replicated);
    add("cache", "cache", FigureUnit::bytes, llm_.cache.whole, llm_.cache.device);
    add("cache_per_token", "cache of a token more", FigureUnit::bytes, llm_.grows.whole, llm_.grows.device);
    add("needed", "memory", FigureUnit::bytes, llm_.needed.whole, llm_.needed.device);
    pass("prefill", "prompts", llm_.prefill, llm_.context);
    pass("decode", "a token", llm_.decode, 1);
    if (llm_.largest_batch) {
      add("largest_batch", "largest batch", FigureUnit::sequences, Count(*llm_.largest_batch));
    }
    if (llm_.largest_context) {
      add("largest_context", "largest context", FigureUnit::tokens, Count(*llm_.largest_context));
    }
    return std::move(figures_);
  }

 private:
  void add(std::string name, std::string title, FigureUnit unit, FigureNumber whole, FigureNumber device = {}) {
    figures_.push_back({std::move(name), std::move(title), unit, whole, device});
  }

  void pass(const std::string& name, const std::string& title, const LlmPass& pass, std::int64_t tokens) {
    const auto add_of = [&](const char* field, const char* what, FigureUnit unit, FigureNumber whole,
                            FigureNumber device = {}) { add(name + field, title + ": " + what, unit, whole, device); };
    add_of("_macs", "MACs", FigureUnit::macs, pass.macs.whole, pass.macs.device);
    if (pass.again > 0) add_of("_macs_again", "MACs to expand the cache", FigureUnit::macs, pass.again);
    add_of("_traffic", "bytes moved", FigureUnit::bytes, pass.traffic.whole, pass.traffic.device);
    if (llm_.active < llm_.parameters.whole) {
      add_of("_traffic_even", "bytes moved, experts even", FigureUnit::bytes, {}, pass.even_traffic);
    }
    add_of("_activations", "activations", FigureUnit::bytes, pass.activations.whole, pass.activations.device);
    if (llm_.split.devices() > 1) add_of("_sent", "bytes sent", FigureUnit::bytes, {}, pass.sent);
    if (pass.seconds == 0 || !llm_.fits()) return;
    const double speed = static_cast<double>(llm_.batch) * static_cast<double>(tokens) / pass.seconds;
    add_of("_seconds", "time at least", FigureUnit::seconds, pass.seconds);
    add_of("_tokens_per_second", "tokens a second at most", FigureUnit::tokens_per_second, speed,
           speed / llm_.split.devices());
  }

  const Llm& llm_;
  std::vector<LlmFigure> figures_;
};

std::string devices_text(const Llm& llm) {
  const Split& split = llm.split;
  std::string text = split.devices() == 1 ? "" : std::to_string(split.devices()) + " x ";
  text += llm.device.empty() ? (split.devices() == 1 ? "one device" : "devices") : llm.device;
  if (split.tensor > 1) text += formatted(", {} share each layer", split.tensor);
  if (split.pipeline > 1) text += formatted(", a pipeline of {}", split.pipeline);
  if (split.expert > 1) text += formatted(", experts on {}", split.expert);
  if (split.replicas() > 1) text += formatted(", {} replicas", split.replicas());
  return text;
}

std::string asked_line(const Llm& llm) {
  std::string text = formatted("{}: batch {}, context {}", llm.model, llm.batch, llm.context);
  text += ", " + llm.dtype;
  if (!llm.kv_dtype.empty()) text += ", cache in " + llm.kv_dtype;
  return text + "; " + devices_text(llm);
}

std::string of_each(const Llm& llm) { return llm.split.devices() == 1 ? "" : " on a device"; }

void say_whether_it_fits(const Llm& llm, std::vector<std::string>& lines) {
  if (llm.memory == 0) return;
  if (llm.weights.device > llm.memory) {
    lines.push_back(
        formatted("does not fit: the weights alone need {}{}, which has {}; use more devices, a smaller "
                  "--dtype, or a larger device",
                  bytes_text(llm.weights.device), llm.split.devices() == 1 ? " on the device" : " on a device",
                  bytes_text(llm.memory)));
  } else {
    lines.push_back(formatted("{}weights, cache and activations need {} of {}{}", llm.fits() ? "" : "does not fit: ",
                              bytes_text(llm.needed.device), bytes_text(llm.memory), of_each(llm)));
  }
}

void say_what_limits(const Llm& llm, std::vector<std::string>& lines) {
  if (llm.prefill.seconds == 0 || !llm.fits()) return;
  lines.push_back(formatted("no kernel can be faster: a prompt waits for {}, a token for {}", name(llm.prefill.limit),
                            name(llm.decode.limit)));
}

}  // namespace

std::string_view name(FigureUnit unit) {
  switch (unit) {
    case FigureUnit::parameters:
      return "parameters";
    case FigureUnit::bytes:
      return "bytes";
    case FigureUnit::macs:
      return "MACs";
    case FigureUnit::seconds:
      return "seconds";
    case FigureUnit::tokens_per_second:
      return "tokens per second";
    case FigureUnit::sequences:
      return "sequences";
    case FigureUnit::tokens:
      return "tokens";
  }
  return "";
}

std::vector<LlmFigure> llm_figures(const Llm& llm) { return Figures(llm).all(); }

std::vector<std::string> llm_lines(const Llm& llm) {
  std::vector<std::string> lines = {asked_line(llm)};
  say_whether_it_fits(llm, lines);
  say_what_limits(llm, lines);
  if (llm.active < llm.parameters.whole) {
    lines.push_back(
        "bytes moved are the least: all tokens may go to the same experts; \"experts even\" is what is expected if "
        "they "
        "go to each as often");
  }
  if (llm.positions > 0 && std::max(llm.context, llm.largest_context.value_or(0)) > llm.positions) {
    lines.push_back(formatted("the model was made for {} positions, by its config", llm.positions));
  }
  for (const auto* pass : {&llm.prefill, &llm.decode}) {
    for (const std::string& op : pass->uncounted) lines.push_back("no rule counts " + op + ": MACs are a lower bound");
  }
  lines.insert(lines.end(), llm.notes.begin(), llm.notes.end());
  return lines;
}

}  // namespace thoplw
