// The conventions of other tools: what each of them prints, with its gaps. One file each.
#pragma once

#include <string>
#include <variant>

#include "conventions/convention.h"

namespace thoplw::tools {

extern const Convention kCalflops;
extern const Convention kDeepspeed;
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

inline constexpr const ParamTest* kTrained[] = {&param_tests::kOnlyTrainable};

inline Work free_of_charge(const OpView&) { return {}; }

/// A number of Python, cut to an integer.
inline Count whole(double number) {
  if (!(number >= 0 && number < 0x1p64)) throw Error("the count does not fit in 64 bits");
  return static_cast<std::uint64_t>(number);
}

/// The i-th size; throws Error if there is none.
inline std::int64_t size_at(const Tensor& tensor, std::size_t i) {
  if (i >= tensor.shape.size()) throw Error("a tensor has too few dimensions");
  return tensor.shape[i];
}

/// Rounded down; nothing where tensors are empty.
inline Count divided(Count count, Count by) { return by == 0 ? Count(0) : Count(count.value() / by.value()); }

/// Of a convolution: padding="same" or "valid", which torch's tracer makes another operator of.
inline bool padded_by_name(const OpView& op) {
  const AttrValue* padding = op.attr("padding");
  return padding && std::holds_alternative<std::string>(*padding);
}

}  // namespace thoplw::tools
