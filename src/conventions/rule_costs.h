// What a rule says that a call of a module or an operator costs.
#pragma once

#include <string_view>

#include "conventions/convention.h"

namespace thoplw {

Work cost_of(const ClassRule& rule, const CallView& call);

/// `own`: the work that the operator did.
Work cost_of(const OpRule& rule, const OpView& op, const Work& own);

/// The rule of an operator, in-place forms included, or null.
const OpRule* find_op_rule(const Convention& convention, std::string_view name);

}  // namespace thoplw
