// Raises the degree in each variable until the polynomials through the least values also hold at points that they were
// not made of.
#include "count/formulas.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "base/formatted.h"

namespace thoplw {
namespace {

constexpr std::size_t kHighest = 6;       // degree in one variable
constexpr std::size_t kMostToName = 512;  // values that are tried to name the first one where a formula breaks

using Numbers = std::vector<std::uint64_t>;  ///< totals, extras, each module's own, and moments of the timeline

/// A number of the whole that is no sum over modules; none where a report has no such thing.
struct ExtraRow {
  std::string_view name;
  std::optional<Count> (*of)(const Report& report);
};

/// The peak, which may be the greatest of the timeline's moments, is the first.
constexpr auto kExtras = std::to_array<ExtraRow>({
    {"peak",
     [](const Report& report) { return report.memory() ? std::optional(report.memory()->peak) : std::nullopt; }},
    {"peak_first_step",
     [](const Report& report) {
       return report.training ? std::optional(report.training->peak_first_step) : std::nullopt;
     }},
});

std::span<const Moment> timeline_of(const Report& report) {
  return report.memory() ? std::span<const Moment>(report.memory()->timeline) : std::span<const Moment>();
}

/// The variable's values, each once and in order.
void check(std::vector<Variable>& variables) {
  if (variables.empty()) throw Error("say what varies, such as batch=range(1, 9)");
  for (Variable& variable : variables) {
    std::ranges::sort(variable.values);
    variable.values.erase(std::ranges::unique(variable.values).begin(), variable.values.end());
    if (variable.values.size() < 3) {
      throw Error(formatted("{} has {} values: a formula needs at least 3, two to go through and one to confirm it",
                            variable.name, variable.values.size()));
    }
  }
}

class Finder {
 public:
  Finder(std::vector<Variable> variables, const Sample& sample) : sample_(sample) {
    check(variables);
    found_.variables = std::move(variables);
    degrees_.assign(count(), 1);
  }

  Formulas find() {
    numbers(first());
    laws_.resize(size_);
    open_.resize(size_);
    for (std::size_t i = 0; i < size_; ++i) open_[i] = i;
    while (!open_.empty()) {
      fit();
      if (open_.empty() || !raise()) break;
    }
    const Grid least = grid_at_end(false), greatest = grid_at_end(true);
    if (moments_ > 0 && !open_.empty()) {
      for (const Grid* grid : {&least, &greatest}) values_along(*grid, 0);
    }
    confirm();
    take_greater_of_two(least, greatest);
    take_greatest(least);
    refuse();
    return assembled();
  }

 private:
  std::size_t count() const { return found_.variables.size(); }
  const std::vector<std::int64_t>& values(std::size_t variable) const { return found_.variables[variable].values; }

  Point first() const {
    Point point;
    for (const Variable& variable : found_.variables) point.push_back(variable.values.front());
    return point;
  }

  Point with(Point point, std::size_t variable, std::int64_t value) const {
    point[variable] = value;
    return point;
  }

  const Numbers& numbers(const Point& point) {
    const auto known = samples_.find(point);
    if (known != samples_.end()) return known->second;
    const Report report = [&] {
      try {
        return sample_(point);
      } catch (const Error& error) {
        throw Error(formatted("at {}: {}", in_words(found_.variables, point), error.what()));
      }
    }();
    if (samples_.empty()) {
      take_layout(report);
    } else {
      check_layout(report, point);
    }
    found_.exact = found_.exact && report.exact;
    Numbers numbers = read(report);
    numbers.resize(std::max(size_, numbers.size()));  // moments that are not looked at any more
    return samples_.emplace(point, std::move(numbers)).first->second;
  }

  void take_layout(const Report& report) {
    found_.model = report.model;
    found_.convention = report.convention;
    found_.unit = report.unit;
    found_.shown.assign(report.shown().begin(), report.shown().end());
    for (const Measure measure : all_measures()) {
      if (report.has(measure)) found_.measures.push_back(measure);
    }
    for (const ExtraRow& row : kExtras) {
      if (row.of(report)) found_.extras.push_back({std::string(row.name), std::string(title_of_extra(row.name)), 0});
    }
    for (const Moment& moment : timeline_of(report)) phases_.push_back(moment.phase);
    moments_ = phases_.size();
    for (const Row& row : report.rows) {
      found_.rows.push_back({.path = row.path, .cls = row.cls, .laws = {}});
    }
    size_ = read(report).size();
  }

