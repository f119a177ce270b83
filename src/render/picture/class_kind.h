// What a module is, told by the name of its class: the hues of pictures and terminals.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "report/report.h"

namespace thoplw {

struct ClassKind {
  std::string_view name;   ///< "convolution"
  std::string_view color;  ///< of an area in a picture, with black text on it: "#56b4e9"
  std::string_view light;  ///< of an area on a page, with dark text on it
  std::string_view dark;   ///< of an area on a dark page, with light text on it
  int ansi = 0;            ///< SGR foreground colour of a terminal; 0: the usual one
};

/// In the order of legends; the last is that of all others.
std::span<const ClassKind> class_kinds();
std::size_t place_of(const ClassKind& kind);

/// By the name of its class, else by the kind of work that it does most of.
const ClassKind& kind_of(const Row& row);

}  // namespace thoplw
