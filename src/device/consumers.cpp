// Devices of kind consumer.
#include "device/tables.h"

namespace thoplw::devices_of {

std::span<const Device> consumers() { return {}; }

}  // namespace thoplw::devices_of
