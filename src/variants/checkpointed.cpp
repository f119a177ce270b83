// Calls that keep only what goes into them, and run again in backward.
#include <algorithm>

#include "base/formatted.h"
#include "variants/patterns.h"
#include "variants/variants.h"

namespace thoplw {
namespace {

/// Does the call run inside of the region? A function that is all that a call does is inside of the call.
bool holds(const Region& region, const Call& call) {
  const bool contains = region.first_op <= call.first_op && call.end_op <= region.end_op;
  const bool same = region.first_op == call.first_op && call.end_op == region.end_op;
  return contains && (region.kind != Region::Kind::function || !same);
}

/// Regions begin in this order: the outer one first.
bool begins_before(const Region& a, const Region& b) {
  if (a.first_op != b.first_op) return a.first_op < b.first_op;
  if (a.end_op != b.end_op) return a.end_op > b.end_op;
  return a.kind != Region::Kind::function && b.kind == Region::Kind::function;
}

Region region_of(const Call& call, Region::Kind kind) {
  Region region{.kind = kind,
                .name = "",
                .first_op = call.first_op,
                .end_op = call.end_op,
                .in = call.in,
                .out = call.out,
                .kept = call.in};
  std::ranges::sort(region.kept);
  region.kept.erase(std::ranges::unique(region.kept).begin(), region.kept.end());
  return region;
}

}  // namespace

Trace checkpointed(Trace trace, const std::vector<std::string>& globs, Region::Kind kind) {
  Patterns patterns("checkpoint", globs);
  std::vector<bool> inside(trace.calls.size());  // by call: in one that is checkpointed
  for (std::size_t i = 0; i < trace.calls.size(); ++i) {
    const Call& call = trace.calls[i];
    const std::string& path = at(trace.modules, call.module).path;
    const bool matches = patterns.match(path.empty() ? "(root)" : path);
    const bool around = call.parent != kNone && at(inside, call.parent);
    inside[i] = matches || around;
    if (!matches || around || call.first_op == call.end_op) continue;
    if (std::ranges::any_of(trace.regions, [&](const Region& region) { return holds(region, call); })) {
      throw Error(
          formatted("checkpoint: {} is checkpointed by the model itself, or runs inside of such a module: leave it out",
                    path.empty() ? "the model" : path));
    }
    trace.regions.push_back(region_of(call, kind));
  }
  patterns.require_all();
  std::ranges::stable_sort(trace.regions, begins_before);
  return trace;
}

}  // namespace thoplw
