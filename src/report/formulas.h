// Counts as formulas of sizes that vary, such as the batch: in all, and of each module.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/polynomial.h"
#include "report/report.h"

namespace thoplw {

struct Variable {
  std::string name;
  std::vector<std::int64_t> values;  ///< for which the formulas are to hold, the least first
};

struct Formulas {
  /// A number as a polynomial of the variables, or as the greatest of several; or why it is neither.
  struct Law {
    std::vector<Polynomial> greatest_of;  ///< none: there is a `why`
    std::string why;

    bool found() const { return !greatest_of.empty(); }
    Rational at(std::span<const std::int64_t> point) const;
  };
  struct Row {
    std::string path;
    std::string cls;
    std::vector<std::size_t> laws;  ///< by place in `measures`: of its own
  };
  /// A number of the whole that is no sum over modules.
  struct Extra {
    std::string name;   ///< "peak_first_step"
    std::string title;  ///< "Peak memory of the first step"
    std::size_t law;
  };

  std::string model;
  std::string convention;
  Unit unit = Unit::mac;
  bool exact = true;  ///< false: what depends on operators is a lower bound
  std::vector<Variable> variables;
  std::vector<Measure> measures;   ///< those that the reports have
  std::vector<Measure> shown;      ///< those that they show by default
  std::vector<Law> laws;           ///< each once
  std::vector<std::size_t> total;  ///< by place in `measures`
  std::vector<Extra> extras;
  std::vector<Row> rows;    ///< every module
  std::size_t samples = 0;  ///< how many points were counted
  std::size_t through = 0;  ///< how many of them the formulas were made of; the others confirmed them
};

/// Empty where there is no such number.
std::string_view title_of_extra(std::string_view name);

}  // namespace thoplw
