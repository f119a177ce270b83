// The table of conventions, sorted by name. Each has a file: in own/, or in tools/ where it gives another tool's
// numbers.
#include <vector>

#include "base/suggest.h"
#include "conventions/convention.h"
#include "conventions/own/own.h"
#include "conventions/tools/tools.h"

namespace thoplw {
namespace {

constexpr const Convention* kConventions[] = {
    &tools::kCalflops,        &tools::kDeepspeed,   &own::kExact,          &own::kFlops,
    &tools::kFvcore,          &tools::kKeras,       &tools::kMmengine,     &tools::kOnnxTool,
    &tools::kPtflops,         &tools::kPtflopsAten, &tools::kThop,         &own::kThoplw,
    &tools::kTorch,           &tools::kTorchinfo,   &tools::kTorchprofile, &tools::kTorchstat,
    &tools::kUltralyticsThop,
};

}  // namespace

std::span<const Convention* const> conventions() { return kConventions; }

const Convention& find_convention(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Convention* convention : kConventions) {
    if (convention->name == name) return *convention;
    known.push_back(convention->name);
  }
  throw Error(did_you_mean("convention", name, known));
}

}  // namespace thoplw
