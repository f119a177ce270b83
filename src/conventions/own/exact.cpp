// exact: products alone, by operator.
#include "conventions/own/own.h"

namespace thoplw::own {

constinit const Convention kExact = {
    .name = "exact",
    .doc = "multiply-adds of products, and nothing else; every parameter once, whether it ran or not",
    .prices = {{Kind::contraction, 1}, {Kind::attention, 1}},
};

}  // namespace thoplw::own
