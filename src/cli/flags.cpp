// The table of flags, and how the command line is taken apart by it.
#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/formatted.h"
#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/lora.h"
#include "variants/precision.h"

namespace thoplw::cli {
namespace {

template <typename Rows>
std::string names_of(const Rows& rows) {
  std::string names;
  for (const auto& row : rows) names += (names.empty() ? "" : " ") + std::string(row.name);
  return names;
}

std::string kinds() { return names_of(renderers()); }
std::string number_format_names() { return names_of(number_formats()); }
std::string column_names() { return names_of(columns()); }
std::string grouping_names() { return names_of(groupings()); }
std::string convention_names() {
  std::string names;
  for (const Convention* convention : conventions()) {
    names += (names.empty() ? "" : " ") + std::string(convention->name);
  }
  return names;
}

void add_model(Options& options, const std::string& value) { options.models.push_back(value); }
void add_input(Options& options, const std::string& value) { options.inputs.push_back(parse_input(value)); }

void add_setting(Options& options, const std::string& value) {
  const auto equals = value.find('=');
  if (equals == 0 || equals == std::string::npos) throw Error("setting '" + value + "' is not key=value");
  options.settings.emplace_back(value.substr(0, equals), value.substr(equals + 1));
}

void add_dim(Options& options, const std::string& value) {
  const auto equals = value.rfind('=');
  const char* end = value.data() + value.size();
  const char* digits = equals == std::string::npos ? end : value.data() + equals + 1;
  std::int64_t size = 0;
  const auto [rest, error] = std::from_chars(digits, end, size);
  if (equals == 0 || digits == end || rest != end || error != std::errc()) {
    throw Error("dim '" + value + "' is not name=size, such as batch=8");
  }
  options.load.dims.emplace_back(value.substr(0, equals), size);
}

void set_kind(Options& options, const std::string& value) { options.renderer = &find_renderer(value); }
void set_numbers(Options& options, const std::string& value) { options.render.numbers = find_number_format(value); }
void set_sort(Options& options, const std::string& value) { options.render.sort = find_column(value).name; }
void set_by(Options& options, const std::string& value) { options.render.by = find_grouping(value); }
std::vector<std::string> split(const std::string& value) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= value.size();) {
    const std::size_t end = std::min(value.find(',', start), value.size());
    parts.push_back(value.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}
void set_columns(Options& options, const std::string& value) {
  options.render.columns = split(value);
  for (const std::string& name : options.render.columns) find_column(name);  // throws where there is none
}
void set_convention(Options& options, const std::string& value) { options.convention = open_convention(value); }
std::int64_t whole_number(std::string_view name, const std::string& value, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < least || number > most) {
    throw Error(formatted("{} '{}' is not a number of {} to {}", name, value, least, most));
  }
  return number;
}
void set_with(Options& options, const std::string& value) {
  for (const std::string& name : split(value)) options.with.push_back(open_convention(name));
}
template <std::size_t index>
void set_most(Options& options, const std::string& value) {
  options.budget.limits.most[index] = measures()[index].seconds ? parse_time(value) : parse_amount(value);
}
void set_baseline(Options& options, const std::string& value) { options.budget.baseline = value; }
void set_tolerance(Options& options, const std::string& value) { options.budget.tolerance = parse_percent(value); }
void set_config(Options& options, const std::string& value) { options.config = value; }
void set_all(Options& options, const std::string&) { options.all = true; }
void set_trace_file(Options& options, const std::string& value) { options.trace_file = value; }
void set_file(Options& options, const std::string& value) { options.file = value; }
void set_jobs(Options& options, const std::string& value) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.jobs);
  if (error != std::errc() || end != value.data() + value.size() || options.jobs < 1 || options.jobs > 1024) {
    throw Error("jobs '" + value + "' is not a number of 1 to 1024");
  }
}
void set_batch(Options& options, const std::string& value) {
  options.sizes.batch = whole_number("batch", value, 1, std::numeric_limits<std::int32_t>::max());
}
void set_memory(Options& options, const std::string& value) { options.memory = parse_bytes(value); }
void set_context(Options& options, const std::string& value) {
  options.llm.context = whole_number("context", value, 1, 1 << 24);
}
void set_dtype(Options& options, const std::string& value) {
  options.dtype = options.llm.dtype = find_number_type(value);
}
void set_kv_dtype(Options& options, const std::string& value) { options.llm.kv_dtype = find_number_type(value); }
std::string number_type_names() { return names_of(number_types()); }
void set_device(Options& options, const std::string& value) {
  options.device = options.llm.device = open_device(value);
}
std::uint32_t devices_of(std::string_view name, const std::string& value) {
  return static_cast<std::uint32_t>(whole_number(name, value, 1, 1 << 20));
}
void set_count(Options& options, const std::string& value) { options.llm.split.count = devices_of("count", value); }
void set_tensor_parallel(Options& options, const std::string& value) {
  options.llm.split.tensor = devices_of("tensor-parallel", value);
}
void set_pipeline(Options& options, const std::string& value) {
  options.llm.split.pipeline = devices_of("pipeline", value);
}
void set_expert_parallel(Options& options, const std::string& value) {
  options.llm.split.expert = devices_of("expert-parallel", value);
}
void set_source(Options& options, const std::string& value) {
  options.source = whole_number("source", value, 1, 1 << 24);
}
void set_max_memory(Options& options, const std::string& value) { options.budget.limits.memory = parse_bytes(value); }
void set_train(Options& options, const std::string&) { options.train = true; }
void set_training(Options& options, const std::string&) { options.question = Question::training; }
void set_flash(Options& options, const std::string& value) { options.flash = parse_bytes(value); }
void set_ram(Options& options, const std::string& value) { options.ram = parse_bytes(value); }
void set_vary(Options& options, const std::string& value) { options.vary.push_back(value); }
void set_max_inference_memory(Options& options, const std::string& value) {
  options.budget.limits.inference_memory = parse_bytes(value);
}
void set_lifetimes(Options& options, const std::string& value) { options.lifetimes = find_lifetime_policy(value); }
std::string lifetime_names() { return names_of(lifetime_policies()); }
void set_timeline(Options& options, const std::string& value) { options.timeline = value; }
void set_optimizer(Options& options, const std::string& value) {
  options.plan.step.optimizer = find_optimizer(value).name;
}
std::string optimizer_names() { return names_of(optimizers()); }
void set_processor(Options& options, const std::string& value) {
  options.plan.step.flavour.processor = find_processor(value);
}
std::string processor_names() { return names_of(processors()); }
void set_attention(Options& options, const std::string& value) {
  options.plan.step.flavour.attention = find_attention_kernel(value);
}
std::string attention_names() { return names_of(attention_kernels()); }
void set_accumulate(Options& options, const std::string& value) {
  options.plan.step.accumulate = static_cast<std::uint32_t>(whole_number("accumulate", value, 1, 1'000'000));
}
void set_round(Options& options, const std::string& value) {
  options.plan.step.round = static_cast<std::uint32_t>(whole_number("round", value, 1, 1 << 30));
}
void add_freeze(Options& options, const std::string& value) { options.plan.freeze.push_back(value); }
void add_checkpoint(Options& options, const std::string& value) { options.plan.checkpoint.push_back(value); }
void set_reentrant(Options& options, const std::string&) { options.plan.reentrant = true; }
void set_precision(Options& options, const std::string& value) { options.plan.precision = find_precision(value).name; }
std::string precision_names() { return names_of(precisions()); }
/// r=8,targets=q_proj+v_proj,dropout=0.05
void set_lora(Options& options, const std::string& value) { options.plan.lora = parse_lora(value); }
void set_loss(Options& options, const std::string& value) {
  options.plan.step.all_outputs = value == "all";
  if (options.plan.step.all_outputs) return;
  for (const std::string& place : split(value)) {
    options.plan.step.outputs.push_back(static_cast<std::size_t>(whole_number("loss", place, 0, 1'000'000)));
  }
}

