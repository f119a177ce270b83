// Boards for robots and the like.
#include "device/tables.h"

namespace thoplw::devices_of {
namespace {

constexpr std::string_view kRead = "2026-11-30";
constexpr std::string_view kAgx =
    "NVIDIA DS-10662-001 v1.8, Jetson AGX Orin Series Data Sheet, "
    "https://static.generation-robots.com/media/Jetson-AGX-Orin-Data-Sheet.pdf";
constexpr std::string_view kNx =
    "https://developer.nvidia.com/downloads/jetson-orin-nx-module-series-data-sheet (DS-10712-001 v1.7)";
constexpr std::string_view kNano =
    "NVIDIA DS-11105-001, Jetson Orin Nano Series Data Sheet, "
    "https://connecttech.com/ftp/pdf/nvidia_jetson_orin_datasheet.pdf";
constexpr std::string_view kSuper = "https://docs.nvidia.com/jetson/orin-nano-devkit/user-guide/latest/index.html";

constexpr std::string_view kPi =
    "https://threedots.ovh/blog/?p=567, which gathers what is public of BCM2712, and the pipelines V0 and V1 of the "
    "Arm "
    "Cortex-A76 Software Optimization Guide, "
    "https://www.systemonchips.com/arm-cortex-a76-asimd-instruction-latency-and-throughput-analysis";

constexpr Device kRows[] = {
    {.name = "jetson-agx-orin-64gb",
     .also = "agx-orin jetson-agx-orin",
     .title = "NVIDIA Jetson AGX Orin, 64 GB",
     .kind = DeviceKind::embedded,
     .peaks = tera({.fp16 = 42.5, .int8 = 85}),
     .bandwidth = gigabytes(204.8),
     .memory = gigabytes(64),
     .note = "the GPU alone, 170 TOPS with sparsity, halved, and fp16 half of that; two more engines for int8 have 105 "
             "with sparsity",
     .source = kAgx,
     .read = kRead},
    {.name = "jetson-orin-nx-8gb",
     .also = "orin-nx-8gb",
     .title = "NVIDIA Jetson Orin NX, 8 GB",
     .kind = DeviceKind::embedded,
     .peaks = tera({.int8 = 35}),
     .bandwidth = gigabytes(102),
     .memory = gigabytes(8),
     .note = "GPU and one more engine for int8 together",
     .source = kNx,
     .read = kRead},
    {.name = "jetson-orin-nano-8gb",
     .also = "orin-nano jetson-orin-nano",
     .title = "NVIDIA Jetson Orin Nano, 8 GB",
     .kind = DeviceKind::embedded,
     .peaks = tera({.int8 = 20}),
     .bandwidth = gigabytes(68),
     .memory = gigabytes(8),
     .source = kNano,
     .read = kRead},
    {.name = "jetson-orin-nano-4gb",
     .also = "orin-nano-4gb",
     .title = "NVIDIA Jetson Orin Nano, 4 GB",
     .kind = DeviceKind::embedded,
     .peaks = tera({.int8 = 10}),
     .bandwidth = gigabytes(34),
     .memory = gigabytes(4),
     .source = kNano,
     .read = kRead},
    {.name = "jetson-orin-nano-super",
     .also = "orin-nano-super",
     .title = "NVIDIA Jetson Orin Nano Super, 8 GB",
     .kind = DeviceKind::embedded,
     .peaks = tera({.int8 = 33.5}),
     .bandwidth = gigabytes(102),
     .memory = gigabytes(8),
     .note = "67 TOPS with sparsity, halved",
     .source = kSuper,
     .read = kRead},
    {.name = "raspberry-pi-5",
     .also = "pi-5 rpi5",
     .title = "Raspberry Pi 5",
     .kind = DeviceKind::embedded,
     .peaks = tera({.fp32 = 0.1536, .fp16 = 0.3072}),
     .bandwidth = gigabytes(17.068),
     .note = "its processor, not its GPU; worked out: 4 cores x 2.4 GHz x 2 pipelines x 4 multiply-adds of fp32, 8 of "
             "fp16; 32 bits of LPDDR4X at 4267 MT/s; with 2 to 16 GB",
     .source = kPi,
     .read = kRead},
};

}  // namespace

std::span<const Device> embedded() { return kRows; }

}  // namespace thoplw::devices_of
