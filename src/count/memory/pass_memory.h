// The memory of a pass as its trace tells it: what was there before, what it gives, who made what.
#pragma once

#include <string>
#include <vector>

#include "count/memory/alive_memory.h"
#include "operators/backward/grad_op.h"
#include "report/report.h"
#include "trace/trace.h"

namespace thoplw {

/// The row of the module in which the operator ran; that of the model where there is no operator.
Id row_of_op(const Trace& trace, Id op);

/// The kernel of the first attention that there is; empty: there is none.
std::string kernel_of_attention(const Trace& trace, Flavour flavour);

/// By storage: does a parameter or buffer lie in it?
std::vector<bool> storages_of_model(const Trace& trace);

/// By storage: the pass made it, it is there after the pass, and something that the model gives lies in it.
std::vector<bool> storages_given(const Trace& trace);

/// Bytes of what was there before the pass, and is not the model's.
Count bytes_of_inputs(const Trace& trace, std::uint64_t unit);

/// Pieces that are alive, in words.
std::vector<Alive> in_words(const std::vector<AliveAt>& pieces, const Trace& trace, const Report& report);

}  // namespace thoplw
