// The frame of a picture of points: axes with marks, and where points lie in it. All in pixels.
#pragma once

#include <string>
#include <string_view>

#include "render/picture/axis.h"
#include "render/picture/labels.h"

namespace thoplw {

inline constexpr Box kPlot{84, 44, 816, 546};
inline constexpr double kPlotWidth = 1100, kPlotHeight = 650;  ///< of the whole picture
inline constexpr double kPlotLine = 16, kPlotLetter = 6.8;     ///< height of a line and width of a letter

struct Place {
  double x, y;
};
Place place_of(const Axis& across, const Axis& up, Count x, Count y);

/// A text at a place; `more` are attributes.
std::string svg_text(double x, double y, std::string_view anchor, std::string_view words, std::string_view more = "");

/// The opening tag, the title and the white ground.
std::string plot_head(std::string_view title);

/// Lines, marks, and what the axes are called.
std::string plot_axes(const Axis& across, const Axis& up, std::string_view x_title, std::string_view y_title);

/// Labels as `texts` says, placed beside their points, each with a thin line to a point that it stands away from.
struct PlotLabel {
  Place place;
  std::string text;
};
std::string plot_labels(std::span<const PlotLabel> texts);

}  // namespace thoplw
