// Reads numbers without rounding: digits stay digits until they are whole.
#include "base/amount.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/system/process.h"
#include "base/wide.h"

namespace thoplw {
namespace {

struct Scale {
  char letter;
  int power;
};
constexpr Scale kScales[] = {{'k', 3}, {'K', 3}, {'M', 6}, {'G', 9}, {'B', 9}, {'T', 12}, {'P', 15}};

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

void skip_spaces(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

/// "e9", "e+9" or "E-3" at the start of the text, which is cut off; 0 where there is none.
int take_exponent(std::string_view& text) {
  if (!text.starts_with('e') && !text.starts_with('E')) return 0;
  std::string_view digits = text.substr(1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  constexpr int kMost = 30;
  if (error != std::errc() || exponent < -kMost || exponent > kMost) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return exponent;
}

/// A decimal number as a whole one and how many of its digits stand behind the point; false where it is none.
bool split_decimals(std::string digits, std::string& whole, int& decimals) {
  const auto point = digits.find('.');
  decimals = point == std::string::npos ? 0 : static_cast<int>(digits.size() - point - 1);
  if (point != std::string::npos) digits.erase(point, 1);
  whole = digits;
  return !digits.empty() && std::ranges::all_of(digits, is_digit);
}

bool to_number(const std::string& digits, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size();
}

/// "2g" -> "2G": a letter that stands last is no unit of anything.
std::string with_large_letter(std::string_view text) {
  std::string large(text);
  if (!large.empty() && std::string_view("mgt").find(large.back()) != std::string_view::npos) {
    large.back() = static_cast<char>(std::toupper(static_cast<unsigned char>(large.back())));
  }
  return large;
}

}  // namespace

Written take_apart(std::string_view given) {
  const std::string large = with_large_letter(given);
  std::string_view text = large;
  Written written;
  while (!text.empty() && (is_digit(text.front()) || text.front() == '.' || text.front() == '_')) {
    const bool between =
        !written.digits.empty() && text.size() > 1 && is_digit(written.digits.back()) && is_digit(text[1]);
    if (text.front() == '_' && !between) break;
    if (text.front() != '_') written.digits += text.front();
    text.remove_prefix(1);
  }
  written.power = take_exponent(text);
  skip_spaces(text);
  const auto* scale = std::ranges::find_if(kScales, [&](const Scale& s) { return text.starts_with(s.letter); });
  if (scale != std::end(kScales)) {
    written.power += scale->power;
    text.remove_prefix(1);
  }
  skip_spaces(text);
  written.rest = text;
  return written;
}

// Not by std::from_chars, which libc++ has for whole numbers only.
std::optional<double> take_real(std::string_view& text) {
  const std::string copy(text);
  char* end = nullptr;
  const double value = system::to_real(copy.c_str(), &end);
  if (end == copy.c_str() || !std::isfinite(value)) return {};
  text.remove_prefix(static_cast<std::size_t>(end - copy.c_str()));
  return value;
}

Count parse_amount(std::string_view text) {
  const auto fail = [&](std::string_view why) {
    throw Error("'" + std::string(text) + "' is not a " + std::string(why) +
                "; write one such as 2G, 1.82G or 12_000_000");
  };
  const Written written = take_apart(text);
  std::string whole;
  int decimals = 0;
  if (!split_decimals(written.digits, whole, decimals) || !written.rest.empty()) fail("count");
  int zeros = written.power - decimals;
  while (zeros < 0 && whole.ends_with('0') && whole.size() > 1) {
    whole.pop_back();
    ++zeros;
  }
  if (zeros < 0 && whole != "0") fail("whole number");
  if (whole.find_first_not_of('0') != std::string::npos) whole.append(static_cast<std::size_t>(zeros), '0');
  std::uint64_t number = 0;
  if (!to_number(whole, number)) fail("count below 2^64");
  return number;
}

Count parse_bytes(std::string_view text) {
  constexpr std::string_view kUnits = "KMGTP";
  const auto fail = [&]() -> Count {
    throw Error("'" + std::string(text) + "' is not an amount of memory; write one such as 24G or 24GiB");
  };
  std::string large(text);
  std::ranges::transform(large, large.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string_view number = large;
  if (number.ends_with('B')) number.remove_suffix(1);
  const bool binary = number.ends_with('I');
  if (binary) number.remove_suffix(1);
  const std::size_t power = number.empty() ? std::string_view::npos : kUnits.find(number.back());
  if (binary && (power == std::string_view::npos || number.size() < 2)) fail();
  try {
    if (!binary) return parse_amount(number);
    number.remove_suffix(1);
    while (number.ends_with(' ')) number.remove_suffix(1);
    const Count thousandths = parse_amount(std::string(number) + "K");
    return (thousandths * (std::uint64_t{1} << (10 * (power + 1)))).value() / 1000;
  } catch (const Error&) {
    return fail();
  }
}

Count parse_time(std::string_view text) {
  constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
      {"ps", 1}, {"ns", 1'000}, {"us", 1'000'000}, {"ms", 1'000'000'000}, {"s", 1'000'000'000'000}};
  for (const auto& [unit, size] : kUnits) {
    if (!text.ends_with(unit)) continue;
    std::string_view number = text.substr(0, text.size() - unit.size());
    while (number.ends_with(' ')) number.remove_suffix(1);
    std::string_view rest = number;
    const std::optional<double> value = take_real(rest);
    const double time = value.value_or(-1) * static_cast<double>(size);
    if (!rest.empty() || time < 0 || time > 1e19) break;
    return static_cast<std::uint64_t>(time + 0.5);
  }
  throw Error("'" + std::string(text) + "' is not a time; write one such as 2ms, 40us or 1.5s");
}

Percent parse_percent(std::string_view text) {
  constexpr std::uint64_t kMost = 1'000'000;
  constexpr int kMostDecimals = 6;
  const std::string_view number = text.substr(0, text.find('%'));
  std::string whole;
  int decimals = 0;
  Percent percent;
  const bool ends_so = text.size() == number.size() + 1;
  if (!ends_so || !split_decimals(std::string(number), whole, decimals) || decimals > kMostDecimals ||
      !to_number(whole, percent.digits)) {
    throw Error("'" + std::string(text) + "' is not a percentage; write one such as 1% or 0.5%");
  }
  for (int i = 0; i < decimals; ++i) percent.per *= 10;
  if (percent.digits / (percent.per / 100) >= kMost) throw Error("'" + std::string(text) + "' is more than 1000000%");
  return percent;
}

// 2^64 times 10^6 percent in millionths is below 2^128.
Count plus(Count base, Percent percent) {
  const UnsignedWide more = static_cast<UnsignedWide>(base.value()) * percent.digits / percent.per;
  if (more > std::numeric_limits<std::uint64_t>::max()) throw Error("the limit exceeds 2^64: lower the tolerance");
  return base + Count(static_cast<std::uint64_t>(more));
}

}  // namespace thoplw
