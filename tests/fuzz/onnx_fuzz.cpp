// Any bytes as an ONNX file: a table or an Error, nothing else.
#include <cstddef>
#include <cstdint>

#include "conventions/convention.h"
#include "count/count.h"
#include "load/formats.h"
#include "trace/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  thoplw::looks_like_onnx(bytes);
  try {
    const thoplw::Trace trace = thoplw::read_onnx({"fuzz.onnx", bytes}, {});
    for (const thoplw::Convention* convention : thoplw::conventions()) thoplw::count(trace, *convention);
    thoplw::to_text(trace);
  } catch (const thoplw::Error&) {
  }
  return 0;
}
