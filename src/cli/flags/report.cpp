// Flags: what is opened, the report of it, and how that is given.
#include "cli/flags/flag_rows.h"
#include "cli/input.h"

namespace thoplw::cli {
namespace {

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

void set_columns(Options& options, const std::string& value) {
  options.render.columns = split(value);
  for (const std::string& name : options.render.columns) find_column(name);  // throws where there is none
}

void set_convention(Options& options, const std::string& value) {
  options.convention = open_convention(value);
  options.convention_as_given = value;
}

void set_with(Options& options, const std::string& value) {
  for (const std::string& name : split(value)) {
    options.with.push_back(open_convention(name));
    if (std::ranges::count(options.with, options.with.back()) > 1) throw Error("--with has " + name + " twice");
  }
}

void set_all(Options& options, const std::string&) { options.all = true; }

void set_trace_file(Options& options, const std::string& value) { options.trace_file = value; }

void set_file(Options& options, const std::string& value) {
  if (value.empty()) throw Error("--output needs the name of a file, and gets an empty one");
  options.file = value == "-" ? "" : value;  // as other commands call their standard output
}

void set_jobs(Options& options, const std::string& value) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.jobs);
  if (error != std::errc() || end != value.data() + value.size() || options.jobs < 1 || options.jobs > 1024) {
    throw Error("jobs '" + value + "' is not a number of 1 to 1024");
  }
}

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

void set_fold(Options& options, const std::string&) { options.render.fold = true; }
void set_no_fold(Options& options, const std::string&) { options.render.fold = false; }

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

void set_no_cache(Options& options, const std::string&) { options.cache = false; }
void set_clear(Options& options, const std::string&) { options.clear = true; }

constexpr auto kModel = std::to_array<Flag>({
    {"MODEL", "",
     "a file: .pt2, .onnx, .safetensors, .safetensors.index.json, .trace, or .json of a saved report; or "
     "torchvision:NAME, timm:NAME (also a pattern: 'timm:vit*'), transformers:CLASS (or :config.json), "
     "package.module:callable, path/to/file.py:callable",
     add_model, true},
    {"-i,--input", "SIZES",
     "size and element type of one input, such as 1x3x224x224 or 1x128:i64; repeat it for each input", add_input, true,
     nullptr, "", kOpening},
    {"--set", "KEY=VALUE",
     "an argument of the callable that makes the model, or a field of its config; repeat it for each", add_setting,
     true, nullptr, "", kOpening},
    {"--dim", "NAME=SIZE",
     "the size of a symbolic dimension of a file, by its name or its place (x.0), or the value of an input that is one "
     "integer; repeat it for each",
     add_dim, true, nullptr, "", kOpening},
    {"--convention", "NAME", "how to count: a convention, or a TOML file with your own", set_convention, false,
     convention_names, "thoplw", kCounting},
    {"-j,--jobs", "N", "how many models to work on at once; one per core unless given", set_jobs, false, nullptr, "",
     kOpening},
    {"--no-cache", "",
     "build models of torchvision, timm and transformers anew, and keep nothing of them; see `thoplw cache`",
     set_no_cache, false, nullptr, "", kOpening},
    {"--save-trace", "FILE", "also write what the model did, as a text file that can be opened as MODEL",
     set_trace_file, false, nullptr, "", kTracing},
});

constexpr auto kReport = std::to_array<Flag>({
    {"--fmt", "FMT", "how to print numbers", set_numbers, false, number_format_names, "raw", kNumbers},
    {"--depth", "N", "show modules down to depth N; deeper ones are added to the module around them", set_depth, false,
     nullptr, "", kModules},
    {"--sort", "COLUMN", "sort by a column, the greatest number first", set_sort, false, column_names, "", kSorting},
    {"--columns", "NAMES",
     "columns of tables and trees, separated by commas, in that order; a report that is written whole has all",
     set_columns, false, column_names, "", kColumns},
    {"--by", "WHAT", "what has a row: a module, all modules of a class, or all calls of an operator", set_by, false,
     grouping_names, "module", kReports},
    {"--top", "N", "show only the N costliest rows, by the column of --sort or by MACs; the others are one row",
     set_top, false, nullptr, "", kTopping},
    {"--filter", "GLOB",
     "show only modules whose whole path or class matches, and what is inside them; * stands for any text; the others "
     "are one row; repeat it for each glob",
     add_filter, true, nullptr, "", kFiltering},
    {"--fold", "",
     "show equal modules next to each other, such as the layers of a transformer, as one row; the tree does so unless "
     "--no-fold is given",
     set_fold, false, nullptr, "", kReports},
    {"--no-fold", "", "show each of them", set_no_fold, false, nullptr, "", kReports},
    {"--with", "NAMES", "of `compare`: the conventions to show, separated by commas; all unless given", set_with, false,
     convention_names, "", "compare"},
    {"--all", "", "of `diff`: list modules that did not change too", set_all, false, nullptr, "", "diff"},
    {"--strict", "", "exit with 1 if a total is only a lower bound", set_strict, false, nullptr, "", kStrict},
});

constexpr auto kOutput = std::to_array<Flag>({
    {"-k,--kind", "KIND", "what to print; unless given, what the suffix of FILE says, or text", set_kind, false, kinds,
     "", kKinds},
    {"-o,--output", "FILE", "write to this file, not to the terminal", set_file},
    {"--clear", "", "of `cache`: remove all that is kept", set_clear, false, nullptr, "", "cache"},
    {"--color", "WHEN", "whether the tree has colours; auto means on a terminal, unless NO_COLOR is set", set_color,
     false, color_names, "auto", kReports},
    {"-V,--version", "", "print the version", set_version},
    {"-h,--help", "", "print this", set_help},
});

}  // namespace

std::span<const Flag> model_flags() { return kModel; }
std::span<const Flag> report_flags() { return kReport; }
std::span<const Flag> output_flags() { return kOutput; }

}  // namespace thoplw::cli
