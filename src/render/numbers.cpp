// Writes counts raw, in units of 1000, and as shares.
#include "render/numbers.h"

#include <algorithm>

#include "base/formatted.h"

namespace thoplw {
namespace {

/// What is less than a thousand is written whole, under the digits of the others.
std::string clever_text(Count value) { return value < 1000 ? formatted("{:>6}", value.value()) : clever_format(value); }

}  // namespace

std::string number_text(Amount amount, Count total, NumberFormat numbers) {
  std::string text;
  if (numbers == NumberFormat::ratio) {
    text = share_text(amount.value, total);
  } else if (amount.seconds && numbers != NumberFormat::digits) {
    text = time_text(amount.value);
  } else {
    text = numbers == NumberFormat::clever ? clever_text(amount.value) : std::to_string(amount.value.value());
  }
  return amount.exact ? text : ">=" + unpadded(text);
}

std::string share_text(Count part, Count whole) {
  const auto all = static_cast<double>(whole.value());
  return formatted("{:5.2f} %", all > 0 ? 100 * static_cast<double>(part.value()) / all : 0.0);
}

std::string time_text(Count picoseconds) {
  constexpr std::pair<std::uint64_t, std::string_view> kUnits[] = {
      {1'000'000'000'000, "s"}, {1'000'000'000, "ms"}, {1'000'000, "us"}, {1'000, "ns"}};
  for (const auto& [size, name] : kUnits) {
    if (picoseconds < size) continue;
    return formatted("{:.4g} {}", static_cast<double>(picoseconds.value()) / static_cast<double>(size), name);
  }
  return formatted("{} {}", picoseconds.value(), picoseconds == 0 ? "s" : "ps");
}

std::string quotient_text(Count of, Count per) {
  if (per == 0) return "";
  const double quotient = static_cast<double>(of.value()) / static_cast<double>(per.value());
  return quotient >= 100 ? formatted("{:.0f}", quotient) : formatted("{:.3g}", quotient);
}

std::string signed_text(std::int64_t amount, Count base, NumberFormat numbers, bool seconds) {
  const Count size = amount < 0 ? -amount : amount;
  const std::string text = unpadded(number_text({size, true, seconds}, base, numbers));
  return amount == 0 ? text : (amount < 0 ? "-" : "+") + text;
}

std::string unpadded(const std::string& number) {
  return number.substr(std::min(number.find_first_not_of(' '), number.size()));
}

std::string short_number(Amount amount) {
  const std::string number = amount.seconds        ? time_text(amount.value)
                             : amount.value < 1000 ? std::to_string(amount.value.value())
                                                   : unpadded(clever_format(amount.value));
  return (amount.exact ? "" : "≥ ") + number;
}

std::string grouped(Amount amount) {
  if (amount.seconds) return short_number(amount);
  std::string text = std::to_string(amount.value.value());
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return (amount.exact ? "" : "≥ ") + text;
}

}  // namespace thoplw
