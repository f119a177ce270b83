// Any bytes as a saved report: a report that every renderer shows, or an Error, nothing else.
#include <cstddef>
#include <cstdint>

#include "render/render.h"
#include "report/saved.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  thoplw::RenderOptions options;
  options.depth = 1;
  options.sort = "input";
  try {
    const thoplw::Report report = thoplw::read_report("fuzz.json", bytes);
    const std::string saved = thoplw::find_renderer("json").report(report, {});
    if (thoplw::find_renderer("json").report(thoplw::read_report("saved.json", saved), {}) != saved) __builtin_trap();
    for (const thoplw::Renderer& renderer : thoplw::renderers()) renderer.report(report, options);
  } catch (const thoplw::Error&) {
  }
  return 0;
}
