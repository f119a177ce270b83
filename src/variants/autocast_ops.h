// What torch.autocast does to the inputs of an operator: a row per operator that it knows.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "operators/backward/grad_op.h"

namespace thoplw {

enum class Cast : std::uint8_t {
  none,    ///< nothing
  lower,   ///< all inputs to the type of less precision
  fp32,    ///< all inputs to fp32
  output,  ///< inputs as they are; it computes in fp32, and its result is that
  widest,  ///< all inputs to the widest type among them
};

struct CastRow {
  Cast cast;
  bool cpu, cuda;
  std::span<const std::string_view> ops;  ///< without "aten::"
};

/// As of torch 2.13, aten/src/ATen/autocast_mode.h and .cpp.
std::span<const CastRow> cast_rows();

/// Of an operator "aten::conv2d"; for one that writes to its input: none.
Cast cast_of(std::string_view op_name, Processor processor);

}  // namespace thoplw
