// The conventions of other tools: what each of them prints, with its gaps. One file each.
#pragma once

#include "cost/convention.h"

namespace thoplw::tools {

extern const Convention kFvcore;
extern const Convention kKeras;
extern const Convention kMmengine;
extern const Convention kOnnxTool;
extern const Convention kPtflops;
extern const Convention kPtflopsAten;
extern const Convention kThop;
extern const Convention kTorch;
extern const Convention kTorchinfo;
extern const Convention kTorchprofile;
extern const Convention kTorchstat;
extern const Convention kUltralyticsThop;

inline Work free_of_charge(const OpView&) { return {}; }

}  // namespace thoplw::tools