  void check_layout(const Report& report, const Point& point) {
    const auto same = [](const Formulas::Row& a, const Row& b) { return a.path == b.path; };
    if (!std::ranges::equal(found_.rows, report.rows, same)) {
      throw Error(formatted("{} has other modules at {} than at {}: no formula covers both", found_.model,
                            in_words(found_.variables, point), in_words(found_.variables, first())));
    }
    comparable_ = comparable_ && timeline_of(report).size() == phases_.size();
  }

  /// A loop over the sequence has as many moments as there are steps; then none is the same moment at all sizes.
  void forget_moments() {
    size_ -= moments_;
    moments_ = 0;
    laws_.resize(size_);
    std::erase_if(open_, [&](std::size_t number) { return number >= size_; });
  }

  Numbers read(const Report& report) const {
    Numbers numbers;
    for (const Measure measure : found_.measures) numbers.push_back(report.total[measure].value());
    for (const ExtraRow& row : kExtras) {
      if (const std::optional<Count> extra = row.of(report)) numbers.push_back(extra->value());
    }
    for (const Row& row : report.rows) {
      for (const Measure measure : found_.measures) numbers.push_back(row.own[measure].value());
    }
    for (const Moment& moment : timeline_of(report)) numbers.push_back(moment.sum().value());
    return numbers;
  }

  /// Beyond the nodes: the next values of each variable and the last ones, alone and together.
  std::vector<Point> points_to_confirm() const {
    std::vector<Point> points;
    Point last = first(), middle = first();
    for (std::size_t i = 0; i < count(); ++i) {
      const auto& all = values(i);
      const std::size_t next = degrees_[i] + 1;
      for (const std::size_t at : {next, next + 1, all.size() - 1}) {
        if (at < all.size()) points.push_back(with(first(), i, all[at]));
      }
      last[i] = all.back();
      middle[i] = all[std::min(all.size() - 1, next + (all.size() - next) * (i + 1) / (count() + 2))];
    }
    points.push_back(middle);
    points.push_back(last);
    return points;
  }

  Grid grid() const {
    std::vector<std::vector<std::int64_t>> nodes;
    for (std::size_t i = 0; i < count(); ++i) {
      nodes.emplace_back(values(i).begin(), values(i).begin() + static_cast<std::ptrdiff_t>(degrees_[i] + 1));
    }
    return Grid(std::move(nodes));
  }

  /// Gives a polynomial to each open number for which one of these degrees holds at all points known.
  void fit() {
    const Grid through = grid();
    std::vector<const Numbers*> at_nodes;
    for (const Point& point : through.points()) at_nodes.push_back(&numbers(point));
    for (const Point& point : points_to_confirm()) numbers(point);
    if (!comparable_ && moments_ > 0) forget_moments();
    found_.through = at_nodes.size();
    std::map<Numbers, std::optional<Polynomial>> known;  // many modules have the same numbers
    std::erase_if(open_, [&](std::size_t number) {
      Numbers everywhere;
      for (const auto& [point, numbers] : samples_) everywhere.push_back(numbers[number]);
      const auto [found, fresh] = known.try_emplace(std::move(everywhere));
      if (fresh) {
        Numbers along;
        for (const Numbers* node : at_nodes) along.push_back((*node)[number]);
        Polynomial polynomial = through.through(along);
        if (holds(polynomial, number)) found->second = std::move(polynomial);
      }
      if (found->second) laws_[number].greatest_of = {*found->second};
      return found->second.has_value();
    });
  }

  template <class Law>
  bool holds(const Law& polynomial, std::size_t number) const {
    return std::ranges::all_of(
        samples_, [&](const auto& sample) { return polynomial.at(sample.first) == sample.second[number]; });
  }

  /// Of the variables in which an open number is of a higher degree, or else of all. False where none can be raised.
  bool raise() {
    const auto can = [&](std::size_t i) { return degrees_[i] < kHighest && degrees_[i] + 2 < values(i).size(); };
    std::set<std::size_t> higher;
    for (std::size_t i = 0; i < count(); ++i) {
      if (can(i) && std::ranges::any_of(open_, [&](std::size_t number) { return !is_of_degree(number, i); })) {
        higher.insert(i);
      }
    }
    if (higher.empty()) {
      for (std::size_t i = 0; i < count(); ++i) {
        if (can(i)) higher.insert(i);
      }
    }
    for (const std::size_t i : higher) ++degrees_[i];
    return !higher.empty();
  }

