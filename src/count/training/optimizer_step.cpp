// What an optimizer holds, and the peak of its step: found by doing what its row says that the step does to memory.
#include <algorithm>
#include <map>
#include <vector>

#include "count/training/optimizer.h"

namespace thoplw {
namespace {

using Group = std::vector<Tensor>;  // that an operation is done on at once

Count bytes(DType dtype, Count elements) { return ((elements * bits(dtype)).value() + 7) / 8; }

/// Elements with the last size, the one before it, or both as if they were 1.
Count elements_without(const Tensor& tensor, bool last, bool before_last) {
  Dims shape = tensor.shape;
  if (last) *(shape.end() - 1) = 1;
  if (before_last) *(shape.end() - 2) = 1;
  return numel(shape);
}

bool is_matrix(const Tensor& tensor) { return tensor.shape.size() > 1; }

/// Bytes of something of that size: "rows", "columns", "row_means", "one", "step" or, without a name, the whole tensor.
Count bytes_of(const Tensor& tensor, std::string_view size) {
  if (size == "step") return bytes(DType::f32, 1);
  if (size == "one") return bytes(tensor.dtype, 1);
  if (size == "rows") return bytes(tensor.dtype, elements_without(tensor, true, false));
  if (size == "columns") return bytes(tensor.dtype, elements_without(tensor, false, true));
  if (size == "row_means") return bytes(tensor.dtype, elements_without(tensor, true, true));
  return bytes(tensor.dtype, numel(tensor));
}

/// One step: bytes that it has made, and their peak.
class Step {
 public:
  Step(const OptimizerRow& row, const OptimizerStep& setting, bool makes_states)
      : row_(row), setting_(setting), makes_states_(makes_states) {}

  Count peak() const { return peak_; }

  void make_states(const Group& group) {
    if (!makes_states_) return;
    for (const Tensor& param : group) grow(state_bytes(row_, param, setting_));
  }

  void run(std::string_view events, const Group& group) {
    while (!events.empty()) {
      const std::size_t end = std::min(events.find(' '), events.size());
      run_one(events.substr(0, end), group);
      events.remove_prefix(std::min(end + 1, events.size()));
    }
  }

 private:
  void run_one(std::string_view event, const Group& group) {
    const std::string_view rest = event.substr(1);
    switch (event.front()) {
      case '?':
        return run_if(setting_.weight_decay, rest, group);
      case '!':
        return run_if(!setting_.weight_decay, rest, group);
      case '#':
        return run_if(is_matrix(group.front()), rest, group);
      case '.':
        return run_if(!is_matrix(group.front()), rest, group);
      case '*':
        return make_states(group);
      case '+':
        return make(rest, group);
      case '-':
        return set(rest, 0);
      default:
        return rename(event);
    }
  }

  void run_if(bool holds, std::string_view event, const Group& group) {
    if (holds) run_one(event, group);
  }

  void make(std::string_view event, const Group& group) {
    const std::size_t slash = event.find('/');
    const std::string_view size = slash == event.npos ? std::string_view() : event.substr(slash + 1);
    const bool of_each = size != "one" && size != "step";
    Count made = of_each ? Count(0) : bytes_of(group.front(), size);
    for (std::size_t i = 0; of_each && i < group.size(); ++i) made += bytes_of(group[i], size);
    grow(made);
    set(event.substr(0, slash), made);
  }

  void rename(std::string_view event) {
    const std::size_t equals = event.find('=');
    const auto from = variables_.find(event.substr(equals + 1));
    if (from == variables_.end()) return;
    const Count moved = from->second;
    variables_.erase(from);
    set(event.substr(0, equals), moved);
  }

  /// The variable has so many bytes, which are there already; what it had is gone.
  void set(std::string_view variable, Count size) {
    Count& was = variables_[variable];
    now_ -= was;
    was = size;
  }

  void grow(Count size) {
    now_ += size;
    peak_ = std::max(peak_, now_);
  }

  const OptimizerRow& row_;
  const OptimizerStep& setting_;
  const bool makes_states_;
  std::map<std::string_view, Count> variables_;
  Count now_, peak_;
};

/// One parameter after another, or all of one type at once. Adafactor keeps matrices apart from others.
std::vector<Group> groups_of(const OptimizerRow& row, Implementation implementation, std::span<const Tensor> params) {
  std::vector<Group> groups;
  for (const Tensor& param : params) {
    const auto same = [&](const Group& group) {
      return implementation != Implementation::for_loop && group.front().dtype == param.dtype &&
             (!row.factored || is_matrix(group.front()) == is_matrix(param));
    };
    const auto found = std::ranges::find_if(groups, same);
    (found == groups.end() ? groups.emplace_back() : *found).push_back(param);
  }
  return groups;
}

Count peak_of(const OptimizerRow& row, const OptimizerStep& setting, bool makes_states,
              const std::vector<Group>& groups) {
  const Implementation implementation = implementation_of(row, setting);
  const std::string_view events = implementation == Implementation::fused      ? std::string_view()
                                  : implementation == Implementation::for_loop ? row.for_loop
                                                                               : row.foreach;
  Step step(row, setting, makes_states);
  if (events.find('*') == events.npos) {
    for (const Group& group : groups) step.make_states(group);
  }
  // What is added to numbers of steps is a tensor, where they are in the memory that is looked at.
  const bool counts_in_tensors =
      implementation == Implementation::foreach && row.scalars > 0 && setting.processor == Processor::cpu;
  for (const Group& group : groups) {
    if (counts_in_tensors) step.run("+one/step -one", group);
    step.run(events, group);
  }
  return step.peak();
}

}  // namespace

Count state_bytes(const OptimizerRow& row, const Tensor& param, const OptimizerStep& step) {
  const bool on_host = step.processor == Processor::cuda && implementation_of(row, step) != Implementation::fused;
  Count size = bytes_of(param, "") * row.tensors + Count(on_host ? 0 : bytes(DType::f32, row.scalars));
  if (row.factored)
    size += is_matrix(param) ? bytes_of(param, "rows") + bytes_of(param, "columns") : bytes_of(param, "");
  return size;
}

StepPeak step_peak(const OptimizerRow& row, const OptimizerStep& step, std::span<const Tensor> params) {
  const std::vector<Group> groups = groups_of(row, implementation_of(row, step), params);
  Count states = 0;
  for (const Tensor& param : params) states += state_bytes(row, param, step);
  return {.first = peak_of(row, step, true, groups) - states, .later = peak_of(row, step, false, groups)};
}

}  // namespace thoplw
