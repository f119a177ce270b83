// Adapters as they are written on the command line: "r=8,targets=q_proj+v_proj".
#pragma once

#include <string>

#include "variants/variants.h"

namespace thoplw::cli {

/// Throws Error where a setting is not known, or is no number where it must be.
Lora parse_lora(const std::string& text);

}  // namespace thoplw::cli
