// Finds a device by its name, and says how fast it computes with a type.
#include "device/device.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/suggest.h"

namespace thoplw {
namespace {

constexpr std::array<NumberTypeRow, kNumberTypes> kNumberTypeRows = {{{"fp64", 64},
                                                                      {"fp32", 32},
                                                                      {"tf32", 32},
                                                                      {"fp16", 16},
                                                                      {"bf16", 16},
                                                                      {"fp8", 8},
                                                                      {"int8", 8},
                                                                      {"fp4", 4},
                                                                      {"int4", 4}}};

constexpr std::array<std::string_view, 7> kKindNames = {"data centre", "consumer",        "Apple", "embedded",
                                                        "phone",       "microcontroller", "own"};

/// "H100 SXM" -> "h100-sxm".
std::string as_in_table(std::string_view name) {
  std::string plain(name);
  for (char& c : plain) c = c == ' ' || c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

std::vector<std::string_view> names_of(const Device& device) {
  std::vector<std::string_view> names = {device.name};
  for (std::string_view rest = device.also; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    names.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

}  // namespace

std::span<const NumberTypeRow, kNumberTypes> number_types() { return kNumberTypeRows; }
std::string_view name(NumberType type) { return kNumberTypeRows[static_cast<std::size_t>(type)].name; }
std::string_view name(DeviceKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

NumberType find_number_type(std::string_view name) {
  const NumberTypeRow& row = find_named(kNumberTypeRows, "type", name);
  return static_cast<NumberType>(&row - kNumberTypeRows.data());
}

const Device& find_device(std::string_view name) {
  const std::string wanted = as_in_table(name);
  std::vector<std::string_view> known;
  for (const Device& device : devices()) {
    const std::vector<std::string_view> names = names_of(device);
    if (std::ranges::find(names, wanted) != names.end()) return device;
    known.insert(known.end(), names.begin(), names.end());
  }
  const std::string_view near = nearest_name(wanted, known);
  throw Error("unknown device '" + std::string(name) + "'" +
              (near.empty() ? ";" : "; did you mean '" + std::string(near) + "'?") +
              " `thoplw devices` lists those that are known; a file of your own is DEVICE.toml");
}

bool has_speed(const Device& device) {
  return device.bandwidth > 0 || std::ranges::any_of(device.peaks.by, [](std::uint64_t peak) { return peak > 0; });
}

std::uint64_t fastest(const Device& device, DType type) {
  const auto of = [&](NumberType number) { return device.peaks[number]; };
  switch (type) {
    case DType::f64:
      return of(NumberType::fp64);
    case DType::f32:
      return std::max(of(NumberType::fp32), of(NumberType::tf32));
    case DType::f16:
      return of(NumberType::fp16);
    case DType::bf16:
      return of(NumberType::bf16);
    case DType::f8e4m3:
    case DType::f8e5m2:
    case DType::f8e4m3fnuz:
    case DType::f8e5m2fnuz:
      return of(NumberType::fp8);
    case DType::i8:
    case DType::u8:
    case DType::qi8:
    case DType::qu8:
      return of(NumberType::int8);
    case DType::f4:
      return of(NumberType::fp4);
    default:
      return 0;
  }
}

}  // namespace thoplw
