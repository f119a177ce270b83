// Devices of kind embedded.
#include "device/tables.h"

namespace thoplw::devices_of {

std::span<const Device> embedded() { return {}; }

}  // namespace thoplw::devices_of
