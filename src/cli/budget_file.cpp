// Reads budgets from TOML: every key is known, or an error names its line.
#include "cli/budget_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/formatted.h"
#include "base/path.h"
#include "base/toml_reader.h"
#include "count/training/optimizer.h"
#include "load/load.h"
#include "variants/precision.h"

namespace thoplw {
namespace {

class Reader : TomlReader {
 public:
  explicit Reader(const std::string& path) : TomlReader(path), folder_(to_path(path).parent_path()) {}

  std::vector<BudgetEntry> read(const toml::table& file) const {
    const toml::node_view<const toml::node> ours = file["tool"]["thoplw"];
    const toml::node* checks = ours["check"].node();
    if (!checks) {
      throw Error(path() + ": there is no budget in it; write [[tool.thoplw.check]] with a model and a max-macs, " +
                  "max-params, max-memory or baseline");
    }
    BudgetEntry common;
    for (const auto& [key, node] : *ours.as_table()) {
      if (key.str() != "check") read_common(common, std::string(key.str()), node);
    }
    const toml::array* list = checks->as_array();
    if (!list) must_be(*checks, "tool.thoplw.check", "a list of tables, written [[tool.thoplw.check]]");
    std::vector<BudgetEntry> entries;
    for (std::size_t i = 0; i < list->size(); ++i) {
      entries.push_back(read_entry(common, *list->get(i), formatted("check[{}]", i)));
    }
    return entries;
  }

 private:
  void read_common(BudgetEntry& common, const std::string& key, const toml::node& node) const {
    const std::string place = "tool.thoplw." + key;
    constexpr std::string_view kKnown[] = {"check", "convention", "strict"};
    if (key == "convention") {
      common.convention = convention_of(node, place);
    } else if (key == "strict") {
      common.strict = flag_of(node, place);
    } else {
      unknown(node, place, "key", key, kKnown);
    }
  }

  /// What is wrong with one entry is kept in it.
  BudgetEntry read_entry(const BudgetEntry& common, const toml::node& node, const std::string& place) const {
    BudgetEntry entry = common;
    entry.model = place;
    try {
      const toml::table& table = table_of(node, place, kExample);
      const toml::node* model = table.get("model");
      if (!model) fail(node, place, "has no model: write model = \"torchvision:resnet18\"");
      entry.model = beside(text_of(*model, place + ".model"));
      for (const auto& [key, value] : table) read_key(entry, std::string(key.str()), value, place);
      if (!entry.limits.any() && entry.baseline.empty()) {
        fail(node, place, "has no limit: write max-macs, max-params, max-memory, max-inference-memory or baseline");
      }
      if (entry.tolerance && entry.baseline.empty())
        fail(node, place, "has a tolerance but no baseline: write baseline, or leave tolerance out");
    } catch (const Error& error) {
      entry.error = error.what();
    }
    return entry;
  }

  void read_key(BudgetEntry& entry, const std::string& key, const toml::node& node, const std::string& around) const {
    const std::string place = around + "." + key;
    if (key == "model") return;
    if (key == "input") {
      entry.inputs = inputs_of(node, place);
    } else if (key == "set") {
      for (const auto& [name, value] : table_of(node, place, kExample)) {
        const std::string setting(name.str());
        entry.settings.emplace_back(setting, python_literal(value, place + "." + setting));
      }
    } else if (key == "dim") {
      for (const auto& [name, value] : table_of(node, place, kExample)) {
        const std::string dim(name.str());
        entry.dims.emplace_back(dim, whole_number(value, place + "." + dim));
      }
    } else if (key == "convention") {
      entry.convention = convention_of(node, place);
    } else if (key == "batch") {
      entry.batch = whole_number(node, place, 1, std::numeric_limits<std::int32_t>::max());
    } else if (key == "optimizer") {
      entry.optimizer = checked(node, place, [&] { return find_optimizer(text_of(node, place)).name; });
    } else if (key == "precision") {
      entry.precision = checked(node, place, [&] { return find_precision(text_of(node, place)).name; });
    } else if (key == "max-memory") {
      entry.limits.memory = memory_of(node, place);
    } else if (key == "max-inference-memory") {
      entry.limits.inference_memory = memory_of(node, place);
    } else if (const MeasureRow* measure = limited(key)) {
      entry.limits[measure_of(*measure)] = amount_of(node, place);
    } else if (key == "baseline") {
      entry.baseline = beside(text_of(node, place));
    } else if (key == "tolerance") {
      entry.tolerance = checked(node, place, [&] { return parse_percent(text_of(node, place)); });
    } else if (key == "strict") {
      entry.strict = flag_of(node, place);
    } else {
      const std::vector<std::string> known = known_keys();
      const std::vector<std::string_view> names(known.begin(), known.end());
      unknown(node, place, "key", key, names);
    }
  }

