// Any bytes as a trace: a table or an Error, nothing else.
#include <cstddef>
#include <cstdint>

#include "conventions/convention.h"
#include "count/count.h"
#include "trace/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const thoplw::Trace trace = thoplw::parse_trace(bytes);
    for (const thoplw::Convention* convention : thoplw::conventions()) thoplw::count(trace, *convention);
  } catch (const thoplw::Error&) {
  }
  return 0;
}
