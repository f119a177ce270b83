// Regions of torch.autograd.Function, whose backward is code of its author.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

void exchange_functions();
void put_back_functions();

}  // namespace thoplw::capture
