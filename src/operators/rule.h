// The rule table: one row per operator, with its work formula and, where it pays, its shape rule.
#pragma once

#include <span>
#include <string_view>

#include "operators/shape/shape.h"
#include "operators/work.h"
#include "trace/trace.h"

namespace thoplw {

/// An operator with its tensors at hand, as a formula reads it.
struct OpView {
  const Trace& trace;
  const Op& op;

  /// The i-th input; throws Error if it is absent.
  const Tensor& in(std::size_t i) const;
  const Tensor& out(std::size_t i = 0) const;
  bool has_in(std::size_t i) const;  ///< there, and not an absent optional
  const AttrValue* attr(std::string_view name) const { return Trace::attr(op, name); }
};

using WorkFn = Work (*)(const OpView&);

/// What values an operator leaves behind.
enum class Memory : std::uint8_t {
  results,      ///< its results have values
  unwritten,    ///< its result has none yet
  fills_input,  ///< it writes to an input, too, that it does not return
};

struct Rule {
  std::string_view name;        ///< ATen name without overload: "aten::conv2d"; serves "aten::conv2d_" too
  WorkFn work;                  ///< never null; `nothing` for operators that cost nothing
  ShapeFn shape = nullptr;      ///< null: capture asks torch
  std::string_view attrs = "";  ///< attributes that the formula reads, parted by a space
  Memory memory = Memory::results;
};

/// Is the attribute of that name one that the formula reads?
bool reads(const Rule& rule, std::string_view attr);

std::span<const Rule> rules();

/// The rule of an operator, in-place forms included, or null.
const Rule* find_rule(std::string_view op_name);

}  // namespace thoplw
