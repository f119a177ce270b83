// Every renderer in every format of numbers against its golden file; THOPLW_RECORD=1 records them anew.
#include "base/golden_test.h"

#include <doctest/doctest.h>

#include "render/render.h"
#include "render/samples_test.h"

namespace thoplw {
namespace {

std::string golden_name(const Sample& sample, const NumberFormatName& numbers, const Renderer& renderer) {
  const std::string format = renderer.numbers ? std::string(numbers.name) + "." : "";
  return std::string(sample.name) + "." + format + std::string(renderer.name);
}

}  // namespace

TEST_CASE("every renderer has a golden file for every format of numbers, and gives it") {
  for (const auto& sample : kSamples) {
    for (const auto& numbers : number_formats()) {
      for (const auto& renderer : renderers()) {
        RenderOptions options;
        options.numbers = numbers.format;
        const std::string whole = renderer.report(sample.report(), options);
        const std::string_view body = parts_of(whole, renderer).body;  // of a page without its frame
        check_golden(golden_name(sample, numbers, renderer), std::string(body) + "\n");
      }
    }
  }
}

}  // namespace thoplw
