// Says what nothing can beat on a device, and what operators take one by one.
#include "render/time_lines.h"

#include "base/formatted.h"
#include "render/memory_lines.h"
#include "render/numbers.h"

namespace thoplw {
namespace {

std::string arithmetic_text(const Timing& timing) {
  if (timing.arithmetic == 0 && !timing.untimed.empty()) return "an unknown time for arithmetic";
  return formatted("{}{} for arithmetic at its peak", timing.arithmetic_exact ? "" : "at least ",
                   time_text(timing.arithmetic));
}

std::string bound_line(const Timing& timing) {
  const std::string type = timing.type.empty() ? "" : " in " + timing.type;
  const std::string arithmetic = arithmetic_text(timing);
  if (!timing.memory_known) {
    return formatted("on {}{} nothing takes less than {}: {}; nothing public says how fast its memory is", timing.title,
                     type, time_text(timing.least()), arithmetic);
  }
  return formatted(
      "on {}{} nothing takes less than {}: {}, {} to move {} once (weights and inputs that are read, and what comes "
      "out)",
      timing.title, type, time_text(timing.least()), arithmetic, time_text(timing.memory), bytes_text(timing.bytes));
}

std::string estimate_line(const Report& report) {
  const Amount time = report.amount(Measure::time);
  const Count arithmetic = report.total[Measure::arithmetic_time], memory = report.total[Measure::memory_time];
  return formatted(
      "operator by operator, as eager torch runs it: {}{}, the sum of the longer of arithmetic ({} in all) and memory "
      "({} in all) of each; launches come on top, and what caches keep may save some",
      time.exact ? "" : "at least ", time_text(time.value), time_text(arithmetic), time_text(memory));
}

/// Where rows have no times of their own.
std::string estimate_line_of_whole(const Timing& timing) {
  return formatted("operator by operator, as eager torch runs it: {}{}, and launches come on top",
                   timing.arithmetic_exact ? "" : "at least ", time_text(timing.estimate));
}

std::string share_of(Count part, Count whole) { return unpadded(share_text(part, whole)); }

/// Of a step of training.
std::vector<std::string> step_lines(const Timing& timing) {
  const std::string least = timing.arithmetic_exact ? "" : "at least ";
  std::string text = formatted("on {} in {} the arithmetic of a step takes {}{} at the peak", timing.title, timing.type,
                               least, time_text(timing.arithmetic));
  if (timing.useful != timing.arithmetic)
    text += formatted(", {} without what is computed again", time_text(timing.useful));
  if (timing.step == 0) return {text};
  return {text, formatted("a step that takes {}: {}{} MFU (without what is computed again), {}{} HFU (with it)",
                          time_text(timing.step), least, share_of(timing.useful, timing.step), least,
                          share_of(timing.arithmetic, timing.step))};
}

}  // namespace

std::vector<std::string> time_lines(const Report& report) {
  if (!report.timing) return {};
  if (report.training) return step_lines(*report.timing);
  std::vector<std::string> lines = {bound_line(*report.timing), report.question() == Question::cost
                                                                    ? estimate_line(report)
                                                                    : estimate_line_of_whole(*report.timing)};
  for (const std::string& type : report.timing->untimed) {
    lines.push_back(
        formatted("no public figure says how fast {} computes in {}: times leave it out", report.timing->title, type));
  }
  return lines;
}

}  // namespace thoplw
