// Reads formulas. Each number of the whole and of each module has a law of its own, in that order.
#include "report/saved/formulas.h"

#include <algorithm>

#include "report/saved/node.h"

namespace thoplw {
namespace {

using saved::Json;
using saved::Node;

constexpr unsigned kHighestPower = 64;

bool is_whole(std::string_view digits) {
  return !digits.empty() && std::ranges::all_of(digits, [](char digit) { return digit >= '0' && digit <= '9'; });
}

/// "-1/2"
Rational coefficient(const Node& node) {
  const std::string text = node.text();
  const std::string_view size = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  const std::size_t slash = std::min(size.find('/'), size.size());
  const std::string above(size.substr(0, slash)), below(slash == size.size() ? "1" : size.substr(slash + 1));
  if (!is_whole(above) || !is_whole(below) || Integer(below) == 0) node.fail("must be a fraction, such as \"-1/2\"");
  const Rational fraction(Integer{above}, Integer{below});
  return text.starts_with('-') ? Rational(-fraction) : fraction;
}

class Reader {
 public:
  explicit Reader(const Node& root) : root_(root) {}

  Formulas read() {
    found_.model = root_["model"].text();
    found_.convention = root_["convention"].text();
    found_.unit = root_["unit"].text() == name(Unit::flop) ? Unit::flop : Unit::mac;
    found_.exact = root_["exact"].flag();
    found_.through = root_["points"].number(kMost);
    found_.samples = found_.through + root_["confirmed"].number(kMost);
    found_.variables = root_["variables"].each([](const Node& node) {
      return Variable{node["name"].text(), {node["least"].size(), node["greatest"].size()}};
    });
    read_totals();
    found_.rows = root_["rows"].each([&](const Node& node) { return row(node); });
    return std::move(found_);
  }

 private:
  static constexpr std::uint64_t kMost = 1U << 31;

  void read_totals() {
    const Node totals = root_["total"];
    const std::vector<std::string> shown = root_["shown"].each([](const Node& node) { return node.text(); });
    for (const Measure measure : all_measures()) {
      const std::string_view name = row_of(measure).name;
      if (!totals.has(name)) continue;
      found_.measures.push_back(measure);
      found_.total.push_back(law(totals[name]));
      if (std::ranges::find(shown, name) != shown.end()) found_.shown.push_back(measure);
    }
    for (const std::string_view name : {"peak", "peak_first_step"}) {
      if (!totals.has(name)) continue;
      found_.extras.push_back({std::string(name), std::string(title_of_extra(name)), law(totals[name])});
    }
  }

  Formulas::Row row(const Node& node) {
    Formulas::Row row{.path = node["name"].text(), .cls = node["class"].text(), .laws = {}};
    for (const Measure measure : found_.measures) row.laws.push_back(law(node[row_of(measure).name]));
    return row;
  }

  /// The place of what it adds.
  std::size_t law(const Node& node) {
    Formulas::Law law;
    if (node.has("why")) {
      law.why = node["why"].text();
    } else if (node.has("terms")) {
      law.greatest_of.push_back(polynomial(node["terms"]));
    } else {
      law.greatest_of = node["greatest_of"].each([&](const Node& terms) { return polynomial(terms); });
      if (law.greatest_of.empty()) node.fail("must be the greatest of something");
    }
    found_.laws.push_back(std::move(law));
    return found_.laws.size() - 1;
  }

  Polynomial polynomial(const Node& node) const {
    return Polynomial(node.each([&](const Node& term) {
      Polynomial::Term read{coefficient(term["coefficient"]), std::vector<unsigned>(found_.variables.size())};
      term["powers"].members([&](std::string_view name, const Node& power) {
        const auto variable = std::ranges::find(found_.variables, name, &Variable::name);
        if (variable == found_.variables.end()) power.fail("is of no variable");
        read.powers[static_cast<std::size_t>(variable - found_.variables.begin())] =
            static_cast<unsigned>(power.number(kHighestPower));
      });
      return read;
    }));
  }

  const Node root_;
  Formulas found_;
};

}  // namespace

Formulas read_formulas(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  return Reader(Node(json)).read();
}

}  // namespace thoplw
