// Which models are meant by patterns, and where live models are opened when there are several.
#pragma once

#include "cli/cli.h"
#include "cli/flags.h"

namespace thoplw::cli {

/// Puts the models that patterns stand for in their place, and fills `jobs` in. Gives what opens live models in
/// processes of their own where that pays, else null.
Opener open_elsewhere(Options& options, const ManyModels& many);

}  // namespace thoplw::cli
