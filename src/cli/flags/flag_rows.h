// The rows of the flags, by what they ask of, and what several of them take their values apart by.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/formatted.h"
#include "base/suggest.h"
#include "cli/flags.h"

namespace thoplw::cli {

std::span<const Flag> model_flags();
std::span<const Flag> report_flags();
std::span<const Flag> output_flags();
std::span<const Flag> check_flags();
std::span<const Flag> pass_flags();
std::span<const Flag> fit_flags();
std::span<const Flag> device_flags();
std::span<const Flag> llm_flags();
std::span<const Flag> sweep_flags();

/// The commands that take a device; the first is the one without a word.
inline constexpr std::string_view kTimed = " train memory fit check diff llm sweep";
/// Those of them that are told of a type apart from that of the pass.
inline constexpr std::string_view kTyped = " train check diff llm";
/// The commands that flags of a training step go with, and those of any pass whose memory is asked for.
inline constexpr std::string_view kTraining = "train fit check compare formula sweep";
inline constexpr std::string_view kPass = "train memory fit check compare sweep";
inline constexpr std::string_view kLlm = "llm";
/// The commands that open models; those of them that count by a convention; that write what one model did.
inline constexpr std::string_view kOpening = " train memory fit llm formula sweep compare diff check explain";
inline constexpr std::string_view kCounting = " train memory llm formula sweep compare diff check";
inline constexpr std::string_view kTracing = " train memory fit formula compare check";
/// The commands whose report is of one model, layer by layer; those with a row per module; that can sum rows up, and of
/// them those that know the first; whose rows are sorted, whose columns are chosen, whose numbers have a format.
inline constexpr std::string_view kReports = " train memory";
inline constexpr std::string_view kModules = " train memory compare diff";
inline constexpr std::string_view kFiltering = " train memory compare";
inline constexpr std::string_view kTopping = " train memory compare sweep";
inline constexpr std::string_view kSorting = " train memory sweep compare diff";
inline constexpr std::string_view kColumns = " train memory diff";
inline constexpr std::string_view kNumbers = " train memory sweep compare diff check";
/// The commands that tell by their exit code of what is not exact, and those that print in more than one way.
inline constexpr std::string_view kStrict = " train memory llm diff check";
inline constexpr std::string_view kKinds = " train memory fit llm formula sweep compare diff check devices cache";
inline constexpr std::string_view kBatch = "train memory fit check compare llm";

inline std::string number_type_names() { return names_of(number_types()); }

/// The parts that commas separate.
std::vector<std::string> split(const std::string& value);

/// Throws Error where the value of the flag `name` is no number from `least` to `most`.
std::int64_t whole_number(std::string_view name, const std::string& value, std::int64_t least, std::int64_t most);

}  // namespace thoplw::cli
