// Greedy, several times over: each label takes the spot that costs least while the others stay.
#include "render/picture/labels.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace thoplw {
namespace {

struct Side {
  double across, down;
};

// Right of the point first, then left, above, below, and the slanting places between.
constexpr auto kSides = std::to_array<Side>({
    {1, 0},
    {-1, 0},
    {0, -1},
    {0, 1},
    {1, -0.5},
    {-1, -0.5},
    {1, 0.5},
    {-1, 0.5},
    {1, -1},
    {-1, -1},
    {1, 1},
    {-1, 1},
    {0.5, -1},
    {-0.5, -1},
    {0.5, 1},
    {-0.5, 1},
});
constexpr std::array kGaps = {8.0, 12.0, 18.0, 26.0, 36.0, 48.0, 64.0};
constexpr int kRounds = 5;

// What it costs, beside the distance in pixels from the point.
constexpr double kOverlap = 10;     // per square pixel of another label, or of what is around
constexpr double kCovered = 400;    // per point that it covers
constexpr double kMisleading = 30;  // per point that it is nearer to than to its own
constexpr double kOutside = 100000;

Box spot(const Label& label, const Side& side, double gap) {
  const double left = side.across > 0   ? label.x + side.across * gap
                      : side.across < 0 ? label.x + side.across * gap - label.width
                                        : label.x - label.width / 2;
  return {left, label.y - label.height / 2 + side.down * (gap + label.height / 2), label.width, label.height};
}

double overlap(const Box& a, const Box& b) {
  const double width = std::min(a.left + a.width, b.left + b.width) - std::max(a.left, b.left);
  const double height = std::min(a.top + a.height, b.top + b.height) - std::max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

bool holds(const Box& outer, const Box& inner) {
  return outer.left <= inner.left && inner.left + inner.width <= outer.left + outer.width && outer.top <= inner.top &&
         inner.top + inner.height <= outer.top + outer.height;
}

double cost(const Box& box, const Label& label, std::span<const Label> labels, const Box& inside,
            std::span<const Box> around) {
  constexpr double kRoom = 2;
  const Box roomy{box.left - kRoom, box.top - kRoom, box.width + 2 * kRoom, box.height + 2 * kRoom};
  const double far = gap(box, label.x, label.y);
  double total = far + (holds(inside, roomy) ? 0 : kOutside);
  for (const Label& other : labels) {
    const double to_point = gap(box, other.x, other.y);
    if (to_point < 5) total += kCovered;
    if (to_point < far) total += kMisleading;
    if (&other != &label) total += kOverlap * overlap(roomy, other.box);
  }
  for (const Box& other : around) total += kOverlap * overlap(roomy, other);
  return total;
}

}  // namespace

double gap(const Box& box, double x, double y) {
  const double across = std::max({box.left - x, 0.0, x - box.left - box.width});
  const double down = std::max({box.top - y, 0.0, y - box.top - box.height});
  return std::hypot(across, down);
}

void place(std::span<Label> labels, const Box& inside, std::span<const Box> around) {
  for (Label& label : labels) label.box = spot(label, kSides.front(), kGaps.front());
  for (int round = 0; round < kRounds; ++round) {
    for (Label& label : labels) {
      Box best = label.box;
      double least = -1;
      for (const double gap : kGaps) {
        for (const Side& side : kSides) {
          const Box box = spot(label, side, gap);
          const double price = cost(box, label, labels, inside, around);
          if (least >= 0 && price >= least) continue;
          least = price;
          best = box;
        }
      }
      label.box = best;
    }
  }
}

}  // namespace thoplw
