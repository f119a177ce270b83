// Tensor.register_hook and retain_grad, which refuse tensors of which autograd knows nothing.
#pragma once

namespace thoplw::capture {

void exchange_hooks();
void put_back_hooks();

}  // namespace thoplw::capture
