// The tables of number formats and groupings.
#include "render/options.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/suggest.h"

namespace thoplw {
namespace {

constexpr std::array kNumberFormats = {
    NumberFormatName{"clever", NumberFormat::clever, "in units of 1000: 1.82 G"},
    NumberFormatName{"ratio", NumberFormat::ratio, "percent of the total"},
    NumberFormatName{"raw", NumberFormat::raw, "integers"},
};
static_assert(std::ranges::adjacent_find(kNumberFormats, std::ranges::greater_equal{}, &NumberFormatName::name) ==
              kNumberFormats.end());

constexpr std::array kGroupings = {
    ByName{"class", By::cls, "all modules of a class"},
    ByName{"module", By::module, "a module: the default"},
    ByName{"operator", By::op, "all calls of an operator"},
};

}  // namespace

std::span<const NumberFormatName> number_formats() { return kNumberFormats; }
std::span<const ByName> groupings() { return kGroupings; }

NumberFormat find_number_format(std::string_view name) { return find_named(kNumberFormats, "fmt", name).format; }
By find_grouping(std::string_view name) { return find_named(kGroupings, "grouping", name).by; }

}  // namespace thoplw
