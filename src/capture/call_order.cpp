// Puts the operators of a finished trace in the order of its calls, which threads mix up.
#include <algorithm>
#include <map>

#include "capture/threads.h"

namespace thoplw::capture {
namespace {

class ByCall {
 public:
  explicit ByCall(Pass& pass) : pass_(pass), trace_(pass.trace), numbers_(trace_.calls.size(), kNone) {
    const Trace& trace = trace_;
    for (std::size_t i = 0; i < trace.calls.size(); ++i) {
      const Call& call = trace.calls[i];
      inside_[call.parent].push_back({call.first_op, true, static_cast<Id>(i)});
    }
    for (std::size_t i = 0; i < trace.ops.size(); ++i) {
      inside_[trace.ops[i].call].push_back({static_cast<Id>(i), false, static_cast<Id>(i)});
    }
    for (auto& [call, events] : inside_) std::ranges::stable_sort(events, before);
  }

  void sort() {
    places_.resize(trace_.ops.size());
    write(kNone);
    trace_.calls = std::move(calls_);
    trace_.ops = std::move(ops_);
    for (std::size_t i = 0; i < trace_.regions.size(); ++i) sort(trace_.regions[i], pass_.region_ops[i]);
    for (Storage& storage : trace_.memory.storages) {
      if (storage.born != kNone) storage.born = place_of(storage.born);
      if (storage.died != kNone) storage.died = std::max(end_of(storage.died), storage.born);
    }
  }

 private:
  struct Event {
    Id time;  ///< how many operators there had been
    bool call;
    Id index;
  };
  static bool before(const Event& a, const Event& b) { return a.time != b.time ? a.time < b.time : a.call && !b.call; }

  void sort(Region& region, const std::vector<Id>& inside) const {
    if (inside.empty()) region.first_op = region.end_op = end_of(region.first_op);
    for (std::size_t i = 0; i < inside.size(); ++i) {
      const Id place = place_of(inside[i]);
      region.first_op = i == 0 ? place : std::min(region.first_op, place);
      region.end_op = i == 0 ? place + 1 : std::max(region.end_op, place + 1);
    }
  }

  /// Where the operator of that old number is now.
  Id place_of(Id op) const {
    const auto index = static_cast<std::size_t>(op);
    return index < places_.size() ? places_[index] : static_cast<Id>(places_.size());
  }
  /// The place behind the operator before that of that old number.
  Id end_of(Id op) const { return op == 0 ? 0 : place_of(op - 1) + 1; }

  void write(Id of) {
    const auto found = inside_.find(of);
    if (found == inside_.end()) return;
    for (const Event& event : found->second) {
      const auto index = static_cast<std::size_t>(event.index);
      if (event.call) {
        write_call(event.index);
      } else {
        places_[index] = static_cast<Id>(ops_.size());
        ops_.push_back(std::move(trace_.ops[index]));
        if (of != kNone) ops_.back().call = numbers_[static_cast<std::size_t>(of)];
      }
    }
  }

  void write_call(Id id) {
    Call& call = trace_.calls[static_cast<std::size_t>(id)];
    const std::size_t number = calls_.size();
    numbers_[static_cast<std::size_t>(id)] = static_cast<Id>(number);
    if (call.parent != kNone) call.parent = numbers_[static_cast<std::size_t>(call.parent)];
    calls_.push_back(std::move(call));
    calls_[number].first_op = static_cast<Id>(ops_.size());
    write(id);
    calls_[number].end_op = static_cast<Id>(ops_.size());
  }

  Pass& pass_;
  Trace& trace_;
  std::map<Id, std::vector<Event>> inside_;  ///< by call
  std::vector<Id> numbers_;                  ///< by call: its new one
  std::vector<Id> places_;                   ///< by operator: its new number
  std::vector<Call> calls_;
  std::vector<Op> ops_;
};

}  // namespace

void sort_by_call(Pass& pass) { ByCall(pass).sort(); }

}  // namespace thoplw::capture
