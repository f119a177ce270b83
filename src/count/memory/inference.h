// What memory a forward without gradients needs, layer by layer and from moment to moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "conventions/convention.h"
#include "operators/backward/grad_op.h"
#include "report/report.h"
#include "trace/trace.h"

namespace thoplw {

struct InferenceOptions {
  /// None: as observed where the trace tells it, else by last use.
  std::optional<LifetimePolicy> lifetimes = std::nullopt;
  Flavour flavour = {};
  std::uint32_t round = 1;   ///< each piece of memory is rounded up to a multiple of so many bytes
  std::string precision{};   ///< by name; empty: the types that the trace has
  bool captured_so = false;  ///< the trace is in that precision already

  bool operator==(const InferenceOptions&) const = default;
};

struct LifetimePolicyName {
  std::string_view name;
  LifetimePolicy policy;
};
std::span<const LifetimePolicyName> lifetime_policies();
/// Throws Error with "did you mean".
LifetimePolicy find_lifetime_policy(std::string_view name);

/// The report of a pass, with its memory. Throws Error where lifetimes are to be as observed, and were not.
Report count_inference(const Trace& trace, const Convention& convention, const InferenceOptions& options);

}  // namespace thoplw
