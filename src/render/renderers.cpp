// The table of renderers and of number formats, and how one is found by name or file suffix.
#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "render/formats.h"
#include "render/render.h"

namespace thoplw {
namespace {

constexpr std::array kRenderers = {
    Renderer{"csv", "comma-separated values (RFC 4180)", ".csv", render_csv, csv_table},
    Renderer{.name = "dot",
             .doc = "graph of modules for Graphviz",
             .suffixes = ".dot .gv",
             .render = render_dot,
             .numbers = false},
    Renderer{.name = "folded",
             .doc = "stacks of modules for flame graph viewers",
             .suffixes = ".folded",
             .render = render_folded,
             .numbers = false,
             .between = "\n"},
    Renderer{.name = "html",
             .doc = "page to look at: a map of the modules, a table that opens, sorts and searches",
             .suffixes = ".html .htm",
             .render = render_html,
             .table = html_table,
             .between = "\n",
             .opens = "<main>\n",
             .closes = "\n</main>"},
    Renderer{.name = "json",
             .doc = "the whole report for programs",
             .suffixes = ".json",
             .render = render_json,
             .before = "[\n",
             .between = ",\n",
             .after = "\n]"},
    Renderer{"md", "Markdown table", ".md .markdown", render_md, md_table},
    Renderer{.name = "mermaid",
             .doc = "graph of modules for Markdown pages",
             .suffixes = ".mmd .mermaid",
             .render = render_mermaid,
             .numbers = false,
             .several = false},
    Renderer{.name = "svg",
             .doc = "picture of the modules: areas are MACs, or parameters with --sort params; of several models, "
                    "MACs against parameters",
             .suffixes = ".svg",
             .render = render_svg,
             .numbers = false,
             .models = scatter_svg},
    Renderer{"text", "table for a terminal", ".txt .text", render_text, text_table},
    Renderer{"tree", "tree of modules, each with all that is inside it", ".tree", render_tree},
};
static_assert(std::ranges::adjacent_find(kRenderers, std::ranges::greater_equal{}, &Renderer::name) ==
              kRenderers.end());

constexpr std::array kNumberFormats = {
    NumberFormatName{"clever", NumberFormat::clever, "in units of 1000: 1.82 G"},
    NumberFormatName{"ratio", NumberFormat::ratio, "percent of the total"},
    NumberFormatName{"raw", NumberFormat::raw, "integers"},
};
static_assert(std::ranges::adjacent_find(kNumberFormats, std::ranges::greater_equal{}, &NumberFormatName::name) ==
              kNumberFormats.end());

template <typename Table>
const auto& find_named(const Table& table, std::string_view what, std::string_view name) {
  const auto row = std::ranges::find(table, name, [](const auto& r) { return r.name; });
  if (row != table.end()) return *row;
  std::vector<std::string_view> known;
  for (const auto& r : table) known.push_back(r.name);
  throw Error(did_you_mean(what, name, known));
}

/// Does `words`, parted by a space, hold `word`?
bool holds(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = words.find(' ');
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

}  // namespace

std::span<const Renderer> renderers() { return kRenderers; }
std::span<const NumberFormatName> number_formats() { return kNumberFormats; }

const Renderer& find_renderer(std::string_view name) { return find_named(kRenderers, "kind", name); }

PageParts parts_of(std::string_view text, const Renderer& renderer) {
  const auto from = renderer.opens.empty() ? std::string_view::npos : text.find(renderer.opens);
  const auto to = renderer.closes.empty() ? std::string_view::npos : text.rfind(renderer.closes);
  if (from == std::string_view::npos || to == std::string_view::npos) return {"", text, ""};
  const auto body = from + renderer.opens.size();
  return {text.substr(0, body), text.substr(body, to - body), text.substr(to)};
}

NumberFormat find_number_format(std::string_view name) { return find_named(kNumberFormats, "fmt", name).format; }

const Renderer& renderer_for_path(std::string_view path) {
  const auto file = path.substr(path.find_last_of("/\\") + 1);
  const auto dot = file.rfind('.');
  const auto suffix = dot == std::string_view::npos ? "" : file.substr(dot);
  std::string known;
  for (const auto& renderer : kRenderers) {
    if (!suffix.empty() && holds(renderer.suffixes, suffix)) return renderer;
    known += " " + std::string(renderer.suffixes);
  }
  throw Error("the name '" + std::string(path) + "' does not tell the format: give a kind, or one of the suffixes" +
              known);
}

}  // namespace thoplw
