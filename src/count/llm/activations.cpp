// Plays both passes: memory is made and freed as it was observed, and each device has its part of it.
#include "count/llm/activations.h"

#include <algorithm>
#include <set>

#include "count/memory/alive_memory.h"
#include "count/memory/forward_walk.h"
#include "count/memory/pass_storages.h"

namespace thoplw {
namespace {

Count part(Count bytes, std::uint32_t parts) { return (bytes + (parts - 1)).value() / parts; }

/// Bytes of a storage, or of all.
struct Bytes {
  Count whole, device;

  void operator+=(const Bytes& other) {
    whole += other.whole;
    device += other.device;
  }
};

/// A storage: what is in it of the cache as it is stored, and what else.
struct Piece {
  Bytes cached, rest;
  bool before_token = false;          ///< it has what is in the cache before the token
  std::vector<std::uint32_t> stages;  ///< whose devices have it

  Bytes all() const { return {cached.whole + rest.whole, cached.device + rest.device}; }
};

class Walk {
 public:
  explicit Walk(const OnDevices& model)
      : model_(model),
        trace_(model.passes.trace),
        pieces_(trace_.memory.storages.size()),
        alive_(model.stages),
        temporaries_(temporaries_of(trace_, {.processor = Processor::cuda})) {
    for (PassActivations* pass : {&result_.prefill, &result_.decode}) pass->by_stage.resize(model.stages);
    place_cache();
    size_pieces();
    find_stages();
  }

  Activations played() {
    AliveMemory unused(1);
    const PassStorages storages(trace_, unused);
    for (std::size_t i = 0; i < trace_.ops.size(); ++i) {
      const auto op = static_cast<Id>(i);
      if (op == model_.parts.decode.first_op) begin_decode();
      for (const Id storage : storages.gone_before(op)) change(at(pieces_, storage), false);
      for (const Id storage : storages.born_at(op)) change(at(pieces_, storage), true);
      if (within(model_.parts.prefill, op)) observe(op, result_.prefill);
      if (within(model_.parts.decode, op)) observe(op, result_.decode);
    }
    name_unknown();
    return std::move(result_);
  }

 private:
  static bool within(const OpRange& pass, Id op) { return op >= pass.first_op && op < pass.end_op; }
  const Op& op_at(Id op) const { return at(trace_.ops, op); }
  Id storage_of(Id value) const { return value == kNone ? kNone : at(trace_.memory.places, value).storage; }

  /// Stored in the type that was asked for, and what the pass itself has of it.
  void place_cache() {
    raw_.resize(pieces_.size());
    for (const std::vector<Id>* values : {&model_.parts.before, &model_.parts.after}) {
      for (std::size_t i = 0; i < values->size(); ++i) {
        const Id value = (*values)[i], storage = storage_of(value);
        if (storage == kNone) continue;
        Piece& piece = at(pieces_, storage);
        if (values == &model_.parts.before) piece.before_token = true;
        if (values == &model_.parts.after && piece.before_token) continue;  // changed in place
        const Count all = numel(model_.tensor(value)), one = model_.sharding.cache_elements(value);
        const int stored = model_.bits_of_cache(i);
        piece.cached += {bytes_of(all, stored), bytes_of(one, stored)};
        at(raw_, storage) += bytes_of(all, bits(model_.tensor(value).dtype));
      }
    }
  }

  void size_pieces() {
    std::vector<bool> sized(pieces_.size(), false);
    for (std::size_t i = 0; i < trace_.values.size(); ++i) {
      const Id storage = storage_of(static_cast<Id>(i));
      if (storage == kNone || at(sized, storage)) continue;
      at(sized, storage) = true;
      const Count bytes = at(trace_.memory.storages, storage).bytes;
      const Count rest = bytes - std::min(bytes, at(raw_, storage));
      at(pieces_, storage).rest = {rest, part(rest, model_.sharding.parts_of(static_cast<Id>(i)))};
    }
  }

  /// Those that make it, and those that read it.
  void find_stages() {
    for (const Op& op : trace_.ops) {
      const std::uint32_t stage = model_.sharding.stage_of_op(op);
      for (const std::vector<Id>* values : {&op.in, &op.out}) {
        for (const Id value : *values) {
          const Id storage = storage_of(value);
          if (storage == kNone) continue;
          std::vector<std::uint32_t>& stages = at(pieces_, storage).stages;
          if (std::ranges::find(stages, stage) == stages.end()) stages.push_back(stage);
        }
      }
    }
  }

  void change(const Piece& piece, bool born) {
    // What is in the cache after the prompts counts as cache, so not as made by the pass.
    const Bytes bytes = born && piece.before_token && !decodes_ ? piece.rest : piece.all();
    const auto add = [&](Count& to, Count amount) { born ? to += amount : to -= amount; };
    add(whole_, bytes.whole);
    for (const std::uint32_t stage : piece.stages) add(alive_[stage], bytes.device);
  }

  /// From here on the cache is tensors like others, some of which are freed; all that it was is taken off again.
  void begin_decode() {
    decodes_ = true;
    lacking_.assign(model_.stages, 0);
    for (const Piece& piece : pieces_) {
      if (!piece.before_token) continue;
      whole_ += piece.cached.whole;
      lacking_whole_ += piece.cached.whole;
      for (const std::uint32_t stage : piece.stages) {
        alive_[stage] += piece.cached.device;
        lacking_[stage] += piece.cached.device;
      }
    }
  }

  void observe(Id op, PassActivations& pass) {
    const Count inside = temporaries_.bytes[static_cast<std::size_t>(op)];
    std::uint32_t parts = 1;
    for (const Id value : op_at(op).out) {
      if (value != kNone) parts = std::max(parts, model_.sharding.parts_of(value));
    }
    const std::uint32_t stage = model_.sharding.stage_of_op(op_at(op));
    const auto most = [](Count& so_far, Count now, Count lacking) {
      so_far = std::max(so_far, now - std::min(now, lacking));
    };
    most(pass.whole, whole_ + inside, decodes_ ? lacking_whole_ : Count(0));
    most(pass.by_stage[stage], alive_[stage] + part(inside, parts), decodes_ ? lacking_[stage] : Count(0));
  }

  void name_unknown() {
    std::set<std::string> names;
    for (const Id op : temporaries_.unknown) names.insert(trace_.op_name(op_at(op)));
    result_.unknown.assign(names.begin(), names.end());
  }

  const OnDevices& model_;
  const Trace& trace_;
  std::vector<Piece> pieces_;  ///< by storage
  std::vector<Count> raw_;     ///< by storage: bytes of the cache in it, as the pass itself keeps it
  bool decodes_ = false;
  Count whole_, lacking_whole_;
  std::vector<Count> alive_, lacking_;  ///< by stage
  Temporaries temporaries_;
  Activations result_;
};

}  // namespace

Activations activations_of(const OnDevices& model) {
  if (!model.passes.trace.memory.known()) throw Error("the trace does not say how long tensors live");
  return Walk(model).played();
}

}  // namespace thoplw
