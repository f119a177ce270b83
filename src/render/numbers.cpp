// Writes counts raw, in units of 1000, and as shares.
#include "render/numbers.h"

#include <algorithm>

#include "base/formatted.h"

namespace thoplw {

std::string number_text(Amount amount, Count total, NumberFormat numbers) {
  std::string text;
  if (numbers == NumberFormat::ratio) {
    text = share_text(amount.value, total);
  } else {
    text = numbers == NumberFormat::clever ? clever_format(amount.value) : std::to_string(amount.value.value());
  }
  return amount.exact ? text : ">=" + unpadded(text);
}

std::string share_text(Count part, Count whole) {
  const auto all = static_cast<double>(whole.value());
  return formatted("{:5.2f} %", all > 0 ? 100 * static_cast<double>(part.value()) / all : 0.0);
}

std::string signed_text(std::int64_t amount, Count base, NumberFormat numbers) {
  const Count size = amount < 0 ? -amount : amount;
  const std::string text = unpadded(number_text({size}, base, numbers));
  return amount == 0 ? text : (amount < 0 ? "-" : "+") + text;
}

std::string unpadded(const std::string& number) {
  return number.substr(std::min(number.find_first_not_of(' '), number.size()));
}

std::string short_number(Amount amount) {
  const std::string number =
      amount.value < 1000 ? std::to_string(amount.value.value()) : unpadded(clever_format(amount.value));
  return (amount.exact ? "" : "≥ ") + number;
}

std::string grouped(Amount amount) {
  std::string text = std::to_string(amount.value.value());
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return (amount.exact ? "" : "≥ ") + text;
}

}  // namespace thoplw
