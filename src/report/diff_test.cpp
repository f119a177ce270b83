// Which rows two reports have in common, and that their changes add up.
#include "report/diff.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "render/samples_test.h"

namespace thoplw {
namespace {

struct Layer {
  std::string path, cls;
  std::int64_t width = 4;  ///< its shapes
  Count macs = 0, params = 0;
};

/// The first is the root.
Report report_of(const std::vector<Layer>& layers) {
  Report report;
  report.model = layers.front().cls;
  report.convention = "thoplw";
  for (const Layer& layer : layers) {
    add_row(report, layer.path, layer.cls, {1, layer.width}, {1, layer.width}, layer.macs, layer.params);
  }
  add_up(report);
  return report;
}

/// "conv changed", "+ new", "- gone", "was > now": one line a row, those that are the same left out.
std::vector<std::string> story(const Diff& diff) {
  std::vector<std::string> lines;
  for (const RowPair& pair : diff.pairs) {
    const Row *before = diff.before_of(pair), *after = diff.after_of(pair);
    switch (fate(diff, pair)) {
      case Fate::same:
        break;
      case Fate::changed:
        lines.push_back(after->path + " changed");
        break;
      case Fate::renamed:
        lines.push_back(before->path + " > " + after->path);
        break;
      case Fate::added:
        lines.push_back("+ " + after->path);
        break;
      case Fate::gone:
        lines.push_back("- " + before->path);
        break;
    }
  }
  return lines;
}

using Story = std::vector<std::string>;

Story story(const std::vector<Layer>& before, const std::vector<Layer>& after) {
  return story(diff(report_of(before), report_of(after)));
}

/// Every row is in one pair, and the changes of the pairs add up to that of the totals.
void check_whole(const Diff& diff) {
  std::multiset<Id> before, after;
  std::int64_t macs = 0, params = 0;
  for (const RowPair& pair : diff.pairs) {
    const Row *a = diff.before_of(pair), *b = diff.after_of(pair);
    CHECK((a || b));
    if (a) before.insert(pair.before);
    if (b) after.insert(pair.after);
    macs += difference(a ? a->own[Measure::macs] : Count(0), b ? b->own[Measure::macs] : Count(0));
    params += difference(a ? a->own[Measure::params] : Count(0), b ? b->own[Measure::params] : Count(0));
  }
  CHECK(before.size() == diff.before.rows.size());
  CHECK(after.size() == diff.after.rows.size());
  CHECK(std::set<Id>(before.begin(), before.end()).size() == before.size());
  CHECK(std::set<Id>(after.begin(), after.end()).size() == after.size());
  CHECK(macs == difference(diff.before.total[Measure::macs], diff.after.total[Measure::macs]));
  CHECK(params == difference(diff.before.total[Measure::params], diff.after.total[Measure::params]));
}

}  // namespace

TEST_CASE("a report and itself have no difference") {
  for (const Sample& sample : kSamples) {
    const Diff same = diff(sample.report(), sample.report());
    CHECK(story(same).empty());
    check_whole(same);
  }
}

TEST_CASE("rows are matched by path: what costs something else, or is of another class, changed") {
  const std::vector<Layer> net = {{"", "Net"}, {"a", "Linear", 4, 20, 20}, {"b", "ReLU"}};
  CHECK(story(net, {{"", "Net"}, {"a", "Linear", 4, 24, 24}, {"b", "ReLU"}}) == Story{"a changed"});
  CHECK(story(net, {{"", "Net"}, {"a", "Linear", 4, 20, 20}, {"b", "GELU"}}) == Story{"b changed"});
  CHECK(story(net, {{"", "Other"}, {"a", "Linear", 4, 20, 20}, {"b", "ReLU"}}) == Story{" changed"});
  CHECK(story(net, {{"", "Net"}, {"a", "Linear", 4, 20, 20}}) == Story{"- b"});
  CHECK(story(net, {{"", "Net"}, {"a", "Linear", 4, 20, 20}, {"b", "ReLU"}, {"c", "ReLU", 8}}) == Story{"+ c"});
}

TEST_CASE("a renamed row has the same class, shapes and counts; one that lacks any is gone, and another is new") {
  const std::vector<Layer> net = {{"", "Net"}, {"a", "Linear", 4, 20, 20}};
  CHECK(story(net, {{"", "Net"}, {"b", "Linear", 4, 20, 20}}) == Story{"a > b"});
  CHECK(story(net, {{"", "Net"}, {"b", "MyLinear", 4, 20, 20}}) == Story{"+ b", "- a"});
  CHECK(story(net, {{"", "Net"}, {"b", "Linear", 5, 20, 20}}) == Story{"+ b", "- a"});
  CHECK(story(net, {{"", "Net"}, {"b", "Linear", 4, 21, 20}}) == Story{"+ b", "- a"});
  CHECK(story(net, {{"", "Net"}, {"b", "Linear", 4, 20, 21}}) == Story{"+ b", "- a"});
}

TEST_CASE("of rows that look the same each is matched once, in order") {
  CHECK(story({{"", "Net"}, {"a", "ReLU"}, {"b", "ReLU"}}, {{"", "Net"}, {"x", "ReLU"}}) == Story{"a > x", "- b"});
  CHECK(story({{"", "Net"}, {"a", "ReLU"}}, {{"", "Net"}, {"x", "ReLU"}, {"y", "ReLU"}}) == Story{"a > x", "+ y"});
  CHECK(story({{"", "Net"}, {"a", "ReLU"}, {"b", "ReLU"}}, {{"", "Net"}, {"x", "ReLU"}, {"b", "ReLU"}}) ==
        Story{"a > x"});
}

TEST_CASE("two rows of one path are two rows") {
  const std::vector<Layer> twice = {{"", "Net"}, {"a", "Linear", 4, 20, 20}, {"a", "Linear", 4, 20, 20}};
  CHECK(story(twice, twice).empty());
  CHECK(story(twice, {{"", "Net"}, {"a", "Linear", 4, 20, 20}}) == Story{"- a"});
}

TEST_CASE("under a renamed prefix rows keep their names, also where one of them changed") {
  const std::vector<Layer> net = {{"", "Net"},
                                  {"features", "Sequential"},
                                  {"features.0", "Conv2d", 4, 100, 10},
                                  {"features.1", "ReLU"},
                                  {"fc", "Linear", 4, 20, 20}};
  CHECK(story(net, {{"", "Net"},
                    {"backbone", "Sequential"},
                    {"backbone.0", "Conv2d", 4, 100, 10},
                    {"backbone.1", "ReLU"},
                    {"fc", "Linear", 4, 20, 20}}) ==
        Story{"features > backbone", "features.0 > backbone.0", "features.1 > backbone.1"});
  CHECK(story(net, {{"", "Net"},
                    {"backbone", "Sequential"},
                    {"backbone.0", "Conv2d", 4, 200, 20},
                    {"backbone.1", "ReLU"},
                    {"fc", "Linear", 4, 20, 20}}) ==
        Story{"features > backbone", "features.0 > backbone.0", "features.1 > backbone.1"});
}

TEST_CASE("a model that was put into another is the same, under the new prefix; and taken out of it again") {
  const std::vector<Layer> net = {
      {"", "Net"}, {"conv1", "Conv2d", 4, 100, 10}, {"layer1", "Sequential"}, {"layer1.0", "Conv2d", 4, 300, 30}};
  const std::vector<Layer> wrapped = {{"", "Detector"},
                                      {"body", "Net"},
                                      {"body.conv1", "Conv2d", 4, 100, 10},
                                      {"body.layer1", "Sequential"},
                                      {"body.layer1.0", "Conv2d", 4, 300, 30}};
  CHECK(story(net, wrapped) ==
        Story{" changed", "+ body", "conv1 > body.conv1", "layer1 > body.layer1", "layer1.0 > body.layer1.0"});
  CHECK(story(wrapped, net) ==
        Story{" changed", "- body", "body.conv1 > conv1", "body.layer1 > layer1", "body.layer1.0 > layer1.0"});
}

TEST_CASE("a layer put between others of a Sequential moves their numbers, and no more") {
  CHECK(story({{"", "Sequential"}, {"0", "Conv2d", 4, 100, 10}, {"1", "ReLU"}, {"2", "Conv2d", 8, 200, 20}},
              {{"", "Sequential"},
               {"0", "Conv2d", 4, 100, 10},
               {"1", "BatchNorm2d", 4, 8, 8},
               {"2", "ReLU"},
               {"3", "Conv2d", 8, 200, 20}}) == Story{"+ 1", "1 > 2", "2 > 3"});
}

TEST_CASE("a norm behind each convolution: names that another layer has now are no names of the same layer") {
  CHECK(story({{"", "Sequential"},
               {"0", "Conv2d", 3, 100, 10},
               {"1", "ReLU", 3},
               {"2", "Conv2d", 4, 200, 20},
               {"3", "ReLU", 4},
               {"4", "Conv2d", 5, 300, 30}},
              {{"", "Sequential"},
               {"0", "Conv2d", 3, 100, 10},
               {"1", "BatchNorm2d", 3, 6, 6},
               {"2", "ReLU", 3},
               {"3", "Conv2d", 4, 200, 20},
               {"4", "BatchNorm2d", 4, 8, 8},
               {"5", "ReLU", 4},
               {"6", "Conv2d", 5, 300, 30}}) == Story{"+ 1", "1 > 2", "2 > 3", "+ 4", "3 > 5", "4 > 6"});
  const std::vector<Layer> four = {
      {"", "Sequential"}, {"0", "Linear", 4, 9}, {"1", "Linear", 4, 9}, {"2", "Linear", 4, 5}, {"3", "Linear", 4, 9}};
  CHECK(story(four, {four[0], four[1], four[2], {"2", "Linear", 4, 9}}) == Story{"- 2", "3 > 2"});
}

TEST_CASE("what was counted in different ways has no difference") {
  Report other = small_report();
  other.convention = "exact";
  CHECK_THROWS_WITH_AS(
      diff(small_report(), other),
      "the first is counted by 'thoplw' (MACs), the second by 'exact' (MACs): count both by one convention", Error);
  other = small_report();
  other.unit = Unit::flop;
  CHECK_THROWS_AS(diff(small_report(), other), Error);
}

TEST_CASE("changes of random reports add up, and the same two give the same diff") {
  std::mt19937 random(7);
  const auto below = [&](unsigned n) { return static_cast<std::size_t>(random() % n); };
  const std::string classes[] = {"Linear", "ReLU", "Block"}, names[] = {"a", "b", "0", "1", "x"};
  const auto any_report = [&] {
    std::vector<Layer> layers = {{"", classes[below(3)], 4, below(3), below(3)}};
    for (std::size_t i = below(12); i-- > 0;) {
      const std::string& around = layers[below(static_cast<unsigned>(layers.size()))].path;
      layers.push_back({around + (around.empty() ? "" : ".") + names[below(5)], classes[below(3)],
                        static_cast<std::int64_t>(1 + below(2)), below(3), below(3)});
    }
    return report_of(layers);
  };
  for (int i = 0; i < 2000; ++i) {
    const Report before = any_report(), after = any_report();
    const Diff once = diff(before, after);
    check_whole(once);
    CHECK(once.pairs == diff(before, after).pairs);
    const Diff none = diff(before, before);
    CHECK(story(none).empty());
  }
}

}  // namespace thoplw
