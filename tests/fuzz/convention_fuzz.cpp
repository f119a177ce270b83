// Any bytes as a user's convention: a convention that counts, or an Error, nothing else.
#include <cstddef>
#include <cstdint>

#include "conventions/convention_file.h"
#include "count/count.h"
#include "trace/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const thoplw::Trace trace = thoplw::parse_trace(
      R"(thoplw trace 1
model "Net"
source "test"
class app.Net
class app.Wide : torch.nn.Linear
class torch.nn.GELU
module "" app.Net
module "fc" app.Wide
module "act" torch.nn.GELU
module "idle" torch.nn.GELU
param "fc.weight" %0:f32[4,3] trainable
param "fc.bias" %1:f32[4] frozen
param "idle.scale" %2:f32[7] trainable
call "" (%10:f32[2,3]) -> (%14:f32[4,4]) {
  call "fc" (%10:f32[2,3]) -> (%11:f32[2,4]) {
    aten::linear(%10:f32[2,3], %0:f32[4,3], %1:f32[4]) -> %11:f32[2,4]
  }
  call "act" (%11:f32[2,4]) -> (%12:f32[2,4]) {
    aten::gelu(%11:f32[2,4]) -> %12:f32[2,4]
  }
  aten::t(%12:f32[2,4]) -> %13:f32[4,2]
  aten::mm(%13:f32[4,2], %12:f32[2,4]) -> %14:f32[4,4]
}
)");
  try {
    thoplw::count(trace, *thoplw::parse_convention("fuzz.toml", bytes));
  } catch (const thoplw::Error&) {
  }
  return 0;
}
