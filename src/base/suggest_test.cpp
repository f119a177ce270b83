// Tests of "did you mean".
#include "base/suggest.h"

#include <doctest/doctest.h>

#include <array>

namespace thoplw {

TEST_CASE("the nearest known name is suggested, and only a near one") {
  struct Case {
    std::string_view given, expected;
  };
  constexpr std::array<std::string_view, 3> known = {"csv", "md", "text"};
  for (const auto& [given, expected] : {
           Case{"txt", "unknown kind 'txt'; did you mean 'text'? known: csv md text"},      // one inserted
           Case{"texxt", "unknown kind 'texxt'; did you mean 'text'? known: csv md text"},  // one deleted
           Case{"csw", "unknown kind 'csw'; did you mean 'csv'? known: csv md text"},       // one replaced
           Case{"cvs", "unknown kind 'cvs'; did you mean 'csv'? known: csv md text"},       // two changed places
           Case{"CVS", "unknown kind 'CVS'; did you mean 'csv'? known: csv md text"},       // in large letters
           Case{"html", "unknown kind 'html'; known: csv md text"},
           Case{"", "unknown kind ''; known: csv md text"},
       }) {
    CHECK(did_you_mean("kind", given, known) == expected);
  }
}

}  // namespace thoplw
