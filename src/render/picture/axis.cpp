// Chooses the scale of an axis, its ends and its marks: 1, 2 and 5 times powers of ten.
#include "render/picture/axis.h"

#include <algorithm>
#include <cmath>

namespace thoplw {
namespace {

constexpr double kSpan = 10;        // from this factor on, the scale is logarithmic
constexpr std::size_t kMarks = 10;  // as many at most
constexpr double kMost = 1.8e19;    // of a count

Axis logarithmic(double least, double greatest) {
  Axis axis{true, 0, 0, {}};
  const double margin = std::max(0.06 * std::log10(greatest / least), 0.04);
  axis.low = std::log10(least) - margin;
  axis.high = std::log10(greatest) + margin;
  for (const std::vector<int>& digits : {std::vector{1, 2, 5}, std::vector{1, 3}, std::vector{1}}) {
    axis.marks.clear();
    Count power = 1;
    for (int exponent = 0; exponent < 19; ++exponent, power *= 10) {
      for (const int digit : digits) {
        const Count mark = power * digit;
        if (axis.at(mark) >= 0 && axis.at(mark) <= 1) axis.marks.push_back(mark);
      }
    }
    if (axis.marks.size() <= kMarks) break;
  }
  return axis;
}

/// The least of 1, 2, 5, 10, ... that goes into `range` no more than `kMarks` times.
Count step_for(double range) {
  Count power = 1;
  while (true) {
    for (const int digit : {1, 2, 5}) {
      const Count step = power * digit;
      if (range / static_cast<double>(step.value()) < kMarks) return step;
    }
    power *= 10;
  }
}

Axis linear(double least, double greatest) {
  if (least == greatest) least = 0;
  const double margin = std::max(0.08 * (greatest - least), 0.5);
  Axis axis{false, std::max(0.0, least - margin), greatest + margin, {}};
  if (least < 0.4 * greatest) axis.low = 0;
  const Count step = step_for(axis.high - axis.low);
  const double size = static_cast<double>(step.value()), most = std::min(axis.high, kMost);
  for (double times = std::ceil(axis.low / size); times * size <= most; ++times) {
    axis.marks.push_back(step * static_cast<std::uint64_t>(times));
  }
  return axis;
}

}  // namespace

double Axis::at(Count value) const {
  const auto number = static_cast<double>(value.value());
  return ((logarithmic ? std::log10(number) : number) - low) / (high - low);
}

Axis axis_for(std::span<const Count> values) {
  const auto [least, greatest] = std::ranges::minmax(values);
  const auto low = static_cast<double>(least.value()), high = static_cast<double>(greatest.value());
  return low > 0 && high / low >= kSpan ? logarithmic(low, high) : linear(low, high);
}

}  // namespace thoplw
