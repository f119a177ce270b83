// Matches the modules of two trees, from the root on down, and then those that were moved with all that is above them.
#include "report/diff.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/formatted.h"
#include "report/names.h"

namespace thoplw {
namespace {

using Rows = std::vector<Row>;
using Ids = std::vector<Id>;

std::vector<Ids> children_of(const Rows& rows) {
  std::vector<Ids> children(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].parent != kNone) at(children, rows[i].parent).push_back(static_cast<Id>(i));
  }
  return children;
}

using Sizes = std::pair<int, Dims>;
Sizes sizes(const std::optional<Tensor>& tensor) {
  return tensor ? Sizes{static_cast<int>(tensor->dtype), tensor->shape} : Sizes{-1, {}};
}

/// What reports of any version have.
std::array<Count, kMeasures> shown(const Amounts& amounts) {
  Amounts shown;
  for (const Measure measure : shown_measures()) shown[measure] = amounts[measure];
  return shown.by;
}

/// What a module keeps when it is renamed: class, shapes and counts, with all that is inside.
auto looks(const Row& row) {
  return std::tuple(std::string_view(row.cls), sizes(row.in), sizes(row.out), row.calls, shown(row.own),
                    shown(row.inside));
}

class Matching {
 public:
  Matching(const Rows& before, const Rows& after)
      : before_(before),
        after_(after),
        inside_before_(children_of(before)),
        inside_after_(children_of(after)),
        match_(after.size(), kNone),
        taken_(before.size(), false) {}

  /// By row of `after`: the one of `before`, or kNone.
  Ids found() && {
    if (!before_.empty() && !after_.empty()) match(0, 0);
    for (std::size_t i = 0; i < after_.size(); ++i) {  // a module stands behind the one that it is in
      if (match_[i] != kNone) match_inside(match_[i], static_cast<Id>(i));
    }
    match_moved();
    return std::move(match_);
  }

 private:
  void match(Id before, Id after) {
    at(match_, after) = before;
    taken_[static_cast<std::size_t>(before)] = true;
  }

  /// Pairs those of which `key` says the same, in order, each once.
  template <class Key>
  void match_by(const Ids& before, const Ids& after, Key key) {
    std::map<decltype(key(before_, 0)), Ids> free;
    for (auto id = before.rbegin(); id != before.rend(); ++id) {
      if (!taken_[static_cast<std::size_t>(*id)]) free[key(before_, *id)].push_back(*id);
    }
    if (free.empty()) return;
    for (const Id id : after) {
      if (at(match_, id) != kNone) continue;
      const auto same = free.find(key(after_, id));
      if (same == free.end() || same->second.empty()) continue;
      match(same->second.back(), id);
      same->second.pop_back();
    }
  }

  void match_inside(Id around_before, Id around_after) {
    const Ids& before = at(inside_before_, around_before);
    const Ids& after = at(inside_after_, around_after);
    match_shifted(before, after);
    match_by(before, after, [](const Rows& rows, Id id) {
      return std::pair(own_name(at(rows, id), rows), std::string_view(at(rows, id).cls));
    });
    match_by(before, after, [](const Rows& rows, Id id) { return looks(at(rows, id)); });
    match_by(before, after, [](const Rows& rows, Id id) { return own_name(at(rows, id), rows); });
    match_groups(before, after);
  }

  /// Where something was put between the numbered modules of a list, or taken out, their names say nothing any more:
  /// then the most of them are paired that look the same, in order.
  void match_shifted(const Ids& before, const Ids& after) {
    constexpr std::size_t kMostPairs = 4'000'000;
    if (!shifted(before, after) || before.size() * after.size() > kMostPairs) return;
    const std::size_t width = after.size() + 1;
    std::vector<int> best((before.size() + 1) * width, 0);  // of what stands from here on, on both sides
    const auto worth = [&](std::size_t i, std::size_t j) { return likeness(before[i], after[j]); };
    for (std::size_t i = before.size(); i-- > 0;) {
      for (std::size_t j = after.size(); j-- > 0;) {
        const int paired = worth(i, j) + best[(i + 1) * width + j + 1];
        best[i * width + j] = std::max({paired, best[(i + 1) * width + j], best[i * width + j + 1]});
      }
    }
    for (std::size_t i = 0, j = 0; i < before.size() && j < after.size();) {
      const int here = best[i * width + j], alike = worth(i, j);
      if (alike > 0 && here == alike + best[(i + 1) * width + j + 1]) {
        match(before[i++], after[j++]);
      } else {
        ++(here == best[(i + 1) * width + j] ? i : j);
      }
    }
  }

  /// Are both lists of numbered modules, of which one has others than the other?
  bool shifted(const Ids& before, const Ids& after) const {
    const auto numbered = [](const Rows& rows) {
      return [&rows](Id id) {
        const std::string_view name = own_name(at(rows, id), rows);
        return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
      };
    };
    if (!std::ranges::all_of(before, numbered(before_)) || !std::ranges::all_of(after, numbered(after_))) return false;
    return !std::ranges::equal(
        before, after, {}, [&](Id id) { return std::string_view(at(before_, id).cls); },
        [&](Id id) { return std::string_view(at(after_, id).cls); });
  }

  int likeness(Id before, Id after) const {
    const Row &a = at(before_, before), &b = at(after_, after);
    if (a.cls != b.cls) return 0;
    return looks(a) == looks(b) ? 2 : own_name(a, before_) == own_name(b, after_) ? 1 : 0;
  }

