// Tells the calls of a module apart, and finds a place for nodes of which the file says none.
#include <algorithm>
#include <map>

#include "load/onnx/scopes.h"

namespace thoplw::onnx {
namespace {

bool same_module(const auto& a, const auto& b) {
  return std::ranges::equal(
      a, b, {}, [](const auto& level) { return level.path; }, [](const auto& level) { return level.path; });
}

std::string path_key(std::string_view raw, std::string_view path) { return std::string(raw) + "|" + std::string(path); }

std::string full_key(const Frames& frames) {
  std::string key;
  for (const Frame& frame : frames) key.append(frame.key) += '/';
  return key;
}

/// Of how many items is the list a repetition? All of them where it is none. (Knuth, Morris and Pratt's failure table.)
std::size_t period(const std::vector<std::string_view>& items) {
  std::vector<std::size_t> border(items.size(), 0);
  for (std::size_t i = 1; i < items.size(); ++i) {
    std::size_t length = border[i - 1];
    while (length > 0 && items[i] != items[length]) length = border[length - 1];
    border[i] = length + (items[i] == items[length] ? 1 : 0);
  }
  const std::size_t least = items.size() - border.back();
  return items.size() % least == 0 ? least : items.size();
}

}  // namespace

/// A container that does the same twice in a row was not called twice.
bool Scopes::repeats_as_module(std::span<const Node> nodes, const Named& named) const {
  if (named.levels.back().cls.starts_with("torch.nn.")) return true;
  return std::ranges::any_of(nodes, [&](const Node& node) { return own_path(node) == named.levels.back().path; });
}

/// Where the same module does the same again, it is called again.
std::vector<bool> Scopes::find_repeats(std::span<const Node> nodes, const std::vector<Named>& named) const {
  std::vector<bool> again(nodes.size(), false);
  for (std::size_t from = 0, to = 0; from < nodes.size(); from = to) {
    for (to = from + 1; to < nodes.size() && named[to].known; ++to) {
      if (!same_module(named[to].levels, named[from].levels)) break;
    }
    if (!named[from].known || named[from].levels.empty() || named[from].levels.back().path.empty()) continue;
    std::vector<std::string_view> targets;
    std::vector<std::size_t> firsts;
    for (std::size_t i = from; i < to; ++i) {
      const bool goes_on = i > from && naming_ == Naming::metadata && named[i].step == named[i - 1].step;
      if (goes_on) continue;
      targets.push_back(naming_ == Naming::metadata ? named[i].target : nodes[i].op_type);
      firsts.push_back(i);
    }
    const std::size_t each = period(targets);
    if (each == targets.size() || !repeats_as_module(nodes.subspan(from, to - from), named[from])) continue;
    for (std::size_t step = each; step < firsts.size(); step += each) again[firsts[step]] = true;
  }
  return again;
}

/// Names of nodes tell calls apart; else a call goes on until something else runs.
bool Scopes::same_call(const Level& level, const Frame& frame) const {
  return level.path == frame.path && (naming_ != Naming::paths || frame.key == path_key(level.raw, level.path));
}

const Frames* Scopes::keep(Frames frames) { return &frames_.emplace_back(std::move(frames)); }

/// The stack of a node behind one whose stack is `open`: levels that are the same go on, others are new calls.
Frames Scopes::open_calls(const Levels& levels, const Frames& open, const Frames& around, bool again) {
  Frames frames;
  const std::size_t may_go_on = levels.size() - (again ? 1 : 0);
  const auto goes_on = [&](const Frames& before) {
    const std::size_t depth = frames.size();
    return depth < before.size() && same_call(levels[depth], before[depth]) &&
           std::ranges::equal(frames, std::span(before).first(depth), {}, &Frame::key, &Frame::key);
  };
  while (frames.size() < levels.size()) {
    const Level& level = levels[frames.size()];
    if (frames.size() < may_go_on && goes_on(open)) {
      frames.push_back(open[frames.size()]);
    } else if (frames.size() < may_go_on && goes_on(around)) {
      frames.push_back(around[frames.size()]);
    } else if (level.path.empty()) {
      frames.push_back({"", "", level.cls});
    } else if (naming_ == Naming::paths) {
      frames.push_back({keep(path_key(level.raw, level.path)), level.path, level.cls});
    } else {
      const int call = calls_[full_key(frames) + std::string(level.path)]++;
      frames.push_back({keep(std::string(level.path) + "@" + std::to_string(call)), level.path, level.cls});
    }
  }
  return frames;
}

/// What hands a weight on belongs to the call that uses it.
void Scopes::follow_use(std::span<const Node> nodes, std::vector<const Frames*>& stacks) const {
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (stacks[i] || !flow_->hands_on_tensor(nodes[i])) continue;
    if (const auto reader = flow_->reader(nodes[i])) stacks[i] = stacks[*reader];
  }
}

/// A node without a module of its own belongs to the module whose parameters it reads, if that is next to it, or to the
/// innermost call that both of its neighbours are in.
void Scopes::fill_gaps(std::span<const Node> nodes, const Frames& around, std::vector<const Frames*>& stacks) {
  const Frames* before = nullptr;
  for (std::size_t from = 0, to = 0; from < nodes.size(); from = to + 1) {
    for (to = from; to < nodes.size() && !stacks[to]; ++to) {
    }
    const Frames* after = to < nodes.size() ? stacks[to] : nullptr;
    if (from < to) {
      std::size_t same = 0;
      while (before && after && same < before->size() && same < after->size() &&
             (*before)[same].key == (*after)[same].key) {
        ++same;
      }
      const Frames* shared =
          same == 0 ? &around : keep(Frames(before->begin(), before->begin() + static_cast<std::ptrdiff_t>(same)));
      const auto owns = [&](const Frames* frames, std::size_t i) {
        return frames && !frames->empty() && own_path(nodes[i]) == frames->back().path;
      };
      for (std::size_t i = from; i < to; ++i) stacks[i] = owns(after, i) ? after : owns(before, i) ? before : shared;
    }
    before = after;
  }
}

std::vector<const Frames*> Scopes::stacks(std::span<const Node> nodes, const Frames& around) {
  const std::vector<Named> named = name_all(nodes);
  const std::vector<bool> again =
      naming_ == Naming::paths ? std::vector<bool>(nodes.size()) : find_repeats(nodes, named);
  std::vector<const Frames*> stacks(nodes.size(), nullptr);
  const Frames* open = keep(around);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!named[i].known) continue;
    const bool goes_on =
        !again[i] && std::ranges::equal(named[i].levels, *open, [&](const Level& level, const Frame& frame) {
          return same_call(level, frame);
        });
    if (!goes_on) open = keep(open_calls(named[i].levels, *open, around, again[i]));
    stacks[i] = open;
  }
  follow_use(nodes, stacks);
  fill_gaps(nodes, around, stacks);
  return stacks;
}

}  // namespace thoplw::onnx