  /// "max-macs" is a limit of the measure "macs".
  static const MeasureRow* limited(const std::string& key) {
    return key.starts_with(kMost) ? find_measure(std::string_view(key).substr(kMost.size())) : nullptr;
  }

  static std::vector<std::string> known_keys() {
    std::vector<std::string> known = {"baseline",   "batch", "convention", "dim",       "input", "max-inference-memory",
                                      "max-memory", "model", "optimizer",  "precision", "set",   "strict",
                                      "tolerance"};
    for (const MeasureRow& measure : measures()) known.push_back(std::string(kMost) + std::string(measure.name));
    std::ranges::sort(known);
    return known;
  }

  /// "2G", or a whole number.
  Count amount_of(const toml::node& node, const std::string& place) const {
    if (const toml::value<std::int64_t>* number = node.as_integer(); number && number->get() >= 0) return number->get();
    if (!node.is_string()) must_be(node, place, "an amount such as \"2G\", or a whole number of 0 or more");
    return checked(node, place, [&] { return parse_amount(text_of(node, place)); });
  }

  /// "24G", "24GiB", or a whole number of bytes.
  Count memory_of(const toml::node& node, const std::string& place) const {
    if (!node.is_string()) return amount_of(node, place);
    return checked(node, place, [&] { return parse_bytes(text_of(node, place)); });
  }

  std::vector<Quotation> inputs_of(const toml::node& node, const std::string& place) const {
    if (node.is_string()) return {{text_of(node, place), where(node, place)}};
    const toml::array* list = node.as_array();
    if (!list) must_be(node, place, "a list of sizes, such as [\"1x3x224x224\"]");
    std::vector<Quotation> inputs;
    for (const toml::node& one : *list) inputs.push_back({text_of(one, place), where(one, place)});
    return inputs;
  }

  Quotation convention_of(const toml::node& node, const std::string& place) const {
    const std::string name = text_of(node, place);
    return {name.ends_with(".toml") ? beside(name) : name, where(node, place)};
  }

  /// As the command line's --set is read: texts in quotes, so that "10" stays one.
  std::string python_literal(const toml::node& node, const std::string& place) const {
    if (const auto* text = node.as_string()) {
      return nlohmann::json(text->get()).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* number = node.as_floating_point()) return formatted("{}", number->get());
    if (const auto* flag = node.as_boolean()) return flag->get() ? "True" : "False";
    const toml::array* list = node.as_array();
    if (!list) must_be(node, place, "a number, a text, true, false or a list of these");
    std::string text;
    for (const toml::node& one : *list) text += (text.empty() ? "" : ", ") + python_literal(one, place);
    return "[" + text + "]";
  }

  /// Files are named from the folder of the TOML file: "nets.py:Net", "net.onnx", "base.json".
  std::string beside(const std::string& name) const {
    const std::size_t colon = name.rfind(':');
    const std::string file = name.substr(0, colon);
    constexpr std::string_view kEndings[] = {".py", ".json", ".toml"};
    const bool ends_so = std::ranges::any_of(kEndings, [&](std::string_view end) { return file.ends_with(end); });
    const bool is_file = ends_so || std::ranges::any_of(formats(), [&](const Format& format) {
                           return colon == std::string::npos && file.ends_with(format.suffix);
                         });
    if (!is_file || folder_.empty()) return name;
    const auto path = (folder_ / to_path(file)).generic_string<std::filesystem::path::value_type>();  // "/" everywhere
    return to_text(path) + (colon == std::string::npos ? "" : name.substr(colon));
  }

  static constexpr std::string_view kMost = "max-";

  static constexpr std::string_view kExample = "{ name = 1 }";

  std::filesystem::path folder_;
};

}  // namespace

std::vector<BudgetEntry> read_budgets(const std::string& path, std::string_view text) {
  return Reader(path).read(parse_toml(path, text));
}

}  // namespace thoplw
