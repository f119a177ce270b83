// Opens and closes regions.
#include "capture/regions.h"

#include "capture/autograd_functions.h"
#include "capture/checkpoints.h"
#include "capture/gradient_hooks.h"
#include "capture/nested.h"
#include "capture/questions.h"

namespace thoplw::capture {
namespace {

int installed = 0;  // captures for training in progress in all threads; the GIL guards it

}  // namespace

Regions::Regions(const Pass& pass) : installed_(pass.trace.training) {
  if (!installed_ || installed++ > 0) return;
  exchange_checkpoints();
  exchange_functions();
  exchange_hooks();
}

Regions::~Regions() {
  if (!installed_ || --installed > 0) return;
  put_back_checkpoints();
  put_back_functions();
  put_back_hooks();
}

OpenRegion::OpenRegion(Pass& pass, Region::Kind kind, std::string name)
    : pass_(pass), index_(pass.trace.regions.size()) {
  const auto now = static_cast<Id>(pass.trace.ops.size());
  Region& region = pass.trace.regions.emplace_back();
  region.kind = kind;
  region.name = std::move(name);
  region.first_op = region.end_op = now;
  pass.region_ops.emplace_back();
  pass.strand().open_regions.push_back(index_);
}

OpenRegion::~OpenRegion() {
  region().end_op = static_cast<Id>(pass_.trace.ops.size());
  std::erase(pass_.strand().open_regions, index_);
}

void add_tensors(Pass& pass, PyObject* value, std::vector<Id>& values) {
  each_tensor(pass.api, value, [&](PyObject* tensor) { values.push_back(pass.tensors.known(tensor).value); });
}

Pass* training_pass() {
  Strand* strand = Strand::current();
  Pass* pass = strand ? strand->pass : nullptr;
  return pass && pass->trace.training && strand->recording && !NotTheForward::asks() ? pass : nullptr;
}

}  // namespace thoplw::capture
