// Binds what an operator keeps for backward, and what it touches, for tests: reports say it of whole models.
#include "operators/backward/kept.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "operators/touches.h"
#include "python/bindings.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

using Piece = std::tuple<std::string, std::size_t, std::uint64_t>;

std::string name(KeptTensor::Of of) {
  return of == KeptTensor::Of::input ? "input" : of == KeptTensor::Of::output ? "output" : "fresh";
}

/// ([(input, output or fresh, its index, its bytes)], bytes that are freed again, is that all?)
std::tuple<std::vector<Piece>, std::uint64_t, bool> kept_of(const Trace& trace, Id op,
                                                            const std::vector<std::uint8_t>& needs, bool cuda) {
  const Flavour flavour{.processor = cuda ? Processor::cuda : Processor::cpu};
  const Kept kept = thoplw::kept({{trace, trace.ops.at(static_cast<std::size_t>(op))}, needs, flavour});
  std::vector<Piece> pieces;
  for (const KeptTensor& tensor : kept.tensors) {
    pieces.emplace_back(name(tensor.of), tensor.index, tensor.bytes.value());
  }
  return {pieces, kept.temporary.value(), kept.known};
}

}  // namespace

void bind_kept(nb::module_& m) {
  m.def("kept", &kept_of, "trace"_a, "op"_a, "needs"_a, "cuda"_a = false);
  m.def(
      "touches", [](const std::string& op) { return std::string(name(touches(op))); }, "op"_a);
  m.def(
      "differentiable", [](const std::string& op) { return differentiable(op); }, "op"_a);
}

}  // namespace thoplw