void set_mfu(Options& options, const std::string& value) {
  std::string_view rest = value;
  const std::optional<double> seconds = take_real(rest);
  if (!seconds || !rest.empty() || *seconds <= 0 || *seconds > 1e7) {
    throw Error("mfu '" + value + "' is not how many seconds a step took, such as 0.35");
  }
  options.step_seconds = *seconds;
}
void set_measure(Options& options, const std::string&) { options.measure_device = true; }

void set_strict(Options& options, const std::string&) { options.strict = true; }
void set_help(Options& options, const std::string&) { options.help = true; }
void set_version(Options& options, const std::string&) { options.version = true; }

void set_depth(Options& options, const std::string& value) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.render.depth);
  if (error != std::errc() || end != value.data() + value.size() || options.render.depth < 0) {
    throw Error("depth '" + value + "' is not a number of 0 or more");
  }
}

void set_top(Options& options, const std::string& value) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.render.top);
  if (error != std::errc() || end != value.data() + value.size() || options.render.top == 0) {
    throw Error("top '" + value + "' is not a number of 1 or more");
  }
}

void add_filter(Options& options, const std::string& value) { options.render.filter.push_back(value); }

struct ColorWhen {
  std::string_view name;
  std::optional<bool> color;
};
constexpr std::array kColorWhen = {ColorWhen{"always", true}, ColorWhen{"auto", std::nullopt},
                                   ColorWhen{"never", false}};

