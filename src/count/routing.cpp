// One walk over the operators, in the order in which they ran.
#include "count/routing.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace thoplw {
namespace {

constexpr std::string_view kPicks[] = {"aten::gather", "aten::index", "aten::index_select", "aten::masked_select",
                                       "aten::take_along_dim"};
constexpr std::string_view kViews[] = {"aten::_unsafe_view", "aten::contiguous", "aten::expand",
                                       "aten::flatten",      "aten::reshape",    "aten::select",
                                       "aten::squeeze",      "aten::unsqueeze",  "aten::view"};

}  // namespace

Routing::Routing(const Trace& trace)
    : learned_(trace.values.size(), false), picked_(trace.values.size(), kNone), whole_(trace.values.size()) {
  std::iota(whole_.begin(), whole_.end(), Id{0});
  for (const Param& param : trace.params) {
    if (!param.buffer) at(learned_, param.value) = true;
  }
  for (const Op& op : trace.ops) follow(trace, op);
}

void Routing::follow(const Trace& trace, const Op& op) {
  if (op.in.empty()) return;
  const std::string& name = trace.op_name(op);
  const bool by_router = std::ranges::any_of(op.in.begin() + 1, op.in.end(), [&](Id id) { return learned(id); });
  const Id first = op.in.front();
  Id picked = first == kNone ? kNone : at(picked_, first);
  if (by_router && first != kNone && std::ranges::find(kPicks, name) != std::end(kPicks)) picked = at(whole_, first);
  for (Id out : op.out) {
    if (out == kNone) continue;
    if (by_router || learned(first)) at(learned_, out) = true;
    at(picked_, out) = picked;
    if (first != kNone && std::ranges::find(kViews, name) != std::end(kViews)) at(whole_, out) = at(whole_, first);
  }
}

}  // namespace thoplw
