// `thoplw compare` and `thoplw conventions`: what conventions count, on one model and in words.

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/formatted.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/session.h"
#include "count/training/tool_totals.h"
#include "render/formats.h"
#include "render/table/table.h"

namespace thoplw::cli {
namespace {

/// The base first.
std::vector<const Convention*> compared(const Options& options) {
  const auto all = conventions();
  std::vector<const Convention*> chosen;
  for (const auto& convention : options.with) chosen.push_back(convention.get());
  if (chosen.empty()) chosen.assign(all.begin(), all.end());
  std::erase(chosen, options.convention.get());
  chosen.insert(chosen.begin(), options.convention.get());
  return chosen;
}

std::string totals_json(const std::vector<ToolTotal>& totals) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const ToolTotal& total : totals) {
    json.push_back({{"tool", total.tool}, {"flops", nullptr}, {"why", total.why}});
    if (total.flops) json.back()["flops"] = total.flops->value();
  }
  return json.dump();
}

/// The tools side by side; below them why each says what it does.
std::string totals_text(const std::vector<ToolTotal>& totals, const Renderer& renderer, const RenderOptions& options) {
  if (renderer.name == "json") return totals_json(totals);
  struct Writer {
    std::string_view kind;
    WriteTable* write;
  };
  constexpr auto kWriters = std::to_array<Writer>({{"text", text_table}, {"md", md_table}, {"csv", csv_table}});
  const auto* writer = std::ranges::find(kWriters, renderer.name, &Writer::kind);
  if (writer == kWriters.end()) throw Error("tools of training can be shown as text, md, csv or json");
  Table table{
      .titles = {"Tool", "FLOPs of a step", "of thoplw's"}, .numbers = {false, true, true}, .rows = {}, .totals = {}};
  std::vector<std::string> notes;
  const Count exact = totals.front().flops.value_or(0);
  for (const ToolTotal& total : totals) {
    Table::Cells cells = {std::string(total.tool), "-", "-"};
    if (total.flops) cells[1] = number_text({*total.flops}, *total.flops, options.numbers);
    if (total.flops && exact > 0) {
      cells[2] = formatted("{:.3f}", static_cast<double>(total.flops->value()) / static_cast<double>(exact.value()));
    }
    table.rows.push_back(std::move(cells));
    notes.push_back(formatted("{}: {}", total.tool, total.why));
  }
  return writer->write(std::move(table), options, notes);
}

void compare_tools(Session& session) {
  const Options& options = session.options;
  if (!options.with.empty())
    throw Error("--with names conventions, which count a forward; leave it out with --training");
  const auto text_of = [&](const std::string& model) {
    TrainingPlan plan = options.plan;
    plan.captured_so = !is_model_file(model);
    return totals_text(tool_totals(session.open_model(model), plan), *options.renderer, session.render_options(model));
  };
  show_each(session, text_of, [](const std::string&) {});
}

}  // namespace

void compare_conventions(Session& session) {
  const Options& options = session.options;
  if (options.question == Question::training) return compare_tools(session);
  const auto text_of = [&](const std::string& model) {
    const Trace trace = session.open_model(model);
    const Comparison comparison = compare(trace, compared(options), *options.convention);
    return render_comparison(comparison, *options.renderer, session.render_options(model));
  };
  show_each(session, text_of, [](const std::string&) {});
}

void list_conventions(Session& session) {
  session.require_text("the list of conventions");
  std::size_t width = 0;
  for (const Convention* convention : conventions()) width = std::max(width, convention->name.size());
  const int columns = session.terminal.screen.columns;
  std::string text;
  for (const Convention* convention : conventions()) {
    const std::string head =
        formatted("{:<{}}  {}  ", convention->name, width, convention->unit == Unit::flop ? "FLOP" : "MAC ");
    const int indent = static_cast<int>(head.size());
    const std::string doc = columns == 0 ? std::string(convention->doc) + "\n"
                                         : wrapped(convention->doc, indent, columns).substr(head.size());
    text += head + doc;
  }
  text.pop_back();
  session.show(text);
}

}  // namespace thoplw::cli
