// Looking things up in a Trace.
#include "trace/trace.h"

namespace thoplw {

const AttrValue* Trace::attr(const Op& op, std::string_view name) {
  for (const Attr& attr : op.attrs) {
    if (attr.name == name) return &attr.value;
  }
  return nullptr;
}

}  // namespace thoplw
