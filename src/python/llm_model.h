// A language model that Python runs.
#pragma once

#include <nanobind/nanobind.h>

#include "count/llm/passes.h"

namespace thoplw {

/// `run(batch, context)` gives a trace, the names of what is in the cache, and the plans of transformers. What it
/// throws is thrown as it is.
LlmModel native_llm(nanobind::object run);

}  // namespace thoplw
