// Arguments that are singletons or numbers, depending on who passes them.
#include "operators/shape/args.h"

namespace thoplw::shape {

std::optional<MemoryFormat> format_at(Args args, std::size_t i, MemoryFormat otherwise) {
  if (absent(args, i)) return otherwise;
  const Arg& arg = args[i];
  // A schema's default is the number of the enumerator.
  if (arg.kind == Arg::Kind::integer && arg.integer >= 0 && arg.integer <= 3) {
    return static_cast<MemoryFormat>(arg.integer);
  }
  if (arg.text == "torch.contiguous_format") return MemoryFormat::contiguous;
  if (arg.text == "torch.preserve_format") return MemoryFormat::preserve;
  if (arg.text == "torch.channels_last") return MemoryFormat::channels_last;
  if (arg.text == "torch.channels_last_3d") return MemoryFormat::channels_last_3d;
  return std::nullopt;
}

std::optional<DType> dtype_at(Args args, std::size_t i, DType otherwise) {
  if (absent(args, i)) return otherwise;
  if (args[i].kind != Arg::Kind::dtype || args[i].dtype == DType::other) return std::nullopt;
  return args[i].dtype;
}

}  // namespace thoplw::shape
