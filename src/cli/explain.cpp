// `thoplw explain MODEL NUMBER`: looks for a quoted number among all conventions, and among the usual sizes of inputs.
#include "count/explain.h"

#include <algorithm>
#include <functional>

#include "base/amount.h"
#include "base/formatted.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "trace/usage.h"

namespace thoplw::cli {
namespace {

constexpr std::int64_t kImages[] = {32,  64,  112, 128, 160, 192, 224, 240, 256, 260, 288, 299,
                                    300, 320, 331, 380, 384, 448, 456, 480, 512, 528, 600, 640};
constexpr std::int64_t kLengths[] = {1, 32, 64, 77, 128, 256, 512, 1024, 2048, 4096};

/// The same batch of images of other sizes, or of sequences of other lengths.
std::vector<Tensor> other_inputs(const Tensor& input) {
  std::vector<Tensor> others;
  const bool image = input.shape.size() == 4;
  const bool tokens = input.shape.size() == 2 && is_integral(input.dtype);
  const auto add = [&](std::int64_t size) {
    Tensor other = input;
    for (std::size_t i = image ? 2 : 1; i < other.shape.size(); ++i) other.shape[i] = size;
    if (other.shape != input.shape) others.push_back(other);
  };
  if (image) std::ranges::for_each(kImages, add);
  if (tokens) std::ranges::for_each(kLengths, add);
  return others;
}

std::string line(const Reading& reading, const Tensor* input) {
  return formatted("\n  {:<18} {:<24} {:>16.0f}  {:.2f} % off{}", reading.convention, reading.what, reading.value,
                   100 * reading.distance, input ? formatted("  at {}", fmt::join(input->shape, "x")) : "");
}

std::string matches(const std::vector<Reading>& found, const Tensor* input) {
  std::string text;
  for (const Reading& reading : found) {
    if (reading.matches) text += line(reading, input);
  }
  return text;
}

/// The model with another first input; nothing where there can be no other.
using Reopen = std::function<std::optional<Trace>(const Tensor& input)>;

/// Which conventions and settings give the number: at the input that the trace was made with, else at other usual
/// ones. Throws Error where `text` is no number.
std::string explanation(const Trace& trace, const std::string& text, const Reopen& reopen) {
  constexpr std::size_t kNearest = 5;
  const Quoted quoted = parse_quoted(text);
  const std::optional<Tensor> first = trace.calls.empty() ? std::nullopt : first_tensor(trace, trace.calls.front().in);
  const Tensor* input = first ? &*first : nullptr;
  const std::int64_t batch = input && !input->shape.empty() ? input->shape.front() : 1;
  const std::vector<Reading> found = readings(trace, quoted, batch);
  if (const std::string lines = matches(found, input); !lines.empty()) return text + " is what these give:" + lines;
  std::string lines;
  for (const Tensor& other : input ? other_inputs(*input) : std::vector<Tensor>()) {
    try {
      const std::optional<Trace> again = reopen(other);
      if (!again) break;
      lines += matches(readings(*again, quoted, batch), &other);
    } catch (const Error&) {  // not every model takes every size
    }
  }
  if (!lines.empty()) return text + " is what these give, with another input:" + lines;
  for (std::size_t i = 0; i < std::min(kNearest, found.size()); ++i) lines += line(found[i], input);
  return text + " is what no convention gives; the nearest are:" + lines;
}

/// "4.09G", and no name of a model.
bool is_number(const std::string& text) { return !take_apart(text).digits.empty() && !is_model_file(text); }

}  // namespace

void explain_number(Session& session) {
  const Options& options = session.options;
  session.require_text("an explanation");
  std::string model = options.models.front(), number = options.models.back();
  if (is_number(model) && !is_number(number)) model.swap(number);
  session.show(explanation(session.open_model(model), number, [&](const Tensor& input) {
    const bool given = is_model_file(model) || !options.inputs.empty();
    return given ? std::optional<Trace>() : session.open({model, {input}, options.settings});
  }));
}

}  // namespace thoplw::cli
