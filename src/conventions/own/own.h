// The conventions of our own. One file each.
#pragma once

#include "conventions/convention.h"

namespace thoplw::own {

extern const Convention kExact;
extern const Convention kFlops;
extern const Convention kThoplw;

}  // namespace thoplw::own
