// Chips of Apple: bandwidth is public; how fast they multiply matrices, Apple does not say by type.
#include "device/tables.h"

namespace thoplw::devices_of {
namespace {

constexpr std::string_view kRead = "2026-11-30";
constexpr std::string_view kM1 = "https://en.wikipedia.org/wiki/Apple_M1; Apple gives no figure";
constexpr std::string_view kM1Pro =
    "https://www.apple.com/newsroom/2021/10/"
    "introducing-m1-pro-and-m1-max-the-most-powerful-chips-apple-has-ever-built/";
constexpr std::string_view kM1Ultra =
    "https://www.apple.com/newsroom/2022/03/"
    "apple-unveils-m1-ultra-the-worlds-most-powerful-chip-for-a-personal-computer/";
constexpr std::string_view kM2 =
    "https://www.apple.com/newsroom/2022/06/apple-unveils-m2-with-breakthrough-performance-and-capabilities/";
constexpr std::string_view kM2Pro =
    "https://www.apple.com/newsroom/2023/01/"
    "apple-unveils-m2-pro-and-m2-max-next-generation-chips-for-next-level-workflows/";
constexpr std::string_view kM2Ultra = "https://www.apple.com/newsroom/2023/06/apple-introduces-m2-ultra/";
constexpr std::string_view kM3 = "https://support.apple.com/en-us/117735";
constexpr std::string_view kM3Pro = "https://support.apple.com/en-us/117737";
constexpr std::string_view kM4 = "https://www.apple.com/newsroom/2024/10/apple-introduces-m4-pro-and-m4-max/";
constexpr std::string_view kM4Max = "https://support.apple.com/en-us/121553";
constexpr std::string_view kM5 =
    "https://www.apple.com/newsroom/2025/10/apple-unleashes-m5-the-next-big-leap-in-ai-performance-for-apple-silicon/";

constexpr Device kRows[] = {
    {.name = "apple-m1",
     .also = "m1",
     .title = "Apple M1",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(68.3),
     .note = "memory is shared by CPU and GPU; up to 16 GB",
     .source = kM1,
     .read = kRead},
    {.name = "apple-m1-pro",
     .also = "m1-pro",
     .title = "Apple M1 Pro",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(200),
     .note = "memory is shared by CPU and GPU; up to 32 GB",
     .source = kM1Pro,
     .read = kRead},
    {.name = "apple-m1-max",
     .also = "m1-max",
     .title = "Apple M1 Max",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(400),
     .note = "memory is shared by CPU and GPU; up to 64 GB",
     .source = kM1Pro,
     .read = kRead},
    {.name = "apple-m1-ultra",
     .also = "m1-ultra",
     .title = "Apple M1 Ultra",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(800),
     .note = "memory is shared by CPU and GPU; up to 128 GB",
     .source = kM1Ultra,
     .read = kRead},
    {.name = "apple-m2",
     .also = "m2",
     .title = "Apple M2",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(100),
     .note = "memory is shared by CPU and GPU; up to 24 GB",
     .source = kM2,
     .read = kRead},
    {.name = "apple-m2-pro",
     .also = "m2-pro",
     .title = "Apple M2 Pro",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(200),
     .note = "memory is shared by CPU and GPU; up to 32 GB",
     .source = kM2Pro,
     .read = kRead},
    {.name = "apple-m2-max",
     .also = "m2-max",
     .title = "Apple M2 Max",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(400),
     .note = "memory is shared by CPU and GPU; up to 96 GB",
     .source = kM2Pro,
     .read = kRead},
    {.name = "apple-m2-ultra",
     .also = "m2-ultra",
     .title = "Apple M2 Ultra",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(800),
     .note = "memory is shared by CPU and GPU; up to 192 GB",
     .source = kM2Ultra,
     .read = kRead},
    {.name = "apple-m3",
     .also = "m3",
     .title = "Apple M3",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(100),
     .note = "memory is shared by CPU and GPU; up to 24 GB",
     .source = kM3,
     .read = kRead},
    {.name = "apple-m3-pro",
     .also = "m3-pro",
     .title = "Apple M3 Pro",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(150),
     .note = "memory is shared by CPU and GPU; up to 36 GB",
     .source = kM3Pro,
     .read = kRead},
    {.name = "apple-m3-max",
     .also = "m3-max",
     .title = "Apple M3 Max, 16 cores",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(400),
     .note = "memory is shared by CPU and GPU; up to 128 GB",
     .source = kM3Pro,
     .read = kRead},
    {.name = "apple-m3-max-14",
     .also = "m3-max-14",
     .title = "Apple M3 Max, 14 cores",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(300),
     .note = "memory is shared by CPU and GPU; up to 128 GB",
     .source = kM3Pro,
     .read = kRead},
    {.name = "apple-m4",
     .also = "m4",
     .title = "Apple M4",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(120),
     .note = "memory is shared by CPU and GPU; up to 32 GB",
     .source = kM4,
     .read = kRead},
    {.name = "apple-m4-pro",
     .also = "m4-pro",
     .title = "Apple M4 Pro",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(273),
     .note = "memory is shared by CPU and GPU; up to 64 GB",
     .source = kM4,
     .read = kRead},
    {.name = "apple-m4-max",
     .also = "m4-max",
     .title = "Apple M4 Max, 40 GPU cores",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(546),
     .note = "memory is shared by CPU and GPU; up to 128 GB",
     .source = kM4,
     .read = kRead},
    {.name = "apple-m4-max-32",
     .also = "m4-max-32",
     .title = "Apple M4 Max, 32 GPU cores",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(410),
     .note = "memory is shared by CPU and GPU; up to 128 GB",
     .source = kM4Max,
     .read = kRead},
    {.name = "apple-m5",
     .also = "m5",
     .title = "Apple M5",
     .kind = DeviceKind::apple,
     .bandwidth = gigabytes(153),
     .note = "memory is shared by CPU and GPU; up to 32 GB",
     .source = kM5,
     .read = kRead},
};

}  // namespace

std::span<const Device> apple() { return kRows; }

}  // namespace thoplw::devices_of