  /// Along one variable, where the others have their least values.
  bool is_of_degree(std::size_t number, std::size_t variable) {
    return !first_break(number, variable, degrees_[variable] + 1, degrees_[variable] + 2).has_value();
  }

  struct Break {
    std::int64_t value;
    Rational expected;
    std::uint64_t actual;
  };

  /// Where the polynomial through the first `nodes` values of the variable is not what the next ones are.
  std::optional<Break> first_break(std::size_t number, std::size_t variable, std::size_t nodes, std::size_t end) {
    const auto& all = values(variable);
    const Point first_values(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(nodes));
    const Grid line(std::vector<Point>{first_values});
    Numbers along;
    for (std::size_t i = 0; i < nodes; ++i) along.push_back(numbers(with(first(), variable, all[i]))[number]);
    const Polynomial polynomial = line.through(along);
    for (std::size_t i = nodes; i < std::min(end, all.size()); ++i) {
      const std::uint64_t actual = numbers(with(first(), variable, all[i]))[number];
      const Rational expected = polynomial.at(std::array{all[i]});
      if (expected != actual) return Break{all[i], expected, actual};
    }
    return std::nullopt;
  }

  /// Points that were counted later can break what an earlier degree explained.
  void confirm() {
    for (std::size_t number = 0; number < size_; ++number) {
      if (laws_[number].found() && !holds(laws_[number].greatest_of.front(), number)) {
        laws_[number].greatest_of.clear();
        open_.push_back(number);
      }
    }
    std::ranges::sort(open_);
  }

  /// As many of the least or of the greatest values as any polynomial needs that was found.
  Grid grid_at_end(bool greatest) const {
    std::vector<std::size_t> degrees(count(), 1);
    for (const Formulas::Law& law : laws_) {
      if (!law.found()) continue;
      for (const Polynomial::Term& term : law.greatest_of.front().terms()) {
        for (std::size_t i = 0; i < count(); ++i) degrees[i] = std::max<std::size_t>(degrees[i], term.powers[i]);
      }
    }
    std::vector<Point> nodes;
    for (std::size_t i = 0; i < count(); ++i) {
      const auto all = static_cast<std::ptrdiff_t>(degrees[i] + 1);
      const auto from = greatest ? values(i).end() - all : values(i).begin();
      nodes.emplace_back(from, from + all);
    }
    return Grid(std::move(nodes));
  }

  Numbers values_along(const Grid& grid, std::size_t number) {
    Numbers along;
    for (const Point& point : grid.points()) along.push_back(numbers(point)[number]);
    return along;
  }

  /// Inside of one operator the peak moves, too: the greater of what holds at the least sizes and at the greatest.
  void take_greater_of_two(const Grid& least, const Grid& greatest) {
    if (moments_ == 0) return;
    const auto along = [&](const Grid& grid, std::size_t number) { return grid.through(values_along(grid, number)); };
    std::erase_if(open_, [&](std::size_t number) {
      if (number < size_ - moments_) return false;
      const Formulas::Law law{.greatest_of = {along(least, number), along(greatest, number)}, .why = ""};
      if (!holds(law, number)) return false;
      laws_[number] = law;
      return true;
    });
  }

  /// The peak is that of the moments which is the greatest: of this one here, of that one there.
  void take_greatest(const Grid& least) {
    if (moments_ == 0) return;
    take(found_.measures.size(), greatest_moments(true, Polynomial()));
    take_greatest_of_first_step(least);
  }

  /// Before the optimizer's first step there are no states. That step needs as much as later ones and what makes the
  /// states: this is the same for all inputs, and shows at the least sizes.
  void take_greatest_of_first_step(const Grid& least) {
    const std::size_t number = found_.measures.size() + 1;
    const auto states = std::ranges::find(found_.measures, Measure::states);
    if (found_.extras.size() < 2 || laws_[number].found() || states == found_.measures.end()) return;
    const Formulas::Law& law = laws_[static_cast<std::size_t>(states - found_.measures.begin())];
    if (law.greatest_of.size() != 1) return;
    std::vector<Polynomial> greatest = greatest_moments(false, law.greatest_of.front());
    if (greatest.empty() || take(number, greatest)) return;
    std::vector<Polynomial> steps = {least.through(values_along(least, number))};
    if (const Formulas::Law& later = laws_[size_ - 1]; later.found() && phases_.back() == Phase::optimizer) {
      const Rational more = Rational(numbers(first())[number]) - later.at(first());
      const Polynomial makes_states({{Rational(-more), std::vector<unsigned>(count())}});
      steps.insert(steps.begin(), later.greatest_of.front() - makes_states);
    }
    for (const Polynomial& step : steps) {
      std::vector<Polynomial> with_step = greatest;
      add_greatest(with_step, step);
      if (take(number, std::move(with_step))) return;
    }
  }

