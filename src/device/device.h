// What a device can do at most, as whoever makes it says: one row per device.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trace/dtype.h"

namespace thoplw {

/// The types that devices have a rate of arithmetic for.
enum class NumberType : std::uint8_t { fp64, fp32, tf32, fp16, bf16, fp8, int8, fp4, int4, count_ };
constexpr std::size_t kNumberTypes = static_cast<std::size_t>(NumberType::count_);

struct NumberTypeRow {
  std::string_view name;  ///< "bf16"
  int bits;
};
/// One row per type, in their order.
std::span<const NumberTypeRow, kNumberTypes> number_types();
std::string_view name(NumberType type);
/// Throws Error with "did you mean".
NumberType find_number_type(std::string_view name);

/// Operations per second of products of matrices, where a multiply-add is two; 0 where no figure is public.
struct Peaks {
  std::array<std::uint64_t, kNumberTypes> by{};

  constexpr std::uint64_t& operator[](NumberType type) { return by[static_cast<std::size_t>(type)]; }
  constexpr std::uint64_t operator[](NumberType type) const { return by[static_cast<std::size_t>(type)]; }
  bool operator==(const Peaks&) const = default;
};

enum class DeviceKind : std::uint8_t { data_centre, consumer, apple, embedded, phone, microcontroller, own };
std::string_view name(DeviceKind kind);  ///< "data centre"

struct Device {
  std::string_view name;    ///< "h100-sxm"
  std::string_view also{};  ///< other names, separated by spaces: "h100"
  std::string_view title;   ///< "NVIDIA H100 SXM"
  DeviceKind kind = DeviceKind::own;
  Peaks peaks{};                ///< dense: what matrices with zeros left out would gain is not in them
  std::uint64_t bandwidth = 0;  ///< of its memory, in bytes per second; 0: no figure is public
  std::uint64_t link = 0;       ///< to others of its kind in one direction, in bytes per second; 0: no figure is public
  std::uint64_t memory = 0;     ///< bytes; of a microcontroller its RAM on the chip; 0: sold with more than one size
  std::uint64_t flash = 0;      ///< bytes on the chip of a microcontroller, where weights may lie
  std::string_view note{};      ///< what a reader of the figures has to know
  std::string_view source;      ///< where they were read
  std::string_view read;        ///< the day: "2026-11-30"

  bool operator==(const Device&) const = default;
};

/// All of them, by kind.
std::span<const Device> devices();

/// By its name or one of the other names, in capitals or not, with spaces for dashes. Throws Error with "did you mean".
const Device& find_device(std::string_view name);

/// The same, or the device of a file of the user: "mine.toml", or "mine.toml:name" where that has several.
std::shared_ptr<const Device> open_device(const std::string& name_or_path);

/// All devices of such a file, or the one of that name.
std::shared_ptr<const std::vector<Device>> open_devices(const std::string& name_or_path);

/// The device as such a file has it.
std::string to_toml(const Device& device);

/// What a file of the user has, a table per device; `path` is for errors.
std::shared_ptr<const std::vector<Device>> parse_devices(const std::string& path, std::string_view text);

/// Is any figure public that a time could come from?
bool has_speed(const Device& device);

/// How fast it computes products of tensors of that type, whichever of its rates a program may use for them: for f32
/// the faster of fp32 and tf32. 0 where no figure is public.
std::uint64_t fastest(const Device& device, DType type);

}  // namespace thoplw
