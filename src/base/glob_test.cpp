// Tests of globs.
#include "base/glob.h"

#include <doctest/doctest.h>

namespace thoplw {
namespace {

TEST_CASE("a glob matches as a whole; its star crosses dots") {
  struct Case {
    std::string_view glob, text;
    bool expected;
  };
  for (const Case& row : {
           Case{"conv1", "conv1", true}, Case{"conv", "conv1", false}, Case{"conv?", "conv1", true},
           Case{"conv?", "conv", false}, Case{"layer*", "layer1.0.conv1", true},
           Case{"*.conv1", "layer1.0.conv1", true}, Case{"*.conv1", "conv1", false}, Case{"*a*b*", "xaybz", true},
           Case{"*a*b*", "xbya", false}, Case{"*ab", "aab", true}, Case{"", "", true}, Case{"", "a", false},
           Case{"**", "", true}, Case{"a[0]", "a[0]", true}, Case{"Conv2d", "conv2d", false},
           Case{"*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},  // and at once
       }) {
    CAPTURE(row.glob);
    CAPTURE(row.text);
    CHECK(glob_matches(row.glob, row.text) == row.expected);
  }
}

}  // namespace
}  // namespace thoplw
