// Binds variants of traces, for the tests.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "python/bindings.h"
#include "python/given.h"
#include "variants/autocast_ops.h"
#include "variants/precision.h"
#include "variants/variants.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

Processor processor_of(bool cuda) { return cuda ? Processor::cuda : Processor::cpu; }

std::string_view name(Cast cast) {
  constexpr std::string_view kNames[] = {"none", "lower", "fp32", "output", "widest"};
  return kNames[static_cast<std::size_t>(cast)];
}

nb::dict autocast_ops(bool cuda) {
  nb::dict ops;
  for (const CastRow& row : cast_rows()) {
    if (!(cuda ? row.cuda : row.cpu)) continue;
    for (const std::string_view op : row.ops) ops[nb::str(op.data(), op.size())] = std::string(name(row.cast));
  }
  return ops;
}

}  // namespace

void bind_variants(nb::module_& m) {
  m.def("frozen", &frozen, "trace"_a, "globs"_a);
  m.def(
      "checkpointed",
      [](const Trace& trace, const std::vector<std::string>& globs) { return checkpointed(trace, globs); }, "trace"_a,
      "globs"_a);
  m.def(
      "in_precision",
      [](const Trace& trace, const std::string& precision, bool cuda) {
        return in_precision(trace, find_precision(precision), processor_of(cuda));
      },
      "trace"_a, "precision"_a, "cuda"_a = false);
  m.def(
      "with_lora",
      [](const Trace& trace, int rank, const std::vector<std::string>& targets, double dropout,
         const std::string& autocast) {
        return with_lora(trace,
                         {.rank = rank, .targets = targets, .dropout = dropout, .autocast = dtype_named(autocast)});
      },
      "trace"_a, "rank"_a, "targets"_a, "dropout"_a = 0.0, "autocast"_a = "");
  m.def("precision", [](nb::handle value) {
    const Precision& row = find_precision(given::text(value, "precision"));
    return nb::make_tuple(row.as_is ? std::string() : std::string(thoplw::name(row.type)), row.autocast);
  });
  m.def("autocast_ops", &autocast_ops, "cuda"_a);
}

}  // namespace thoplw
