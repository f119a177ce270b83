// The modules as a tree in which each has all that is inside it. What the renderers that show the tree share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "render/numbers.h"
#include "render/table/columns.h"

namespace thoplw {

enum class NodeKind : std::uint8_t { module, itself, others, each };

/// What is inside a node adds up to it: own work beside other modules is a node "(itself)", and so are modules that are
/// not shown, "(3 others)". Of equal modules that are one node, what is inside is one of them, "(each)".
struct ModuleNode {
  Row row;           ///< its own amounts are those of all that is inside
  std::string name;  ///< in the module around it: "0" of "layer1.0"; of the root it is empty
  NodeKind kind = NodeKind::module;
  std::size_t children = 0;          ///< how many modules are right inside it, shown or not
  std::size_t left_out = 0;          ///< how many modules are summed in it, where it is of others
  int times = 1;                     ///< how many equal modules it is
  std::vector<ModuleNode> inside{};  ///< in the order in which they are shown, others at the end
};

/// Rolled up, narrowed to what is wanted and sorted; a report without rows gives a root with its totals.
ModuleNode module_tree(const Report& report, const RenderOptions& options);

/// Of the rows that are shown, by row, of which there is one; all that are not are among the others. What a module has
/// of `measures` beside others inside it is a node.
ModuleNode tree_of_shown(const std::vector<Row>& rows, const std::vector<bool>& shown,
                         std::span<const Measure> measures);

/// "0: BasicBlock".
std::string label(const ModuleNode& node);

/// How many nodes there are, the root too.
std::size_t size(const ModuleNode& node);

/// What sizes and shades of a picture stand for: the measure that rows are sorted by, else MACs or FLOPs.
struct Sizing {
  Measure measure = Measure::macs;
  std::string_view unit;  ///< "MACs"
  Count total;

  Amount of(const Row& row) const { return row.amount(measure); }
  std::string share(const Row& row) const;  ///< "6.34 %"
};

Sizing sizing_of(const Report& report, const RenderOptions& options);

/// "1.82 G MACs, 11.70 M params by convention thoplw".
std::string totals_in_words(const Report& report);

/// What must be said below a picture, which always shows shares.
std::vector<std::string> picture_notes(const Report& report);

}  // namespace thoplw
