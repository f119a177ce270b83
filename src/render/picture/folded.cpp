// Stacks of modules, one a line with what the innermost costs itself: what flame graph viewers read.
#include <cctype>

#include "render/formats.h"
#include "render/module_tree.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

/// Semicolons part frames, a space parts the stack from its number.
std::string frame(std::string_view name) {
  std::string safe = harmless(name);
  for (char& c : safe) {
    if (c == ';') c = ',';
    if (std::isspace(static_cast<unsigned char>(c)) != 0) c = '_';
  }
  return safe.empty() ? "_" : safe;
}

void fold(const ModuleNode& node, const std::string& stack, const Sizing& sizing, std::string& text) {
  const Count amount = sizing.of(node.row).value;
  if (node.inside.empty() && amount > 0) text += stack + " " + std::to_string(amount.value()) + "\n";
  for (const ModuleNode& inner : node.inside) {
    const bool own = inner.kind == NodeKind::itself;  // viewers show it as the part with nothing above it
    fold(inner, own ? stack : stack + ";" + frame(inner.name), sizing, text);
  }
}

}  // namespace

std::string render_folded(const Report& report, const RenderOptions& options) {
  const Sizing sizing = sizing_of(report, options);
  const std::string root = frame(options.title.empty() ? report.model : options.title);
  std::string text;
  fold(module_tree(report, options), root, sizing, text);
  if (text.empty()) text = root + " 0\n";
  text.pop_back();
  return text;
}

}  // namespace thoplw
