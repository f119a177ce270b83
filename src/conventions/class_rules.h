// Which class rule serves a module.
#pragma once

#include <vector>

#include "conventions/convention.h"

namespace thoplw {

/// The rule of a class, or where it serves subclasses of its nearest base that has one; or null.
const ClassRule* find_class_rule(const Convention& convention, const Class& cls);

/// By module: the rule of its class, or what the convention has instead; or null.
std::vector<const ClassRule*> class_rules_of(const Trace& trace, const Convention& convention);

/// Does the class keep running means and variances, as batch norms do?
bool is_batch_norm(const Class& cls);

}  // namespace thoplw
