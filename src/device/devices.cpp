// All rows of the table of devices, one kind after the other.
#include <vector>

#include "device/tables.h"

namespace thoplw {

std::span<const Device> devices() {
  static const std::vector<Device> all = [] {
    std::vector<Device> rows;
    for (const auto of_kind : {devices_of::data_centres, devices_of::consumers, devices_of::apple, devices_of::embedded,
                               devices_of::phones, devices_of::microcontrollers}) {
      const std::span<const Device> more = of_kind();
      rows.insert(rows.end(), more.begin(), more.end());
    }
    return rows;
  }();
  return all;
}

}  // namespace thoplw
