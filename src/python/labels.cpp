// Binds the placing of labels in pictures, for plots that Python draws.
#include "render/picture/labels.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/vector.h>

#include <array>

#include "python/bindings.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

/// left, top, width, height; of a label the place of its point, width, height.
using Four = std::array<double, 4>;

Box box_of(const Four& four) { return {four[0], four[1], four[2], four[3]}; }

std::vector<Four> placed(const std::vector<Four>& labels, const Four& inside, const std::vector<Four>& around) {
  std::vector<Label> all;
  for (const auto& [x, y, width, height] : labels) all.push_back({x, y, width, height});
  std::vector<Box> others;
  for (const Four& box : around) others.push_back(box_of(box));
  place(all, box_of(inside), others);
  std::vector<Four> boxes;
  for (const Label& label : all) boxes.push_back({label.box.left, label.box.top, label.box.width, label.box.height});
  return boxes;
}

}  // namespace

void bind_labels(nb::module_& m) { m.def("place_labels", &placed, "labels"_a, "inside"_a, "around"_a); }

}  // namespace thoplw
