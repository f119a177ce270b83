// Walks the operators of a trace, follows values through views, and adds up the bytes that are read and written.
#include "count/traffic.h"

#include <algorithm>
#include <unordered_map>

#include "operators/rule.h"
#include "operators/touches.h"

namespace thoplw {
namespace {

/// What is known of how a value lies in memory.
struct Lie {
  Id base = kNone;      ///< the value that it is a view of, or itself
  Count held;           ///< bytes of memory that it spans: fewer than it has where it is expanded
  bool known = true;    ///< are its bytes?
  bool whole = true;    ///< does it lie in one piece, in the order of its sizes?
  bool turned = false;  ///< it does once its dimensions are turned back
};

/// Sizes without those of 1.
Dims long_dims(const Dims& shape) {
  Dims dims;
  for (const std::int64_t size : shape) {
    if (size != 1) dims.push_back(size);
  }
  return dims;
}

/// Is the order of elements surely the same in both, where only dimensions changed places?
bool in_same_order(const Dims& before, const Dims& after) {
  const Dims a = long_dims(before), b = long_dims(after);
  if (a != b) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = i + 1; j < a.size(); ++j) {
      if (a[i] == a[j]) return false;
    }
  }
  return true;
}

/// Is a part of such sizes in one piece? It is where only the first size that is not 1 is cut.
bool in_one_piece(const Dims& of, const Dims& part) {
  const Dims a = long_dims(of), b = long_dims(part);
  if (a == b || a.empty() || b.empty()) return true;
  const std::size_t kept = std::min(a.size(), b.size());
  const bool taken_out = a.size() > b.size();
  const std::size_t tail = taken_out ? kept : kept - 1;
  if (a.size() > b.size() + 1) return false;
  return std::equal(a.end() - static_cast<std::ptrdiff_t>(tail), a.end(), b.end() - static_cast<std::ptrdiff_t>(tail));
}

class Walk {
 public:
  Walk(const Trace& trace, bool least)
      : trace_(trace), least_wanted_(least), lies_(trace.values.size()), seen_(trace.values.size(), 0) {
    for (std::size_t i = 0; i < lies_.size(); ++i) {
      const std::optional<Count> bytes = known_bytes(trace.values[i]);
      lies_[i] = {.base = static_cast<Id>(i), .held = bytes.value_or(0), .known = bytes.has_value()};
    }
    for (const std::string& name : trace.op_names) {
      touches_.push_back(touches(name));
      const Rule* rule = find_rule(name);
      unwritten_.push_back(rule && rule->memory == Memory::unwritten);
      in_place_.push_back(in_place(name));
      attention_.push_back(name == "aten::scaled_dot_product_attention");
    }
    if (least) find_given();
  }

  TraceTraffic all() {
    TraceTraffic traffic;
    traffic.ops.reserve(trace_.ops.size());
    for (const Op& op : trace_.ops) traffic.ops.push_back(of(op));
    if (least_wanted_) add_least(traffic);
    return traffic;
  }

 private:
  /// Weights, inputs and constants: what no operator makes.
  void find_given() {
    given_.resize(trace_.values.size(), true);
    for (const Op& op : trace_.ops) {
      for (const Id out : op.out) {
        if (out != kNone && std::ranges::find(op.in, out) == op.in.end()) given_[static_cast<std::size_t>(out)] = false;
      }
    }
  }

  /// Torch's attention writes its result so that it is in one piece once its heads come after the positions.
  void lay_turned(const Op& op) {
    Lie& lie = at(lies_, op.out.front());
    lie.whole = false;
    lie.turned = true;
  }

  Traffic of(const Op& op) {
    ++now_;
    Touches how = at(touches_, op.name);
    if (is_view(op, how)) {
      follow(op, how);
      return {};
    }
    Traffic traffic;
    if (Trace::attr(op, "unknown_size")) traffic.exact = false;
    if (how == Touches::sizes || how == Touches::nothing) {
      if (how == Touches::nothing) return {};
    } else {
      read(op, how, traffic);
    }
    if (!at(unwritten_, op.name)) write(op, how, traffic);
    if (at(attention_, op.name) && !op.out.empty() && op.out.front() != kNone) lay_turned(op);
    return traffic;
  }

