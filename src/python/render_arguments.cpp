// Checks the arguments of summary(), save() and their like, and makes RenderOptions of them.
#include "python/render_arguments.h"

#include <algorithm>
#include <limits>

#include "python/given.h"

namespace nb = nanobind;

namespace thoplw {

RenderOptions options_of(nb::handle fmt, nb::handle depth, nb::handle sort, nb::handle top, nb::handle filter,
                         nb::handle columns, nb::handle by, nb::handle fold) {
  RenderOptions options;
  options.numbers = find_number_format(given::text(fmt, "fmt"));
  constexpr std::int64_t kDeepest = std::numeric_limits<int>::max();
  options.depth = static_cast<int>(std::min(given::number_or_none(depth, "depth", -1).value_or(-1), kDeepest));
  options.sort = given::text_or_none(sort, "sort").value_or("");
  options.top = static_cast<std::size_t>(given::number_or_none(top, "top", 1).value_or(0));
  if (!columns.is_none()) options.columns = given::texts(columns, "columns");
  if (const auto grouping = given::text_or_none(by, "by")) options.by = find_grouping(*grouping);
  if (!fold.is_none()) options.fold = given::flag(fold, "fold");
  if (!filter.is_none()) options.filter = given::texts(filter, "filter");
  return options;
}

const Renderer& renderer_of(nb::handle kind) { return find_renderer(given::text(kind, "kind")); }

}  // namespace thoplw
