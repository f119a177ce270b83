// Accelerators of data centres and workstations.
#include "device/tables.h"

namespace thoplw::devices_of {
namespace {

constexpr std::string_view kRead = "2026-11-30";
constexpr std::string_view kHopper =
    "https://www.nvidia.com/en-us/data-center/h100/, halved where it says with sparsity"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kH200 =
    "https://www.nvidia.com/en-us/data-center/h200/, halved where it says with sparsity"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kB200 =
    "https://resources.nvidia.com/en-us-dgx-systems/dgx-b200-datasheet, as quoted by "
    "https://github.com/stas00/ml-engineering"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kB300 =
    "https://resources.nvidia.com/en-us-dgx-systems/dgx-b300-datasheet, as quoted by "
    "https://github.com/stas00/ml-engineering"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kGB200 =
    "https://www.nvidia.com/en-us/data-center/gb200-nvl72/, as quoted by https://github.com/stas00/ml-engineering"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kGH200 =
    "https://www.nvidia.com/en-us/data-center/grace-hopper-superchip/, as quoted by "
    "https://github.com/stas00/ml-engineering"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kA100 =
    "https://images.nvidia.com/aem-dam/en-zz/Solutions/data-center/nvidia-ampere-architecture-whitepaper.pdf and "
    "https://www.nvidia.com/en-us/data-center/a100/"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kA40 =
    "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a40/"
    "proviz-print-nvidia-a40-datasheet-us-nvidia-1469711-r8-web.pdf";
constexpr std::string_view kA30 = "https://www.nvidia.com/en-us/data-center/products/a30-gpu/";
constexpr std::string_view kA10 = "https://www.nvidia.com/en-us/data-center/products/a10-gpu/";
constexpr std::string_view kL40S =
    "https://www.nvidia.com/en-us/data-center/l40s/, as quoted by https://github.com/stas00/ml-engineering";
constexpr std::string_view kL40 = "https://images.nvidia.com/content/Solutions/data-center/vgpu-L40-datasheet.pdf";
constexpr std::string_view kL4 = "https://www.nvidia.com/en-us/data-center/l4/, halved where it says with sparsity";
constexpr std::string_view kT4 =
    "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/tesla-t4/t4-tensor-core-datasheet-951643.pdf";
constexpr std::string_view kV100 =
    "https://images.nvidia.com/aem-dam/en-zz/Solutions/data-center/nvidia-ampere-architecture-whitepaper.pdf, table of "
    "P100, V100 and A100"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kAda6000 =
    "https://www.nvidia.com/content/dam/en-zz/Solutions/design-visualization/quadro-product-literature/"
    "NVIDIA-RTX-Blackwell-PRO-GPU-Architecture-v1.0.pdf, table 4";
constexpr std::string_view kMi250x =
    "https://www.amd.com/en/products/accelerators/instinct/mi200/mi250x.html, as quoted by "
    "https://github.com/stas00/ml-engineering"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kMi250 =
    "https://www.amd.com/en/products/accelerators/instinct/mi200/mi250.html, as quoted by "
    "https://github.com/stas00/ml-engineering";
constexpr std::string_view kMi300x =
    "https://www.amd.com/en/products/accelerators/instinct/mi300/mi300x.html, as quoted by "
    "https://github.com/alpharomercoma/MI300X-vs-H200"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kMi325x =
    "https://www.amd.com/en/products/accelerators/instinct/mi300/mi325x.html, as quoted by "
    "https://docs.vultr.com/inference-cookbook/rocm/getting-started/hardware-requirements"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kMi355x =
    "https://www.amd.com/en/products/accelerators/instinct/mi350/mi355x.html, as quoted by "
    "https://github.com/stas00/ml-engineering"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kGaudi2 =
    "https://www.intel.com/content/www/us/en/content-details/839363/intel-gaudi-2-ai-accelerators-white-paper.html, as "
    "quoted by https://github.com/stas00/ml-engineering"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kGaudi3 =
    "https://www.intel.com/content/www/us/en/content-details/817486/intel-gaudi-3-ai-accelerator-white-paper.html, as "
    "quoted by https://github.com/stas00/ml-engineering"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kTrainium2 =
    "https://awsdocs-neuron.readthedocs-hosted.com/en/latest/about-neuron/arch/neuron-hardware/trainium2.html, as "
    "quoted by https://github.com/stas00/ml-engineering"
    "; link: https://github.com/stas00/ml-engineering/blob/master/network/README.md";
constexpr std::string_view kTpu4 =
    "https://docs.cloud.google.com/tpu/docs/v4, as quoted by https://github.com/stas00/ml-engineering";
constexpr std::string_view kTpu5p =
    "https://docs.cloud.google.com/tpu/docs/v5p, as quoted by https://github.com/stas00/ml-engineering and "
    "https://rooflinenotes.dev/accelerators/";
constexpr std::string_view kTpu5e = "https://docs.cloud.google.com/tpu/docs/v5e";
constexpr std::string_view kTpu6e = "https://docs.cloud.google.com/tpu/docs/v6e";
constexpr std::string_view kTpu7 =
    "https://docs.cloud.google.com/tpu/docs/tpu7x, as quoted by https://github.com/stas00/ml-engineering";

constexpr Device kRows[] = {
    {.name = "h100-sxm",
     .also = "h100 h100-sxm5",
     .title = "NVIDIA H100 SXM",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 67, .tf32 = 494.5, .fp16 = 989.5, .bf16 = 989.5, .fp8 = 1979, .int8 = 1979}),
     .bandwidth = gigabytes(3350),
     .link = gigabytes(450),
     .memory = gigabytes(80),
     .source = kHopper,
     .read = kRead},
    {.name = "h100-pcie",
     .title = "NVIDIA H100 PCIe",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 51, .tf32 = 378, .fp16 = 756, .bf16 = 756, .fp8 = 1513, .int8 = 1513}),
     .bandwidth = gigabytes(2000),
     .memory = gigabytes(80),
     .source = kHopper,
     .read = kRead},
    {.name = "h100-nvl",
     .title = "NVIDIA H100 NVL",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 60, .tf32 = 417.5, .fp16 = 835.5, .bf16 = 835.5, .fp8 = 1670.5}),
     .bandwidth = gigabytes(3900),
     .memory = gigabytes(94),
     .note = "one of the two cards of a pair",
     .source = kHopper,
     .read = kRead},
    {.name = "h200-sxm",
     .also = "h200",
     .title = "NVIDIA H200 SXM",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 67, .tf32 = 494.5, .fp16 = 989.5, .bf16 = 989.5, .fp8 = 1979, .int8 = 1979}),
     .bandwidth = gigabytes(4800),
     .link = gigabytes(450),
     .memory = gigabytes(141),
     .source = kH200,
     .read = kRead},
    {.name = "h200-nvl",
     .title = "NVIDIA H200 NVL",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 60, .tf32 = 417.5, .fp16 = 835.5, .bf16 = 835.5, .fp8 = 1670.5}),
     .bandwidth = gigabytes(4800),
     .memory = gigabytes(141),
     .source = kH200,
     .read = kRead},
    {.name = "gh200",
     .also = "gh200-96gb",
     .title = "NVIDIA GH200, 96 GB",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 67, .tf32 = 494.5, .fp16 = 989.5, .bf16 = 989.5, .fp8 = 1979, .int8 = 1979}),
     .bandwidth = gigabytes(4000),
     .link = gigabytes(450),
     .memory = gigabytes(96),
     .note = "the GPU alone",
     .source = kGH200,
     .read = kRead},
    {.name = "b200-sxm",
     .also = "b200",
     .title = "NVIDIA B200 SXM",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 80, .tf32 = 1125, .fp16 = 2250, .bf16 = 2250, .fp8 = 4500, .int8 = 4500, .fp4 = 9000}),
     .bandwidth = gigabytes(8000),
     .link = gigabytes(900),
     .memory = gigabytes(180),
     .source = kB200,
     .read = kRead},
    {.name = "b300-sxm",
     .also = "b300",
     .title = "NVIDIA B300 SXM",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 80, .tf32 = 1125, .fp16 = 2250, .bf16 = 2250, .fp8 = 4500, .fp4 = 12600}),
     .bandwidth = gigabytes(8000),
     .link = gigabytes(900),
     .memory = gigabytes(288),
     .note = "for int8 sources contradict one another",
     .source = kB300,
     .read = kRead},
    {.name = "gb200",
     .title = "NVIDIA GB200, one GPU",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 80, .tf32 = 1250, .fp16 = 2500, .bf16 = 2500, .fp8 = 5000, .int8 = 5000, .fp4 = 10000}),
     .bandwidth = gigabytes(8000),
     .link = gigabytes(900),
     .memory = gigabytes(186),
     .source = kGB200,
     .read = kRead},
    {.name = "a100-sxm-80gb",
     .also = "a100 a100-80gb a100-sxm",
     .title = "NVIDIA A100 SXM, 80 GB",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp64 = 19.5, .fp32 = 19.5, .tf32 = 156, .fp16 = 312, .bf16 = 312, .int8 = 624, .int4 = 1248}),
     .bandwidth = gigabytes(2039),
     .link = gigabytes(300),
     .memory = gigabytes(80),
     .source = kA100,
     .read = kRead},
    {.name = "a100-sxm-40gb",
     .also = "a100-40gb",
     .title = "NVIDIA A100 SXM, 40 GB",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp64 = 19.5, .fp32 = 19.5, .tf32 = 156, .fp16 = 312, .bf16 = 312, .int8 = 624, .int4 = 1248}),
     .bandwidth = gigabytes(1555),
     .link = gigabytes(300),
     .memory = gigabytes(40),
     .source = kA100,
     .read = kRead},
    {.name = "a100-pcie-80gb",
     .also = "a100-pcie",
     .title = "NVIDIA A100 PCIe, 80 GB",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp64 = 19.5, .fp32 = 19.5, .tf32 = 156, .fp16 = 312, .bf16 = 312, .int8 = 624, .int4 = 1248}),
     .bandwidth = gigabytes(1935),
     .memory = gigabytes(80),
     .source = kA100,
     .read = kRead},
    {.name = "a40",
     .title = "NVIDIA A40",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 37.4, .tf32 = 74.8, .fp16 = 149.7, .bf16 = 149.7}),
     .bandwidth = gigabytes(696),
     .memory = gigabytes(48),
     .source = kA40,
     .read = kRead},
    {.name = "a30",
     .title = "NVIDIA A30",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 10.3, .tf32 = 82, .fp16 = 165, .bf16 = 165}),
     .bandwidth = gigabytes(933),
     .memory = gigabytes(24),
     .source = kA30,
     .read = kRead},
    {.name = "a10",
     .title = "NVIDIA A10",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 31.2, .tf32 = 62.5, .fp16 = 125, .bf16 = 125}),
     .bandwidth = gigabytes(600),
     .memory = gigabytes(24),
     .source = kA10,
     .read = kRead},
    {.name = "l40s",
     .title = "NVIDIA L40S",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 91.6, .tf32 = 183, .fp16 = 362, .bf16 = 362, .fp8 = 733, .int8 = 733}),
     .bandwidth = gigabytes(864),
     .memory = gigabytes(48),
     .source = kL40S,
     .read = kRead},
    {.name = "l40",
     .title = "NVIDIA L40",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 90.5, .tf32 = 90.5, .fp16 = 181, .bf16 = 181, .fp8 = 362}),
     .bandwidth = gigabytes(864),
     .memory = gigabytes(48),
     .source = kL40,
     .read = kRead},
    {.name = "l4",
     .title = "NVIDIA L4",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 30.3, .tf32 = 60, .fp16 = 121, .bf16 = 121, .fp8 = 242.5, .int8 = 242.5}),
     .bandwidth = gigabytes(300),
     .memory = gigabytes(24),
     .source = kL4,
     .read = kRead},
    {.name = "t4",
     .title = "NVIDIA T4",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 8.1, .fp16 = 65, .int8 = 130, .int4 = 260}),
     .bandwidth = gigabytes(320),
     .memory = gigabytes(16),
     .note = "data sheets say 300 or 320 GB/s",
     .source = kT4,
     .read = kRead},
    {.name = "v100-sxm2",
     .also = "v100",
     .title = "NVIDIA V100 SXM2",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp64 = 7.8, .fp32 = 15.7, .fp16 = 125}),
     .bandwidth = gigabytes(900),
     .link = gigabytes(150),
     .note = "with 16 or 32 GB",
     .source = kV100,
     .read = kRead},
    {.name = "rtx-6000-ada",
     .title = "NVIDIA RTX 6000 Ada",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 91.1, .fp16 = 364, .bf16 = 364, .fp8 = 728.5}),
     .bandwidth = gigabytes(960),
     .memory = gigabytes(48),
     .source = kAda6000,
     .read = kRead},
    {.name = "rtx-pro-6000",
     .also = "rtx-pro-6000-blackwell",
     .title = "NVIDIA RTX PRO 6000 Blackwell Workstation",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 125, .bf16 = 503.8}),
     .bandwidth = gigabytes(1792),
     .memory = gigabytes(96),
     .source = kAda6000,
     .read = kRead},
    {.name = "mi250",
     .title = "AMD Instinct MI250",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 45.3, .fp16 = 362, .bf16 = 362, .int8 = 362}),
     .bandwidth = gigabytes(3280),
     .memory = gigabytes(128),
     .note = "both dies; a program sees two devices of half of it",
     .source = kMi250,
     .read = kRead},
    {.name = "mi250x",
     .title = "AMD Instinct MI250X",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 47.9, .fp16 = 383, .bf16 = 383, .int8 = 383}),
     .bandwidth = gigabytes(3280),
     .link = gigabytes(350),
     .memory = gigabytes(128),
     .note = "both dies; a program sees two devices of half of it",
     .source = kMi250x,
     .read = kRead},
    {.name = "mi300x",
     .title = "AMD Instinct MI300X",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 163.4, .tf32 = 653.7, .fp16 = 1307.4, .bf16 = 1307.4, .fp8 = 2614.9}),
     .bandwidth = gigabytes(5300),
     .link = gigabytes(448),
     .memory = gigabytes(192),
     .source = kMi300x,
     .read = kRead},
    {.name = "mi325x",
     .title = "AMD Instinct MI325X",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 163.4, .tf32 = 653.7, .fp16 = 1307, .bf16 = 1307}),
     .bandwidth = gigabytes(6000),
     .link = gigabytes(448),
     .memory = gigabytes(256),
     .source = kMi325x,
     .read = kRead},
    {.name = "mi355x",
     .title = "AMD Instinct MI355X",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 157.3, .fp16 = 2500, .bf16 = 2500, .fp8 = 5000, .int8 = 5000, .fp4 = 10100}),
     .bandwidth = gigabytes(8000),
     .link = gigabytes(535.5),
     .memory = gigabytes(288),
     .source = kMi355x,
     .read = kRead},
    {.name = "gaudi2",
     .title = "Intel Gaudi 2",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.bf16 = 432, .fp8 = 865}),
     .bandwidth = gigabytes(2460),
     .link = gigabytes(300),
     .memory = gigabytes(96),
     .note = "matrix units",
     .source = kGaudi2,
     .read = kRead},
    {.name = "gaudi3",
     .title = "Intel Gaudi 3",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.bf16 = 1835}),
     .bandwidth = gigabytes(3700),
     .link = gigabytes(600),
     .memory = gigabytes(128),
     .note = "matrix units, by the white paper; as sold they run at 1.6 GHz, which is 1677",
     .source = kGaudi3,
     .read = kRead},
    {.name = "trainium2",
     .also = "trn2",
     .title = "AWS Trainium2",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp32 = 181, .tf32 = 667, .fp16 = 667, .bf16 = 667, .fp8 = 1299}),
     .bandwidth = gigabytes(2900),
     .link = gigabytes(640),
     .memory = gigabytes(96),
     .source = kTrainium2,
     .read = kRead},
    {.name = "tpu-v4",
     .also = "v4",
     .title = "Google TPU v4",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.bf16 = 275, .int8 = 275}),
     .bandwidth = gigabytes(1200),
     .memory = gigabytes(32),
     .source = kTpu4,
     .read = kRead},
    {.name = "tpu-v5e",
     .also = "v5e",
     .title = "Google TPU v5e",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.bf16 = 197, .int8 = 393}),
     .bandwidth = gigabytes(819),
     .memory = gigabytes(16),
     .source = kTpu5e,
     .read = kRead},
    {.name = "tpu-v5p",
     .also = "v5p",
     .title = "Google TPU v5p",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.bf16 = 459, .int8 = 918}),
     .bandwidth = gigabytes(2765),
     .memory = gigabytes(95),
     .source = kTpu5p,
     .read = kRead},
    {.name = "tpu-v6e",
     .also = "v6e trillium",
     .title = "Google TPU v6e (Trillium)",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.bf16 = 918, .int8 = 1836}),
     .bandwidth = gigabytes(1638),
     .memory = gigabytes(32),
     .source = kTpu6e,
     .read = kRead},
    {.name = "tpu-v7x",
     .also = "tpu7x ironwood",
     .title = "Google TPU v7x (Ironwood)",
     .kind = DeviceKind::data_centre,
     .peaks = tera({.fp16 = 2307, .bf16 = 2307, .fp8 = 4614}),
     .source = kTpu7,
     .read = kRead},
};

}  // namespace

std::span<const Device> data_centres() { return kRows; }

}  // namespace thoplw::devices_of