  /// Each without what is not there then; none where one of them is no polynomial.
  std::vector<Polynomial> greatest_moments(bool of_optimizer, const Polynomial& without) const {
    std::vector<Polynomial> greatest;
    for (std::size_t i = 0; i < moments_; ++i) {
      if (!of_optimizer && phases_[i] == Phase::optimizer) continue;
      const Formulas::Law& law = laws_[size_ - moments_ + i];
      if (!law.found()) return {};
      for (const Polynomial& moment : law.greatest_of) add_greatest(greatest, moment - without);
    }
    return greatest;
  }

  bool take(std::size_t number, std::vector<Polynomial> greatest) {
    if (laws_[number].found() || greatest.empty()) return false;
    Formulas::Law law{.greatest_of = std::move(greatest), .why = ""};
    if (!holds(law, number)) return false;
    laws_[number] = std::move(law);
    std::erase(open_, number);
    return true;
  }

  static void add_greatest(std::vector<Polynomial>& greatest, const Polynomial& moment) {
    if (std::ranges::any_of(greatest, [&](const Polynomial& other) { return moment.nowhere_greater(other); })) return;
    std::erase_if(greatest, [&](const Polynomial& other) { return other.nowhere_greater(moment); });
    greatest.push_back(moment);
  }

  void refuse() {
    for (const std::size_t number : open_) laws_[number].why = why(number);
  }

  /// The smallest point that breaks it.
  std::string why(std::size_t number) {
    if (number >= found_.measures.size() + found_.extras.size()) return "it is no polynomial";
    for (std::size_t i = 0; i < count(); ++i) {
      const std::size_t nodes = std::min<std::size_t>(3, values(i).size() - 1);
      if (const auto broken = first_break(number, i, nodes, kMostToName)) {
        return formatted("what holds for {} = {} to {} would be {} at {}, where it is {}", found_.variables[i].name,
                         values(i).front(), values(i)[nodes - 1], broken->expected.str(),
                         in_words(found_.variables, with(first(), i, broken->value)), broken->actual);
      }
    }
    return "it is no polynomial of the variables together";
  }

  Formulas assembled() {
    found_.samples = samples_.size();
    std::size_t next = 0;
    for (std::size_t i = 0; i < found_.measures.size(); ++i) found_.total.push_back(next++);
    for (Formulas::Extra& extra : found_.extras) extra.law = next++;
    for (Formulas::Row& row : found_.rows) {
      for (std::size_t i = 0; i < found_.measures.size(); ++i) row.laws.push_back(next++);
    }
    found_.laws = std::move(laws_);
    for (std::size_t i = 0; i < found_.measures.size(); ++i) {
      const Measure measure = found_.measures[i];
      const Formulas::Law& law = found_.laws[found_.total[i]];
      if (law.found() || !row_of(measure).bounded || std::ranges::find(found_.shown, measure) == found_.shown.end())
        continue;
      throw Error(
          formatted("the {} of {} are no polynomial: {}; give values on one side of that, or in steps of what "
                    "the model divides its input by",
                    noun(measure, found_.unit), found_.model, law.why));
    }
    return std::move(found_);
  }

  const Sample& sample_;
  Formulas found_;
  std::size_t size_ = 0;       ///< how many numbers a sample has
  std::size_t moments_ = 0;    ///< how many of them are of the timeline, at the end
  std::vector<Phase> phases_;  ///< of these
  bool comparable_ = true;     ///< the timeline has the same moments at all points
  std::map<Point, Numbers> samples_;
  std::vector<std::size_t> degrees_;  ///< by variable
  std::vector<Formulas::Law> laws_;   ///< by number
  std::vector<std::size_t> open_;     ///< numbers that have no polynomial yet
};

}  // namespace

Formulas find_formulas(std::vector<Variable> variables, const Sample& sample) {
  return Finder(std::move(variables), sample).find();
}

std::string in_words(const std::vector<Variable>& variables, const Point& point) {
  std::string words;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    words += formatted("{}{}={}", i == 0 ? "" : ", ", variables[i].name, point[i]);
  }
  return words;
}

}  // namespace thoplw
