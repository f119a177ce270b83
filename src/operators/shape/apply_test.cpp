// Reads arguments from text, applies a shape rule and writes its results as text.
#include "operators/shape/apply_test.h"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <charconv>
#include <deque>
#include <optional>

#include "base/amount.h"
#include "base/formatted.h"
#include "operators/shape/strides.h"

namespace thoplw::shape {
namespace {

std::vector<std::string_view> parted(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(by), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <typename Number>
Number number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  REQUIRE_MESSAGE((error == std::errc() && end == text.data() + text.size()), "not a number: ", std::string(text));
  return value;
}

double real(std::string_view text) {
  std::string_view rest = text;
  const std::optional<double> value = take_real(rest);
  REQUIRE_MESSAGE((value && rest.empty()), "not a number: ", std::string(text));
  return *value;
}

/// "[1,2]"
Dims ints(std::string_view text) {
  REQUIRE((text.starts_with('[') && text.ends_with(']')));
  Dims values;
  for (const std::string_view part : parted(text.substr(1, text.size() - 2), ',')) {
    values.push_back(number<std::int64_t>(part));
  }
  return values;
}

Strided strided(std::string_view text) {
  const std::size_t sizes = text.find('['), at = text.find('@');
  const std::optional<DType> dtype = dtype_named(text.substr(0, sizes));
  REQUIRE_MESSAGE((dtype && sizes != text.npos), "not a tensor: ", std::string(text));
  Strided x{*dtype, ints(text.substr(sizes, at == text.npos ? at : at - sizes)), {}};
  x.strides = at == text.npos ? contiguous_strides(x.sizes) : ints(text.substr(at + 1));
  REQUIRE(x.strides.size() == x.sizes.size());
  return x;
}

/// Arguments and what they point into.
struct Reader {
  std::deque<Strided> tensors;
  std::deque<Dims> dims;
  std::deque<std::vector<const Strided*>> lists;
  std::deque<std::vector<double>> reals;

  Arg read(std::string_view text) {
    if (text == "none") return {};
    if (text == "true" || text == "false") return {.kind = Arg::Kind::boolean, .integer = text == "true"};
    const std::string_view inner = text.size() > 1 ? text.substr(1, text.size() - 2) : "";
    switch (text.front()) {
      case '\'':
        return {.kind = Arg::Kind::text, .text = inner};
      case '<':
        return {.kind = Arg::Kind::other, .text = inner};
      case ':':
        return {.kind = Arg::Kind::dtype, .dtype = dtype_named(text.substr(1)).value()};
      case '[':
        if (text.find('.') != text.npos) return read_reals(inner);
        return {.kind = Arg::Kind::ints, .ints = dims.emplace_back(ints(text))};
      case '(':
        return read_list(inner);
      default:
        break;
    }
    if (text.find('[') != text.npos) return {.kind = Arg::Kind::tensor, .tensor = &tensors.emplace_back(strided(text))};
    if (text.find('.') != text.npos) return {.kind = Arg::Kind::real, .real = real(text)};
    const auto value = number<std::int64_t>(text);
    return {.kind = Arg::Kind::integer, .integer = value, .real = static_cast<double>(value)};
  }

  Arg read_reals(std::string_view text) {
    std::vector<double>& list = reals.emplace_back();
    for (const std::string_view part : parted(text, ',')) list.push_back(real(part));
    return {.kind = Arg::Kind::reals, .reals = list};
  }

  Arg read_list(std::string_view text) {
    std::vector<const Strided*>& list = lists.emplace_back();
    for (const std::string_view part : parted(text, ';')) {
      list.push_back(part == "none" ? nullptr : &tensors.emplace_back(strided(part)));
    }
    return {.kind = Arg::Kind::tensors, .tensors = list};
  }
};

std::string written(const Result& result) {
  if (result.same) return "same";
  const Strided& x = result.tensor;
  std::string text = formatted("{}[{}]", name(x.dtype), fmt::join(x.sizes, ","));
  if (x.strides != contiguous_strides(x.sizes)) text += formatted("@[{}]", fmt::join(x.strides, ","));
  if (result.alias_of >= 0) text = "view " + text;
  return result.offset == 0 ? text : formatted("{}+{}", text, result.offset);
}

}  // namespace

std::string apply(ShapeFn rule, std::string_view args) {
  Reader reader;
  std::vector<Arg> read;
  for (const std::string_view part : parted(args, ' ')) read.push_back(reader.read(part));
  std::vector<Result> results;
  if (!rule(read, results)) return "?";
  std::vector<std::string> texts;
  for (const Result& result : results) texts.push_back(written(result));
  return formatted("{}", fmt::join(texts, " "));
}

}  // namespace thoplw::shape
