// Several models as a picture: multiply-adds against parameters, a point each, as SVG.

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/formatted.h"
#include "render/escape.h"
#include "render/formats.h"
#include "render/picture/plot.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

constexpr double kLegend = kPlot.left + kPlot.width + 28;
constexpr std::size_t kLetters = 40;  // of a label; longer names are shortened
constexpr std::size_t kLabels = 200;  // with more points, those of the most work have one
constexpr std::size_t kClasses = 32;  // in the legend

// Okabe and Ito's colours, which the colour-blind can tell apart; the next eight classes have another shape.
constexpr auto kColors = std::to_array<std::string_view>(
    {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31"});

struct Point {
  const NamedReport* model;
  std::string name;  ///< without the source that all have
  std::size_t look;  ///< its class, by first appearance
  Place at;
};

/// "torchvision:" where all names start so.
std::size_t common_source(std::span<const NamedReport> models) {
  const std::string& first = models.front().name;
  const auto colon = first.find(':');
  if (colon == std::string::npos) return 0;
  const std::string_view source = std::string_view(first).substr(0, colon + 1);
  const bool all = std::ranges::all_of(
      models, [&](const auto& m) { return m.name.starts_with(source) && m.name.size() > source.size(); });
  return all ? source.size() : 0;
}

std::vector<std::string> classes_of(std::span<const NamedReport> models) {
  std::vector<std::string> classes;
  for (const auto& [name, report] : models) {
    if (std::ranges::find(classes, report.model) == classes.end()) classes.push_back(report.model);
  }
  return classes;
}

/// Hollow where the count is only a lower bound.
std::string marker(std::size_t look, double x, double y, bool exact, const std::string& tip = "") {
  const auto color = kColors[look % kColors.size()];
  const std::string paint = exact ? formatted("fill=\"{}\" stroke=\"#fff\"", color)
                                  : formatted("fill=\"#fff\" stroke=\"{}\" stroke-width=\"2\"", color);
  std::string shape;
  switch (look / kColors.size() % 4) {
    case 0:
      shape = formatted("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\" {}>", x, y, paint);
      return shape + tip + "</circle>\n";
    case 1:
      shape = formatted("M{:.1f} {:.1f}h8v8h-8z", x - 4, y - 4);
      break;
    case 2:
      shape = formatted("M{:.1f} {:.1f}l5 9h-10z", x, y - 5.5);
      break;
    default:
      shape = formatted("M{:.1f} {:.1f}l5.5 5.5l-5.5 5.5l-5.5 -5.5z", x, y - 5.5);
  }
  return formatted("<path d=\"{}\" {}>{}</path>\n", shape, paint, tip);
}

std::string legend(const std::vector<std::string>& classes, bool exact) {
  std::string svg;
  double y = kPlot.top + 8;
  const std::size_t shown = classes.size() == 1 ? 0 : std::min(classes.size(), kClasses);
  for (std::size_t i = 0; i < shown; ++i, y += kPlotLine) {
    svg += marker(i, kLegend, y - 4, true) + svg_text(kLegend + 12, y, "start", shortened(harmless(classes[i]), 24));
  }
  if (shown > 0 && shown < classes.size()) {
    svg += svg_text(kLegend + 12, y, "start", formatted("... and {} more", classes.size() - shown));
    y += kPlotLine;
  }
  if (!exact) svg += svg_text(kLegend - 5, y + (shown ? 8 : 0), "start", "hollow: a lower bound");
  return svg;
}

std::string tip(const NamedReport& model) {
  const auto& [name, report] = model;
  return "<title>" +
         xml_escaped(formatted("{}: {}{} {}, {} parameters", harmless(name), report.exact ? "" : ">=",
                               unpadded(clever_format(report.total[Measure::macs])), words(Measure::macs, report.unit),
                               unpadded(clever_format(report.total[Measure::params])))) +
         "</title>";
}

/// Those of the models with the most work.
std::string labels(const std::vector<Point>& points) {
  std::vector<const Point*> named;
  for (const Point& point : points) named.push_back(&point);
  std::ranges::stable_sort(named, [](const Point* a, const Point* b) {
    return a->model->report.total[Measure::macs] > b->model->report.total[Measure::macs];
  });
  if (named.size() > kLabels) named.resize(kLabels);
  std::vector<PlotLabel> labels;
  for (const Point* point : named) labels.push_back({point->at, point->name});
  return plot_labels(labels);
}

std::vector<Point> points_of(std::span<const NamedReport> models, const std::vector<std::string>& classes,
                             const Axis& across, const Axis& up) {
  const std::size_t source = common_source(models);
  std::vector<Point> points;
  for (const NamedReport& model : models) {
    const auto look = static_cast<std::size_t>(std::ranges::find(classes, model.report.model) - classes.begin());
    const Amounts& total = model.report.total;
    points.push_back({&model, shortened(harmless(model.name.substr(source)), kLetters), look,
                      place_of(across, up, total[Measure::params], total[Measure::macs])});
  }
  return points;
}

}  // namespace

std::string scatter_svg(std::span<const NamedReport> models, const RenderOptions&) {
  std::vector<Count> macs, params;
  for (const auto& [name, report] : models) {
    macs.push_back(report.total[Measure::macs]);
    params.push_back(report.total[Measure::params]);
  }
  const Axis across = axis_for(params), up = axis_for(macs);
  const auto classes = classes_of(models);
  const auto points = points_of(models, classes, across, up);
  const bool exact = std::ranges::all_of(models, [](const auto& model) { return model.report.exact; });
  const Unit unit = models.front().report.unit;
  std::string svg =
      plot_head(formatted("{} against parameters of {} models", words(Measure::macs, unit), models.size()));
  svg += plot_axes(across, up, "Parameters", unit == Unit::flop ? "FLOPs" : "Multiply-adds (MACs)");
  std::string markers;
  for (const Point& point : points) {
    markers += marker(point.look, point.at.x, point.at.y, point.model->report.exact, tip(*point.model));
  }
  return svg + labels(points) + markers + legend(classes, exact) + "</svg>";
}

}  // namespace thoplw
