// Chips of phones. Their makers give TOPS without saying of which type, or dense or not, so that these stay empty.
#include "device/tables.h"

namespace thoplw::devices_of {
namespace {

constexpr std::string_view kRead = "2026-11-30";
constexpr std::string_view kSnapdragon =
    "https://www.notebookcheck.net/"
    "Qualcomm-Snapdragon-8-Elite-Gen-5-for-Galaxy-Processor-Benchmarks-and-Specs.1271123.0.html";

constexpr Device kRows[] = {
    {.name = "snapdragon-8-elite-gen-5",
     .title = "Qualcomm Snapdragon 8 Elite Gen 5",
     .kind = DeviceKind::phone,
     .bandwidth = gigabytes(84.8),
     .note = "64 bits of LPDDR5X at 5300 MHz; TOPS of its NPU are published without a type",
     .source = kSnapdragon,
     .read = kRead},
};

}  // namespace

std::span<const Device> phones() { return kRows; }

}  // namespace thoplw::devices_of