  /// Modules of one class that were renamed while something inside them changed.
  void match_groups(const Ids& before, const Ids& after) {
    Ids groups_before, groups_after;
    const auto holds_some = [](const std::vector<Ids>& inside) {
      return [&inside](Id id) { return !at(inside, id).empty(); };
    };
    std::ranges::copy_if(before, std::back_inserter(groups_before), holds_some(inside_before_));
    std::ranges::copy_if(after, std::back_inserter(groups_after), holds_some(inside_after_));
    match_by(groups_before, groups_after, [](const Rows& rows, Id id) { return std::string_view(at(rows, id).cls); });
  }

  /// What was put into a new module, or taken out of one: "conv1" is "stem.conv1" now, or the other way round.
  void match_moved() {
    Places gone = places(before_, [&](std::size_t i) { return !taken_[i]; });
    for (std::size_t i = 0; i < after_.size() && !gone.empty(); ++i) {
      if (match_[i] != kNone) continue;
      const auto was = find_ending(gone, after_[i]);
      if (was == gone.end()) continue;
      match(was->second, static_cast<Id>(i));
      gone.erase(was);
    }
    Places added = places(after_, [&](std::size_t i) { return match_[i] == kNone; });
    for (std::size_t i = 0; i < before_.size() && !added.empty(); ++i) {
      if (taken_[i]) continue;
      const auto now = find_ending(added, before_[i]);
      if (now == added.end()) continue;
      match(static_cast<Id>(i), now->second);
      added.erase(now);
    }
  }

  using Place = std::pair<std::string_view, decltype(looks(std::declval<const Row&>()))>;
  using Places = std::multimap<Place, Id>;

  template <class Wanted>
  static Places places(const Rows& rows, Wanted wanted) {
    Places places;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (wanted(i)) places.emplace(Place(rows[i].path, looks(rows[i])), static_cast<Id>(i));
    }
    return places;
  }

  /// The row whose path is what that of `row` ends in, the longest such.
  static Places::iterator find_ending(Places& places, const Row& row) {
    Place place(row.path, looks(row));
    for (;;) {
      const auto found = places.lower_bound(place);  // the first of several
      if (found != places.end() && found->first == place) return found;
      const auto dot = place.first.find('.');
      if (dot == std::string_view::npos) return places.end();
      place.first.remove_prefix(dot + 1);
    }
  }

  const Rows& before_;
  const Rows& after_;
  std::vector<Ids> inside_before_, inside_after_;
  Ids match_;
  std::vector<bool> taken_;
};

/// In the order of `after`; a row that is gone comes before the first that stood behind it.
std::vector<RowPair> in_order(const Ids& match, std::size_t rows_before) {
  std::vector<bool> stays(rows_before, false);
  for (const Id id : match) {
    if (id != kNone) stays[static_cast<std::size_t>(id)] = true;
  }
  std::vector<RowPair> pairs;
  Id next = 0;
  const auto add_gone = [&](Id end) {
    for (; next < end; ++next) {
      if (!stays[static_cast<std::size_t>(next)]) pairs.push_back({next, kNone});
    }
  };
  for (std::size_t i = 0; i < match.size(); ++i) {
    if (match[i] != kNone) add_gone(match[i]);
    pairs.push_back({match[i], static_cast<Id>(i)});
  }
  add_gone(static_cast<Id>(rows_before));
  return pairs;
}

std::string_view what_of(const Report& report) {
  switch (report.question()) {
    case Question::cost:
      return "a forward";
    case Question::training:
      return "a step of training";
    case Question::memory:
      return "the memory of a forward";
  }
  return "";
}

void require_one_way_of_counting(const Report& before, const Report& after) {
  if (before.question() != after.question()) {
    throw Error(
        formatted("the first is of {}, the second of {}: count the same of both", what_of(before), what_of(after)));
  }
  if (before.convention == after.convention && before.unit == after.unit) return;
  const auto way = [](const Report& report) {
    return "'" + report.convention + "' (" + std::string(words(Measure::macs, report.unit)) + ")";
  };
  throw Error("the first is counted by " + way(before) + ", the second by " + way(after) +
              ": count both by one convention");
}

}  // namespace

const Row* Diff::before_of(const RowPair& pair) const {
  return pair.before == kNone ? nullptr : &at(before.rows, pair.before);
}

const Row* Diff::after_of(const RowPair& pair) const {
  return pair.after == kNone ? nullptr : &at(after.rows, pair.after);
}

std::string_view name(Fate fate) {
  constexpr std::string_view kNames[] = {"unchanged", "changed", "renamed", "new", "gone"};
  return kNames[static_cast<std::size_t>(fate)];
}

Fate fate(const Diff& diff, const RowPair& pair) {
  const Row *before = diff.before_of(pair), *after = diff.after_of(pair);
  if (!before) return Fate::added;
  if (!after) return Fate::gone;
  if (before->path != after->path) return Fate::renamed;
  const bool same =
      before->cls == after->cls && before->exact == after->exact && shown(before->own) == shown(after->own);
  return same ? Fate::same : Fate::changed;
}

Diff diff(Report before, Report after) {
  require_one_way_of_counting(before, after);
  Diff diff{std::move(before), std::move(after), {}};
  diff.pairs = in_order(Matching(diff.before.rows, diff.after.rows).found(), diff.before.rows.size());
  return diff;
}

}  // namespace thoplw
