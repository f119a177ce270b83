#include "cli/fit_search.h"

#include <algorithm>

namespace thoplw::cli {
namespace {

/// Values are counted in steps from the least one: number 0 is that.
class Search {
 public:
  Search(Tries& tries, Range range, Count memory)
      : tries_(tries), range_(range), memory_(memory), too_much_((range.most - range.least) / range.step + 1) {}

  Largest found() {
    tries_.peak(value(0));  // throws
    test(0);
    if (fits_ < 0) return {};
    std::int64_t a = 0, b = std::min<std::int64_t>(1, too_much_ - 1);
    if (b > 0) test(b);
    for (int rounds = 0; too_much_ - fits_ > 1; ++rounds) {
      const std::int64_t number = guess(a, b, rounds);
      test(number);
      a = fits_;
      b = bounded_ ? too_much_ : number;
      if (a == b) a = std::max<std::int64_t>(0, b - 1);
    }
    Largest largest{.fits = value(fits_)};
    if (bounded_) largest.next = value(too_much_);
    if (bounded_ && refused_.contains(too_much_)) largest.refused = refused_[too_much_];
    return largest;
  }

 private:
  std::int64_t value(std::int64_t number) const { return range_.least + number * range_.step; }

  void test(std::int64_t number) {
    bool fits = false;
    try {
      fits = tries_.peak(value(number)) <= memory_;
    } catch (const Error& error) {
      refused_[number] = error.what();
    }
    (fits ? fits_ : too_much_) = number;
    bounded_ = bounded_ || !fits;
  }

  std::int64_t guess(std::int64_t a, std::int64_t b, int rounds) {
    const std::int64_t middle = fits_ + (too_much_ - fits_) / 2;
    if (bounded_ && (rounds >= 6 || refused_.contains(a) || refused_.contains(b))) return middle;
    const double low = static_cast<double>(tries_.peak(value(a)).value());
    const double high = static_cast<double>(tries_.peak(value(b)).value());
    const double slope = (high - low) / static_cast<double>(b - a);
    const double guess = slope <= 0 ? 2.0 * static_cast<double>(b) + 1
                                    : static_cast<double>(b) + (static_cast<double>(memory_.value()) - high) / slope;
    return static_cast<std::int64_t>(
        std::clamp(guess, static_cast<double>(fits_ + 1), static_cast<double>(too_much_ - 1)));
  }

  Tries& tries_;
  Range range_;
  Count memory_;
  std::int64_t fits_ = -1, too_much_;
  bool bounded_ = false;  ///< one that does not fit was met
  std::map<std::int64_t, std::string> refused_;
};

}  // namespace

const Report& Tries::with(std::int64_t value) {
  const auto found = reports_.find(value);
  if (found != reports_.end()) return found->second;
  Report report = count_(value);
  if (!report.memory()) {
    throw Error("what is alive at the peak was not observed, so that nothing can be said of what fits");
  }
  return reports_.emplace(value, std::move(report)).first->second;
}

Largest find_largest(Tries& tries, Range range, Count memory) { return Search(tries, range, memory).found(); }

}  // namespace thoplw::cli
