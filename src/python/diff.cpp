// Binds Diff and its rows: what changed from one table of layers to another.
#include "report/diff.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>

#include "base/harmless.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/layer_info.h"
#include "python/measures.h"
#include "python/render_arguments.h"
#include "python/to_python.h"
#include "python/values.h"
#include "thoplw.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

/// A row of a diff, which it keeps alive.
struct DiffRow {
  std::shared_ptr<const Diff> diff;
  RowPair pair;

  const Row* before() const { return diff->before_of(pair); }
  const Row* after() const { return diff->after_of(pair); }

  /// By what they say of their module.
  bool operator==(const DiffRow& other) const {
    const auto same = [](const Row* a, const Row* b) { return a && b ? *a == *b : a == b; };
    return same(before(), other.before()) && same(after(), other.after());
  }
};

/// None on the side where there is no such row.
nb::object count_of(const Row* row, Measure measure) {
  return row ? to_int(row->own[measure], row->has(measure)) : nb::none();
}

DiffRow restored_row(nb::handle state) {
  const auto [of, place] = nb::cast<std::pair<nb::object, std::pair<Id, Id>>>(state);
  const std::shared_ptr<const Diff> diff = held<Diff>(of);
  const RowPair pair{place.first, place.second};
  if (std::ranges::find(diff->pairs, pair) == diff->pairs.end()) throw nb::cast_error();
  return {diff, pair};
}

void bind_diff_row(nb::module_& m) {
  const auto text = [](std::string Row::*member) {
    return [member](const DiffRow& row) { return to_str((row.after() ? row.after() : row.before())->*member); };
  };
  nb::class_<DiffRow> diff_row(m, "DiffRow", kDiffRowDoc);
  diff_row.def_prop_ro("name", text(&Row::path))
      .def_prop_ro("cls", text(&Row::cls))
      .def_prop_ro("state", [](const DiffRow& row) { return std::string(name(fate(*row.diff, row.pair))); })
      .def_prop_ro("name_before",
                   [](const DiffRow& row) { return row.before() ? to_str(row.before()->path) : nb::none(); });
  bind_measures(
      diff_row, [](const DiffRow& row, Measure measure) { return count_of(row.before(), measure); }, "_before");
  bind_measures(diff_row, [](const DiffRow& row, Measure measure) { return count_of(row.after(), measure); });
  bind_equality(diff_row, [](const DiffRow& row) { return (row.after() ? row.after() : row.before())->path; });
  bind_pickling(
      diff_row, [](const DiffRow& row) { return nb::make_tuple(row.diff, std::pair(row.pair.before, row.pair.after)); },
      &restored_row);
}

std::vector<DiffRow> rows_of(std::shared_ptr<const Diff> diff) {
  std::vector<DiffRow> rows;
  for (const RowPair& pair : diff->pairs) rows.push_back({diff, pair});
  return rows;
}

std::string summary(const Diff& diff, nb::object kind, nb::object fmt, nb::object depth, nb::object sort,
                    nb::object all, nb::object columns) {
  const RenderOptions options = options_of(fmt, depth, sort, nb::none(), nb::none(), columns);
  return render_diff(diff, renderer_of(kind), options, nb::cast<bool>(nb::bool_(all)));
}

std::int64_t change(const Diff& diff, Measure measure) {
  return difference(diff.before.total[measure], diff.after.total[measure]);
}

std::string shown(const Diff& diff) {
  return "<Diff of " + harmless(diff.before.model) + " and " + harmless(diff.after.model) + ": " +
         in_words(diff.after.unit, [&](Measure measure) { return change(diff, measure); }) + ">";
}

/// A report as it is saved.
nb::bytes state_of(const Report& report) { return to_bytes(find_renderer("json").report(report, {})); }

Diff restored(nb::handle state) {
  const auto [before, after] = nb::cast<std::pair<nb::object, nb::object>>(state);
  return diff(read_report("pickle", from_bytes(before)), read_report("pickle", from_bytes(after)));
}

Diff difference_of(nb::object before, nb::object after) {
  for (const nb::object& info : {before, after}) {
    if (nb::isinstance<LayerInfo>(info)) continue;
    throw Error("diff() takes two LayerInfo, the third that profile() returns; one of these is of type " +
                nb::cast<std::string>(info.type().attr("__name__")));
  }
  return diff(nb::cast<const LayerInfo&>(before), nb::cast<const LayerInfo&>(after));
}

}  // namespace

void bind_diff(nb::module_& m) {
  bind_diff_row(m);
  nb::class_<Diff> diff(m, "Diff", kDiffDoc);
  bind_measures(diff, [](const Diff& of, Measure measure) -> nb::object {
    const bool known = of.before.has(measure) && of.after.has(measure);
    return known ? nb::object(nb::int_(change(of, measure))) : nb::none();
  });
  diff.def_prop_ro("exact", [](const Diff& self) { return self.before.exact && self.after.exact; })
      .def_prop_ro("rows", &rows_of)
      .def("summary", &summary, nb::arg("kind").none() = "text", nb::arg("fmt").none() = "raw", nb::kw_only(),
           "depth"_a = nb::none(), "sort"_a = nb::none(), nb::arg("unchanged").none() = false, "columns"_a = nb::none(),
           kDiffSummaryDoc)
      .def("__str__", [](const Diff& diff) { return render_diff(diff, find_renderer("text"), {}); })
      .def("__repr__", &shown);
  bind_equality(diff, [](const Diff& self) { return self.before.model + " " + self.after.model; });
  bind_pickling(
      diff, [](const Diff& self) { return nb::make_tuple(state_of(self.before), state_of(self.after)); }, &restored);
  m.def("diff", &difference_of, nb::arg("before").none(), nb::arg("after").none());
}

}  // namespace thoplw
