// Sorts modules, parameters and calls, and renumbers what names them.
#include "variants/order.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace thoplw {
namespace {

/// Puts items in that order, and gives the new place of each.
template <typename Item>
std::vector<Id> reorder(std::vector<Item>& items, const std::vector<Id>& order) {
  std::vector<Id> place(items.size());
  std::vector<Item> ordered;
  for (const Id old : order) {
    at(place, old) = static_cast<Id>(ordered.size());
    ordered.push_back(std::move(at(items, old)));
  }
  items = std::move(ordered);
  return place;
}

void move(Id& id, const std::vector<Id>& place) {
  if (id != kNone) id = at(place, id);
}

/// Each module, then what is inside of it.
std::vector<Id> depth_first(const std::vector<Module>& modules) {
  std::vector<std::vector<Id>> inside(modules.size());
  std::vector<Id> open, order;
  for (std::size_t i = modules.size(); i-- > 0;) {
    const Id parent = modules[i].parent;
    (parent == kNone ? open : at(inside, parent)).push_back(static_cast<Id>(i));
  }
  while (!open.empty()) {
    order.push_back(open.back());
    open.pop_back();
    const std::vector<Id>& next = at(inside, order.back());  // the last first
    open.insert(open.end(), next.begin(), next.end());
  }
  return order;
}

}  // namespace

void order_modules(Trace& trace) {
  const std::vector<Id> place = reorder(trace.modules, depth_first(trace.modules));
  for (Module& module : trace.modules) move(module.parent, place);
  for (Param& param : trace.params) move(param.module, place);
  for (Call& call : trace.calls) move(call.module, place);
  std::ranges::stable_sort(trace.params, {}, &Param::module);
}

void order_calls(Trace& trace) {
  std::vector<Id> order(trace.calls.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](Id call) { return at(trace.calls, call).first_op; });
  const std::vector<Id> place = reorder(trace.calls, order);
  for (Call& call : trace.calls) move(call.parent, place);
  for (Op& op : trace.ops) move(op.call, place);
}

}  // namespace thoplw