  /// Whether the results are views, or nothing but inputs handed on.
  bool is_view(const Op& op, Touches how) const {
    const bool always = how == Touches::nothing || how == Touches::turned || how == Touches::part;
    if (at(in_place_, op.name)) return always;
    const auto handed_on = [&](Id id) { return id == kNone || std::ranges::find(op.in, id) != op.in.end(); };
    if (!op.out.empty() && std::ranges::all_of(op.out, handed_on)) return true;
    if (op.in.empty() || op.in.front() == kNone || op.out.empty() || op.out.front() == kNone) return false;
    if (trace_.memory.known()) return storage(op.out.front()) != kNone && shares(op);
    if (how != Touches::reshaped) return always;
    const Id in = op.in.front();
    return at(lies_, in).whole || long_dims(shape(in)) == long_dims(shape(op.out.front()));
  }

  Id storage(Id value) const { return value == kNone ? kNone : at(trace_.memory.places, value).storage; }
  bool shares(const Op& op) const {
    return std::ranges::any_of(op.in, [&](Id in) { return storage(in) == storage(op.out.front()); });
  }
  const Dims& shape(Id value) const { return at(trace_.values, value).shape; }

  void follow(const Op& op, Touches how) {
    const bool each = op.in.size() > 1 && op.in.size() == op.out.size();  // such as broadcast_tensors
    for (std::size_t i = 0; i < op.out.size() && !op.in.empty(); ++i) {
      const Id out = op.out[i], in = op.in[each ? i : 0];
      if (out == kNone || in == kNone || std::ranges::find(op.in, out) != op.in.end()) continue;
      const Lie from = at(lies_, in);
      Lie& to = at(lies_, out);
      to.base = from.base;
      to.held = std::min(to.held, from.held);
      to.whole = (from.whole && whole_after(how, shape(in), shape(out))) || (from.turned && how == Touches::turned);
    }
  }

  static bool whole_after(Touches how, const Dims& before, const Dims& after) {
    if (how == Touches::turned) return in_same_order(before, after);
    if (how == Touches::part) return in_one_piece(before, after);
    return numel(before) == numel(after);  // else it is expanded
  }

  void read(const Op& op, Touches how, Traffic& traffic) {
    for (std::size_t i = 0; i < op.in.size(); ++i) {
      const Id id = op.in[i];
      if (id == kNone || at(seen_, id) == now_) continue;
      at(seen_, id) = now_;
      if (i == 0 && (how == Touches::replaced || how == Touches::scattered)) continue;
      const Lie& lie = at(lies_, id);
      traffic.exact = traffic.exact && lie.known;
      const Count bytes = std::min(lie.held, bytes_read(op, how, i));
      traffic.read += bytes;
      if (least_wanted_) reach(id, how == Touches::experts && i == 1 ? one_matrix(id) : bytes);
    }
  }

  /// Which experts are hit is not known; one is.
  Count one_matrix(Id value) const {
    const Dims& sizes = shape(value);
    return sizes.size() < 2 ? Count(0) : elements(value, Count(sizes.end()[-1]) * sizes.end()[-2]);
  }

  Count bytes_read(const Op& op, Touches how, std::size_t i) const {
    const Count all = at(lies_, op.in[i]).held;
    if (i == 0 && how == Touches::rows && op.out.front() != kNone) return elements(op.in[0], numel(shape(op.out[0])));
    if (i == 0 && how == Touches::bags && op.in.size() > 1 && op.in[1] != kNone && !shape(op.in[0]).empty()) {
      return elements(op.in[0], numel(shape(op.in[1])) * shape(op.in[0]).back());
    }
    if (i == 0 && how == Touches::accumulated) return scattered(op, op.in[0]);
    if (i == 1 && how == Touches::experts && shape(op.in[1]).size() == 3 && shape(op.in[0]).size() == 2) {
      const Dims& experts = shape(op.in[1]);
      const std::int64_t hit = std::min(experts[0], shape(op.in[0])[0]);
      return elements(op.in[1], Count(hit) * experts[1] * experts[2]);
    }
    return all;
  }

  /// Bytes of so many elements as the value has.
  Count elements(Id value, Count many) const {
    Tensor some = at(trace_.values, value);
    some.shape = {static_cast<std::int64_t>(many.value())};
    some.stored = -1;
    return known_bytes(some).value_or(0);
  }

  void write(const Op& op, Touches how, Traffic& traffic) {
    ++now_;
    for (const Id id : op.out) {
      if (id == kNone || at(seen_, id) == now_) continue;
      at(seen_, id) = now_;
      const Lie& lie = at(lies_, id);
      traffic.exact = traffic.exact && lie.known;
      traffic.written += scatters(how) ? std::min(lie.held, scattered(op, id)) : lie.held;
    }
  }

