// Which conventions give a number that someone quotes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/report.h"

namespace thoplw {

struct Trace;

/// A number as people write it, and what it may have been rounded from.
struct Quoted {
  double value = 0, least = 0, most = 0;
};

/// "4.09G", "4.1 GFLOPs", "25.6M", "1824010216". Throws Error where it is no number.
Quoted parse_quoted(std::string_view text);

/// A count of a model that a quoted number may stand for.
struct Reading {
  std::string convention;
  std::string what;  ///< "MACs", "FLOPs", "parameters", "MACs x 2", "FLOPs / 2", "MACs of one sample"
  double value = 0;
  bool matches = false;
  double distance = 0;  ///< of the quoted value from it, as a share of it
};

/// All readings of all conventions, the nearest first. `batch` is the number of samples that went in.
std::vector<Reading> readings(const Trace& trace, const Quoted& quoted, std::int64_t batch);

}  // namespace thoplw
