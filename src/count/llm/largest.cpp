// Guesses, tries and narrows.
#include "count/llm/largest.h"

#include <algorithm>
#include <map>

namespace thoplw {

std::int64_t largest_that_fits(std::int64_t most, std::uint64_t room, std::int64_t start,
                               const std::function<std::uint64_t(std::int64_t)>& needed) {
  std::map<std::int64_t, std::uint64_t> known;
  const auto need = [&](std::int64_t number) {
    const auto found = known.find(number);
    return found != known.end() ? found->second : known.emplace(number, needed(number)).first->second;
  };
  /// Where a line through two numbers leaves the room: the last number inside.
  const auto last_inside = [&](std::int64_t a, std::int64_t b) {
    const std::uint64_t rise = need(b) - need(a);
    if (rise == 0) return most;
    const double steps = static_cast<double>(room - need(a)) / static_cast<double>(rise) * static_cast<double>(b - a);
    return steps >= static_cast<double>(most - a) ? most : a + static_cast<std::int64_t>(steps);
  };
  start = std::clamp<std::int64_t>(start, 1, most);
  std::int64_t fits = start, beyond = std::min(2 * start, most);
  if (need(start) > room) {
    if (start == 1 || need(1) > room) return 0;
    fits = 1;
    beyond = start;
  }
  while (need(beyond) <= room) {
    if (beyond == most) return most;
    const std::int64_t guess = last_inside(fits, beyond);
    fits = beyond;
    beyond = std::clamp(guess + 1, fits + 1, most);
  }
  for (int tries = 0; beyond - fits > 1; ++tries) {
    std::int64_t guess = fits + (beyond - fits) / 2;
    if (tries < 4) guess = last_inside(fits, beyond) + tries % 2;  // to either side of where it leaves the room
    guess = std::clamp(guess, fits + 1, beyond - 1);
    (need(guess) <= room ? fits : beyond) = guess;
  }
  return fits;
}

}  // namespace thoplw
