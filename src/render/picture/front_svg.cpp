// Draws the candidates of a sweep.
#include "render/picture/front_svg.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "base/formatted.h"
#include "base/harmless.h"
#include "render/escape.h"
#include "render/picture/plot.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

constexpr std::size_t kLetters = 40;  // of a label; longer names are shortened
constexpr std::size_t kLabels = 60;

/// The others, each pixel once: a hundred thousand of them are a cloud.
std::string cloud(std::span<const Candidate> candidates, const Axis& across, const Axis& up) {
  std::set<std::pair<int, int>> pixels;
  for (const Candidate& candidate : candidates) {
    if (candidate.on_front) continue;
    const auto [x, y] = place_of(across, up, candidate.x, candidate.y);
    pixels.emplace(static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)));
  }
  std::string path;
  for (const auto& [x, y] : pixels) path += formatted("M{} {}h0", x, y);
  return path.empty() ? ""
                      : "<path d=\"" + path +
                            "\" stroke=\"#56B4E9\" stroke-width=\"4\" stroke-linecap=\"round\" stroke-opacity=\".5\" "
                            "fill=\"none\"/>\n";
}

}  // namespace

std::string front_svg(std::span<const Candidate> candidates, std::string_view x_title, std::string_view y_title) {
  std::vector<Count> xs, ys;
  std::vector<const Candidate*> front;
  for (const Candidate& candidate : candidates) {
    xs.push_back(candidate.x);
    ys.push_back(candidate.y);
    if (candidate.on_front) front.push_back(&candidate);
  }
  std::ranges::stable_sort(front, {}, &Candidate::x);
  const Axis across = axis_for(xs), up = axis_for(ys);
  std::string line, markers;
  std::vector<PlotLabel> labels;
  for (const Candidate* candidate : front) {
    const Place at = place_of(across, up, candidate->x, candidate->y);
    line += formatted("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", at.x, at.y);
    const std::string name = harmless(candidate->name);
    markers += formatted(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\" fill=\"#D55E00\" stroke=\"#fff\"><title>{}</title></circle>\n",
        at.x, at.y, xml_escaped(name));
    if (labels.size() < kLabels) labels.push_back({at, shortened(name, kLetters)});
  }
  std::string svg = plot_head(formatted("{} against {} of {} candidates", y_title, x_title, candidates.size()));
  svg += plot_axes(across, up, x_title, y_title) + cloud(candidates, across, up);
  svg += "<path d=\"" + line + "\" fill=\"none\" stroke=\"#D55E00\" stroke-width=\"1.2\"/>\n";
  return svg + plot_labels(labels) + markers + "</svg>";
}

}  // namespace thoplw
