// Parses both ways in which sizes are written: sympy's own form, Add(Symbol('s0'), Integer(1)), and s0 + 1.
#include "load/build/symbols.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <unordered_set>

#include "base/error.h"
#include "base/overflow.h"
#include "base/wide.h"

namespace thoplw {
namespace {

constexpr int kDeepest = 100;  ///< parentheses in parentheses

/// Exact, in lowest terms, with a positive denominator; never INT64_MIN, whose negative leaves 64 bits.
struct Fraction {
  std::int64_t num = 0, den = 1;
};

[[noreturn]] void too_large() { throw Error("a size leaves 64 bits"); }

Fraction make_fraction(Wide num, Wide den) {
  if (den == 0) throw Error("a size divides by zero");
  if (den < 0) {
    num = -num;
    den = -den;
  }
  Wide a = num < 0 ? -num : num, b = den;
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  if (a > 1) {
    num /= a;
    den /= a;
  }
  constexpr Wide kMost = INT64_MAX;
  if (num > kMost || num < -kMost || den > kMost) too_large();
  return {static_cast<std::int64_t>(num), static_cast<std::int64_t>(den)};
}

Fraction add(Fraction a, Fraction b) {
  return make_fraction(Wide(a.num) * b.den + Wide(b.num) * a.den, Wide(a.den) * b.den);
}
Fraction negated(Fraction a) { return {-a.num, a.den}; }
Fraction multiply(Fraction a, Fraction b) { return make_fraction(Wide(a.num) * b.num, Wide(a.den) * b.den); }
Fraction divide(Fraction a, Fraction b) { return make_fraction(Wide(a.num) * b.den, Wide(a.den) * b.num); }
bool less(Fraction a, Fraction b) { return Wide(a.num) * b.den < Wide(b.num) * a.den; }
Fraction floor(Fraction a) {
  const std::int64_t whole = a.num / a.den;
  return {a.num % a.den < 0 ? whole - 1 : whole, 1};
}
Fraction ceiling(Fraction a) { return negated(floor(negated(a))); }
Fraction truncated(Fraction a) { return {a.num / a.den, 1}; }
Fraction floor_divide(Fraction a, Fraction b) { return floor(divide(a, b)); }
Fraction ceiling_divide(Fraction a, Fraction b) { return ceiling(divide(a, b)); }
Fraction modulo(Fraction a, Fraction b) { return add(a, negated(multiply(b, floor_divide(a, b)))); }
Fraction least(Fraction a, Fraction b) { return less(b, a) ? b : a; }
Fraction greatest(Fraction a, Fraction b) { return less(a, b) ? b : a; }
Fraction same(Fraction a) { return a; }
Fraction absolute(Fraction a) { return {a.num < 0 ? -a.num : a.num, a.den}; }

Fraction power(Fraction base, Fraction exponent) {
  if (exponent.den != 1 || exponent.num < -64 || exponent.num > 64) throw Error("a size has an exponent out of range");
  Fraction result{1, 1};
  for (std::int64_t i = 0; i < std::abs(exponent.num); ++i) result = multiply(result, base);
  return exponent.num < 0 ? divide({1, 1}, result) : result;
}

struct Unary {
  std::string_view name;
  Fraction (*apply)(Fraction);
};
constexpr Unary kUnary[] = {{"Abs", absolute}, {"CeilToInt", ceiling}, {"FloorToInt", floor},     {"Identity", same},
                            {"Integer", same}, {"ToFloat", same},      {"TruncToInt", truncated}, {"abs", absolute},
                            {"ceil", ceiling}, {"ceiling", ceiling},   {"floor", floor}};

struct Binary {
  std::string_view name;
  Fraction (*apply)(Fraction, Fraction);
  bool folds;  ///< takes any number of arguments, from left to right
};
constexpr Binary kBinary[] = {
    {"Add", add, true},
    {"CeilDiv", ceiling_divide, false},
    {"CleanDiv", floor_divide, false},
    {"FloatTrueDiv", divide, false},
    {"FloorDiv", floor_divide, false},
    {"IntTrueDiv", divide, false},
    {"Max", greatest, true},
    {"Min", least, true},
    {"Mod", modulo, false},
    {"Mul", multiply, true},
    {"Pow", power, false},
    {"PowByNatural", power, false},
    {"PythonMod", modulo, false},
    {"Rational", divide, false},
};

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.'; }

/// Reads an expression; symbols without a value are gathered, and then no result is given.
class Reader {
 public:
  Reader(std::string_view text, const Symbols* symbols) : text_(text), symbols_(symbols) {}

  Fraction whole() {
    const Fraction result = sum();
    if (next() != '\0') fail("'" + std::string(text_.substr(at_)) + "' is left over");
    return result;
  }

  std::vector<std::string> symbols;  ///< met, each once
  bool known = true;                 ///< all had a value

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error("the size '" + std::string(text_.substr(0, 200)) + "' is not understood: " + why);
  }

