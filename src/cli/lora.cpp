// Takes the settings of adapters apart.
#include "cli/lora.h"

#include <charconv>

#include "base/formatted.h"

namespace thoplw::cli {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(separator, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

template <class Number>
Number number(const std::string& name, const std::string& text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= least && value <= most)) {
    throw Error(formatted("lora: {} '{}' is not a number of {} to {}", name, text, least, most));
  }
  return value;
}

}  // namespace

Lora parse_lora(const std::string& text) {
  Lora lora;
  for (const std::string& setting : split(text, ',')) {
    const std::size_t equals = setting.find('=');
    const std::string name = setting.substr(0, equals),
                      value = equals == std::string::npos ? "" : setting.substr(equals + 1);
    if (name == "r") {
      lora.rank = number<int>(name, value, 1, 1 << 20);
    } else if (name == "targets" && !value.empty()) {
      lora.targets = split(value, '+');
    } else if (name == "dropout") {
      lora.dropout = number<double>(name, value, 0, 1);
    } else {
      throw Error(
          formatted("lora '{}' is not r=RANK, targets=NAME+NAME or dropout=SHARE, separated by commas", setting));
    }
  }
  if (lora.targets.empty())
    throw Error("lora names no targets: write which linear layers, as in targets=q_proj+v_proj");
  return lora;
}

}  // namespace thoplw::cli
