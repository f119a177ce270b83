// Formulas of operators that do one kind of work per element.
#include "operators/work/formulas.h"

namespace thoplw::work {

constexpr Formula nothing{
    .counts = {},
    .reads = Reads::stored,
    .work = [](const OpView&) { return Work{}; },
};
constexpr Formula elementwise{
    .counts = {{Kind::elementwise, "output elements"}},
    .reads = Reads::stored,
    .work = [](const OpView& op) { return only(Kind::elementwise, numel(op.out())); },
};
constexpr Formula bias{
    .counts = {{Kind::bias, "output elements"}},
    .work = [](const OpView& op) { return only(Kind::bias, numel(op.out())); },
};
constexpr Formula activation{
    .counts = {{Kind::activation, "output elements"}},
    .reads = Reads::stored,
    .work = [](const OpView& op) { return only(Kind::activation, numel(op.out())); },
};
constexpr Formula pool{
    .counts = {{Kind::pool, "output elements"}},
    .work = [](const OpView& op) { return only(Kind::pool, numel(op.out())); },
};
constexpr Formula resize{
    .counts = {{Kind::resize, "output elements"}},
    .work = [](const OpView& op) { return only(Kind::resize, numel(op.out())); },
};
constexpr Formula softmax{
    .counts = {{Kind::softmax, "input elements"}},
    .reads = Reads::stored,
    .work = [](const OpView& op) { return only(Kind::softmax, numel(op.in(0))); },
};
constexpr Formula norm{
    .counts = {{Kind::norm, "input elements"}},
    .reads = Reads::stored,
    .work = [](const OpView& op) { return only(Kind::norm, numel(op.in(0))); },
};
constexpr Formula reduction{
    .counts = {{Kind::reduction, "input elements"}},
    .reads = Reads::stored,
    .work = [](const OpView& op) { return only(Kind::reduction, numel(op.in(0))); },
};

constexpr Formula fourier{
    .counts = {{Kind::elementwise, "elements of the input or the output, whichever has more"}},
    .work =
        [](const OpView& op) {
          const Count in = numel(op.in(0)), out = numel(op.out());
          return only(Kind::elementwise, in < out ? out : in);
        },
};

constexpr Formula registered{
    .counts = {{Kind::contraction, "half of the FLOPs that the user's formula gives"},
               {Kind::elementwise, "1 if they are odd"}},
    .work =
        [](const OpView& op) {
          const Count flops = attr_as<std::int64_t>(op, "flops");
          Work work = only(Kind::contraction, flops.value() / 2);
          work[Kind::elementwise] = flops.value() % 2;
          return work;
        },
};

constexpr Formula embedding_bag{
    .counts = {{Kind::reduction, "rows that are read x their length"}},
    .work = [](const OpView& op) { return only(Kind::reduction, numel(op.in(1)) * size_from_end(op.in(0), 1)); },
};

}  // namespace thoplw::work
