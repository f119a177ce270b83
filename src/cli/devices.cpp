// `thoplw devices`: the table of devices, one of them in full, or this machine measured.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/formatted.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "render/device_cells.h"
#include "render/formats.h"

namespace thoplw::cli {
namespace {

nlohmann::ordered_json to_json(const Device& device) {
  nlohmann::ordered_json json = {{"name", device.name}, {"title", device.title}, {"kind", name(device.kind)}};
  json["peak"] = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < kNumberTypes; ++i) {
    if (device.peaks.by[i] > 0) json["peak"][std::string(number_types()[i].name)] = device.peaks.by[i];
  }
  for (const auto& [key, value] : {std::pair("bandwidth", device.bandwidth), std::pair("link", device.link),
                                   std::pair("memory", device.memory), std::pair("flash", device.flash)}) {
    json[key] = value > 0 ? nlohmann::ordered_json(value) : nullptr;
  }
  json["note"] = device.note;
  json["source"] = device.source;
  json["read"] = device.read;
  return json;
}

std::string list_json(std::span<const Device> devices) {
  std::string text;
  for (const Device& device : devices) text += (text.empty() ? "[\n" : ",\n") + to_json(device).dump();
  return text + "\n]";
}

/// Whole numbers, for programs.
Table records(std::span<const Device> devices) {
  Table table;
  for (const std::string_view title : {"name", "title", "kind"}) table.titles.emplace_back(title);
  for (const NumberTypeRow& type : number_types()) table.titles.emplace_back(type.name);
  for (const std::string_view title : {"bandwidth", "link", "memory", "flash", "note", "source", "read"}) {
    table.titles.emplace_back(title);
  }
  table.numbers.assign(table.titles.size(), false);
  const auto digits = [](std::uint64_t number) { return number > 0 ? std::to_string(number) : ""; };
  for (const Device& device : devices) {
    Table::Cells cells = {std::string(device.name), std::string(device.title), std::string(name(device.kind))};
    for (const std::uint64_t peak : device.peaks.by) cells.push_back(digits(peak));
    for (const std::uint64_t number : {device.bandwidth, device.link, device.memory, device.flash})
      cells.push_back(digits(number));
    for (const std::string_view text : {device.note, device.source, device.read}) cells.emplace_back(text);
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string list_text(std::span<const Device> devices, const Renderer& renderer, const RenderOptions& options) {
  if (renderer.name == "json") return list_json(devices);
  if (renderer.name == "csv") return csv_table(records(devices), {}, {});
  WriteTable* const write = renderer.name == "text" ? text_table : renderer.name == "md" ? md_table : nullptr;
  if (!write) throw Error("devices can be shown as text, md, csv or json");
  return write(device_table(devices), options, {std::string(kDeviceUnits)});
}

/// As a file of a user has it.
std::string in_full(std::span<const Device> devices) {
  std::string text;
  for (const Device& device : devices) text += (text.empty() ? "" : "\n") + to_toml(device);
  text.pop_back();
  return text;
}

}  // namespace

void list_devices(Session& session) {
  const Options& options = session.options;
  if (options.measure_device) {
    if (!options.models.empty()) throw Error("--measure is of this machine: leave the name of a device out");
    if (!session.python.measure) throw Error("--measure needs PyTorch: run it as `python -m thoplw devices --measure`");
    return session.show(session.python.measure());
  }
  const RenderOptions render = session.render_options("");
  if (options.models.empty()) return session.show(list_text(devices(), *options.renderer, render));
  const auto chosen = open_devices(options.models.front());
  const bool text = options.renderer->name == "text";
  session.show(text ? in_full(*chosen) : list_text(*chosen, *options.renderer, render));
}

}  // namespace thoplw::cli
