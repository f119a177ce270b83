// Lays the table of devices out.
#include "render/device_cells.h"

#include "base/formatted.h"

namespace thoplw {
namespace {

constexpr NumberType kShown[] = {NumberType::fp32, NumberType::tf32, NumberType::fp16, NumberType::bf16,
                                 NumberType::fp8,  NumberType::int8, NumberType::fp4};

std::string scaled(std::uint64_t number, double size) {
  return number == 0 ? "" : formatted("{:.5g}", static_cast<double>(number) / size);
}

}  // namespace

std::string tera_text(std::uint64_t per_second) { return scaled(per_second, 1e12); }

std::string memory_text(std::uint64_t bytes) {
  if (bytes == 0) return "";
  if (bytes % 1'000'000 == 0) return scaled(bytes, 1e9) + " GB";
  const bool mebi = bytes % (1 << 20) == 0;
  return formatted("{} {}", bytes >> (mebi ? 20 : 10), mebi ? "MiB" : "KiB");
}

Table device_table(std::span<const Device> devices) {
  Table table;
  table.whole_names = true;
  table.first_out = {"Flash", "Link GB/s", "fp4", "tf32", "Device", "int8", "fp8"};
  table.titles = {"Name", "Device"};
  for (const NumberType type : kShown) table.titles.emplace_back(name(type));
  for (const std::string_view title : {"GB/s", "Link GB/s", "Memory", "Flash"}) table.titles.emplace_back(title);
  for (std::size_t i = 0; i < table.titles.size(); ++i) table.numbers.push_back(i >= 2);
  for (const Device& device : devices) {
    Table::Cells cells = {std::string(device.name), std::string(device.title)};
    for (const NumberType type : kShown) cells.push_back(tera_text(device.peaks[type]));
    cells.push_back(scaled(device.bandwidth, 1e9));
    cells.push_back(scaled(device.link, 1e9));
    cells.push_back(memory_text(device.memory));
    cells.push_back(memory_text(device.flash));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace thoplw
