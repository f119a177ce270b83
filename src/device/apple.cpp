// Devices of kind apple.
#include "device/tables.h"

namespace thoplw::devices_of {

std::span<const Device> apple() { return {}; }

}  // namespace thoplw::devices_of
