// What is counted of each module, as one table: reports, columns, limits, files and pages go by its rows.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/count.h"
#include "conventions/unit.h"

namespace thoplw {

enum class Measure : std::uint8_t {
  macs,             ///< what the convention counts: multiply-adds, or floating-point operations
  params,           ///< elements of parameters, as the convention counts them
  trainable,        ///< elements of parameters that require gradients, each tensor once, run or not
  bytes,            ///< of the weights and buffers, each tensor once, run or not
  traffic,          ///< bytes that operators read and write: of each its distinct inputs and results
  arithmetic_time,  ///< on a device, in picoseconds: multiply-adds of products at the peak
  memory_time,      ///< the same: traffic at the bandwidth of its memory
  time,             ///< the same: of each operator the longer of the two
  // Of one step of training. The first five are in the convention's unit, and `macs` is their sum but for `backward`.
  forward,
  input_gradient,   ///< gradients of activations
  weight_gradient,  ///< gradients of parameters
  backward,         ///< both
  recompute,        ///< what checkpoints run a second time
  parameters,       ///< bytes of parameters
  gradients,        ///< bytes of their gradients
  states,           ///< bytes of what the optimizer keeps
  saved,            ///< bytes that autograd keeps for backward: each piece of memory once, where it is kept first
  // Bytes of what a forward makes: each piece of memory once, where it is made.
  activations,  ///< all of it
  alive,        ///< what is alive when the most is, with what the operator of that moment makes inside
  retained,     ///< what outlives the pass, and is no output
  count_,       // how many measures there are
};
constexpr std::size_t kMeasures = static_cast<std::size_t>(Measure::count_);

/// What a report answers.
enum class Question : std::uint8_t {
  cost,      ///< what a pass computes, and the parameters
  training,  ///< and what a step of training does and needs
  memory,    ///< and what memory a pass needs
};

constexpr std::string_view name(Question question) {
  return question == Question::cost ? "cost" : question == Question::training ? "training" : "memory";
}

struct MeasureRow {
  std::string_view name;            ///< of its column, its limit and its field in files: "params"
  std::string_view title;           ///< heads a column: "Params"; "": the unit of the convention, "MACs" or "FLOPs"
  std::string_view words;           ///< after a number: "params"
  std::string_view heading;         ///< where there is room: "Parameters"
  bool bounded = false;             ///< is a lower bound where the module has operators that no rule counts
  bool shown = true;                ///< by default
  bool seconds = false;             ///< is a time, in picoseconds
  bool of_step = false;             ///< shown by default in the report of a training step, and there alone
  bool of_memory = false;           ///< the same in that of memory
  Question asked = Question::cost;  ///< only reports that answer it have it; all have those of `cost`
  std::string_view doc = "";
};

/// One row per measure, in their order.
std::span<const MeasureRow, kMeasures> measures();
const MeasureRow& row_of(Measure measure);
/// Null where no measure has that name.
const MeasureRow* find_measure(std::string_view name);
Measure measure_of(const MeasureRow& row);

/// All of them, for loops.
std::span<const Measure, kMeasures> all_measures();
/// Those that are shown by default.
std::span<const Measure> shown_measures();
/// Those that are shown by default on a device: MACs, and what moves and takes time.
std::span<const Measure> timed_measures();
/// Those that operators have which compute nothing, too.
std::span<const Measure> moved_measures();
/// Those that are shown by default in reports that answer the question.
std::span<const Measure> shown_measures(Question question);

std::string_view title(Measure measure, Unit unit);    ///< "MACs", "FLOPs", "Params"
std::string_view words(Measure measure, Unit unit);    ///< "MACs", "FLOPs", "params"
std::string_view heading(Measure measure, Unit unit);  ///< "MACs", "FLOPs", "Parameters"
std::string noun(Measure measure, Unit unit);          ///< "MACs", "FLOPs", "parameters"

/// "MAC" or "FLOP".
std::string_view name(Unit unit);

/// Which measures a report has: one that was saved lacks those that its version did not know.
using MeasureSet = std::bitset<kMeasures>;
MeasureSet only_shown();

/// A count of each measure.
struct Amounts {
  std::array<Count, kMeasures> by{};

  Count& operator[](Measure measure) { return by[static_cast<std::size_t>(measure)]; }
  Count operator[](Measure measure) const { return by[static_cast<std::size_t>(measure)]; }
  Amounts& operator+=(const Amounts& other) {
    for (std::size_t i = 0; i < kMeasures; ++i) by[i] += other.by[i];
    return *this;
  }
  /// Is anything of what is shown by default more than 0?
  bool any_shown() const;
  bool operator==(const Amounts&) const = default;
};

/// A number to be shown, and whether it is one or only a lower bound.
struct Amount {
  Count value;
  bool exact = true;
  bool seconds = false;  ///< is it picoseconds?
};

}  // namespace thoplw
