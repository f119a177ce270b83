// The module tree as a graph in Graphviz' language, darker where more of the total is.

#include "base/formatted.h"
#include "render/formats.h"
#include "render/module_tree.h"
#include "render/picture/shade.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

/// Inside quotes. Graphviz reads backslashes and HTML entities in labels.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : harmless(text)) {
    if (c == '&') {
      out += "&amp;";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

struct Writer {
  const Sizing sizing;
  std::string text{};
  std::size_t nodes = 0;

  std::size_t write(const ModuleNode& node, const std::string& around) {
    const std::size_t id = nodes++;
    const std::string& path = node.kind == NodeKind::module ? node.row.path : around;
    const Shade& shade = shade_of(node.row, sizing);
    text += formatted("  n{} [label=\"{}\\n{} {}, {}\", tooltip=\"{}\", fillcolor=\"{}\", fontcolor=\"{}\"];\n", id,
                      escaped(label(node)), short_number(sizing.of(node.row)), sizing.unit, sizing.share(node.row),
                      escaped(shown_path(path)), shade.fill, shade.ink);
    for (const ModuleNode& inner : node.inside) {
      const std::size_t inner_id = write(inner, path);
      text += formatted("  n{} -> n{};\n", id, inner_id);
    }
    return id;
  }
};

}  // namespace

std::string render_dot(const Report& report, const RenderOptions& options) {
  Writer writer{sizing_of(report, options)};
  writer.write(module_tree(report, options), "");
  const std::string heading = options.title.empty() ? report.model : options.title;
  std::string notes;
  for (const auto& note : picture_notes(report)) notes += "\\n" + escaped(note);
  return formatted(
      "digraph \"{0}\" {{\n"
      "  graph [rankdir=LR, nodesep=0.1, ranksep=0.3, labelloc=t, fontname=\"Helvetica,Arial,sans-serif\",\n"
      "         label=\"{0}: {1}{2}\"];\n"
      "  node [shape=box, style=\"filled,rounded\", color=\"#57606a\", height=0.3, margin=\"0.1,0.04\",\n"
      "        fontname=\"Helvetica,Arial,sans-serif\", fontsize=10];\n"
      "  edge [color=\"#8c959f\", arrowsize=0.5];\n{3}}}",
      escaped(heading), escaped(totals_in_words(report)), notes, writer.text);
}

}  // namespace thoplw
