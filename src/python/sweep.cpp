// Binds what shows the results of sweeps: tables, the page and the picture of a Pareto front.
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "base/error.h"
#include "python/bindings.h"
#include "render/formats.h"
#include "render/page/front_page.h"
#include "render/picture/front_svg.h"
#include "render/table/table.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

WriteTable* writer_of(const std::string& kind) {
  if (kind == "csv") return csv_table;
  if (kind == "md") return md_table;
  if (kind == "text") return text_table;
  throw Error("results of a sweep cannot be shown as " + kind + "; known: text md csv json html svg png");
}

std::string write_table(const std::string& kind, Table::Cells titles, std::vector<bool> numbers,
                        std::vector<Table::Cells> rows, const std::vector<std::string>& notes) {
  return writer_of(kind)({std::move(titles), std::move(numbers), std::move(rows), {}}, {}, notes);
}

/// `front`: the places of those on the front, `names` what they are called.
std::string draw_front(const std::vector<std::uint64_t>& xs, const std::vector<std::uint64_t>& ys,
                       const std::vector<std::size_t>& front, const std::vector<std::string>& names,
                       const std::string& x_title, const std::string& y_title) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < xs.size(); ++i) candidates.push_back({xs.at(i), ys.at(i)});
  for (std::size_t i = 0; i < front.size(); ++i) {
    candidates.at(front[i]).on_front = true;
    candidates[front[i]].name = names.at(i);
  }
  return front_svg(candidates, x_title, y_title);
}

}  // namespace

void bind_sweep(nb::module_& m) {
  m.def("write_table", &write_table, "kind"_a, "titles"_a, "numbers"_a, "rows"_a, "notes"_a);
  m.def("front_svg", &draw_front, "xs"_a, "ys"_a, "front"_a, "names"_a, "x_title"_a, "y_title"_a);
  m.def("front_page", &front_page, "title"_a, "about"_a, "data"_a);
}

}  // namespace thoplw
