// The largest number that fits.
#pragma once

#include <cstdint>
#include <functional>

namespace thoplw {

/// The largest number from 1 to `most` for which `needed`, which never falls, is at most `room`; 0 where there is none.
/// Memory is nearly affine in what is looked for, so a guess from two numbers is tried, and then narrowed: each bound
/// is tried itself.
/// `start` is one of which that is known already, or cheap.
std::int64_t largest_that_fits(std::int64_t most, std::uint64_t room, std::int64_t start,
                               const std::function<std::uint64_t(std::int64_t)>& needed);

}  // namespace thoplw
