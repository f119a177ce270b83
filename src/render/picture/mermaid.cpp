// The module tree as a flowchart in the language of Mermaid, which GitHub and notebooks draw from Markdown.

#include <algorithm>
#include <cctype>

#include "base/formatted.h"
#include "render/formats.h"
#include "render/module_tree.h"
#include "render/picture/shade.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

constexpr std::size_t kMostNodes = 250;  ///< Mermaid draws up to 500 edges and 50,000 characters, and readers see fewer

/// Inside quotes, as Mermaid's own entities; emphasis and lists of Markdown have no place in a name.
std::string escaped(std::string_view name) {
  const std::string text = harmless(name);
  const auto alnum = [&](std::size_t i) {
    return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool special = std::string_view("\"#&<>`*~\\|{}[];%$").find(c) != std::string_view::npos;
    const bool emphasis = c == '_' && !(i > 0 && alnum(i - 1) && alnum(i + 1));
    const bool list = i == 0 && (c == '-' || c == '+');
    out += special || emphasis || list ? formatted("#{};", static_cast<int>(c)) : std::string(1, c);
  }
  return out;
}

struct Writer {
  const Sizing sizing;
  std::string text{};
  std::size_t nodes = 0;

  std::size_t write(const ModuleNode& node) {
    const std::size_t id = nodes++;
    const auto shade = &shade_of(node.row, sizing) - shades().data();
    text += formatted("  n{}[\"{}<br/>{} {}, {}\"]:::s{}\n", id, escaped(label(node)),
                      short_number(sizing.of(node.row)), sizing.unit, sizing.share(node.row), shade);
    for (const ModuleNode& inner : node.inside) {
      const std::size_t inner_id = write(inner);
      text += formatted("  n{} --> n{}\n", id, inner_id);
    }
    return id;
  }
};

/// The tree, less deep and then of the costliest modules alone where it has more nodes than can be drawn, unless the
/// user says how much to show.
ModuleNode drawable_tree(const Report& report, RenderOptions options) {
  ModuleNode tree = module_tree(report, options);
  if (options.depth >= 0 || options.top > 0) return tree;
  if (size(tree) <= kMostNodes) return tree;
  const auto deepest = std::ranges::max_element(report.rows, {}, &Row::depth);
  options.depth = 1;
  tree = module_tree(report, options);
  for (int too_deep = deepest->depth; too_deep - options.depth > 1;) {
    RenderOptions between = options;
    between.depth = (options.depth + too_deep) / 2;
    ModuleNode deeper = module_tree(report, between);
    if (size(deeper) > kMostNodes) {
      too_deep = between.depth;
    } else {
      options = between;
      tree = std::move(deeper);
    }
  }
  if (size(tree) > kMostNodes) {
    options.top = kMostNodes / 2;
    tree = module_tree(report, options);
  }
  return tree;
}

std::size_t modules_in(const ModuleNode& node) {
  std::size_t modules = node.kind == NodeKind::module ? 1 : 0;
  for (const ModuleNode& inner : node.inside) modules += modules_in(inner);
  return modules;
}

}  // namespace

std::string render_mermaid(const Report& report, const RenderOptions& options) {
  Writer writer{sizing_of(report, options)};
  const ModuleNode tree = drawable_tree(report, options);
  writer.write(tree);
  std::string text = formatted("%% {}: {}\n", escaped(options.title.empty() ? report.model : options.title),
                               escaped(totals_in_words(report)));
  const std::size_t merged = report.rows.size() - std::min(report.rows.size(), modules_in(tree));
  if (merged > 0) text += formatted("%% {} modules are merged into others; --depth and --top say how many\n", merged);
  for (const auto& note : picture_notes(report)) text += "%% " + escaped(note) + "\n";
  text += "flowchart LR\n" + writer.text;
  for (std::size_t i = 0; i < shades().size(); ++i) {
    text += formatted("  classDef s{} fill:{},color:{},stroke:#57606a\n", i, shades()[i].fill, shades()[i].ink);
  }
  text.pop_back();
  return text;
}

}  // namespace thoplw
