// Asks each operator that autograd records what it keeps, and finds the memory that this lies in.
#include "count/training/pass_kept.h"

#include "operators/backward/kept.h"

namespace thoplw {
namespace {

class PassKeeping {
 public:
  PassKeeping(const Trace& trace, const Autograd& autograd, Flavour flavour)
      : trace_(trace), autograd_(autograd), flavour_(flavour) {
    kept_.ops.resize(trace.ops.size());
    kept_.regions.resize(trace.regions.size());
    kept_.checkpoint_of.assign(trace.ops.size(), kNone);
  }

  PassKept all() {
    for (std::size_t i = 0; i < trace_.regions.size(); ++i) add_region(static_cast<Id>(i));
    for (std::size_t i = 0; i < trace_.ops.size(); ++i) add_op(static_cast<Id>(i));
    return std::move(kept_);
  }

 private:
  void add_region(Id id) {
    const Region& region = at(trace_.regions, id);
    if (region.kind != Region::Kind::function) {
      bool outermost = true;
      for (Id op = region.first_op; op < region.end_op; ++op) {
        Id& around = at(kept_.checkpoint_of, op);
        outermost = outermost && around == kNone;
        if (around == kNone) around = id;
      }
      if (!outermost) return;
    } else if (!at(autograd_.region_recorded, id)) {
      return;
    }
    for (const Id value : region.kept) add(at(kept_.regions, id), value);
  }

  void add_op(Id id) {
    const Op& op = at(trace_.ops, id);
    const bool recorded = at(autograd_.recorded, id) != 0;
    GradOp view{{trace_, op}, recorded ? autograd_.needs(id) : std::span<const std::uint8_t>(), flavour_};
    const Kept kept = thoplw::kept(view);
    PassKept::OfOp& of_op = at(kept_.ops, id);
    of_op.temporary = kept.temporary;
    if (!recorded) return;
    if (!kept.known) kept_.unknown.push_back(id);
    for (const KeptTensor& tensor : kept.tensors) {
      if (tensor.of != KeptTensor::Of::input) of_op.makes = true;
      if (tensor.of == KeptTensor::Of::fresh) {
        of_op.items.push_back({kNone, tensor.bytes});
      } else {
        const std::vector<Id>& values = tensor.of == KeptTensor::Of::input ? op.in : op.out;
        if (tensor.index < values.size()) add(of_op.items, values[tensor.index]);
      }
    }
  }

  void add(std::vector<PassKept::Item>& items, Id value) {
    if (value == kNone) return;
    const Id storage = trace_.memory.known() ? at(trace_.memory.places, value).storage : kNone;
    if (storage != kNone) {
      items.push_back({storage, at(trace_.memory.storages, storage).bytes});
    } else if (const std::optional<Count> bytes = known_bytes(at(trace_.values, value))) {
      items.push_back({kNone, *bytes});
    }
  }

  const Trace& trace_;
  const Autograd& autograd_;
  Flavour flavour_;
  PassKept kept_;
};

}  // namespace

PassKept kept_of(const Trace& trace, const Autograd& autograd, Flavour flavour) {
  return PassKeeping(trace, autograd, flavour).all();
}

Id recompute_end(const Autograd& autograd, const PassKept& kept, const Region& region) {
  if (region.kind == Region::Kind::reentrant) return region.end_op;
  Id end = region.first_op;
  for (Id op = region.first_op; op < region.end_op; ++op) {
    const PassKept::OfOp& of_op = at(kept.ops, op);
    if (at(autograd.recorded, op) && !of_op.items.empty()) end = of_op.makes ? op + 1 : op;
  }
  return end;
}

}  // namespace thoplw
