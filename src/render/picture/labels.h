// Labels beside the points of a picture, placed so that they cover neither each other nor points.
#pragma once

#include <span>

namespace thoplw {

struct Box {
  double left, top, width, height;
};

struct Label {
  double x, y;  ///< of its point
  double width, height;
  Box box{};  ///< where it goes
};

/// Gives each label a box inside of `inside` and clear of `around`, near its point. y grows downwards.
void place(std::span<Label> labels, const Box& inside, std::span<const Box> around = {});

/// How far a point is from a box; 0 in it.
double gap(const Box& box, double x, double y);

}  // namespace thoplw
