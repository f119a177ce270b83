// Properties of Python classes that there are for each measure: macs, params, ...
#pragma once

#include <nanobind/nanobind.h>

#include <string>

#include "report/measure.h"

namespace thoplw {

/// Gives the class of `Owner` a property per measure, named for it with `suffix` after that: what `count` says, which
/// may be None where it is not known.
template <class Owner, class CountOf>
void bind_measures(nanobind::class_<Owner>& cls, CountOf count, const std::string& suffix = "") {
  for (const Measure measure : all_measures()) {
    cls.def_prop_ro((std::string(row_of(measure).name) + suffix).c_str(),
                    [measure, count](const Owner& owner) -> nanobind::object { return count(owner, measure); });
  }
}

/// A count as an int, or None.
inline nanobind::object to_int(const Count& count, bool known = true) {
  return known ? nanobind::object(nanobind::int_(count.value())) : nanobind::none();
}

/// "1824010216 MACs, 11699112 params": what is shown by default of `amounts`, in the unit of a convention.
template <class CountOf>
std::string in_words(Unit unit, CountOf count) {
  std::string text;
  for (const Measure measure : shown_measures()) {
    text += (text.empty() ? "" : ", ") + std::to_string(count(measure)) + " " + std::string(words(measure, unit));
  }
  return text;
}

}  // namespace thoplw
