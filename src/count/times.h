// How long a model takes on a device at least: what nothing can beat, and operator by operator.
#pragma once

#include <optional>

#include "device/device.h"
#include "report/report.h"
#include "trace/trace.h"

namespace thoplw {

struct Convention;

/// A device, and the type that all floating-point tensors are taken to have; none: those of the model.
struct Target {
  const Device* device = nullptr;
  std::optional<NumberType> type;
};

/// The trace with its floating-point tensors in the target's type.
Trace in_type_of(const Target& target, Trace trace);

/// Operations per second in the target's type, or in that of the tensor. 0 where no figure is public.
std::uint64_t rate(const Target& target, DType type);

/// Picoseconds for so many things at so many a second, rounded to the nearest.
Count picoseconds(Count many, std::uint64_t per_second);

/// Counts, and adds times on the device: to each row and operator, and for the whole. Throws Error where neither
/// arithmetic nor memory of the device has a public figure.
Report count_on(const Target& target, const Trace& trace, const Convention& convention);

}  // namespace thoplw
