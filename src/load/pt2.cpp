// The .pt2 format.
#include "load/formats.h"

namespace thoplw {

bool looks_like_pt2(std::string_view) { return false; }

Trace read_pt2(const ModelFile&, const LoadOptions&) { throw Error("not read yet"); }

}  // namespace thoplw
