// clever_format: a count in units of 1000, in the printf format that the user wants.
#include <fmt/printf.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/amount.h"
#include "base/error.h"
#include "render/render.h"

namespace thoplw {
namespace {

/// A printf format of one real number, taken apart: "about %6.2f" is {"about ", "%6.2f", ""}.
struct RealFormat {
  std::string before, spec, after;
};

/// The length of the conversion at the start of `text`, "%" [flags] [width] [.precision] then one of fFeEgG; 0 if none.
std::size_t conversion_length(std::string_view text) {
  constexpr std::size_t kDigits = 2;  // a width or precision of 100 and more is a slip
  constexpr std::string_view kDigit = "0123456789";
  const auto skip = [&](std::size_t from) { return std::min(text.find_first_not_of(kDigit, from), text.size()); };
  const auto width = std::min(text.find_first_not_of("-+ #0", 1), text.size());
  auto end = skip(width);
  if (end - width > kDigits) return 0;
  if (text.substr(end, 1) == ".") {
    const auto precision = end + 1;
    end = skip(precision);
    if (end - precision > kDigits) return 0;
  }
  return end < text.size() && std::string_view("fFeEgG").find(text[end]) != std::string_view::npos ? end + 1 : 0;
}

RealFormat parse_real_format(const std::string& format) {
  RealFormat parts;
  for (std::size_t i = 0; i < format.size();) {
    const std::string_view rest = std::string_view(format).substr(i);
    std::string& literal = parts.spec.empty() ? parts.before : parts.after;
    const bool percent_sign = rest.starts_with("%%");
    if (rest.front() != '%' || percent_sign) {
      literal += rest.front();
      i += percent_sign ? 2 : 1;
      continue;
    }
    const auto length = conversion_length(rest);
    if (length == 0 || !parts.spec.empty()) {
      parts.spec.clear();
      break;
    }
    parts.spec = rest.substr(0, length);
    i += length;
  }
  if (parts.spec.empty()) {
    throw Error("'" + format + "' is no printf format of one real number: give one such as '%6.2f' or '%.3g'");
  }
  return parts;
}

/// What a formatted number says, after rounding.
double value_of(std::string_view text) { return take_real(text).value_or(0); }

}  // namespace

std::string clever_format(Count value, const std::string& format) {
  constexpr std::array<std::string_view, 7> kUnits = {"", " K", " M", " G", " T", " P", " E"};
  const RealFormat parts = parse_real_format(format);
  double scale = 1;
  for (std::size_t unit = 0;; ++unit, scale *= 1000) {
    const std::string number = fmt::sprintf(parts.spec, static_cast<double>(value.value()) / scale);
    if (value_of(number) < 1000 || unit + 1 == kUnits.size()) {  // 999999 rounds to 1.00 M, not to 1000.00 K
      return parts.before + number + parts.after + std::string(kUnits[unit]);
    }
  }
}

}  // namespace thoplw
