// The picture of a sweep's candidates.
#include "render/picture/front_svg.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thoplw {
namespace {

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("those on the front are named, others that lie on one another are one dot") {
  const std::vector<Candidate> candidates = {
      {300, 100, true, "c"}, {1000, 2000}, {1000, 2000}, {100, 200, true, "a<b"}, {5000, 2000}};
  const std::string svg = front_svg(candidates, "Parameters", "MACs");
  CHECK(svg.find("<title>MACs against Parameters of 5 candidates</title>") != std::string::npos);
  CHECK(times(svg, "h0") == 2);
  CHECK(times(svg, "<circle") == 2);
  CHECK(times(svg, ">a&lt;b<") == 2);                         // a tip and a label
  CHECK(svg.find("a&lt;b</title>") < svg.find("c</title>"));  // from left to right
}

TEST_CASE("a front without others, and of one point") {
  const std::vector<Candidate> one = {{0, 0, true, "all"}};
  CHECK(times(front_svg(one, "x", "y"), "<circle") == 1);
}

}  // namespace thoplw
