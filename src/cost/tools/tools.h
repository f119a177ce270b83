// The conventions of other tools: what each of them prints, with its gaps. One file each.
#pragma once

#include "cost/convention.h"

namespace thoplw::tools {

extern const Convention kFvcore;
extern const Convention kMmengine;
extern const Convention kThop;
extern const Convention kTorch;
extern const Convention kTorchprofile;
extern const Convention kTorchstat;
extern const Convention kUltralyticsThop;

/// A cost that is paid for work of one kind.
inline Work only(Kind kind, Count count) {
  Work cost;
  cost[kind] = count;
  return cost;
}

inline Work nothing(const CallView&) { return {}; }
inline Work free_of_charge(const OpView&) { return {}; }

}  // namespace thoplw::tools
