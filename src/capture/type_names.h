// x.type(y.type()), where y is on the meta device: torch has names for such types, but takes none of them.
#pragma once

namespace thoplw::capture {

/// Within this scope Tensor.type() takes "torch.meta.FloatTensor" for "torch.FloatTensor".
class TypeNames {
 public:
  TypeNames();
  ~TypeNames();
  TypeNames(const TypeNames&) = delete;
  TypeNames& operator=(const TypeNames&) = delete;
};

}  // namespace thoplw::capture
