// The rows of the table of devices, one file for each kind, and how they write figures down.
#pragma once

#include <span>

#include "device/device.h"

namespace thoplw::devices_of {

std::span<const Device> data_centres();
std::span<const Device> consumers();
std::span<const Device> apple();
std::span<const Device> embedded();
std::span<const Device> phones();
std::span<const Device> microcontrollers();

/// In tera-operations per second, as data sheets have them.
struct Tera {
  double fp64 = 0, fp32 = 0, tf32 = 0, fp16 = 0, bf16 = 0, fp8 = 0, int8 = 0, fp4 = 0, int4 = 0;
};

constexpr std::uint64_t in_milli(double value) { return static_cast<std::uint64_t>(value * 1000 + 0.5); }

constexpr Peaks tera(const Tera& tera) {
  const double in_order[kNumberTypes] = {tera.fp64, tera.fp32, tera.tf32, tera.fp16, tera.bf16,
                                         tera.fp8,  tera.int8, tera.fp4,  tera.int4};
  Peaks peaks;
  for (std::size_t i = 0; i < kNumberTypes; ++i) peaks.by[i] = in_milli(in_order[i]) * 1'000'000'000;
  return peaks;
}

/// As makers write it on the box: of 1000. What is really there may be a little more.
constexpr std::uint64_t gigabytes(double value) { return in_milli(value) * 1'000'000; }
constexpr std::uint64_t kib(std::uint64_t value) { return value * 1024; }
constexpr std::uint64_t mib(std::uint64_t value) { return kib(value) * 1024; }

}  // namespace thoplw::devices_of