std::string color_names() { return names_of(kColorWhen); }

void set_color(Options& options, const std::string& value) {
  std::vector<std::string_view> known;
  for (const auto& when : kColorWhen) {
    known.push_back(when.name);
    if (when.name != value) continue;
    options.color = when.color;
    return;
  }
  throw Error(did_you_mean("color", value, known));
}

/// The commands that take a device; the first is the one without a word.
constexpr std::string_view kTimed = " train fit check diff llm";
/// The commands that flags of a training step go with, and those of any pass whose memory is asked for.
constexpr std::string_view kTraining = "train fit check compare formula";
constexpr std::string_view kPass = "train memory fit check compare";
constexpr std::string_view kLlm = "llm";
constexpr std::string_view kBatch = "train memory fit check compare llm";

constexpr auto kFlagRows = std::to_array<Flag>({
    {"MODEL", "",
     "a file: .pt2, .onnx, .safetensors, .safetensors.index.json, .trace, or .json of a saved report; or "
     "torchvision:NAME, timm:NAME (also a pattern: 'timm:vit*'), transformers:CLASS (or :config.json), "
     "package.module:callable, path/to/file.py:callable",
     add_model, true},
    {"-i,--input", "SIZES",
     "size and element type of one input, such as 1x3x224x224 or 1x128:i64; repeat it for each input", add_input, true},
    {"--set", "KEY=VALUE",
     "an argument of the callable that makes the model, or a field of its config; repeat it for each", add_setting,
     true},
    {"--dim", "NAME=SIZE",
     "the size of a symbolic dimension of a file, by its name or its place (x.0), or the value of an input that is one "
     "integer; repeat it for each",
     add_dim, true},
    {"-k,--kind", "KIND", "what to print; unless given, what the suffix of FILE says, or text", set_kind, false, kinds},
    {"--fmt", "FMT", "how to print numbers", set_numbers, false, number_format_names, "raw"},
    {"--depth", "N", "show modules down to depth N; deeper ones are added to the module around them", set_depth},
    {"--sort", "COLUMN", "sort by a column, the greatest number first", set_sort, false, column_names},
    {"--columns", "NAMES",
     "columns of tables and trees, separated by commas, in that order; a report that is written whole has all",
     set_columns, false, column_names},
    {"--by", "WHAT", "what has a row: a module, all modules of a class, or all calls of an operator", set_by, false,
     grouping_names, "module"},
    {"--top", "N", "show only the N costliest rows, by the column of --sort or by MACs; the others are one row",
     set_top},
    {"--filter", "GLOB",
     "show only modules whose whole path or class matches, and what is inside them; * stands for any text; the others "
     "are one row; repeat it for each glob",
     add_filter, true},
    {"--color", "WHEN", "whether the tree has colours; auto means on a terminal, unless NO_COLOR is set", set_color,
     false, color_names, "auto"},
    {"--convention", "NAME", "how to count: a convention, or a TOML file with your own", set_convention, false,
     convention_names, "thoplw"},
    {"--with", "NAMES", "of `compare`: the conventions to show, separated by commas; all unless given", set_with, false,
     convention_names, "", "compare"},
    {"-j,--jobs", "N", "how many models to work on at once; one per core unless given", set_jobs},
    {"--all", "", "of `diff`: list modules that did not change too", set_all, false, nullptr, "", "diff"},
    {"--max-memory", "SIZE", "of `check`: fail if a step of training needs more memory than this, such as 24G or 24GiB",
     set_max_memory, false, nullptr, "", "check"},
    {"--max-inference-memory", "SIZE",
     "of `check`: fail if a forward without gradients needs more memory than this, such as 8G or 8GiB",
     set_max_inference_memory, false, nullptr, "", "check"},
    {"--baseline", "REPORT", "of `check`: fail if it costs more than this saved report or model", set_baseline, false,
     nullptr, "", "check"},
    {"--tolerance", "PERCENT", "of `check`: how much more than the baseline is allowed, such as 1%", set_tolerance,
     false, nullptr, "", "check"},
    {"--config", "FILE", "of `check` without a MODEL: the file with the budgets; pyproject.toml unless given",
     set_config, false, nullptr, "", "check"},
    {"--memory", "SIZE",
     "of `fit`: how much there is, such as 24G, of 1000, or 24GiB, of 1024; of `llm`: of each device, where that is "
     "not "
     "what the table says",
     set_memory, false, nullptr, "", "fit llm"},
    {"--context", "N", "of `llm`: tokens of each prompt, which are then in the cache", set_context, false, nullptr,
     "2048", kLlm},
    {"--kv-dtype", "TYPE", "of `llm`: what keys and values are stored in; as the model does unless given", set_kv_dtype,
     false, number_type_names, "", kLlm},
    {"--count", "N", "of `llm`: how many devices there are; as many as share the model unless given", set_count, false,
     nullptr, "", kLlm},
    {"--tensor-parallel", "N",
     "of `llm`: devices that share each layer, by the plan that transformers has for the model", set_tensor_parallel,
     false, nullptr, "1", kLlm},
    {"--pipeline", "N", "of `llm`: groups of devices, one after the other, each with some of the layers", set_pipeline,
     false, nullptr, "1", kLlm},
    {"--expert-parallel", "N", "of `llm`: devices that share the experts; unless given, those that share each layer",
     set_expert_parallel, false, nullptr, "1", kLlm},
    {"--source", "N", "of `llm`: tokens that an encoder reads; as many as the decoder unless given", set_source, false,
     nullptr, "", kLlm},
    {"--flash", "SIZE", "of `fit`: how much there is for weights and buffers, as in a microcontroller", set_flash,
     false, nullptr, "", "fit"},
    {"--ram", "SIZE", "of `fit`: how much there is for all else: inputs, and what a forward makes", set_ram, false,
     nullptr, "", "fit"},
    {"--vary", "SIZE",
     "of `fit`: the size of the inputs whose largest value is looked for: batch, seq, image, or of a file the name of "
     "a symbolic dimension; batch with --memory, and none of a file or with --flash or --ram, unless given. Of "
     "`formula`: each size that varies, with its values: batch=1..8, image=224..512:32 in steps, width=16,32,64 of "
     "--set",
     set_vary, true, nullptr, "", "fit formula"},
    {"--train", "",
     "of `fit` and `formula`: what is to fit, or is counted, is a step of training, as the flags of `train` say; else "
     "a forward",
     set_train, false, nullptr, "", "fit formula"},
    {"--training", "", "of `compare`: what tools say that a step of training computes, and why they differ",
     set_training, false, nullptr, "", "compare"},
    {"--timeline", "FILE", "of `train` and `memory`: also draw memory over time, as SVG, or as PNG if FILE says so",
     set_timeline, false, nullptr, "", "train memory"},
    {"--lifetimes", "NAME",
     "of a forward's memory: when it is freed; as observed of a model that runs and by last use of a file, unless "
     "given",
     set_lifetimes, false, lifetime_names, "", "memory fit check"},
    {"--batch", "N",
     "of a pass whose memory is asked for: the first size of each input, instead of that which the model is known to "
     "take; of `llm`: how many sequences there are, 1 unless given",
     set_batch, false, nullptr, "", kBatch},
    {"--optimizer", "NAME", "of a training step: what makes the step", set_optimizer, false, optimizer_names, "adamw",
     kTraining},
    {"--freeze", "GLOB",
     "of a training step: parameters, or modules with all theirs, that are not trained, such as 'encoder.*'; repeat it "
     "for each glob",
     add_freeze, true, nullptr, "", kTraining},
    {"--checkpoint", "GLOB",
     "of a training step: modules whose activations are not kept but computed again in backward, such as 'layers.*'; "
     "repeat it for each glob",
     add_checkpoint, true, nullptr, "", kTraining},
    {"--reentrant", "", "of a training step: checkpoints are of torch's older kind, which runs all of a module again",
     set_reentrant, false, nullptr, "", kTraining},
    {"--lora", "SETTINGS",
     "of a training step: with adapters of low rank on the linear layers of these names, all else frozen, such as "
     "r=8,targets=q_proj+v_proj",
     set_lora, false, nullptr, "", kTraining},
    {"--precision", "NAME", "of such a pass: the types that it computes in; those of the model unless given",
     set_precision, false, precision_names, "", kPass},
    {"--processor", "NAME", "of such a pass: whose kernels it runs by", set_processor, false, processor_names, "cpu",
     kPass},
    {"--attention", "NAME", "of such a pass: the kernel of scaled_dot_product_attention", set_attention, false,
     attention_names, "automatic", kPass},
    {"--accumulate", "N", "of a training step: passes whose gradients are added up before the optimizer's step",
     set_accumulate, false, nullptr, "1", kTraining},
    {"--loss", "PLACES",
     "of a training step: which of the tensors that the model gives the loss reads, by their places from 0 on, "
     "separated by commas, or all; the first that has a gradient unless given",
     set_loss, false, nullptr, "", kTraining},
    {"--round", "BYTES", "of such a pass: round each piece of memory up to a multiple, as allocators do; 512 on CUDA",
     set_round, false, nullptr, "1", kPass},
    {"--device", "NAME",
     "how long it takes on that device at least, layer by layer: a name of `thoplw devices`, or a TOML file of your "
     "own; of `llm`: what it runs on; of `fit`: how much room there is",
     set_device, false, nullptr, "", kTimed},
    {"--dtype", "TYPE",
     "with --device: the type that weights and activations have and that it computes in; those of the model unless "
     "given; of `llm`: what matrices are stored in; bf16 unless given, or as a callable of your own makes them",
     set_dtype, false, number_type_names, "", kTimed},
    {"--mfu", "SECONDS",
     "of `train` with --device: how long a step took; says what share of the device's peak that is, without what "
     "checkpoints compute again (MFU) and with it (HFU)",
     set_mfu, false, nullptr, "", "train"},
    {"--measure", "", "of `devices`: measure this machine, which takes some seconds, and print it as a TOML file",
     set_measure, false, nullptr, "", "devices"},
    {"--strict", "", "exit with 1 if a total is only a lower bound", set_strict},
    {"-o,--output", "FILE", "write to this file, not to the terminal", set_file},
    {"--save-trace", "FILE", "also write what the model did, as a text file that can be opened as MODEL",
     set_trace_file},
    {"-V,--version", "", "print the version", set_version},
    {"-h,--help", "", "print this", set_help},
});

