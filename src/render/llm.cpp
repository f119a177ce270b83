// Writes the figures of a language model as a table or as records.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/formatted.h"
#include "render/formats.h"
#include "render/json_text.h"
#include "render/llm_figures.h"
#include "render/memory_lines.h"
#include "render/numbers.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

std::string seconds_text(double seconds) {
  if (seconds >= 1) return formatted("{:.3g} s", seconds);
  return seconds >= 1e-3 ? formatted("{:.3g} ms", seconds * 1e3) : formatted("{:.3g} us", seconds * 1e6);
}

std::string text_of(const FigureNumber& number, FigureUnit unit) {
  if (const auto* real = std::get_if<double>(&number)) {
    return unit == FigureUnit::seconds ? seconds_text(*real) : formatted("{:.1f}", *real);
  }
  const auto* count = std::get_if<Count>(&number);
  if (!count) return "";
  if (unit == FigureUnit::sequences || unit == FigureUnit::tokens) {
    return std::to_string(count->value());
  }
  return unit == FigureUnit::bytes ? bytes_text(*count) : short_number({*count});
}

std::string raw_text(const FigureNumber& number) {
  if (const auto* real = std::get_if<double>(&number)) return formatted("{:.9g}", *real);
  const auto* count = std::get_if<Count>(&number);
  return count ? std::to_string(count->value()) : "";
}

std::string as_csv(const Llm& llm) {
  Table table{
      .titles = {"figure", "unit", "all", "device"}, .numbers = {false, false, true, true}, .rows = {}, .totals = {}};
  for (const LlmFigure& figure : llm_figures(llm)) {
    table.rows.push_back(
        {figure.name, std::string(name(figure.unit)), raw_text(figure.whole), raw_text(figure.device)});
  }
  return csv_table(std::move(table), {}, {});
}

nlohmann::ordered_json as_json(const FigureNumber& number) {
  if (const auto* real = std::get_if<double>(&number)) return *real;
  const auto* count = std::get_if<Count>(&number);
  return count ? nlohmann::ordered_json(count->value()) : nlohmann::ordered_json();
}

std::string as_json(const Llm& llm) {
  const Split& split = llm.split;
  nlohmann::ordered_json json = {
      {"model", llm.model},           {"context", llm.context},          {"batch", llm.batch},
      {"dtype", llm.dtype},           {"kv_dtype", llm.kv_dtype},        {"device", llm.device},
      {"memory", llm.memory.value()}, {"count", split.devices()},        {"tensor_parallel", split.tensor},
      {"pipeline", split.pipeline},   {"expert_parallel", split.expert}, {"fits", llm.fits()},
  };
  for (const LlmFigure& figure : llm_figures(llm)) {
    json["figures"][figure.name] = {
        {"unit", name(figure.unit)}, {"all", as_json(figure.whole)}, {"device", as_json(figure.device)}};
  }
  json["cache"] = nlohmann::ordered_json::array();
  for (const CachePart& part : llm.parts) {
    json["cache"].push_back({{"name", part.name},
                             {"bytes", part.bytes.whole.value()},
                             {"device_bytes", part.bytes.device.value()},
                             {"bytes_per_token", part.grows.whole.value()}});
  }
  json["notes"] = llm_lines(llm);
  return laid_out_json(json);
}

std::string as_table(const Llm& llm, WriteTable* write) {
  const bool several = llm.split.devices() > 1;
  Table table{.titles = {"", several ? "in all" : "model"}, .numbers = {false, true}, .rows = {}, .totals = {}};
  if (several) {
    table.titles.emplace_back("a device");
    table.numbers.push_back(true);
  }
  for (const LlmFigure& figure : llm_figures(llm)) {
    const bool only_of_device = std::holds_alternative<std::monostate>(figure.whole);
    Table::Cells cells = {figure.title,
                          text_of(only_of_device && !several ? figure.device : figure.whole, figure.unit)};
    if (several) cells.push_back(text_of(figure.device, figure.unit));
    table.rows.push_back(std::move(cells));
  }
  std::vector<std::string> lines = llm_lines(llm);
  const RenderOptions titled{.title = lines.front()};
  lines.erase(lines.begin());
  return write(std::move(table), titled, lines);
}

}  // namespace

std::string render_llm(const Llm& llm, std::string_view renderer) {
  if (renderer == "json") return as_json(llm);
  if (renderer == "csv") return as_csv(llm);
  if (renderer == "md") return as_table(llm, md_table);
  if (renderer == "text") return as_table(llm, text_table);
  throw Error(formatted("language models can be shown as text, md, csv or json, not as {}", renderer));
}

}  // namespace thoplw
