// Reads devices of a user from TOML: a table per device, in which every key is known, or an error names its line.
#include <algorithm>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "base/amount.h"
#include "base/file_bytes.h"
#include "base/formatted.h"
#include "base/suggest.h"
#include "base/toml_reader.h"
#include "device/device.h"

namespace thoplw {
namespace {

constexpr std::string_view kEnding = ".toml";

struct TextKey {
  std::string_view key;
  std::string_view Device::*field;
};
constexpr TextKey kTexts[] = {
    {"note", &Device::note}, {"read", &Device::read}, {"source", &Device::source}, {"title", &Device::title}};

struct SizeKey {
  std::string_view key;
  std::uint64_t Device::*field;
};
constexpr SizeKey kSizes[] = {
    {"bandwidth", &Device::bandwidth}, {"flash", &Device::flash}, {"link", &Device::link}, {"memory", &Device::memory}};

/// Devices with all that they point to.
struct Owned {
  std::deque<std::string> texts;
  std::vector<Device> devices;
};

class Reader : TomlReader {
 public:
  Reader(const std::string& path, Owned& owned) : TomlReader(path), owned_(owned) {}

  void read(const toml::table& file) {
    for (const auto& [name, node] : file) {
      Device device;
      device.name = keep(std::string(name.str()));
      device.title = device.name;
      const std::string key(name.str());
      for (const auto& [part, value] : table_of(node, key, "[" + key + "], and below it bandwidth = \"3350G\"")) {
        read_key(device, std::string(part.str()), value, key + "." + std::string(part.str()));
      }
      owned_.devices.push_back(device);
    }
    if (owned_.devices.empty()) throw Error(path() + ": has no device; write a table such as [mine] for each");
  }

 private:
  std::string_view keep(std::string text) { return owned_.texts.emplace_back(std::move(text)); }

  void read_key(Device& device, const std::string& name, const toml::node& node, const std::string& key) {
    if (const auto text = std::ranges::find(kTexts, name, &TextKey::key); text != std::end(kTexts)) {
      device.*text->field = keep(text_of(node, key));
    } else if (const auto size = std::ranges::find(kSizes, name, &SizeKey::key); size != std::end(kSizes)) {
      device.*size->field = amount_of(node, key, parse_bytes);
    } else if (name == "peak") {
      for (const auto& [type, rate] : table_of(node, key, "peak = { bf16 = \"989T\" }")) {
        const std::string inner = key + "." + std::string(type.str());
        const NumberType number = checked(rate, inner, [&] { return find_number_type(type.str()); });
        device.peaks[number] = amount_of(rate, inner, parse_amount);
      }
    } else {
      std::vector<std::string_view> known = {"peak"};
      for (const TextKey& row : kTexts) known.push_back(row.key);
      for (const SizeKey& row : kSizes) known.push_back(row.key);
      std::ranges::sort(known);
      unknown(node, key, "key", name, known);
    }
  }

  /// A whole number, or one with a letter such as "3350G".
  std::uint64_t amount_of(const toml::node& node, const std::string& key, Count (*parse)(std::string_view)) const {
    if (node.is_integer()) return static_cast<std::uint64_t>(whole_number(node, key, 1, 1'000'000'000'000'000'000));
    const std::string text = text_of(node, key);
    const Count amount = checked(node, key, [&] { return parse(text); });
    if (amount == 0) fail(node, key, "must be more than 0; leave out what is not known");
    return amount.value();
  }

  Owned& owned_;
};

/// "mine.toml:name" -> "mine.toml", "name".
std::pair<std::string, std::string> parted(const std::string& text) {
  const std::size_t colon = text.rfind(std::string(kEnding) + ":");
  if (colon == std::string::npos) return {text, ""};
  return {text.substr(0, colon + kEnding.size()), text.substr(colon + kEnding.size() + 1)};
}

struct Unit {
  std::string_view name;
  std::uint64_t size;
};
constexpr Unit kDecimal[] = {{"T", 1'000'000'000'000}, {"G", 1'000'000'000}, {"M", 1'000'000}, {"K", 1'000}};
constexpr Unit kBinary[] = {{"MiB", 1 << 20}, {"KiB", 1 << 10}};

/// In the largest unit of which there is a whole number.
std::string in_units(std::uint64_t amount, std::span<const Unit> units) {
  for (const auto& [name, size] : units) {
    if (amount % size == 0) return formatted("\"{}{}\"", amount / size, name);
  }
  return std::to_string(amount);
}

std::string memory_text(std::uint64_t bytes) {
  const bool decimal = bytes % 1'000'000 == 0;
  return decimal ? in_units(bytes, kDecimal) : in_units(bytes, kBinary);
}

/// Between quotes; what would end them is left out.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= ' ') out += c;
  }
  return out + "\"";
}

}  // namespace

std::string to_toml(const Device& device) {
  std::string text = formatted("[{}]\n", device.name);
  const auto add = [&](std::string_view key, std::string_view value, bool there) {
    if (there) text += formatted("{} = {}\n", key, value);
  };
  add("title", quoted(device.title), !device.title.empty());
  add("memory", memory_text(device.memory), device.memory > 0);
  add("flash", memory_text(device.flash), device.flash > 0);
  add("bandwidth", in_units(device.bandwidth, kDecimal), device.bandwidth > 0);
  add("link", in_units(device.link, kDecimal), device.link > 0);
  add("note", quoted(device.note), !device.note.empty());
  add("source", quoted(device.source), !device.source.empty());
  add("read", quoted(device.read), !device.read.empty());
  if (device.peaks == Peaks{}) return text;
  text += formatted("\n[{}.peak]\n", device.name);
  for (std::size_t i = 0; i < kNumberTypes; ++i) {
    add(number_types()[i].name, in_units(device.peaks.by[i], kDecimal), device.peaks.by[i] > 0);
  }
  return text;
}

std::shared_ptr<const std::vector<Device>> open_devices(const std::string& name_or_path) {
  if (name_or_path.ends_with(kEnding)) return parse_devices(name_or_path, FileBytes(name_or_path).all());
  const std::shared_ptr<const Device> one = open_device(name_or_path);
  const auto list =
      std::make_shared<std::pair<std::shared_ptr<const Device>, std::vector<Device>>>(one, std::vector<Device>{*one});
  return {list, &list->second};
}

std::shared_ptr<const std::vector<Device>> parse_devices(const std::string& path, std::string_view text) {
  const auto owned = std::make_shared<Owned>();
  Reader(path, *owned).read(parse_toml(path, text));
  return {owned, &owned->devices};
}

std::shared_ptr<const Device> open_device(const std::string& name_or_path) {
  const auto [path, name] = parted(name_or_path);
  if (!path.ends_with(kEnding)) return {std::shared_ptr<void>(), &find_device(name_or_path)};
  const auto devices = parse_devices(path, FileBytes(path).all());
  if (!name.empty()) return {devices, &find_named(*devices, "device", name)};
  if (devices->size() > 1) {
    throw Error(
        formatted("{} has {} devices: name one, as in {}:{}", path, devices->size(), path, devices->front().name));
  }
  return {devices, &devices->front()};
}

}  // namespace thoplw