  static bool scatters(Touches how) { return how == Touches::scattered || how == Touches::accumulated; }

  Count scattered(const Op& op, Id target) const {
    const auto last = std::ranges::find_if(op.in.rbegin(), op.in.rend(), [](Id id) { return id != kNone; });
    return last == op.in.rend() ? Count(0) : elements(target, numel(shape(*last)));
  }

  /// Of a weight or an input so many bytes are read through a value, which counts once however often that is.
  void reach(Id value, Count bytes) {
    const Id base = at(lies_, value).base;
    if (!at(given_, base)) return;
    Count& before = reached_[value];
    if (bytes <= before) return;
    least_[base] += bytes - before;
    before = bytes;
  }

  void add_least(TraceTraffic& traffic) {
    for (const auto& [base, bytes] : least_) traffic.least += std::min(bytes, at(lies_, base).held);
    ++now_;
    for (const Call& call : trace_.calls) {
      if (call.parent != kNone) continue;
      for (const Id id : call.out) {
        const Id base = at(lies_, id).base;
        if (at(given_, base) || at(seen_, base) == now_) continue;  // nothing is written of what is handed on
        at(seen_, base) = now_;
        traffic.least += std::min(at(lies_, id).held, at(lies_, base).held);
      }
    }
    for (const Traffic& of : traffic.ops) traffic.least_exact = traffic.least_exact && of.exact;
  }

  const Trace& trace_;
  bool least_wanted_;
  std::vector<Lie> lies_;            ///< by value
  std::vector<std::uint32_t> seen_;  ///< by value: when it was met last
  std::uint32_t now_ = 0;
  std::vector<Touches> touches_;  ///< by name of operators
  std::vector<bool> unwritten_, in_place_, attention_;
  std::vector<bool> given_;                ///< by value
  std::unordered_map<Id, Count> reached_;  ///< by value
  std::unordered_map<Id, Count> least_;    ///< by base
};

/// Of an operator of a file it may be that only the name is known.
std::string row_name(const Trace& trace, const Op& op) {
  return trace.op_name(op) + (Trace::attr(op, "unknown_size") ? " of unknown size" : "");
}

}  // namespace

TraceTraffic traffic_of(const Trace& trace, bool least) { return Walk(trace, least).all(); }

OpMoves& moves_of(const Trace& trace, const Op& op, std::vector<std::size_t>& places, Report& report) {
  constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  if (places.empty()) places.resize(trace.op_names.size(), kNowhere);
  std::size_t& place = at(places, op.name);
  if (place == kNowhere) {
    place = report.moves.size();
    report.moves.push_back({.name = row_name(trace, op), .calls = 0, .own = {}});
  }
  return report.moves[place];
}

namespace {

constexpr auto kTraffic = static_cast<std::size_t>(Measure::traffic);

void add_op(const Trace& trace, const Op& op, const Traffic& traffic, std::vector<std::size_t>& places,
            Report& report) {
  Row& row = at(report.rows, op.call == kNone ? 0 : at(trace.calls, op.call).module);
  if (!traffic.exact) {
    row.least.set(kTraffic);
    report.least.set(kTraffic);
  }
  if (traffic.bytes() == 0) return;
  const Count times = op.call == kNone ? Count(1) : at(trace.calls, op.call).times;
  const Count bytes = traffic.bytes() * times;
  row.own[Measure::traffic] += bytes;
  OpMoves& all = moves_of(trace, op, places, report);
  all.calls += times;
  all.own[Measure::traffic] += bytes;
}

void forget(Report& report) {
  report.moves.clear();
  report.least.reset(kTraffic);
  for (Row& row : report.rows) {
    row.own[Measure::traffic] = 0;
    row.least.reset(kTraffic);
  }
}

}  // namespace

void count_traffic(const Trace& trace, Report& report) {
  if (trace.ops.empty()) return;
  try {
    const TraceTraffic traffic = traffic_of(trace, false);
    std::vector<std::size_t> places;
    Count all = 0;
    for (std::size_t i = 0; i < trace.ops.size(); ++i) {
      add_op(trace, trace.ops[i], traffic.ops[i], places, report);
    }
    for (const Row& row : report.rows) all += row.own[Measure::traffic];  // throws beyond 64 bits
  } catch (const Error&) {
    return forget(report);
  }
  report.known.set(kTraffic);
  for (Row& row : report.rows) row.known.set(kTraffic);
}

}  // namespace thoplw
