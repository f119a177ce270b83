// `thoplw fit`: the largest batch, sequence or image whose forward or training step fits into a given memory.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/formatted.h"
#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/fit_search.h"
#include "cli/session.h"
#include "cli/varied.h"
#include "render/memory_lines.h"
#include "render/time_lines.h"

namespace thoplw::cli {
namespace {

constexpr std::int64_t kLargestImage = 1 << 15;

/// One model, and the room that there is for it.
class Fitting {
 public:
  Fitting(Session& session, const Options& options, const std::string& model)
      : session_(session),
        options_(options),
        model_(model),
        tries_([this](std::int64_t value) { return counted(value); }) {}

  std::string answer() {
    const std::string vary = varied();
    if (vary.empty()) return as_it_is();
    choose(vary);
    const Range range = this->range();
    const Report& least = tries_.with(range.least);
    require_flash(least);
    const Count room = room_beside(least);
    const Largest largest = find_largest(tries_, range, room);
    fits_ = fits_ && largest.fits > 0;
    return json() ? in_json(range, largest) : in_words(range, largest);
  }

  bool fits() const { return fits_; }

 private:
  bool json() const { return options_.renderer->name == "json"; }
  bool file() const { return is_model_file(model_); }
  std::string_view pass() const { return options_.train ? "a step" : "a forward"; }

  /// What is varied; empty: nothing.
  std::string varied() const {
    if (is_saved_report(model_) || (file() && options_.train)) {
      throw Error(model_ + ": a file is of one batch, and no other can be tried; name the model itself");
    }
    if (options_.vary.size() > 1) throw Error("one size at a time can be looked for: give --vary once");
    if (!options_.vary.empty()) return options_.vary.front();
    return file() || !options_.memory ? "" : "batch";
  }

  void choose(const std::string& vary) {
    name_ = vary;
    if (file()) {
      one_ = vary + " = ";
      const std::vector<SymbolicSize> sizes = symbolic_sizes(model_);
      dim_ = name_in_file(sizes, vary);
      if (dim_ != vary) session_.complain(formatted("{}: {} is {} of the file", model_, vary, dim_));
      if (const SymbolicSize* size = find_size(sizes, dim_)) least_ = size->least;
      return;
    }
    vary_ = &find_named(varied_sizes(), "size to vary", vary);
    one_ = vary_->one;
    if (options_.sizes.*(vary_->size) != 0) {
      throw Error(formatted("the {0} is what is looked for; leave --{0} out", vary_->name));
    }
  }

  Report counted(std::int64_t value) const {
    Options options = options_;
    if (vary_) {
      options.sizes.*(vary_->size) = value;
    } else if (!dim_.empty()) {
      options.load.dims.emplace_back(dim_, value);
    }
    const Session one{options, session_.open, session_.elsewhere, session_.terminal, session_.out};
    return one.open_report(model_);
  }

  /// Batch norm of single values takes no batch of 1 in training. Images are tried in the steps in which the model
  /// makes them smaller.
  Range range() {
    if (name_ == "image" && vary_) return range_of_images();
    if (least_ > 1) return {.least = least_};
    try {
      tries_.with(1);
      return {};
    } catch (const Error&) {
      tries_.with(2);
      return {.least = 2};
    }
  }

  Range range_of_images() {
    const Report usual = counted(0);
    const auto side = [](const std::optional<Tensor>& tensor) {
      return tensor && tensor->shape.size() >= 4 ? tensor->shape[tensor->shape.size() - 2] : 0;
    };
    const std::int64_t given = side(usual.rows.front().in);
    if (given == 0) throw Error(model_ + ": no input is an image, with four sizes; vary the batch, or seq");
    std::int64_t smallest = given;
    for (const Row& row : usual.rows) {
      const std::int64_t size = side(row.out);
      if (size > 1 && given % size == 0) smallest = std::min(smallest, size);
    }
    const std::int64_t step = given / smallest;
    for (const std::int64_t least : {step, given}) {
      try {
        tries_.with(least);
        return {.least = least, .step = step, .most = kLargestImage / step * step};
      } catch (const Error&) {
        if (least == given) throw;
      }
    }
    return {};
  }

