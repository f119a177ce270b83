// Every renderer in every format of numbers against its golden file; THOPLW_RECORD=1 records them anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "render/render.h"
#include "render/samples_test.h"

namespace thoplw {
namespace {

std::string golden_path(const Sample& sample, const NumberFormatName& numbers, const Renderer& renderer) {
  const std::string format = renderer.numbers ? std::string(numbers.name) + "." : "";
  return THOPLW_TEST_DIR "/golden/" + std::string(sample.name) + "." + format + std::string(renderer.name);
}

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "no golden file ", path, ": record it with THOPLW_RECORD=1");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("every renderer has a golden file for every format of numbers, and gives it") {
  const bool record = std::getenv("THOPLW_RECORD") != nullptr;
  for (const auto& sample : kSamples) {
    for (const auto& numbers : number_formats()) {
      for (const auto& renderer : renderers()) {
        const auto path = golden_path(sample, numbers, renderer);
        RenderOptions options;
        options.numbers = numbers.format;
        const std::string whole = renderer.report(sample.report(), options);
        const std::string text = std::string(parts_of(whole, renderer).body) + "\n";  // of a page without its frame
        if (record) std::ofstream(path, std::ios::binary) << text;
        CAPTURE(path);
        CHECK(text == file_text(path));
      }
    }
  }
}

}  // namespace thoplw
