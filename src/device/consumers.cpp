// Graphics cards of consumers.
#include "device/tables.h"

namespace thoplw::devices_of {
namespace {

constexpr std::string_view kRead = "2026-11-30";
constexpr std::string_view kAmpere =
    "https://images.nvidia.com/aem-dam/en-zz/Solutions/geforce/ampere/pdf/"
    "NVIDIA-ampere-GA102-GPU-Architecture-Whitepaper-V1.pdf, appendix A";
constexpr std::string_view kAmpereTable =
    "https://github.com/stillwater-sc/KPU-Simulator/blob/main/docs/external-knowledge/rtx_30_series_specs_table.md, "
    "and for the rate of a multiprocessor the white paper of GA102";
constexpr std::string_view kAda =
    "https://images.nvidia.com/aem-dam/Solutions/geforce/ada/nvidia-ada-gpu-architecture.pdf, appendix A";
constexpr std::string_view kAda4070 =
    "https://www.thefpsreview.com/gpu-family/nvidia-geforce-rtx-4070-gpu-family-specifications, and for the rate of a "
    "multiprocessor the white paper of the Ada architecture, appendix A";
constexpr std::string_view kAda4060 =
    "https://fpsbench.com/compare/gpu/nvidia-geforce-rtx-4060-vs-nvidia-t600, and for the rate of a multiprocessor the "
    "white paper of the Ada architecture, appendix A";
constexpr std::string_view kCompare =
    "https://www.nvidia.com/en-us/geforce/graphics-cards/compare/, whose AI TOPS are with sparsity, and for how types "
    "compare the white paper of that generation";
constexpr std::string_view kBlackwell =
    "https://images.nvidia.com/aem-dam/Solutions/geforce/blackwell/nvidia-rtx-blackwell-gpu-architecture.pdf, table 3";
constexpr std::string_view kTuring =
    "https://images.nvidia.com/aem-dam/en-zz/Solutions/design-visualization/technologies/turing-architecture/"
    "NVIDIA-Turing-Architecture-Whitepaper.pdf, table of GeForce RTX 2080 Ti";
constexpr std::string_view kNavi31 =
    "https://www.amd.com/en/products/graphics/desktops/radeon/7000-series/amd-radeon-rx-7900xtx.html, as quoted by "
    "https://www.techpowerup.com/gpu-specs/radeon-rx-7900-xtx.c3941";

constexpr Device kRows[] = {
    {.name = "rtx-2080-ti",
     .title = "NVIDIA GeForce RTX 2080 Ti",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 13.4, .fp16 = 53.8, .int8 = 215.2, .int4 = 430.3}),
     .bandwidth = gigabytes(616),
     .memory = gigabytes(11),
     .note = "at the reference clock; fp16 with fp32 accumulation, as torch computes",
     .source = kTuring,
     .read = kRead},
    {.name = "rtx-3060",
     .also = "3060",
     .title = "NVIDIA GeForce RTX 3060",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 12.7, .fp16 = 25.5, .bf16 = 25.5, .int8 = 102}),
     .bandwidth = gigabytes(360),
     .memory = gigabytes(12),
     .note = "fp16 and bf16 worked out: 28 multiprocessors x 512 operations x 1.777 GHz, with fp32 accumulation",
     .source = kAmpereTable,
     .read = kRead},
    {.name = "rtx-3060-ti",
     .also = "3060-ti",
     .title = "NVIDIA GeForce RTX 3060 Ti",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 16.2, .fp16 = 32.4, .bf16 = 32.4, .int8 = 130}),
     .bandwidth = gigabytes(448),
     .memory = gigabytes(8),
     .note = "fp16 and bf16 worked out: 38 multiprocessors x 512 operations x 1.665 GHz, with fp32 accumulation",
     .source = kAmpereTable,
     .read = kRead},
    {.name = "rtx-3070",
     .also = "3070",
     .title = "NVIDIA GeForce RTX 3070",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 20.4, .fp16 = 40.7, .bf16 = 40.7, .int8 = 163}),
     .bandwidth = gigabytes(448),
     .memory = gigabytes(8),
     .note = "fp16 and bf16 worked out: 46 multiprocessors x 512 operations x 1.73 GHz, with fp32 accumulation",
     .source = kAmpereTable,
     .read = kRead},
    {.name = "rtx-3070-ti",
     .also = "3070-ti",
     .title = "NVIDIA GeForce RTX 3070 Ti",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 21.8, .fp16 = 43.5, .bf16 = 43.5, .int8 = 174}),
     .bandwidth = gigabytes(608),
     .memory = gigabytes(8),
     .note = "fp16 and bf16 worked out: 48 multiprocessors x 512 operations x 1.77 GHz, with fp32 accumulation",
     .source = kAmpereTable,
     .read = kRead},
    {.name = "rtx-3080",
     .also = "3080",
     .title = "NVIDIA GeForce RTX 3080",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 29.8, .fp16 = 59.5, .bf16 = 59.5, .int8 = 238}),
     .bandwidth = gigabytes(760),
     .memory = gigabytes(10),
     .note = "fp16 and bf16 worked out: 68 multiprocessors x 512 operations x 1.71 GHz, with fp32 accumulation",
     .source = kAmpereTable,
     .read = kRead},
    {.name = "rtx-3080-ti",
     .also = "3080-ti",
     .title = "NVIDIA GeForce RTX 3080 Ti",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 34.1, .fp16 = 68.2, .bf16 = 68.2, .int8 = 273}),
     .bandwidth = gigabytes(912),
     .memory = gigabytes(12),
     .note = "fp16 and bf16 worked out: 80 multiprocessors x 512 operations x 1.665 GHz, with fp32 accumulation",
     .source = kAmpereTable,
     .read = kRead},
    {.name = "rtx-3090-ti",
     .also = "3090-ti",
     .title = "NVIDIA GeForce RTX 3090 Ti",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 40.0, .fp16 = 80.0, .bf16 = 80.0, .int8 = 320}),
     .bandwidth = gigabytes(1008),
     .memory = gigabytes(24),
     .note = "fp16 and bf16 worked out: 84 multiprocessors x 512 operations x 1.86 GHz, with fp32 accumulation",
     .source = kAmpereTable,
     .read = kRead},
    {.name = "rtx-3090",
     .also = "3090",
     .title = "NVIDIA GeForce RTX 3090",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 35.6, .fp16 = 71.2, .bf16 = 71.2, .int8 = 284}),
     .bandwidth = gigabytes(936),
     .memory = gigabytes(24),
     .note = "fp16 and bf16 with fp32 accumulation, as torch computes",
     .source = kAmpere,
     .read = kRead},
    {.name = "rtx-4090",
     .also = "4090",
     .title = "NVIDIA GeForce RTX 4090",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 82.6, .fp16 = 165.2, .bf16 = 165.2, .fp8 = 330.3, .int8 = 660.6}),
     .bandwidth = gigabytes(1008),
     .memory = gigabytes(24),
     .note = "fp16 and bf16 with fp32 accumulation, as torch computes; so is fp8",
     .source = kAda,
     .read = kRead},
    {.name = "rtx-4080-super",
     .also = "4080-super",
     .title = "NVIDIA GeForce RTX 4080 SUPER",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 52, .fp16 = 104.5, .bf16 = 104.5, .fp8 = 209, .int8 = 418}),
     .bandwidth = gigabytes(736),
     .memory = gigabytes(16),
     .note = "worked out of 836 AI TOPS, which are of int8 with sparsity: int8 half of it, fp8 a half and fp16 a "
             "quarter of that, with fp32 accumulation",
     .source = kCompare,
     .read = kRead},
    {.name = "rtx-4080",
     .also = "4080",
     .title = "NVIDIA GeForce RTX 4080",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 49, .fp16 = 97.5, .bf16 = 97.5, .fp8 = 195, .int8 = 390}),
     .bandwidth = gigabytes(716.8),
     .memory = gigabytes(16),
     .note = "worked out of 780 AI TOPS, which are of int8 with sparsity: int8 half of it, fp8 a half and fp16 a "
             "quarter of that, with fp32 accumulation",
     .source = kCompare,
     .read = kRead},
    {.name = "rtx-4070-ti-super",
     .also = "4070-ti-super",
     .title = "NVIDIA GeForce RTX 4070 Ti SUPER",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 44, .fp16 = 88.25, .bf16 = 88.25, .fp8 = 176.5, .int8 = 353}),
     .bandwidth = gigabytes(672),
     .memory = gigabytes(16),
     .note = "worked out of 706 AI TOPS, which are of int8 with sparsity: int8 half of it, fp8 a half and fp16 a "
             "quarter of that, with fp32 accumulation",
     .source = kCompare,
     .read = kRead},
    {.name = "rtx-4070",
     .also = "4070",
     .title = "NVIDIA GeForce RTX 4070",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 29.1, .fp16 = 58.3, .bf16 = 58.3, .fp8 = 116.6, .int8 = 233.2}),
     .bandwidth = gigabytes(504),
     .memory = gigabytes(12),
     .note =
         "worked out: 46 multiprocessors x 512 operations of fp16 with fp32 accumulation, 1024 of fp8, 2048 of int8, x "
         "2.475 GHz",
     .source = kAda4070,
     .read = kRead},
    {.name = "rtx-4060",
     .also = "4060",
     .title = "NVIDIA GeForce RTX 4060",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 15.1, .fp16 = 30.2, .bf16 = 30.2, .fp8 = 60.5, .int8 = 120.9}),
     .bandwidth = gigabytes(272),
     .memory = gigabytes(8),
     .note =
         "worked out: 24 multiprocessors x 512 operations of fp16 with fp32 accumulation, 1024 of fp8, 2048 of int8, x "
         "2.46 GHz",
     .source = kAda4060,
     .read = kRead},
    {.name = "rtx-5090",
     .also = "5090",
     .title = "NVIDIA GeForce RTX 5090",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 104.8, .fp16 = 209.5, .bf16 = 209.5, .fp8 = 419, .int8 = 838, .fp4 = 1676}),
     .bandwidth = gigabytes(1792),
     .memory = gigabytes(32),
     .note = "fp16 and bf16 with fp32 accumulation, as torch computes; so is fp8",
     .source = kBlackwell,
     .read = kRead},
    {.name = "rtx-5080",
     .also = "5080",
     .title = "NVIDIA GeForce RTX 5080",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp16 = 112.6, .bf16 = 112.6, .fp8 = 225.1, .int8 = 450.2, .fp4 = 900.5}),
     .bandwidth = gigabytes(960),
     .memory = gigabytes(16),
     .note = "worked out of 1801 AI TOPS, which are of fp4 with sparsity: fp4 half of it, int8 a half, fp8 a quarter "
             "and fp16 an eighth of that, with fp32 accumulation",
     .source = kCompare,
     .read = kRead},
    {.name = "rtx-5070-ti",
     .also = "5070-ti",
     .title = "NVIDIA GeForce RTX 5070 Ti",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp16 = 87.9, .bf16 = 87.9, .fp8 = 175.8, .int8 = 351.5, .fp4 = 703.0}),
     .bandwidth = gigabytes(896),
     .memory = gigabytes(16),
     .note = "worked out of 1406 AI TOPS, which are of fp4 with sparsity: fp4 half of it, int8 a half, fp8 a quarter "
             "and fp16 an eighth of that, with fp32 accumulation",
     .source = kCompare,
     .read = kRead},
    {.name = "rtx-5070",
     .also = "5070",
     .title = "NVIDIA GeForce RTX 5070",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp16 = 61.8, .bf16 = 61.8, .fp8 = 123.5, .int8 = 247.0, .fp4 = 494.0}),
     .bandwidth = gigabytes(672),
     .memory = gigabytes(12),
     .note = "worked out of 988 AI TOPS, which are of fp4 with sparsity: fp4 half of it, int8 a half, fp8 a quarter "
             "and fp16 an eighth of that, with fp32 accumulation",
     .source = kCompare,
     .read = kRead},
    {.name = "rx-7900-xtx",
     .also = "7900-xtx",
     .title = "AMD Radeon RX 7900 XTX",
     .kind = DeviceKind::consumer,
     .peaks = tera({.fp32 = 61.4, .fp16 = 122.8}),
     .bandwidth = gigabytes(960),
     .memory = gigabytes(24),
     .source = kNavi31,
     .read = kRead},
};

}  // namespace

std::span<const Device> consumers() { return kRows; }

}  // namespace thoplw::devices_of
