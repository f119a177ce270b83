// What a terminal can show: its size, and whether it wants colours.
#pragma once

#include "render/render.h"

namespace thoplw::cli {

/// Of the terminal behind a file descriptor (-1: unknown). $COLUMNS and $LINES go before what the terminal says; there
/// are no colours where $NO_COLOR is set (https://no-color.org) or $TERM is "dumb".
Screen screen_of_terminal(int descriptor);

}  // namespace thoplw::cli
