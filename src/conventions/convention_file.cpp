// Reads a convention of a user from TOML: every key is known, or an error names its line.
#include "conventions/convention_file.h"

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "base/file_bytes.h"
#include "base/formatted.h"
#include "base/path.h"
#include "base/toml_reader.h"

namespace thoplw {
namespace {

constexpr std::string_view kEnding = ".toml";
constexpr std::int64_t kMostPerElement = 1'000'000;

struct Switch {
  std::string_view key;
  bool Convention::*field;
};

constexpr std::string_view kNormStatistics = "norm_statistics";
constexpr Switch kSwitches[] = {{"last_call", &Convention::last_call},
                                {"only_live", &Convention::only_live},
                                {"per_sample", &Convention::per_sample},
                                {"subclasses", &Convention::subclasses}};

struct Amount {
  std::string_view key;
  std::uint64_t Terms::*field;
};

constexpr Amount kAmounts[] = {
    {"inputs", &Terms::inputs}, {"outputs", &Terms::outputs}, {"parameters", &Terms::parameters}};

/// A convention with all that it points to.
struct Owned {
  std::deque<std::string> texts;
  std::deque<Terms> terms;
  std::vector<ClassRule> class_rules;
  std::vector<OpRule> op_rules;
  std::vector<const ParamTest*> param_tests;
  Convention convention;
};

class Reader : TomlReader {
 public:
  Reader(const std::string& path, Owned& owned) : TomlReader(path), owned_(owned), convention_(owned.convention) {}

  void read(const toml::table& file) {
    if (const toml::node* base = file.get("base")) convention_ = find_base(*base);
    owned_.param_tests.assign(convention_.params.only.begin(), convention_.params.only.end());
    convention_.tool = {};
    convention_.doc = "";
    convention_.name = keep(to_text(to_path(path()).stem()));
    for (const auto& [key, node] : file) read_key(std::string(key.str()), node);
    if (std::ranges::find(conventions(), convention_.name, &Convention::name) != conventions().end()) {
      const toml::node* name = file.get("name");
      fail(name ? *name : file, "name",
           formatted("there is a convention '{}' already; give this one another name", convention_.name));
    }
    add_rules_of_base();
    convention_.params.only = owned_.param_tests;
  }

 private:
  const Convention& find_base(const toml::node& node) const {
    const std::string name = text_of(node, "base");
    return *checked(node, "base", [&] { return &find_convention(name); });
  }

  void read_key(const std::string& key, const toml::node& node) {
    if (key == "base") return;
    if (key == "name") {
      convention_.name = keep(text_of(node, key));
    } else if (key == "doc") {
      convention_.doc = keep(text_of(node, key));
    } else if (key == "unit") {
      convention_.unit = read_unit(node);
    } else if (key == "prices") {
      for (const auto& [kind, price] : table_of(node, key, "[" + key + "]")) {
        read_price(convention_.prices, std::string(kind.str()), price, key + "." + std::string(kind.str()));
      }
    } else if (key == "parameters") {
      for (const auto& [name, on] : table_of(node, key, "[" + key + "]")) read_param_test(name.str(), on);
    } else if (key == "modules") {
      for (const auto& [cls, terms] : table_of(node, key, "[" + key + "]")) {
        owned_.class_rules.push_back({.cls = keep(std::string(cls.str())),
                                      .cost = nullptr,
                                      .terms = &read_terms(terms, formatted("modules.\"{}\"", cls.str()))});
      }
    } else if (key == "operators") {
      for (const auto& [name, terms] : table_of(node, key, "[" + key + "]")) {
        owned_.op_rules.push_back({.name = keep(std::string(name.str())),
                                   .cost = nullptr,
                                   .terms = &read_terms(terms, formatted("operators.\"{}\"", name.str()))});
      }
    } else if (const auto row = std::ranges::find(kSwitches, key, &Switch::key); row != std::end(kSwitches)) {
      convention_.*row->field = flag_of(node, key);
    } else {
      std::vector<std::string_view> known = keys_of(kSwitches);
      known.insert(known.end(), {"base", "doc", "modules", "name", "operators", "parameters", "prices", "unit"});
      std::ranges::sort(known);
      unknown(node, key, "key", key, known);
    }
  }

  static std::vector<std::string_view> keys_of(const auto& rows) {
    std::vector<std::string_view> keys;
    for (const auto& row : rows) keys.push_back(row.key);
    return keys;
  }

