// The modules that a node of an exported program ran in, in the forms of all releases.
#include "load/pt2/stack.h"

#include <algorithm>

#include "base/error.h"
#include "base/formatted.h"

namespace thoplw::pt2 {
namespace {

constexpr std::string_view kSelf = "L['self']";
constexpr std::size_t kMostFrames = 200;

/// The parts between commas that no bracket encloses.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(' || text[i] == '[') ++depth;
    if (text[i] == ')' || text[i] == ']') --depth;
    if (text[i] != ',' || depth != 0) continue;
    parts.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

bool is_word(char c) { return c == '_' || c == '-' || std::isalnum(static_cast<unsigned char>(c)); }

/// Layers that do the same twice in one call.
bool repeats(std::string_view cls) {
  return cls.starts_with("torch.nn.modules.rnn.") || cls.starts_with("torch.nn.modules.transformer.") ||
         cls.starts_with("torch.nn.modules.container.") || cls.ends_with(".MultiheadAttention");
}

}  // namespace

std::string plain_path(std::string_view path) {
  if (path.starts_with(kSelf)) path.remove_prefix(kSelf.size());
  if (path.find_first_of("[(") == std::string_view::npos)
    return std::string(path.starts_with('.') ? path.substr(1) : path);
  std::string plain;
  for (std::size_t i = 0; i < path.size();) {
    if (path.substr(i).starts_with(kSelf)) {
      i += kSelf.size();
    } else if (path.substr(i).starts_with("slice(")) {
      i = std::min(path.find(')', i), path.size() - 1) + 1;
    } else if (is_word(path[i])) {
      const std::size_t begin = i;
      while (i < path.size() && is_word(path[i])) ++i;
      const std::string_view word = path.substr(begin, i - begin);
      if (word != "getattr" && word != "_modules") plain.append(plain.empty() ? "" : ".").append(word);
    } else {
      ++i;
    }
  }
  return plain;
}

Frame Stacks::frame(std::string_view text) {
  const std::size_t colon = text.find(":(");
  std::string_view key = text.substr(0, colon);
  std::vector<std::string_view> parts;
  if (colon != std::string_view::npos && text.ends_with(')')) {  // torch 2.1
    parts = split(text.substr(colon + 2, text.size() - colon - 3));
  } else {
    parts = split(text);
    key = parts.front();
    parts.erase(parts.begin());
  }
  if (parts.size() != 2) throw Error(formatted("nn_module_stack: '{}' is not a key, path and class", text));
  const std::string_view path = parts[0], cls = parts[1];
  const bool plain = path.find_first_of("[(") == std::string_view::npos;
  return {key, plain ? path : kept(plain_path(path)), cls};
}

std::span<const Frame> Stacks::read(std::string_view text) {
  const auto [found, added] = read_.try_emplace(text);
  std::vector<Frame>& frames = found->second;
  if (!added || text.empty() || text.starts_with("_empty_nn_module_stack")) return frames;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(';', begin), text.size());
    frames.push_back(frame(text.substr(begin, end - begin)));
    if (frames.size() > kMostFrames) throw Error("nn_module_stack: modules are nested too deep");
    if (frames.back().path.empty()) root_class_ = frames.back().cls;
    begin = end + 1;
  }
  return frames;
}

std::span<const Frame> Stacks::next_call(std::span<const Frame> stack, const Mark& mark) {
  renamed_.assign(stack.begin(), stack.end());
  std::size_t same = 0;
  while (same < std::min(stack.size(), open_.size()) && open_[same].key == stack[same].key) ++same;
  const bool leaf = same == stack.size() && same == open_.size() && !stack.empty();
  if (leaf && stack.back().cls.starts_with("torch.nn.modules.") && !repeats(stack.back().cls)) {
    if (open_.back().marks.contains(mark)) --same;
  }
  open_.resize(same);
  for (std::size_t i = same; i < stack.size(); ++i) {
    const int calls = calls_[stack[i].key]++;
    open_.push_back({stack[i].key, calls == 0 ? stack[i].key : kept(formatted("{}@{}", stack[i].key, calls)), {}});
  }
  for (std::size_t i = 0; i < stack.size(); ++i) renamed_[i].key = open_[i].unique;
  if (open_.empty() || mark.op.empty()) return renamed_;
  if (mark.param != kNone || open_.back().marks.empty()) open_.back().marks.insert(mark);
  return renamed_;
}

}  // namespace thoplw::pt2