/// "work of 'backward'", "bytes of gradients".
std::string what_is_limited(Measure measure) {
  const std::string what = noun(measure, Unit::mac);
  return row_of(measure).asked == Question::training && row_of(measure).bounded
             ? "work of '" + std::string(row_of(measure).name) + "'"
             : what;
}

std::string_view whose(Measure measure) {
  const Question asked = row_of(measure).asked;
  return asked == Question::training ? "a step of training has"
         : asked == Question::memory ? "a forward has"
                                     : "the model has";
}

/// A flag of `check` for each measure: --max-macs, ...
template <std::size_t... index>
std::vector<Flag> limit_flags(std::index_sequence<index...>) {
  static const std::array<std::string, kMeasures> names = {("--max-" + std::string(measures()[index].name))...};
  static const std::array<std::string, kMeasures> docs = {
      formatted("of `check`: fail if {} more {} than this, such as {}",
                measures()[index].seconds ? "with --device the model takes" : whose(all_measures()[index]),
                index == 0 ? "MACs or FLOPs" : what_is_limited(all_measures()[index]),
                measures()[index].seconds ? "2ms" : "2G or 1_820_000_000")...};
  return {{names[index], measures()[index].seconds ? "TIME" : "COUNT", docs[index], set_most<index>, false, nullptr, "",
           "check"}...};
}

