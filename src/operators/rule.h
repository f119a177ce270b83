// The rule table: one row per operator, with its work formula and, where that saves time, its shape rule.
#pragma once

#include <span>
#include <string_view>

#include "operators/formula.h"
#include "operators/shape/shape.h"

namespace thoplw {

/// Which tensors have values after an operator has run.
enum class Memory : std::uint8_t {
  results,      ///< its results do
  unwritten,    ///< its result does not, yet
  fills_input,  ///< its results do, and an input that it writes to but does not return
};

struct Rule {
  std::string_view name;  ///< ATen name without overload: "aten::conv2d"; serves "aten::conv2d_" too
  const Formula& formula;
  ShapeFn shape = nullptr;      ///< null: capture asks torch
  std::string_view attrs = "";  ///< attributes that the formula reads, separated by a space
  Memory memory = Memory::results;
};

/// Is the attribute of that name one that the formula reads?
bool reads(const Rule& rule, std::string_view attr);

/// Is the name one of those in a text that separates them by spaces?
bool lists(std::string_view names, std::string_view name);

std::span<const Rule> rules();

/// The rule of an operator, in-place forms included, or null.
const Rule* find_rule(std::string_view op_name);

}  // namespace thoplw
