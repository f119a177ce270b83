// Says of a training step what it computes, what memory it needs, and what that memory holds at the peak.
#include "render/training_lines.h"

#include "base/formatted.h"
#include "render/memory_lines.h"
#include "render/numbers.h"
#include "render/table/columns.h"

namespace thoplw {
namespace {

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::forward:
      return "the forward";
    case Phase::backward:
      return "the backward";
    case Phase::optimizer:
      return "the optimizer's step";
  }
  return "";
}

std::string work_line(const Report& report) {
  const auto amount = [&](Measure measure) { return short_number(report.amount(measure)); };
  std::string text =
      formatted("a step computes {} {}: {} forward, {} for gradients of activations, {} for those of weights",
                amount(Measure::macs), words(Measure::macs, report.unit), amount(Measure::forward),
                amount(Measure::input_gradient), amount(Measure::weight_gradient));
  if (report.total[Measure::recompute] > 0) text += formatted(", {} a second time", amount(Measure::recompute));
  const Count forward = report.total[Measure::forward];
  if (forward == 0) return text;
  return text + formatted(" ({:.2f} times the forward)", static_cast<double>(report.total[Measure::macs].value()) /
                                                             static_cast<double>(forward.value()));
}

std::string memory_line(const Report& report, const Training& training) {
  const Moment& peak = training.peak_moment;
  const std::string least = training.exact ? "" : "at least ";
  std::string where(name_of(peak.phase));
  if (peak.phase != Phase::optimizer && peak.row != kNone) where += " of " + shown_path(at(report.rows, peak.row).path);
  return formatted(
      "it needs {}{} of memory, in {}: {} for parameters, buffers and inputs, {} for gradients, {} for states of {}, "
      "{} for "
      "activations",
      least, bytes_text(training.peak), where, bytes_text(peak.parameters), bytes_text(peak.gradients),
      bytes_text(peak.states), training.optimizer, bytes_text(peak.activations));
}

}  // namespace

std::vector<std::string> training_lines(const Report& report) {
  if (!report.training) return {};
  const Training& training = *report.training;
  std::vector<std::string> lines = {work_line(report)};
  if (report.has(Measure::saved)) {
    lines.push_back(memory_line(report, training));
    if (training.peak_first_step != training.peak) {
      lines.push_back(formatted("the first step needs {}", bytes_text(training.peak_first_step)));
    }
    for (const std::string& op : training.unknown)
      lines.push_back("nothing says what is kept for the backward of " + op);
  }
  const std::string added =
      training.accumulate > 1 ? formatted(", gradients of {} passes added up", training.accumulate) : "";
  lines.push_back(assumed_line(training.processor, training.attention, training.precision, added));
  return lines;
}

}  // namespace thoplw