  char next() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(std::string_view token) {
    next();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token)) fail("'" + std::string(token) + "' is missing");
  }

  Fraction sum() {
    if (++depth_ > kDeepest) fail("it is too deep");
    Fraction value = product();
    while (true) {
      if (take("+")) {
        value = add(value, product());
      } else if (take("-")) {
        value = add(value, negated(product()));
      } else {
        --depth_;
        return value;
      }
    }
  }

  Fraction product() {
    Fraction value = factor();
    while (true) {
      if (take("//")) {
        value = apply(floor_divide, value, factor());
      } else if (take("*")) {
        value = multiply(value, factor());
      } else if (take("/")) {
        value = apply(divide, value, factor());
      } else if (take("%")) {
        value = apply(modulo, value, factor());
      } else {
        return value;
      }
    }
  }

  Fraction factor() {
    bool minus = false;
    while (take("-")) minus = !minus;
    Fraction value = primary();
    if (take("**")) value = apply(power, value, signed_primary());
    return minus ? negated(value) : value;
  }

  Fraction signed_primary() { return take("-") ? negated(primary()) : primary(); }

  /// With a symbol that has no value there is no result: nothing may fail for it.
  Fraction apply(Fraction (*f)(Fraction, Fraction), Fraction a, Fraction b) { return known ? f(a, b) : Fraction{1, 1}; }

  Fraction primary() {
    const char c = next();
    if (take("(")) {
      const Fraction value = sum();
      expect(")");
      return value;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) return number();
    if (!starts_name(c)) fail(c == '\0' ? "it ends too soon" : std::string("'") + c + "' stands there");
    const std::string name = word();
    if (!take("(")) return symbol(name);
    if (name == "Symbol") return quoted_symbol();
    return function(name);
  }

  Fraction number() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) too_large();
    at_ = static_cast<std::size_t>(end - text_.data());
    if (at_ < text_.size() && text_[at_] == '.') {  // a float that is whole: 2.0
      const std::size_t digits = ++at_;
      while (at_ < text_.size() && text_[at_] == '0') ++at_;
      if (at_ == digits || (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0)) {
        fail("a size has no decimals");
      }
    }
    return {value, 1};
  }

  std::string word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && in_name(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Fraction symbol(const std::string& name) {
    if (met_.insert(name).second) symbols.push_back(name);
    if (symbols_) {
      if (const auto found = symbols_->find(name); found != symbols_->end()) return make_fraction(found->second, 1);
    }
    known = false;
    return {1, 1};
  }

  /// 's0', positive=True, integer=True)
  Fraction quoted_symbol() {
    const char quote = next();
    if (quote != '\'' && quote != '"') fail("a symbol has its name in quotes");
    const std::size_t end = text_.find(quote, ++at_);
    if (end == std::string_view::npos) fail("a quote is not closed");
    const std::string name(text_.substr(at_, end - at_));
    at_ = end + 1;
    while (take(",")) {  // assumptions
      next();
      word();
      expect("=");
      next();
      word();
    }
    expect(")");
    return symbol(name);
  }

  Fraction function(const std::string& name) {
    std::vector<Fraction> arguments;
    do {
      arguments.push_back(sum());
    } while (take(","));
    expect(")");
    const auto* unary = std::ranges::find(kUnary, name, &Unary::name);
    if (unary != std::end(kUnary) && arguments.size() == 1) return known ? unary->apply(arguments[0]) : Fraction{1, 1};
    if (name == "ModularIndexing" && arguments.size() == 3) {
      return apply(modulo, apply(floor_divide, arguments[0], arguments[1]), arguments[2]);
    }
    const auto* binary = std::ranges::find(kBinary, name, &Binary::name);
    if (binary == std::end(kBinary)) fail("function " + name + " is unknown");
    if (!binary->folds && arguments.size() != 2) fail("function " + name + " takes two arguments");
    Fraction value = arguments[0];
    for (std::size_t i = 1; i < arguments.size(); ++i) value = apply(binary->apply, value, arguments[i]);
    return value;
  }

  std::string_view text_;
  const Symbols* symbols_;
  std::unordered_set<std::string> met_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::vector<std::string> symbols_in(std::string_view expression) {
  Reader reader(expression, nullptr);
  reader.whole();
  return reader.symbols;
}

std::optional<std::int64_t> evaluate(std::string_view expression, const Symbols& symbols) {
  Reader reader(expression, &symbols);
  const Fraction value = reader.whole();
  if (!reader.known) return std::nullopt;
  if (value.den != 1) {
    throw Error("the size '" + std::string(expression.substr(0, 200)) + "' is not a whole number for these dimensions");
  }
  return value.num;
}

std::optional<std::pair<std::string, std::int64_t>> solve(std::string_view expression, std::int64_t value) {
  const std::vector<std::string> symbols = symbols_in(expression);
  if (symbols.size() != 1) return std::nullopt;
  try {
    const auto at = [&](std::int64_t x) { return *evaluate(expression, {{symbols[0], x}}); };
    std::int64_t slope = 0, distance = 0;
    const std::int64_t base = at(0);
    if (subtract_overflows(at(1), base, slope) || subtract_overflows(value, base, distance)) too_large();
    if (slope == 0 || distance == INT64_MIN || distance % slope != 0 || at(distance / slope) != value)
      return std::nullopt;
    return std::pair(symbols[0], distance / slope);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace thoplw