std::vector<Flag> all_flags() {
  std::vector<Flag> all(kFlagRows.begin(), kFlagRows.end());
  const std::vector<Flag> limits = limit_flags(std::make_index_sequence<kMeasures>());
  all.insert(std::ranges::find(all, "--baseline", &Flag::name), limits.begin(), limits.end());
  return all;
}

bool by_place(const Flag& flag) { return !flag.name.starts_with('-'); }

/// "-o,--output" -> "--output".
std::string_view long_name(const Flag& flag) { return flag.name.substr(flag.name.find(',') + 1); }

[[noreturn]] void complain(const Flag& flag, const std::string& what) {
  throw Error(std::string(long_name(flag)) + " " + what);
}

[[noreturn]] void complain_unknown(const std::string& arg) {
  std::vector<std::string_view> known;
  for (const Flag& flag : flags()) {
    if (!by_place(flag)) known.push_back(long_name(flag));
  }
  throw Error(did_you_mean("flag", arg.substr(0, arg.find('=')), known));
}

/// Has `app` apply the flag to `options` for each value that it is given, and note that it was.
void add_flag(CLI::App& app, const Flag& flag, Options& options, std::vector<const Flag*>& given) {
  const std::string name(flag.name);
  const bool takes_value = !flag.metavar.empty();
  CLI::Option* option = takes_value ? app.add_option(name) : app.add_flag(name);
  option->type_name(std::string(flag.metavar))->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  option->each([&flag, &options, &given, option, takes_value](std::string value) {
    if (!takes_value && value != "true") complain(flag, "takes no value");  // CLI11 gives "true" where there is none
    if (!flag.repeats && option->count() > 1) complain(flag, "is given twice");
    if (!option->get_snames().empty() && value.starts_with('=')) value.erase(0, 1);  // CLI11 reads "-k=csv" as "=csv"
    flag.apply(options, value);
    given.push_back(&flag);
  });
}

