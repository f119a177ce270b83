// Follows loops: what goes into their bodies, and what comes out after so many turns.
#include <unordered_map>

#include "load/onnx/graph.h"
#include "load/onnx/known.h"

namespace thoplw::onnx {
namespace {

void forget_elements(Known& known) {
  known.elements.reset();
  known.reals.reset();
}

/// What turns change is another value in each.
Value start_of(Value value) {
  value.id = kNone;
  value.fixed = value.product = value.of_product = false;
  value.starts = true;
  return value;
}

/// So is what they get a slice of, but of a weight that is the same one.
Value slice_of(Value value) {
  value = start_of(std::move(value));
  value.starts = false;
  forget_elements(value.known);
  return value;
}

/// What holds for both: what a loop changes is not known inside of it.
Known common(const Known& a, const Known& b) {
  Known both;
  both.dtype = a.dtype == b.dtype ? a.dtype : DType::other;
  both.has_rank = a.has_rank && b.has_rank && a.shape.size() == b.shape.size();
  for (std::size_t i = 0; both.has_rank && i < a.shape.size(); ++i) {
    both.shape.push_back(a.shape[i] == b.shape[i] ? a.shape[i] : -1);
  }
  return both;
}

Known of_type(DType dtype) {
  Known known;
  known.dtype = dtype;
  return known;
}

Known scalar(DType dtype) {
  Known known = of_type(dtype);
  known.has_rank = true;
  return known;
}

/// Which states a body hands back as they are.
std::vector<bool> kept_states(const Graph& body, std::size_t first_in, std::size_t first_out, std::size_t states) {
  std::unordered_map<std::string_view, std::string_view> copies;
  const auto copied = [&](std::string_view name) {
    const auto found = copies.find(name);
    return found == copies.end() ? name : found->second;
  };
  for (const Node& node : body.nodes) {
    if (node.op_type != "Identity" || node.inputs.size() != 1 || node.outputs.size() != 1) continue;
    copies.emplace(node.outputs.front(), copied(node.inputs.front()));
  }
  std::vector<bool> kept(states, false);
  for (std::size_t i = 0; i < states && first_in + i < body.inputs.size() && first_out + i < body.outputs.size(); ++i) {
    kept[i] = copied(body.outputs[first_out + i].name) == body.inputs[first_in + i].name;
  }
  return kept;
}

/// The shape of what a loop stacks up, one slice per turn.
Known stacked(Known slice, std::optional<std::int64_t> times, std::size_t axis) {
  forget_elements(slice);
  if (!slice.has_rank || axis > slice.shape.size()) return of_type(slice.dtype);
  slice.shape.insert(slice.shape.begin() + static_cast<std::ptrdiff_t>(axis), times.value_or(-1));
  return slice;
}

}  // namespace

void Follower::write_unknown(const Step& step, std::string_view op_type) {
  NewOp op{.name = "onnx::" + std::string(op_type), .in = {}, .out = {}, .attrs = {}};
  for (Ref ref : step.in) op.in.push_back(id_of(ref));
  for (std::string_view output : step.node.outputs) {
    const Ref ref = output.empty() ? kUnmade : find(output, step.context);
    if (ref != kUnmade) op.out.push_back(id_of(ref));
  }
  trace_.add_op(step.stack, std::move(op));
}

/// Follows a body once, as what it does `turns.times` often, with the sizes that go into the first turn. Where a turn
/// changes them each is followed by itself; if that is too much, or how many there are is not known, one counts. What
/// no turn changes is in the body what it is around it, a weight too.
std::vector<Value> Follower::repeat(const Step& step, const Graph& body, std::vector<Value>& given, Turns& turns) {
  const Stacks stacks = scopes_.stacks(body.nodes, step.stack);
  turns.kept = kept_states(body, turns.first_in, turns.first_out, turns.states);
  for (std::size_t i = 0; i < turns.states; ++i) {
    if (!turns.kept[i]) given[turns.first_in + i] = start_of(std::move(given[turns.first_in + i]));
  }
  std::vector<Value> first = given;
  for (std::size_t i = 0; i < turns.states; ++i) {
    if (!turns.kept[i]) forget_elements(given[turns.first_in + i].known);
  }
  for (;;) {
    const std::size_t start = trace_.size();
    std::vector<Value> out = run_turns(step, body, given, stacks, turns.times ? Count(*turns.times) : Count(1));
    if (out.size() < turns.first_out + turns.states) throw Error(named(step.node) + ": its body makes too few outputs");
    bool again = false;
    for (std::size_t i = 0; i < turns.states; ++i) {
      Value& after = out[turns.first_out + i];
      if (turns.kept[i]) {
        after = given[turns.first_in + i];
        continue;
      }
      Known& before = given[turns.first_in + i].known;
      Known both = common(before, after.known);
      again = again || both.shape != before.shape || both.has_rank != before.has_rank;
      after = value_of(both);
      before = std::move(both);
    }
    if (turns.times == 0) trace_.drop(start, trace_.size());
    if (!again || turns.times == 0) return out;
    trace_.drop(start, trace_.size());
    if (can_unroll(body, turns)) return unroll(step, body, std::move(first), stacks, turns);
    turns.times.reset();
  }
}

/// Outputs of a loop: states as they are after it, and what its turns stack up.
void Follower::leave(const Step& step, std::vector<Value> out, const Turns& turns,
                     const std::vector<std::int64_t>& axes) {
  for (std::size_t i = turns.first_out; i < out.size(); ++i) {
    const std::size_t place = i - turns.first_out;
    Value value;
    if (place < turns.states) {
      value = std::move(out[i]);
    } else {
      const std::size_t scan = place - turns.states;
      const std::int64_t axis = scan < axes.size() ? axes[scan] : 0;
      const auto rank = static_cast<std::int64_t>(out[i].known.shape.size()) + 1;
      value.known =
          stacked(std::move(out[i].known), turns.times, static_cast<std::size_t>(axis < 0 ? axis + rank : axis));
    }
    define(step, place, std::move(value));
  }
  if (turns.times) return;
  write_unknown(step, step.node.op_type);
  trace_.add_note("how often " + named(step.node) + " runs is not in the file: it counts once");
}

void Follower::loop(const Step& step) {
  constexpr std::int64_t kEndless = INT64_MAX;
  const auto given_element = [&](std::size_t i, std::int64_t absent) {
    return i < step.in.size() && step.in[i] != kAbsent ? element_of(&values_[step.in[i]].known)
                                                       : std::optional<std::int64_t>(absent);
  };
  const Graph& inner = *body(step.node, "body");
  Turns turns{.times = {}, .asks = true, .first_in = 2, .first_out = 1, .kept = {}};
  turns.states = step.in.size() > 2 ? step.in.size() - 2 : 0;
  std::vector<Value> given{value_of(scalar(DType::i64)), value_of(scalar(DType::boolean))};
  given[1].known.elements = {1};
  for (std::size_t i = 2; i < step.in.size(); ++i) given.push_back(handed(step.in[i]));
  const std::optional<std::int64_t> most = given_element(0, kEndless), starts = given_element(1, 1);
  if (starts == 0 || (most && *most < 1)) {
    turns.times = 0;
  } else if (starts && most) {
    turns.times = count_turns(step, inner, given, *most);
  }
  if (turns.times == kEndless) turns.times.reset();
  std::vector<Value> out = repeat(step, inner, given, turns);
  leave(step, std::move(out), turns, {});
}

void Follower::scan(const Step& step) {
  const Node& node = step.node;
  const std::int64_t scanned = node.integer("num_scan_inputs", 0);
  const auto inputs = static_cast<std::int64_t>(step.in.size());
  if (scanned < 1 || scanned > inputs) throw Error(named(node) + ": it has no input to scan");
  const auto states = static_cast<std::size_t>(inputs - scanned);
  Turns turns{.times = std::nullopt, .asks = false, .first_in = 0, .first_out = 0, .states = states, .kept = {}};
  std::vector<Value> given;
  for (std::size_t i = 0; i < step.in.size(); ++i) {
    given.push_back(i < states ? handed(step.in[i]) : slice_of(handed(step.in[i])));
    Known& known = given.back().known;
    if (i >= states && known.has_rank) {
      const std::vector<std::int64_t>& axes = node.integers("scan_input_axes");
      std::int64_t axis = i - states < axes.size() ? axes[i - states] : 0;
      const auto rank = static_cast<std::int64_t>(known.shape.size());
      if (axis < 0) axis += rank;
      if (axis < 0 || axis >= rank) throw CannotRun(named(node) + ": it scans an axis that its input does not have");
      const std::int64_t size = known.shape[static_cast<std::size_t>(axis)];
      if (size >= 0) turns.times = size;
      known.shape.erase(known.shape.begin() + axis);
    }
  }
  if (opset("", step.context) < 9) turns.times.reset();  // version 8 has batches, and a length for each sequence
  std::vector<Value> out = repeat(step, *body(node, "body"), given, turns);
  leave(step, std::move(out), turns, node.integers("scan_output_axes"));
}

/// The body once per item, if all items are alike.
void Follower::map_sequence(const Step& step) {
  Turns turns;
  std::vector<Value> given;
  for (Ref ref : step.in) {
    given.push_back(handed(ref));
    const auto items = given.back().known.items;
    if (!items) continue;
    Known known = items->empty() ? Known() : items->front();
    for (const Known& item : *items) known = common(known, item);
    turns.times = static_cast<std::int64_t>(items->size());
    given.back() = value_of(std::move(known));
  }
  if (!given.empty() && !given.front().known.whole()) turns.times.reset();
  std::vector<Value> out = repeat(step, *body(step.node, "body"), given, turns);
  for (std::size_t i = 0; i < out.size(); ++i) {
    Known sequence;
    if (turns.times && *turns.times <= static_cast<std::int64_t>(kMostElements)) {
      forget_elements(out[i].known);
      sequence.items = std::make_shared<const std::vector<Known>>(static_cast<std::size_t>(*turns.times), out[i].known);
    }
    define(step, i, value_of(std::move(sequence)));
  }
  if (turns.times) return;
  write_unknown(step, step.node.op_type);
  trace_.add_note("how often " + named(step.node) + " runs is not in the file: it counts once");
}

}  // namespace thoplw::onnx