  std::string_view keep(std::string text) { return owned_.texts.emplace_back(std::move(text)); }

  Unit read_unit(const toml::node& node) const {
    const std::string text = text_of(node, "unit");
    if (text == "MAC") return Unit::mac;
    if (text == "FLOP") return Unit::flop;
    must_be(node, "unit", "\"MAC\" or \"FLOP\"");
  }

  void read_param_test(std::string_view name, const toml::node& node) {
    const std::string key = "parameters." + std::string(name);
    const std::span<const ParamTest* const> tests = named_param_tests();
    const auto test = std::ranges::find(tests, name, &ParamTest::name);
    if (name == kNormStatistics) {
      convention_.params.norm_statistics = flag_of(node, key);
    } else if (test != tests.end()) {
      std::erase(owned_.param_tests, *test);
      if (flag_of(node, key)) owned_.param_tests.push_back(*test);
    } else {
      std::vector<std::string_view> known{kNormStatistics};
      for (const ParamTest* each : tests) known.push_back(each->name);
      unknown(node, key, "key", name, known);
    }
  }

  void read_price(Prices& prices, const std::string& kind, const toml::node& node, const std::string& key) const {
    const auto known = std::ranges::find(kKindNames, kind);
    if (known == kKindNames.end()) unknown(node, key, "kind of work", kind, kKindNames);
    prices[static_cast<Kind>(known - kKindNames.begin())] = static_cast<std::uint8_t>(whole_number(node, key, 0, 255));
  }

  const Terms& read_terms(const toml::node& node, const std::string& key) {
    Terms& terms = owned_.terms.emplace_back();
    for (const auto& [part, value] : table_of(node, key, "{ outputs = 2, pays = \"activation\" }")) {
      const std::string name(part.str()), inner = key + "." + name;
      const auto amount = std::ranges::find(kAmounts, name, &Amount::key);
      if (amount != std::end(kAmounts)) {
        terms.*amount->field = static_cast<std::uint64_t>(whole_number(value, inner, 0, kMostPerElement));
      } else if (name == "pays") {
        terms.pays = read_kind(value, inner);
      } else if (std::ranges::find(kKindNames, name) != kKindNames.end()) {
        read_price(terms.prices, name, value, inner);
      } else {
        std::vector<std::string_view> known = keys_of(kAmounts);
        known.push_back("pays");
        known.insert(known.end(), kKindNames.begin(), kKindNames.end());
        unknown(value, inner, "key", name, known);
      }
    }
    return terms;
  }

  Kind read_kind(const toml::node& node, const std::string& key) const {
    const std::string text = text_of(node, key);
    const auto known = std::ranges::find(kKindNames, text);
    if (known == kKindNames.end()) unknown(node, key, "kind of work", text, kKindNames);
    return static_cast<Kind>(known - kKindNames.begin());
  }

  /// Those of the file come first; they take the place of the base's for the same class or operator.
  void add_rules_of_base() {
    for (const ClassRule& rule : convention_.class_rules) {
      if (std::ranges::find(owned_.class_rules, rule.cls, &ClassRule::cls) == owned_.class_rules.end()) {
        owned_.class_rules.push_back(rule);
      }
    }
    for (const OpRule& rule : convention_.op_rules) {
      if (std::ranges::find(owned_.op_rules, rule.name, &OpRule::name) == owned_.op_rules.end()) {
        owned_.op_rules.push_back(rule);
      }
    }
    convention_.class_rules = owned_.class_rules;
    convention_.op_rules = owned_.op_rules;
  }

  Owned& owned_;
  Convention& convention_;
};

}  // namespace

std::shared_ptr<const Convention> open_convention(const std::string& name_or_path) {
  if (const auto text = convention_text(name_or_path)) return parse_convention(name_or_path, *text);
  return {std::shared_ptr<void>(), &find_convention(name_or_path)};  // lives as long as the process
}

std::optional<std::string> convention_text(const std::string& name_or_path) {
  if (!name_or_path.ends_with(kEnding)) return std::nullopt;
  return std::string(FileBytes(name_or_path).all());
}

std::shared_ptr<const Convention> parse_convention(const std::string& path, std::string_view text) {
  const auto owned = std::make_shared<Owned>();
  Reader(path, *owned).read(parse_toml(path, text));
  return {owned, &owned->convention};
}

}  // namespace thoplw