/// The arguments in the order that CLI11 wants: the last one first. "--kind=" becomes "--kind" and "", as CLI11 would
/// take the next argument for its value.
std::vector<std::string> reversed(const std::vector<std::string>& args) {
  std::vector<std::string> result;
  for (auto arg = args.rbegin(); arg != args.rend(); ++arg) {
    const bool empty_value = std::ranges::any_of(
        flags(), [&](const Flag& flag) { return !flag.metavar.empty() && *arg == std::string(long_name(flag)) + "="; });
    if (empty_value) result.emplace_back();
    result.push_back(empty_value ? arg->substr(0, arg->size() - 1) : *arg);
  }
  return result;
}

void parse(CLI::App& app, const std::vector<std::string>& args) {
  try {
    app.parse(reversed(args));
  } catch (const CLI::ArgumentMismatch&) {  // the last argument is a flag without its value, perhaps as the k of "-Vk"
    const std::string& last = args.back();
    const CLI::Option* option = app.get_option(last.starts_with("--") ? last : std::string("-") + last.back());
    throw Error(option->get_name() + " needs a value: " + option->get_type_name());
  }
}

/// What is not a flag or its value: models, and the "--" after which there are only models.
void add_models(const std::vector<std::string>& args, Options& options) {
  bool flags_end = false;
  for (const auto& arg : args) {
    if (flags_end || !arg.starts_with('-')) {
      add_model(options, arg);
    } else if (arg == "--") {
      flags_end = true;
    } else {
      complain_unknown(arg);
    }
  }
}

