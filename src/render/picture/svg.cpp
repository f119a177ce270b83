// An icicle of the module tree as a picture for papers and READMEs: areas are MACs, or parameters where sorted by them.

#include <algorithm>
#include <array>
#include <iterator>

#include "base/formatted.h"
#include "render/escape.h"
#include "render/formats.h"
#include "render/picture/class_kind.h"
#include "render/picture/icicle.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

// Pixels.
constexpr double kMargin = 14, kHead = 74, kNote = 16;
constexpr double kWidth = 960, kLeastColumn = 140;
constexpr double kLeastHeight = 300, kMostHeight = 760, kPerLeaf = 18;
constexpr double kPadding = 5, kFont = 11, kOneLine = 13, kTwoLines = 31;
constexpr int kMostLevels = 12;

/// In ems of a wide sans-serif (DejaVu Sans), so that narrower fonts fit too.
double em_width(std::string_view character) {
  if (character.size() > 1) return character == "…" ? 1.0 : character == "·" ? 0.32 : 1.0;
  const char c = character.front();
  if (std::string_view("ijl|I").find(c) != std::string_view::npos) return 0.3;
  if (std::string_view(" .,:;'!()[]/ftr").find(c) != std::string_view::npos) return 0.4;
  if (std::string_view("mwMW%@").find(c) != std::string_view::npos) return 0.98;
  return c >= 'A' && c <= 'Z' ? 0.73 : 0.63;
}

double text_width(std::string_view text, double font) {
  double ems = 0;
  for (; !text.empty(); text.remove_prefix(first_character(text).size())) ems += em_width(first_character(text));
  return ems * font;
}

/// What fits into so many pixels, with "…" for the rest; empty where that would be next to nothing.
std::string cut(std::string_view text, double room, double font) {
  if (text_width(text, font) <= room) return std::string(text);
  room -= em_width("…") * font;
  std::size_t end = 0, characters = 0;
  while (end < text.size()) {
    const std::string_view character = first_character(text.substr(end));
    room -= em_width(character) * font;
    if (room < 0) break;
    end += character.size();
    ++characters;
  }
  return characters < 2 ? "" : std::string(text.substr(0, end)) + "…";
}

/// "#56b4e9" mixed with white: of a module whose work is in the cells to its right.
std::string pale(std::string_view color) {
  std::string mixed = "#";
  for (std::size_t i = 1; i < color.size(); i += 2) {
    const int part = std::stoi(std::string(color.substr(i, 2)), nullptr, 16);
    mixed += formatted("{:02x}", part + (255 - part) * 11 / 20);
  }
  return mixed;
}

std::string style() {
  std::string css =
      "text{font-family:Helvetica,Arial,\"Liberation Sans\",\"DejaVu Sans\",sans-serif;font-size:11px;fill:#111}"
      ".page{fill:#fff}.h{font-size:16px;font-weight:bold;fill:#1f2328}.t{font-size:12px;fill:#57606a}"
      ".c{stroke:#fff;stroke-width:1}";
  for (std::size_t i = 0; i < class_kinds().size(); ++i) {
    const auto color = class_kinds()[i].color;
    css += formatted(".k{}{{fill:{}}}.p{}{{fill:{}}}", i, color, i, pale(color));
  }
  return "<style>" + css +
         "@media(prefers-color-scheme:dark){.page{fill:#0d1117}.h{fill:#e6edf3}.t{fill:#9198a1}.c{stroke:#0d1117}}"
         "</style>\n";
}

std::string text_at(double x, double y, std::string_view cls, const std::string& text) {
  const std::string of_class = cls.empty() ? "" : formatted(" class=\"{}\"", cls);
  return formatted("<text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>", x, y, of_class, xml_escaped(text));
}

struct Drawing {
  const Report& report;
  const Sizing sizing;
  double column = 0;  ///< how wide a level is
  std::string body{};

  std::string tooltip(const IcicleCell& cell) const {
    const std::string of = cell.kind == NodeKind::module ? "" : cell.label + " of ";
    std::string text = formatted("{}{}{}\n{} {}, {} of the total", of, shown_path(cell.path),
                                 cell.kind == NodeKind::module ? ": " + cell.row.cls : "", grouped(sizing.of(cell.row)),
                                 sizing.unit, sizing.share(cell.row));
    for (const Measure other : report.shown()) {
      if (other == sizing.measure || !report.has(other)) continue;
      text += formatted(", {} {}", grouped(cell.row.amount(other)), words(other, report.unit));
    }
    return text;
  }

  void label_cell(const IcicleCell& cell, double x, double y) {
    if (cell.height < kOneLine) return;
    const double room = column - 2 * kPadding;
    const std::string name = harmless(cell.label), share = sizing.share(cell.row);
    const std::string amount = short_number(sizing.of(cell.row)) + " · " + share;
    const bool two = cell.height >= kTwoLines;
    const double middle = y + cell.height / 2 + kFont * 0.36;
    const std::string line = name + " · " + share;
    const bool beside = !two && text_width(line, kFont) <= room;
    body += text_at(x + kPadding, two ? middle - 7 : middle, "", cut(beside ? line : name, room, kFont));
    if (!two) return;
    const std::string below = text_width(amount, kFont) <= room ? amount : share;
    body += text_at(x + kPadding, middle + 7, "", cut(below, room, kFont));
  }

