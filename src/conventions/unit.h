// The unit in which a convention counts.
#pragma once

#include <cstdint>

namespace thoplw {

enum class Unit : std::uint8_t { mac, flop };

}  // namespace thoplw
