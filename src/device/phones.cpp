// Devices of kind phone.
#include "device/tables.h"

namespace thoplw::devices_of {

std::span<const Device> phones() { return {}; }

}  // namespace thoplw::devices_of
