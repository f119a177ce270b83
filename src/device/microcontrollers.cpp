// Devices of kind microcontroller.
#include "device/tables.h"

namespace thoplw::devices_of {

std::span<const Device> microcontrollers() { return {}; }

}  // namespace thoplw::devices_of
