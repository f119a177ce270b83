// Bytes that each operator reads and writes.
#pragma once

#include <vector>

#include "report/report.h"
#include "trace/trace.h"

namespace thoplw {

/// Of one run of an operator.
struct Traffic {
  Count read, written;
  bool exact = true;  ///< false: the bytes of some tensor are not known, and it is left out

  Count bytes() const { return read + written; }
};

/// By operator: its distinct inputs and results, in bytes, with what `Touches` says of it. What a composite operator
/// makes inside is not in it. Where the trace does not say where values lie, a reshape is taken for a view if its input
/// lies in one piece, and that is followed through views by their sizes.
struct TraceTraffic {
  std::vector<Traffic> ops;
  /// Bytes that the whole cannot do without: each weight and input that is read, as far as it is, and what comes out.
  Count least;
  bool least_exact = true;
};
/// Without `least` that is left at 0, which is faster. Throws Error beyond 64 bits.
TraceTraffic traffic_of(const Trace& trace, bool least = true);

/// The row of the operator in Report::moves, which is made where there is none; `places` by name, empty at first.
OpMoves& moves_of(const Trace& trace, const Op& op, std::vector<std::size_t>& places, Report& report);

/// Adds it to the rows and to the operators of the report; to none where it is beyond 64 bits, or there are no
/// operators.
void count_traffic(const Trace& trace, Report& report);

}  // namespace thoplw
