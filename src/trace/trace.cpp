// Looking things up in a Trace.
#include "trace/trace.h"

namespace thoplw {

const AttrValue* Trace::attr(const Op& op, std::string_view name) {
  for (const Attr& attr : op.attrs) {
    if (attr.name == name) return &attr.value;
  }
  return nullptr;
}

std::vector<bool> leaves(const Trace& trace) {
  std::vector<bool> leaf(trace.modules.size(), true);
  for (const Module& module : trace.modules) {
    if (module.parent != kNone) at(leaf, module.parent) = false;
  }
  return leaf;
}

}  // namespace thoplw
