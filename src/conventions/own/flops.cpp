// flops: every arithmetic operation, by operator.
#include "conventions/own/own.h"

namespace thoplw::own {

constinit const Convention kFlops = {
    .name = "flops",
    .doc =
        "every arithmetic operation: 2 per multiply-add, 1 per element of elementwise work, pooling and sums, 4 per "
        "element of a norm, 5 per element of a softmax or a resize; every parameter once, whether it ran or not",
    .unit = Unit::flop,
    .prices = {{Kind::contraction, 2},
               {Kind::attention, 2},
               {Kind::bias, 1},
               {Kind::norm, 4},
               {Kind::activation, 1},
               {Kind::softmax, 5},
               {Kind::pool, 1},
               {Kind::resize, 5},
               {Kind::elementwise, 1},
               {Kind::reduction, 1}},
};

}  // namespace thoplw::own
