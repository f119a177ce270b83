// What is said of a language model, as bytes from which it can be read again.
#pragma once

#include <string>
#include <string_view>

#include "report/llm.h"

namespace thoplw {

std::string saved_llm(const Llm& llm);

/// Throws Error where the bytes are not what `saved_llm` gave.
Llm read_llm(std::string_view bytes);

}  // namespace thoplw
