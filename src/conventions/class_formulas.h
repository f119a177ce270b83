// Class formulas: what one call of a module costs in the default convention, by kind of work.
#pragma once

#include <string_view>

#include "conventions/convention.h"

namespace thoplw::class_cost {

Work linear(const CallView& call);               ///< contractions, and the bias at every position
Work recurrent(const CallView& call);            ///< every gate of every step and direction as a linear layer
Work multihead_attention(const CallView& call);  ///< four projections as linear layers, and both products
Work encoder_layer(const CallView& call);        ///< not 0 only where the whole layer ran as one operator
Work prelu(const CallView& call);                ///< batch x slopes
Work upsample(const CallView& call);             ///< per output element, as the mode says

template <std::size_t Spatial>
Work convolution(const CallView& call);  ///< contractions, and the bias once per sample; transposed too
Work softmax(const CallView& call);      ///< elements of the input
template <int PerElement>
Work norm(const CallView& call);  ///< elements of the input x PerElement
template <int Spatial>
Work average_pool(const CallView& call);  ///< elements of the output x spatial dimensions

/// What one of these formulas counts, in words.
std::string_view in_words(Work (*formula)(const CallView&));

}  // namespace thoplw::class_cost