  static Count held(const Report& report) {
    const Inference& inference = *report.inference;
    return inference.weights + inference.buffers;
  }
  static Count beside(const Report& report) { return report.inference->inputs + report.inference->activations_peak; }

  /// The weights do not depend on what is varied.
  void require_flash(const Report& report) { fits_ = !options_.flash || held(report) <= *options_.flash; }

  /// The most that the peak may be.
  Count room_beside(const Report& report) const {
    if (!options_.ram) return options_.memory.value_or(Count(std::numeric_limits<std::uint64_t>::max()));
    const Count most = *options_.ram + held(report);
    return options_.memory ? std::min(most, *options_.memory) : most;
  }

  std::string room_in_words() const {
    std::string text;
    const auto add = [&](const std::optional<Count>& room, std::string_view what) {
      if (room) text += formatted("{}{}{}", text.empty() ? "" : " and ", bytes_text(*room), what);
    };
    add(options_.memory, "");
    add(options_.flash, " of flash");
    add(options_.ram, " of RAM");
    return text;
  }

  std::string takes(std::int64_t value) const {
    return name_ == "image" ? formatted("{0} x {0}", value) : std::to_string(value);
  }

  /// Weights that are larger than the room say so: no size of the inputs helps.
  std::string too_large(const Report& report) const {
    if (!report.inference) return "";
    const Count held = this->held(report);
    const bool alone = (options_.memory && held > *options_.memory) || (options_.flash && held > *options_.flash);
    return alone ? formatted("\nthe weights and buffers alone need {}", bytes_text(held)) : "";
  }

  std::string in_words(const Range& range, const Largest& largest) {
    if (largest.fits == 0 || !fits_) {
      const Report& least = tries_.with(range.least);
      return formatted("not even {}{} fits into {}: {} needs {}{}", one_, takes(range.least), room_in_words(), pass(),
                       bytes_text(least.memory()->peak), too_large(least));
    }
    const Report& report = tries_.with(largest.fits);
    std::string text = formatted("{}{}{} fits into {}: {} needs {}", one_, takes(largest.fits),
                                 largest.next ? "" : ", the largest that is tried,", room_in_words(), pass(),
                                 bytes_text(report.memory()->peak));
    if (largest.next) text += "; " + next_in_words(*largest.next, largest.refused);
    return text + what_takes_it(report) + how_long(report);
  }

  std::string next_in_words(std::int64_t next, const std::string& refused) {
    if (!refused.empty()) return formatted("{}{} cannot be tried: {}", one_, takes(next), refused);
    return formatted("{}{} needs {}", one_, takes(next), bytes_text(tries_.peak(next)));
  }

  static std::string what_takes_it(const Report& report) {
    if (report.inference) {
      std::string text = "\nat the peak: " + parts_of_peak(*report.inference);
      const std::string pieces = largest_pieces(report.inference->at_peak);
      return pieces.empty() ? text : text + "\nof these activations were made: " + pieces;
    }
    const Moment& peak = report.training->peak_moment;
    return formatted(
        "\nat the peak: {} for parameters, buffers and inputs, {} for gradients, {} for states of {}, {} for "
        "activations",
        bytes_text(peak.parameters), bytes_text(peak.gradients), bytes_text(peak.states), report.training->optimizer,
        bytes_text(peak.activations));
  }

  /// On the device that the room is of.
  static std::string how_long(const Report& report) {
    std::string text;
    for (const std::string& line : time_lines(report)) text += "\n" + line;
    return text;
  }

  /// Nothing is varied.
  std::string as_it_is() {
    const Report& report = tries_.with(0);
    require_flash(report);
    const Count peak = report.memory()->peak, beside = report.inference ? this->beside(report) : Count(0);
    fits_ = fits_ && (!options_.memory || peak <= *options_.memory) && (!options_.ram || beside <= *options_.ram);
    if (json()) return parts_in_json(report).dump();
    std::string text = fits_ ? "it fits: " : "it does not fit: ";
    std::string parts;
    const auto add = [&](const std::optional<Count>& room, Count needs, std::string_view what) {
      if (!room) return;
      parts += formatted("{}{} of {} {}", parts.empty() ? "" : "; ", bytes_text(needs), bytes_text(*room), what);
    };
    add(options_.memory, peak, "of memory");
    if (report.inference) {
      add(options_.flash, held(report), "of flash for weights and buffers");
      add(options_.ram, beside, "of RAM for inputs and activations");
    }
    return text + parts + what_takes_it(report) + how_long(report);
  }

