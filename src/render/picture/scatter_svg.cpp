// Several models as a picture: multiply-adds against parameters, a point each, as SVG.

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/formatted.h"
#include "render/escape.h"
#include "render/formats.h"
#include "render/picture/axis.h"
#include "render/picture/labels.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

// All in pixels.
constexpr Box kPlot{84, 44, 816, 546};
constexpr double kLegend = kPlot.left + kPlot.width + 28, kWidth = 1100, kHeight = 650;
constexpr double kLine = 16, kLetter = 6.8;  // height of a line of text and width of a letter, font size 11
constexpr std::size_t kLetters = 40;         // of a label; longer names are shortened
constexpr std::size_t kLabels = 200;         // with more points, those of the most work have one
constexpr std::size_t kClasses = 32;         // in the legend

// Okabe and Ito's colours, which the colour-blind can tell apart; the next eight classes have another shape.
constexpr auto kColors = std::to_array<std::string_view>(
    {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31"});

struct Point {
  const NamedReport* model;
  std::string name;  ///< without the source that all have
  std::size_t look;  ///< its class, by first appearance
  double x, y;
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

std::string text(double x, double y, std::string_view anchor, std::string_view words, std::string_view more = "") {
  return formatted("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                   xml_escaped(words));
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

std::string axes(const Axis& across, const Axis& up, std::string_view unit) {
  constexpr double kRight = kPlot.left + kPlot.width, kBottom = kPlot.top + kPlot.height;
  std::string svg = "<g stroke=\"#e4e4e4\">\n";
  std::string marks;
  for (const Count mark : across.marks) {
    const double x = kPlot.left + across.at(mark) * kPlot.width;
    svg += formatted("<path d=\"M{:.1f} {}V{}\"/>\n", x, kPlot.top, kBottom);
    marks += text(x, kBottom + 18, "middle", clever_format(mark, "%.4g"));
  }
  for (const Count mark : up.marks) {
    const double y = kBottom - up.at(mark) * kPlot.height;
    svg += formatted("<path d=\"M{} {:.1f}H{}\"/>\n", kPlot.left, y, kRight);
    marks += text(kPlot.left - 8, y + 4, "end", clever_format(mark, "%.4g"));
  }
  svg += formatted("</g>\n<path d=\"M{} {}V{}H{}\" fill=\"none\" stroke=\"#444\"/>\n", kPlot.left, kPlot.top, kBottom,
                   kRight);
  svg += "<g fill=\"#444\">\n" + marks + "</g>\n";
  svg += text(kPlot.left + kPlot.width / 2, kBottom + 42, "middle", "Parameters");
  return svg + text(kPlot.left - 8, kPlot.top - 16, "start", unit);
}

std::string legend(const std::vector<std::string>& classes, bool exact) {
  std::string svg;
  double y = kPlot.top + 8;
  const std::size_t shown = classes.size() == 1 ? 0 : std::min(classes.size(), kClasses);
  for (std::size_t i = 0; i < shown; ++i, y += kLine) {
    svg += marker(i, kLegend, y - 4, true) + text(kLegend + 12, y, "start", shortened(harmless(classes[i]), 24));
  }
  if (shown > 0 && shown < classes.size()) {
    svg += text(kLegend + 12, y, "start", formatted("... and {} more", classes.size() - shown));
    y += kLine;
  }
  if (!exact) svg += text(kLegend - 5, y + (shown ? 8 : 0), "start", "hollow: a lower bound");
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

/// The labels, each with a thin line to a point that it stands away from.
std::string labels(const std::vector<Point>& points) {
  std::vector<const Point*> named;
  for (const Point& point : points) named.push_back(&point);
  std::ranges::stable_sort(named, [](const Point* a, const Point* b) {
    return a->model->report.total[Measure::macs] > b->model->report.total[Measure::macs];
  });
  if (named.size() > kLabels) named.resize(kLabels);
  std::vector<Label> labels;
  for (const Point* point : named) {
    labels.push_back({point->x, point->y, kLetter * static_cast<double>(display_width(point->name)), kLine - 3});
  }
  place(labels, kPlot);
  std::string lines, texts;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto& [x, y, width, height, box] = labels[i];
    texts += text(box.left, box.top + height - 3, "start", named[i]->name);
    if (gap(box, x, y) < 12) continue;
    lines += formatted("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n", x, y, std::clamp(x, box.left, box.left + width),
                       std::clamp(y, box.top, box.top + height));
  }
  return "<g stroke=\"#999\" stroke-width=\".6\">\n" + lines + "</g>\n<g fill=\"#222\">\n" + texts + "</g>\n";
}

std::vector<Point> points_of(std::span<const NamedReport> models, const std::vector<std::string>& classes,
                             const Axis& across, const Axis& up) {
  const std::size_t source = common_source(models);
  std::vector<Point> points;
  for (const NamedReport& model : models) {
    const auto look = static_cast<std::size_t>(std::ranges::find(classes, model.report.model) - classes.begin());
    points.push_back({&model, shortened(harmless(model.name.substr(source)), kLetters), look,
                      kPlot.left + across.at(model.report.total[Measure::params]) * kPlot.width,
                      kPlot.top + kPlot.height - up.at(model.report.total[Measure::macs]) * kPlot.height});
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
  std::string svg = formatted(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"DejaVu Sans,Verdana,sans-serif\" font-size=\"11\">\n"
      "<title>{2} against parameters of {3} models</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
      kWidth, kHeight, words(Measure::macs, unit), models.size());
  svg += axes(across, up, unit == Unit::flop ? "FLOPs" : "Multiply-adds (MACs)");
  std::string markers;
  for (const Point& point : points) {
    markers += marker(point.look, point.x, point.y, point.model->report.exact, tip(*point.model));
  }
  return svg + labels(points) + markers + legend(classes, exact) + "</svg>";
}

}  // namespace thoplw
