// Candidates of a sweep as a picture: those that no other beats, and all others behind them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/count.h"

namespace thoplw {

struct Candidate {
  Count x, y;
  bool on_front = false;
  std::string name{};  ///< of one on the front
};

/// A line joins the front, whose candidates are named as far as there is room. Points that lie on one another are one.
std::string front_svg(std::span<const Candidate> candidates, std::string_view x_title, std::string_view y_title);

}  // namespace thoplw
