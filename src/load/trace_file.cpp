// The .trace format: the text form of a Trace.
#include "load/formats.h"
#include "trace/text.h"

namespace thoplw {

bool looks_like_trace(std::string_view bytes) { return bytes.starts_with("thoplw trace "); }

Trace read_trace(const ModelFile& file, const LoadOptions& options) {
  if (!options.dims.empty()) throw Error("a trace has no symbolic sizes: leave --dim out");
  file.need(file.bytes);
  return parse_trace(file.bytes, "trace");
}

}  // namespace thoplw
