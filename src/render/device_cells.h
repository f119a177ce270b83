// Devices as people read them: a row each.
#pragma once

#include <span>
#include <string_view>

#include "device/device.h"
#include "render/table/table.h"

namespace thoplw {

/// What the numbers of such a table are.
constexpr std::string_view kDeviceUnits =
    "fp32 to fp4: 10^12 operations per second, without sparsity, a multiply-add is two; empty: no public figure";

Table device_table(std::span<const Device> devices);

/// "80 GB", "256 KiB"; nothing where it is not known.
std::string memory_text(std::uint64_t bytes);

/// 989400000000000 -> "989.4"; nothing where it is not known.
std::string tera_text(std::uint64_t per_second);

}  // namespace thoplw