  nlohmann::ordered_json room_in_json() const {
    nlohmann::ordered_json json = {{"model", model_}};
    if (options_.memory) json["memory"] = options_.memory->value();
    if (options_.flash) json["flash"] = options_.flash->value();
    if (options_.ram) json["ram"] = options_.ram->value();
    return json;
  }

  nlohmann::ordered_json parts_in_json(const Report& report) const {
    nlohmann::ordered_json json = room_in_json();
    json["fits"] = fits_;
    json["peak"] = report.memory()->peak.value();
    add_parts(json, report);
    return json;
  }

  static void add_parts(nlohmann::ordered_json& json, const Report& report) {
    if (!report.inference) return;
    const Inference& inference = *report.inference;
    json["weights"] = inference.weights.value();
    json["buffers"] = inference.buffers.value();
    json["inputs"] = inference.inputs.value();
    json["activations"] = inference.activations_peak.value();
    if (report.timing) json["least_seconds"] = static_cast<double>(report.timing->least().value()) / 1e12;
  }

  std::string in_json(const Range& range, const Largest& largest) {
    const std::int64_t fits = fits_ ? largest.fits : 0;
    nlohmann::ordered_json json = room_in_json();
    json[name_] = fits;
    const Report& report = tries_.with(fits == 0 ? range.least : fits);
    json["peak"] = report.memory()->peak.value();
    if (fits > 0 && largest.next && largest.refused.empty()) json["peak_of_next"] = tries_.peak(*largest.next).value();
    add_parts(json, report);
    return json.dump();
  }

  Session& session_;
  const Options& options_;
  const std::string& model_;
  Tries tries_;
  std::string name_, one_;
  std::string dim_;                   ///< what it is called in a file
  std::int64_t least_ = 1;            ///< that the file is for
  const VariedSize* vary_ = nullptr;  ///< null: a dimension of a file, or nothing
  bool fits_ = true;
};

/// The room that is given, or else that of the device.
Options with_room(Options options) {
  if (!options.device) return options;
  const Device& device = *options.device;
  const auto take = [](std::optional<Count>& room, std::uint64_t bytes) {
    if (!room && bytes > 0) room = bytes;
  };
  if (device.flash > 0) {  // a microcontroller
    take(options.flash, device.flash);
    take(options.ram, device.memory);
    return options;
  }
  take(options.memory, device.memory);
  if (!options.memory) {
    throw Error(formatted("{} is sold with more than one size of memory: say which, as --memory 16G", device.title));
  }
  return options;
}

void require_room(const Options& options) {
  if (!options.memory && !options.flash && !options.ram) {
    throw Error("say how much memory there is: --memory 24G, or --memory 24GiB; or --flash and --ram; or --device");
  }
  if (options.train && (options.flash || options.ram)) {
    throw Error("--flash and --ram are of a forward; leave --train out");
  }
}

}  // namespace

void fit_models(Session& session) {
  const std::string_view kind = session.options.renderer->name;
  if (kind != "text" && kind != "json")
    throw Error(formatted("what fits can be shown as text or json, not as {}", kind));
  const Options options = with_room(session.options);
  require_room(options);
  struct Answer {
    std::string text;
    bool fits = true;
  };
  for_each_model(
      session,
      [&](const std::string& model) {
        Fitting fitting(session, options, model);
        std::string text = fitting.answer();
        return Answer{std::move(text), fitting.fits()};
      },
      [&](const std::string&, const Answer& answer) {
        session.show(answer.text);
        if (!answer.fits) session.code = std::max(session.code, kDoesNotFit);
      });
}

}  // namespace thoplw::cli
