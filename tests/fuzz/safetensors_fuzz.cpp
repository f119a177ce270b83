// Any bytes as a safetensors file: a table or an Error, nothing else.
#include <cstddef>
#include <cstdint>

#include "conventions/convention.h"
#include "count/count.h"
#include "load/formats.h"
#include "trace/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const thoplw::Trace trace = thoplw::read_safetensors({"fuzz.safetensors", bytes}, {});
    const std::string text = thoplw::to_text(trace);
    thoplw::parse_trace(text);
    thoplw::count(trace, thoplw::find_convention("thoplw"));
  } catch (const thoplw::Error&) {
  }
  return 0;
}
