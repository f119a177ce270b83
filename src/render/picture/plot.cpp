// Draws the frame of a picture of points.
#include "render/picture/plot.h"

#include <algorithm>
#include <vector>

#include "base/formatted.h"
#include "render/escape.h"
#include "render/numbers.h"
#include "render/table/width.h"

namespace thoplw {

Place place_of(const Axis& across, const Axis& up, Count x, Count y) {
  return {kPlot.left + across.at(x) * kPlot.width, kPlot.top + kPlot.height - up.at(y) * kPlot.height};
}

std::string svg_text(double x, double y, std::string_view anchor, std::string_view words, std::string_view more) {
  return formatted("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                   xml_escaped(words));
}

std::string plot_head(std::string_view title) {
  return formatted(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"DejaVu Sans,Verdana,sans-serif\" font-size=\"11\">\n"
      "<title>{2}</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
      kPlotWidth, kPlotHeight, xml_escaped(title));
}

std::string plot_axes(const Axis& across, const Axis& up, std::string_view x_title, std::string_view y_title) {
  constexpr double kRight = kPlot.left + kPlot.width, kBottom = kPlot.top + kPlot.height;
  std::string svg = "<g stroke=\"#e4e4e4\">\n";
  std::string marks;
  for (const Count mark : across.marks) {
    const double x = kPlot.left + across.at(mark) * kPlot.width;
    svg += formatted("<path d=\"M{:.1f} {}V{}\"/>\n", x, kPlot.top, kBottom);
    marks += svg_text(x, kBottom + 18, "middle", clever_format(mark, "%.4g"));
  }
  for (const Count mark : up.marks) {
    const double y = kBottom - up.at(mark) * kPlot.height;
    svg += formatted("<path d=\"M{} {:.1f}H{}\"/>\n", kPlot.left, y, kRight);
    marks += svg_text(kPlot.left - 8, y + 4, "end", clever_format(mark, "%.4g"));
  }
  svg += formatted("</g>\n<path d=\"M{} {}V{}H{}\" fill=\"none\" stroke=\"#444\"/>\n", kPlot.left, kPlot.top, kBottom,
                   kRight);
  svg += "<g fill=\"#444\">\n" + marks + "</g>\n";
  svg += svg_text(kPlot.left + kPlot.width / 2, kBottom + 42, "middle", x_title);
  return svg + svg_text(kPlot.left - 8, kPlot.top - 16, "start", y_title);
}

std::string plot_labels(std::span<const PlotLabel> texts) {
  std::vector<Label> labels;
  for (const auto& [at, text] : texts) {
    labels.push_back({at.x, at.y, kPlotLetter * static_cast<double>(display_width(text)), kPlotLine - 3});
  }
  place(labels, kPlot);
  std::string lines, words;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto& [x, y, width, height, box] = labels[i];
    words += svg_text(box.left, box.top + height - 3, "start", texts[i].text);
    if (gap(box, x, y) < 12) continue;
    lines += formatted("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n", x, y, std::clamp(x, box.left, box.left + width),
                       std::clamp(y, box.top, box.top + height));
  }
  return "<g stroke=\"#999\" stroke-width=\".6\">\n" + lines + "</g>\n<g fill=\"#222\">\n" + words + "</g>\n";
}

}  // namespace thoplw
