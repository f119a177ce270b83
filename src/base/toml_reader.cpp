// Checks values of TOML, and says what stands in their place.
#include "base/toml_reader.h"

#include "base/formatted.h"
#include "base/suggest.h"

namespace thoplw {
namespace {

/// As an error names a value: "-1", "\"mac\"", "a list".
std::string shown(const toml::node& node) {
  if (const auto* text = node.as_string()) return formatted("\"{}\"", text->get());
  if (const auto* number = node.as_integer()) return formatted("{}", number->get());
  if (const auto* number = node.as_floating_point()) return formatted("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return node.is_array() ? "a list" : node.is_table() ? "a table" : "a date or a time";
}

}  // namespace

std::string TomlReader::where(const toml::node& node, const std::string& key) const {
  return formatted("{}:{}: {}", path_, node.source().begin.line, key);
}

void TomlReader::fail(const toml::node& node, const std::string& key, const std::string& what) const {
  throw Error(where(node, key) + ": " + what);
}

void TomlReader::must_be(const toml::node& node, const std::string& key, std::string_view what) const {
  fail(node, key, formatted("must be {}, not {}", what, shown(node)));
}

void TomlReader::unknown(const toml::node& node, const std::string& key, std::string_view what, std::string_view given,
                         std::span<const std::string_view> known) const {
  fail(node, key, did_you_mean(what, given, known));
}

std::string TomlReader::text_of(const toml::node& node, const std::string& key) const {
  const toml::value<std::string>* text = node.as_string();
  if (!text) must_be(node, key, "a text in quotes");
  if (text->get().empty()) fail(node, key, "must not be empty");
  return text->get();
}

bool TomlReader::flag_of(const toml::node& node, const std::string& key) const {
  const toml::value<bool>* flag = node.as_boolean();
  if (!flag) must_be(node, key, "true or false");
  return flag->get();
}

std::int64_t TomlReader::whole_number(const toml::node& node, const std::string& key, std::int64_t least,
                                      std::int64_t most) const {
  const toml::value<std::int64_t>* number = node.as_integer();
  const bool bounded = most != std::numeric_limits<std::int64_t>::max();
  if (!number || number->get() < least || number->get() > most) {
    must_be(node, key, bounded ? formatted("a whole number from {} to {}", least, most) : "a whole number");
  }
  return number->get();
}

const toml::table& TomlReader::table_of(const toml::node& node, const std::string& key,
                                        std::string_view example) const {
  const toml::table* table = node.as_table();
  if (!table) must_be(node, key, formatted("a table, such as {}", example));
  return *table;
}

}  // namespace thoplw
