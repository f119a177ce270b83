// The table of measures.
#include "report/measure.h"

#include <algorithm>
#include <cctype>

namespace thoplw {
namespace {

constexpr std::array<MeasureRow, kMeasures> kRows = {{
    {.name = "macs",
     .title = "",
     .words = "",
     .heading = "",
     .bounded = true,
     .doc = "multiply-adds, or floating-point operations, as the convention counts them"},
    {.name = "params",
     .title = "Params",
     .words = "params",
     .heading = "Parameters",
     .doc = "elements of parameters, as the convention counts them"},
    {.name = "trainable",
     .title = "Trainable",
     .words = "trainable params",
     .heading = "Trainable parameters",
     .shown = false,
     .doc = "elements of parameters that require gradients: each tensor once, whether it ran or not"},
    {.name = "bytes",
     .title = "Bytes",
     .words = "bytes",
     .heading = "Bytes of weights and buffers",
     .shown = false,
     .of_memory = true,
     .doc = "bytes of weights and buffers by their element types: each tensor once, whether it ran or not"},
    {.name = "traffic",
     .title = "Traffic",
     .words = "bytes read and written",
     .heading = "Bytes read and written",
     .shown = false,
     .doc = "bytes that operators read and write: of each its distinct inputs and results, views free"},
    {.name = "arithmetic_time",
     .title = "Arithmetic time",
     .words = "for arithmetic",
     .heading = "Time for arithmetic",
     .bounded = true,
     .shown = false,
     .seconds = true,
     .doc = "on a device: multiply-adds of products at its peak, in picoseconds"},
    {.name = "memory_time",
     .title = "Memory time",
     .words = "for memory",
     .heading = "Time for memory",
     .shown = false,
     .seconds = true,
     .doc = "on a device: traffic at the bandwidth of its memory, in picoseconds"},
    {.name = "time",
     .title = "Time",
     .words = "of time",
     .heading = "Time",
     .bounded = true,
     .shown = false,
     .seconds = true,
     .doc = "on a device: of each operator the longer of arithmetic and memory, in picoseconds"},
    {.name = "forward",
     .title = "Forward",
     .words = "forward",
     .heading = "Forward",
     .bounded = true,
     .shown = false,
     .of_step = true,
     .asked = Question::training,
     .doc = "of a training step: the forward pass"},
    {.name = "input_gradient",
     .title = "Input grad",
     .words = "for gradients of activations",
     .heading = "Gradients of activations",
     .bounded = true,
     .shown = false,
     .asked = Question::training,
     .doc = "of a training step: the gradients of activations, in backward"},
    {.name = "weight_gradient",
     .title = "Weight grad",
     .words = "for gradients of weights",
     .heading = "Gradients of weights",
     .bounded = true,
     .shown = false,
     .asked = Question::training,
     .doc = "of a training step: the gradients of parameters, in backward"},
    {.name = "backward",
     .title = "Backward",
     .words = "backward",
     .heading = "Backward",
     .bounded = true,
     .shown = false,
     .of_step = true,
     .asked = Question::training,
     .doc = "of a training step: both kinds of gradients"},
    {.name = "recompute",
     .title = "Recompute",
     .words = "computed again",
     .heading = "Computed again",
     .bounded = true,
     .shown = false,
     .of_step = true,
     .asked = Question::training,
     .doc = "of a training step: what checkpoints compute a second time, in backward"},
    {.name = "parameters",
     .title = "Param bytes",
     .words = "bytes of parameters",
     .heading = "Bytes of parameters",
     .shown = false,
     .of_step = true,
     .asked = Question::training,
     .doc = "bytes of parameters in a training step: each tensor once"},
    {.name = "gradients",
     .title = "Grad bytes",
     .words = "bytes of gradients",
     .heading = "Bytes of gradients",
     .shown = false,
     .asked = Question::training,
     .doc = "bytes of the gradients of parameters"},
    {.name = "states",
     .title = "State bytes",
     .words = "bytes of optimizer states",
     .heading = "Bytes of optimizer states",
     .shown = false,
     .of_step = true,
     .asked = Question::training,
     .doc = "bytes that the optimizer keeps from step to step, with master weights"},
    {.name = "saved",
     .title = "Saved bytes",
     .words = "bytes saved for backward",
     .heading = "Bytes saved for backward",
     .shown = false,
     .of_step = true,
     .asked = Question::training,
     .doc = "bytes of activations that autograd keeps for backward: each piece of memory once"},
    {.name = "activations",
     .title = "Activations",
     .words = "bytes of activations",
     .heading = "Bytes of activations",
     .shown = false,
     .of_memory = true,
     .asked = Question::memory,
     .doc = "bytes of what a forward makes: each piece of memory once, where it is made"},
    {.name = "alive",
     .title = "At the peak",
     .words = "bytes alive at the peak",
     .heading = "Bytes alive at the peak",
     .shown = false,
     .of_memory = true,
     .asked = Question::memory,
     .doc = "of these, the bytes that are alive when the most is, and what the operator of that moment makes inside"},
    {.name = "retained",
     .title = "Retained",
     .words = "bytes retained",
     .heading = "Bytes retained",
     .shown = false,
     .of_memory = true,
     .asked = Question::memory,
     .doc = "of these, the bytes that outlive the pass and are no output, such as a KV cache"},
}};

constexpr std::array<Measure, kMeasures> kAll = [] {
  std::array<Measure, kMeasures> all{};
  for (std::size_t i = 0; i < kMeasures; ++i) all[i] = static_cast<Measure>(i);
  return all;
}();

template <bool MeasureRow::*shown>
constexpr auto kThose = [] {
  std::array<Measure, static_cast<std::size_t>(std::ranges::count(kRows, true, shown))> those{};
  std::size_t at = 0;
  for (const Measure measure : kAll) {
    if (kRows[static_cast<std::size_t>(measure)].*shown) those[at++] = measure;
  }
  return those;
}();
constexpr auto& kShownMeasures = kThose<&MeasureRow::shown>;
constexpr auto& kStepMeasures = kThose<&MeasureRow::of_step>;
constexpr auto& kMemoryMeasures = kThose<&MeasureRow::of_memory>;
constexpr std::array kTimedMeasures = {Measure::macs, Measure::traffic, Measure::time};
constexpr std::array kMovedMeasures = {Measure::traffic, Measure::arithmetic_time, Measure::memory_time, Measure::time};

constexpr std::string_view plural(Unit unit) { return unit == Unit::flop ? "FLOPs" : "MACs"; }

constexpr std::string_view or_unit(std::string_view text, Unit unit) { return text.empty() ? plural(unit) : text; }

}  // namespace

std::span<const MeasureRow, kMeasures> measures() { return kRows; }
const MeasureRow& row_of(Measure measure) { return kRows[static_cast<std::size_t>(measure)]; }
std::span<const Measure, kMeasures> all_measures() { return kAll; }
std::span<const Measure> shown_measures() { return kShownMeasures; }
std::span<const Measure> timed_measures() { return kTimedMeasures; }
std::span<const Measure> moved_measures() { return kMovedMeasures; }
std::span<const Measure> shown_measures(Question question) {
  if (question == Question::training) return kStepMeasures;
  return question == Question::memory ? std::span<const Measure>(kMemoryMeasures) : kShownMeasures;
}

const MeasureRow* find_measure(std::string_view name) {
  const auto row = std::ranges::find(kRows, name, &MeasureRow::name);
  return row == kRows.end() ? nullptr : &*row;
}

Measure measure_of(const MeasureRow& row) { return kAll[static_cast<std::size_t>(&row - kRows.data())]; }

std::string_view title(Measure measure, Unit unit) { return or_unit(row_of(measure).title, unit); }
std::string_view words(Measure measure, Unit unit) { return or_unit(row_of(measure).words, unit); }
std::string_view heading(Measure measure, Unit unit) { return or_unit(row_of(measure).heading, unit); }

std::string noun(Measure measure, Unit unit) {
  std::string noun(heading(measure, unit));
  if (!row_of(measure).heading.empty()) noun.front() = static_cast<char>(std::tolower(noun.front()));
  return noun;
}

std::string_view name(Unit unit) { return unit == Unit::flop ? "FLOP" : "MAC"; }

MeasureSet only_shown() {
  MeasureSet set;
  for (const Measure measure : kShownMeasures) set.set(static_cast<std::size_t>(measure));
  return set;
}

bool Amounts::any_shown() const {
  return std::ranges::any_of(kShownMeasures, [&](Measure measure) { return (*this)[measure] > 0; });
}

}  // namespace thoplw