std::string usage_of(const Command& command) {
  return formatted("thoplw{}{}{}{}", command.word.empty() ? "" : " ", command.word, command.usage.empty() ? "" : " ",
                   command.usage);
}

/// A command is a word in the place of the first model.
void set_command(Options& options) {
  std::vector<std::string>& words = options.models;
  options.command = &commands().front();
  for (const Command& command : commands()) {
    if (!words.empty() && words.front() == command.word) options.command = &command;
  }
  const Command& command = *options.command;
  if (!command.word.empty()) words.erase(words.begin());
  if (options.help || options.version) return;
  if (words.empty() && command.least == 1) {
    throw Error("no MODEL is given: name one, such as torchvision:resnet18, or see --help");
  }
  if (words.size() < command.least || words.size() > command.most) {
    throw Error(formatted("write `{}`; {} arguments are given", usage_of(command), words.size()));
  }
}

/// Is the word one of those that spaces separate?
bool among(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

/// "`thoplw train` or `thoplw MODEL`", of the words that spaces separate.
std::string commands_of(std::string_view words) {
  std::vector<std::string> all;
  for (bool more = true; more;) {
    const std::size_t end = words.find(' ');
    const std::string_view word = words.substr(0, end);
    all.push_back(formatted("`thoplw {}`", word.empty() ? "MODEL" : word));
    more = end != std::string_view::npos;
    words.remove_prefix(more ? end + 1 : words.size());
  }
  return formatted("{}", fmt::join(all, ", "));
}

void check_flags(const Command& command, const std::vector<const Flag*>& given) {
  for (const Flag* flag : given) {
    if (flag->command.empty() || among(flag->command, command.word)) continue;
    throw Error(formatted("{} works only with {}", long_name(*flag), commands_of(flag->command)));
  }
}

/// What the command asks for, by its name or by its flags.
void set_question(Options& options, bool of_step, bool of_pass) {
  const std::string_view word = options.command->word;
  if (word == "train") options.question = Question::training;
  if (word == "memory") options.question = Question::memory;
  if (word == "formula" && options.train) options.question = Question::training;
  if (word == "fit") {
    options.question = options.train ? Question::training : Question::memory;
    if (of_step && !options.train) {
      throw Error("some of these flags are of a step of training: add --train, or leave them out");
    }
  }
  if (word == "compare" && (of_step || of_pass)) options.question = Question::training;
  if (word == "check") options.question = question_of(options.budget.limits, of_step, of_pass);
  if (options.lifetimes && options.question != Question::memory) {
    throw Error("--lifetimes is of a forward's memory: ask for that, as by --max-inference-memory, or leave it out");
  }
}

Options defaults() {
  Options options;
  for (const Flag& flag : flags()) {
    if (!flag.otherwise.empty()) flag.apply(options, std::string(flag.otherwise));
  }
  return options;
}

/// "-o, --output FILE", with the long names below one another.
std::string usage_of(const Flag& flag) {
  const bool short_too = flag.name.find(',') != std::string_view::npos;
  std::string text = by_place(flag) ? std::string(flag.name) : std::string(short_too ? flag.name.substr(0, 2) : "");
  if (!by_place(flag)) text += (short_too ? ", " : "    ") + std::string(long_name(flag));
  return flag.metavar.empty() ? text : text + " " + std::string(flag.metavar);
}

}  // namespace

