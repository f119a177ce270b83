// Building models on the meta device.
#pragma once

#include "capture/python.h"

namespace thoplw::capture {

/// What torch.device("meta") puts in force within a `with`, at a fraction of what it takes: a new one of torch's own
/// DeviceContext, whose __torch_function__, asked once for each call of torch, is C++ here.
nb::object on_meta_device();

}  // namespace thoplw::capture
