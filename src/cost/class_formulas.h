// Class formulas: what one call of a module costs in the default convention.
#pragma once

#include "cost/convention.h"

namespace thoplw::class_cost {

Count linear(const CallView& call);               ///< contractions, and the bias at every position
Count recurrent(const CallView& call);            ///< every gate of every step and direction as a linear layer
Count multihead_attention(const CallView& call);  ///< four projections as linear layers, and both products
Count encoder_layer(const CallView& call);        ///< not 0 only where the whole layer ran as one operator
Count prelu(const CallView& call);                ///< batch x slopes
Count upsample(const CallView& call);             ///< per output element, as the mode says

template <std::size_t Spatial>
Count convolution(const CallView& call);  ///< contractions, and the bias once per sample; transposed too
template <int PerElement>
Count per_input(const CallView& call);  ///< elements of the input x PerElement
template <int Spatial>
Count average_pool(const CallView& call);  ///< elements of the output x spatial dimensions

}  // namespace thoplw::class_cost
