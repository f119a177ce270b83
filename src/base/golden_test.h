// Text against a file in tests/golden; THOPLW_RECORD=1 records it anew.
#pragma once

#include <string>

namespace thoplw {

/// `name` is that of the file: "small.raw.md".
void check_golden(const std::string& name, const std::string& text);

}  // namespace thoplw