  void draw(const IcicleCell& cell) {
    const double x = kMargin + static_cast<double>(cell.level) * column, y = kHead + cell.top;
    const bool colored = cell.kind != NodeKind::others;
    const std::size_t kind = colored ? place_of(kind_of(cell.row)) : class_kinds().size() - 1;
    body += formatted(
        "<g><title>{}</title><rect class=\"c {}{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"/>",
        escaped_lines(tooltip(cell)), cell.inside ? "p" : "k", kind, x, y, column, cell.height);
    label_cell(cell, x, y);
    body += "</g>\n";
  }

  /// With its one line break, which is ours: those of names are escaped.
  static std::string escaped_lines(const std::string& text) {
    const auto end = text.rfind('\n');
    return xml_escaped(text.substr(0, end)) + "&#10;" + xml_escaped(text.substr(end + 1));
  }

  void draw_head(const std::string& heading, double width) {
    const double room = width - 2 * kMargin;
    body += text_at(kMargin, 26, "h", cut(harmless(heading), room, 16)) + "\n";
    body += text_at(kMargin, 44, "t", cut(harmless(totals_in_words(report)), room, 12)) + "\n";
  }

  void draw_legend(const std::vector<IcicleCell>& cells) {
    double x = kMargin;
    const std::string what = formatted("areas: {}", sizing.unit);
    body += text_at(x, 63, "t", what);
    x += text_width(what, 12) + 14;
    for (const ClassKind& kind : class_kinds()) {
      const auto of_kind = [&](const IcicleCell& cell) {
        const bool other = &kind == &class_kinds().back();  // a module around others says nothing by its grey
        return &kind_of(cell.row) == &kind && !(other && cell.inside);
      };
      if (std::ranges::none_of(cells, of_kind)) continue;
      body += formatted("<rect class=\"k{}\" x=\"{:.1f}\" y=\"53\" width=\"12\" height=\"12\"/>", place_of(kind), x);
      body += text_at(x + 16, 63, "t", std::string(kind.name));
      x += 16 + text_width(kind.name, 12) + 12;
    }
    body += "\n";
  }
};

double picture_height(const ModuleNode& root, const Sizing& sizing) {
  if (sizing.total == 0) return 0;
  // How many cells would have a label at full height.
  std::size_t leaves = 0;
  for (const IcicleCell& cell : icicle(root, sizing, kMostHeight)) {
    if (!cell.inside && cell.height >= kLeastHeight / 100) ++leaves;
  }
  return std::clamp(static_cast<double>(leaves) * kPerLeaf, kLeastHeight, kMostHeight);
}

}  // namespace

std::string render_svg(const Report& report, const RenderOptions& options) {
  RenderOptions limited = options;
  auto notes = picture_notes(report);
  const auto deepest = std::ranges::max_element(report.rows, {}, &Row::depth);
  if (options.depth < 0 && deepest != report.rows.end() && deepest->depth >= kMostLevels) {
    limited.depth = kMostLevels - 1;
    notes.push_back(formatted("modules deeper than {} are in those around them", limited.depth));
  }
  const ModuleNode root = module_tree(report, limited);
  const Sizing sizing = sizing_of(report, options);
  const double high = picture_height(root, sizing);
  const auto cells = icicle(root, sizing, high);
  if (cells.empty()) notes.push_back(formatted("nothing has any {}: there are no areas to show", sizing.unit));

  std::size_t levels = 1;
  for (const IcicleCell& cell : cells) levels = std::max(levels, cell.level + 1);
  const double width = std::max(kWidth, 2 * kMargin + kLeastColumn * static_cast<double>(levels));
  Drawing drawing{report, sizing, (width - 2 * kMargin) / static_cast<double>(levels)};
  drawing.draw_head(options.title.empty() ? report.model : options.title + " (" + report.model + ")", width);
  drawing.draw_legend(cells);
  for (const IcicleCell& cell : cells) drawing.draw(cell);
  double y = kHead + high + kNote;
  for (const auto& note : notes) {
    drawing.body += text_at(kMargin, y, "t", cut(harmless(note), width - 2 * kMargin, 12)) + "\n";
    y += kNote;
  }
  const double height = y - kNote + kMargin;
  return formatted(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\">\n<title>{2}</title>\n{3}"
      "<rect class=\"page\" width=\"{0:.0f}\" height=\"{1:.0f}\" rx=\"6\"/>\n{4}</svg>",
      width, height, xml_escaped(report.model + ": " + totals_in_words(report)), style(), drawing.body);
}

}  // namespace thoplw
