// Fuzzes the reader of .pt2 files: archives, and documents of programs, so that changes get past the checksums.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "load/formats.h"
#include "load/pt2/program.h"
#include "load/pt2/weights.h"
#include "thoplw.h"

using thoplw::LoadOptions;

namespace {

/// What a user does with a trace.
void use(const thoplw::Trace& trace) {
  for (const char* convention : {"exact", "thoplw"}) thoplw::count(trace, thoplw::find_convention(convention));
  thoplw::to_text(trace);
}

template <class Run>
void attempt(const Run& run) {
  try {
    run();
  } catch (const thoplw::Error&) {  // said, and no more
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (thoplw::looks_like_pt2(bytes)) {
    attempt([&] { use(thoplw::read_pt2({"fuzz.pt2", bytes}, {})); });
  } else if (bytes.starts_with('{')) {
    const std::string json(bytes);
    attempt([&] { use(thoplw::pt2::read_program(json, {}, {}, "fuzz")); });
    attempt([&] { use(thoplw::pt2::read_program(json, {}, LoadOptions{{{"s77", 8}, {"x.1", 16}}}, "fuzz")); });
  } else {
    attempt([&] { thoplw::pt2::pickled_weights(bytes); });
  }
  return 0;
}