std::span<const Flag> flags() {
  static const std::vector<Flag> all = all_flags();
  return all;
}

Options parse_args(const std::vector<std::string>& args) {
  Options options = defaults();
  std::vector<const Flag*> given;
  CLI::App app;
  app.set_help_flag();  // --help is a row of the table
  app.allow_extras();
  for (const Flag& flag : flags()) {
    if (!by_place(flag)) add_flag(app, flag, options, given);
  }
  parse(app, args);
  add_models(app.remaining(), options);
  set_command(options);
  check_flags(*options.command, given);
  const std::string_view word = options.command->word;
  const auto any_given = [&](std::string_view commands) {
    return std::ranges::any_of(given, [&](const Flag* flag) { return flag->command == commands; });
  };
  const bool of_step = any_given(kTraining), of_pass = any_given(kPass) || any_given(kBatch);
  options.step_flags = of_step || of_pass || options.lifetimes;
  set_question(options, of_step, of_pass);
  options.convention_given = std::ranges::any_of(given, [](const Flag* flag) { return flag->apply == set_convention; });
  if (!options.device && word != kLlm && (options.dtype || options.step_seconds > 0)) {
    throw Error(formatted("{} needs --device NAME", options.dtype ? "--dtype" : "--mfu"));
  }
  if (!options.trace_file.empty() && options.models.size() > 1) {
    throw Error("--save-trace takes one MODEL, but " + std::to_string(options.models.size()) + " are given");
  }
  if (!options.renderer) {
    options.renderer = options.file.empty() ? &find_renderer("text") : &renderer_for_path(options.file);
  }
  return options;
}

Question question_of(const Limits& limits, bool of_step, bool of_pass) {
  const bool training = of_step || limits.any_of(Question::training), memory = limits.any_of(Question::memory);
  if (training && memory) {
    throw Error("limits of a step of training and limits of a forward's memory are two checks: write one for each");
  }
  return memory ? Question::memory : training || of_pass ? Question::training : Question::cost;
}

std::string description(const Flag& flag) {
  std::string text(flag.doc);
  if (flag.choices) text += ": " + flag.choices();
  if (!flag.otherwise.empty()) text += " (" + std::string(flag.otherwise) + " unless given)";
  return text;
}

std::string help() {
  std::string text =
      "Multiply-adds and parameters of each layer of a PyTorch model.\n\nUsage, with FLAGS in any place:\n";
  std::size_t width = 0;
  for (const auto& command : commands()) width = std::max(width, usage_of(command).size());
  for (const auto& command : commands()) {
    text += formatted("  {:<{}}  {}\n", usage_of(command), width, command.doc);
  }
  text += "\nFLAGS:\n";
  width = 0;
  for (const Flag& flag : flags()) width = std::max(width, usage_of(flag).size());
  for (const Flag& flag : flags()) {
    text += formatted("  {:<{}}  {}\n", usage_of(flag), width, description(flag));
  }
  return text +
         "\nExit code: 0 if all is well, 1 if over budget, if nothing fits, or, with --strict, if not exact, 2 on an "
         "error.\n";
}

}  // namespace thoplw::cli
