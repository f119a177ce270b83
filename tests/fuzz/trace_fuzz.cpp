// Any bytes as a trace: a table or an Error, nothing else.
#include <cstddef>
#include <cstdint>
#include <functional>

#include "conventions/convention.h"
#include "count/count.h"
#include "count/training/plan.h"
#include "render/render.h"
#include "trace/text.h"

namespace {

void refused(const std::function<void()>& ask) {
  try {
    ask();
  } catch (const thoplw::Error&) {
  }
}

void count_steps(const thoplw::Trace& trace) {
  const thoplw::Convention& exact = thoplw::find_convention("exact");
  const auto step = [&](const thoplw::TrainingPlan& plan) {
    refused([&] {
      const thoplw::Report report = thoplw::count_planned(trace, exact, plan);
      thoplw::render_report(report, thoplw::find_renderer("html"), {});
    });
  };
  thoplw::TrainingPlan plan;
  step(plan);
  plan.step.optimizer = "sgd";
  plan.step.flavour.processor = thoplw::Processor::cuda;
  plan.step.all_outputs = true;
  plan.step.accumulate = 2;
  step(plan);
  plan.precision = "amp-bf16";
  step(plan);
  plan.precision = "bf16-masters";
  plan.lora.targets = {"*"};
  step(plan);
  step({.freeze = {"*"}, .checkpoint = {"?*"}, .lora = {}, .precision = "", .step = {}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  refused([&] {
    const thoplw::Trace trace = thoplw::parse_trace(bytes);
    count_steps(trace);
    for (const thoplw::Convention* convention : thoplw::conventions()) thoplw::count(trace, *convention);
  });
  return 0;
}
