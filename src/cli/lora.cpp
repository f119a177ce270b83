// Takes the settings of adapters apart.
#include "cli/lora.h"

#include <cmath>
#include <cstdlib>

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

double number(const std::string& name, const std::string& text, double least, double most, bool whole) {
  char* end = nullptr;
  const bool plain = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
  const double value = plain ? std::strtod(text.c_str(), &end) : -1;
  if (!plain || *end != '\0' || value < least || value > most || (whole && value != std::floor(value))) {
    throw Error(
        formatted("lora: {} '{}' is not a {}number of {} to {}", name, text, whole ? "whole " : "", least, most));
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
      lora.rank = static_cast<int>(number(name, value, 1, 1 << 20, true));
    } else if (name == "targets" && !value.empty()) {
      lora.targets = split(value, '+');
    } else if (name == "dropout") {
      lora.dropout = number(name, value, 0, 1, false);
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
