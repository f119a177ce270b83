// Draws moments as areas that lie on one another.
#include "render/picture/timeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/formatted.h"
#include "render/escape.h"
#include "render/memory_lines.h"
#include "render/table/columns.h"

namespace thoplw {
namespace {

// All in pixels.
constexpr double kWidth = 1000, kHeight = 400, kLeft = 84, kRight = 984, kTop = 64, kBottom = 350;
constexpr std::size_t kMostColumns = 900;

/// What lies on the ground is listed first. Colours are Okabe and Ito's, which the colour-blind can tell apart.
struct Layer {
  std::string_view name, color;
  Count Moment::*bytes;
};
constexpr auto kLayers = std::to_array<Layer>({
    {"parameters, buffers, inputs", "#56b4e9", &Moment::parameters},
    {"optimizer states", "#cc79a7", &Moment::states},
    {"gradients", "#e69f00", &Moment::gradients},
    {"activations", "#009e73", &Moment::activations},
});

double number(Count count) { return static_cast<double>(count.value()); }

/// Where there are more moments than pixels, the largest of each few that share one.
std::vector<Moment> columns_of(const std::vector<Moment>& moments) {
  if (moments.size() <= kMostColumns) return moments;
  std::vector<Moment> columns;
  for (std::size_t i = 0; i < kMostColumns; ++i) {
    const auto begin = moments.begin() + static_cast<std::ptrdiff_t>(i * moments.size() / kMostColumns);
    const auto end = moments.begin() + static_cast<std::ptrdiff_t>((i + 1) * moments.size() / kMostColumns);
    columns.push_back(*std::ranges::max_element(begin, end, {}, [](const Moment& m) { return m.sum(); }));
  }
  return columns;
}

/// 1, 2 or 5 times a power of ten, of which four to nine reach up to `most`.
double step_of_marks(double most) {
  const double power = std::pow(10, std::floor(std::log10(std::max(most, 1.0))));
  for (const double step : {power / 5, power / 2, power}) {
    if (most / step <= 6) return step;
  }
  return power * 2;
}

class Timeline {
 public:
  explicit Timeline(const Report& report) : report_(report), columns_(columns_of(report.memory()->timeline)) {
    for (const Layer& layer : kLayers) {
      const auto has_some = [&](const Moment& moment) { return moment.*layer.bytes > 0; };
      if (report.training || std::ranges::any_of(columns_, has_some)) layers_.push_back(layer);
    }
    for (const Moment& moment : columns_) most_ = std::max(most_, number(moment.sum()));
    most_ = std::max(most_ * 1.04, 1.0);
  }

  std::string body() const { return marks() + areas() + phases() + peak() + legend(); }

 private:
  double x(std::size_t column) const {
    return kLeft + (kRight - kLeft) * static_cast<double>(column) / static_cast<double>(columns_.size());
  }
  double y(double bytes) const { return kBottom - (kBottom - kTop) * bytes / most_; }

  static std::string text(double x, double y, std::string_view anchor, std::string_view words,
                          std::string_view more = "") {
    return formatted("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     xml_escaped(words));
  }

  std::string marks() const {
    std::string svg;
    const double step = step_of_marks(most_);
    for (double mark = 0; mark <= most_; mark += step) {
      svg += formatted("<path class=\"line\" d=\"M{} {:.1f}H{}\"/>\n", kLeft, y(mark), kRight);
      svg += text(kLeft - 8, y(mark) + 4, "end", bytes_text(static_cast<std::uint64_t>(mark)));
    }
    return svg;
  }

  std::string areas() const {
    std::string svg;
    std::vector<double> ground(columns_.size(), 0);
    for (const Layer& layer : layers_) {
      std::string above, below;
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        above += formatted("{}{:.1f} {:.1f}H{:.1f}", i == 0 ? "M" : "L", x(i),
                           y(ground[i] + number(columns_[i].*layer.bytes)), x(i + 1));
      }
      for (std::size_t i = columns_.size(); i-- > 0;) {
        below += formatted("L{:.1f} {:.1f}H{:.1f}", x(i + 1), y(ground[i]), x(i));
        ground[i] += number(columns_[i].*layer.bytes);
      }
      svg += formatted("<path fill=\"{}\" d=\"{}{}Z\"/>\n", layer.color, above, below);
    }
    return svg;
  }

  /// A line where a phase begins, and its name below.
  std::string phases() const {
    std::string svg;
    for (std::size_t begin = 0; begin < columns_.size();) {
      std::size_t end = begin;
      while (end < columns_.size() && columns_[end].phase == columns_[begin].phase) ++end;
      if (begin > 0) svg += formatted("<path class=\"edge\" d=\"M{:.1f} {}V{}\"/>\n", x(begin), kTop - 8, kBottom);
      const bool narrow = columns_[begin].phase == Phase::optimizer;
      svg += text(narrow ? kRight : (x(begin) + x(end)) / 2, kBottom + 20, narrow ? "end" : "middle",
                  narrow ? "step" : name(columns_[begin].phase));
      begin = end;
    }
    return svg;
  }

  std::string peak() const {
    if (columns_.empty()) return "";
    const auto highest = std::ranges::max_element(columns_, {}, [](const Moment& m) { return m.sum(); });
    const auto at_column = static_cast<std::size_t>(highest - columns_.begin());
    const double middle = (x(at_column) + x(at_column + 1)) / 2;
    const std::string where =
        highest->phase == Phase::optimizer ? "the optimizer's step" : shown_path(at(report_.rows, highest->row).path);
    const std::string_view anchor = middle < kLeft + 200 ? "start" : middle > kRight - 200 ? "end" : "middle";
    return formatted("<path class=\"peak\" d=\"M{:.1f} {:.1f}V{}\"/>\n", middle, y(number(highest->sum())), kTop - 10) +
           text(middle, kTop - 16, anchor, formatted("{} at the peak, in {}", bytes_text(highest->sum()), where),
                " font-weight=\"bold\"");
  }

  std::string legend() const {
    std::string svg;
    double left = kLeft;
    for (const Layer& layer : layers_) {
      svg += formatted("<rect x=\"{:.1f}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{}\"/>\n", left, kHeight - 16,
                       layer.color);
      svg += text(left + 18, kHeight - 6, "start", layer.name);
      left += 44 + 6.6 * static_cast<double>(layer.name.size());
    }
    return svg;
  }

  const Report& report_;
  std::vector<Moment> columns_;
  std::vector<Layer> layers_;
  double most_ = 0;
};

}  // namespace

std::string timeline_svg(const Report& report, bool on_page) {
  if (!report.memory()) {
    throw Error(
        "there is no memory over time to draw: the report is neither of a training step nor of memory, or its memory "
        "was not observed");
  }
  const std::string_view frame = on_page ? "fill=\"currentColor\"" : "fill=\"#222\"";
  std::string svg = formatted(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "style=\"max-width:100%;height:auto\" font-family=\"DejaVu Sans,Verdana,sans-serif\" font-size=\"11\" {2}>\n"
      "<title>Memory of a {4} of {3}</title>\n"
      "<style>.line{{stroke:currentColor;opacity:.18}}.edge{{stroke:currentColor;opacity:.5;stroke-dasharray:3 3}}"
      ".peak{{stroke:currentColor;stroke-width:1.2}}</style>\n",
      kWidth, kHeight, frame, xml_escaped(report.model), report.training ? "training step" : "forward");
  if (!on_page) svg += formatted("<rect width=\"{}\" height=\"{}\" fill=\"#fff\"/>\n", kWidth, kHeight);
  return svg + Timeline(report).body() + "</svg>";
}

}  // namespace thoplw
