// The page of one report: its totals as text, its modules as data that the scripts in src/render/page/assets/ show.

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "base/formatted.h"
#include "conventions/convention.h"
#include "render/escape.h"
#include "render/fold.h"
#include "render/formats.h"
#include "render/kept_rows.h"
#include "render/page/html_page.h"
#include "render/picture/class_kind.h"
#include "render/picture/timeline.h"
#include "render/table/columns.h"
#include "render/table/selection.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

using Json = nlohmann::ordered_json;

/// A number where JavaScript keeps it exact, else its digits.
Json exact_json(Count count) {
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
  return count.value() <= kExact ? Json(count.value()) : Json(std::to_string(count.value()));
}

/// Values that many rows share, each once; a row has its place in the list.
template <typename Value>
struct Once {
  std::map<Value, std::size_t> places;
  Json list = Json::array();

  std::size_t place(const Value& value, const Json& json) {
    const auto [found, is_new] = places.try_emplace(value, list.size());
    if (is_new) list.push_back(json);
    return found->second;
  }
};

struct Shapes {
  Once<std::tuple<std::string, std::string, std::uint64_t>> once;

  /// [as the table shows it, with batch and type, elements]; -1 for none.
  Json place(const Column& column, const Row& row, const std::optional<Tensor>& tensor) {
    if (!tensor) return -1;
    const std::string sizes = tensor->shape.empty() ? "scalar" : formatted("{}", fmt::join(tensor->shape, " x "));
    const std::string full = formatted("{}, {}", sizes, name(tensor->dtype));
    const Count size = column.size(row);
    return once.place({column.text(row), full, size.value()}, {column.text(row), full, exact_json(size)});
  }
};

/// Rows as modules.js reads them, one a line, so that differences of two pages can be read.
struct Lines {
  const std::vector<Measure>& measures;
  Once<std::string> classes{};
  Shapes shapes{};
  Json runs = Json::array();
  std::string text{};

  void add(const Row& row, Id parent, const std::string& name, const ClassKind& kind) {
    constexpr int kInexact = 1, kListed = 2;
    const std::string cls = harmless(row.cls);
    Json line =
        Json::array({parent == kNone ? -1 : parent, harmless(name), classes.place(cls, cls),
                     shapes.place(find_column("input"), row, row.in), shapes.place(find_column("output"), row, row.out),
                     row.calls, (row.exact ? 0 : kInexact) | (row.listed ? kListed : 0), place_of(kind)});
    for (const Measure measure : measures) line.push_back(exact_json(row.own[measure]));
    text += (text.empty() ? "\n" : ",\n") + line.dump();
  }
};

/// Runs of equal modules: a name for all of them, and the places of their rows.
Json runs_json(const Report& report, const RenderOptions& options, const ChosenRows& chosen,
               const std::vector<KeptRow>& kept) {
  std::vector<Measure> compared = compared_measures(report, options);
  compared.insert(compared.end(), report.shown().begin(), report.shown().end());
  std::vector<int> place(chosen.rows().size(), -1);
  for (std::size_t i = 0; i < kept.size(); ++i) place[kept[i].at] = static_cast<int>(i);
  Json runs = Json::array();
  for (const std::vector<std::size_t>& run : equal_runs(chosen.rows(), chosen.shown, compared)) {
    if (place[run.front()] < 0) continue;  // none of them is shown
    Json json = Json::array({harmless(name_of_run(chosen.rows(), run))});
    for (const std::size_t at : run) json.push_back(place[at]);
    runs.push_back(std::move(json));
  }
  return runs;
}

/// The rows that are wanted and the modules around them; after them a row for what each of these leaves out.
Lines lines_of(const Report& report, const RenderOptions& options, const std::vector<Measure>& measures) {
  Lines lines{measures};
  RenderOptions whole = options;  // the page folds by itself
  whole.fold = false;
  const ChosenRows chosen = chosen_rows(report, whole);
  std::vector<KeptRow> kept =
      kept_rows(chosen.rows(), chosen.shown, [](const Row& row) { return has_line(row, all_measures()); });
  if (options.by == By::module) lines.runs = runs_json(report, options, chosen, kept);
  for (const KeptRow& of : kept) lines.add(*of.row, of.parent, of.name, kind_of(*of.row));
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i].others) continue;
    const Others& others = *kept[i].others;
    lines.add(others.row, static_cast<Id>(i), others.name(), class_kinds().back());
  }
  return lines;
}

std::vector<Measure> known_measures(const Report& report) {
  std::vector<Measure> known;
  for (const Measure measure : all_measures()) {
    if (report.has(measure)) known.push_back(measure);
  }
  return known;
}

/// What modules.js knows of each measure.
Json measures_json(const Report& report, const std::vector<Measure>& measures) {
  Json list = Json::array();
  for (const Measure measure : measures) {
    const MeasureRow& row = row_of(measure);
    const auto shown = report.shown();
    list.push_back({{"name", row.name},
                    {"title", title(measure, report.unit)},
                    {"bounded", row.bounded},
                    {"shown", std::ranges::find(shown, measure) != shown.end()},
                    {"total", exact_json(report.total[measure])}});
    if (row.seconds) list.back()["seconds"] = true;
  }
  return list;
}

/// The columns that the table can have, in order; `on`: asked for, or, where nothing is, shown as there is room.
Json columns_json(const Report& report, const RenderOptions& options) {
  Json list = Json::array();
  const std::vector<const Column*> timed = usual_columns(report, By::module);
  for (const Column& column : columns()) {
    if (!has(report, column)) continue;
    Json json = {{"name", column.name}, {"title", title(column, report.unit)}};
    if (report.timing && report.question() == Question::cost && std::ranges::find(timed, &column) != timed.end())
      json["shown"] = true;
    if (column.amount()) json["measure"] = row_of(*column.measure).name;
    if (column.share) json["share"] = true;
    if (std::ranges::find(options.columns, column.name) != options.columns.end()) json["on"] = true;
    list.push_back(json);
  }
  return list;
}

Json kinds_json() {
  Json list = Json::array();
  for (const ClassKind& kind : class_kinds())
    list.push_back({{"name", kind.name}, {"light", kind.light}, {"dark", kind.dark}});
  return list;
}

std::string data(const Report& report, const RenderOptions& options) {
  require_sort(report, options);
  const std::vector<Measure> measures = known_measures(report);
  const Lines lines = lines_of(report, options, measures);
  const auto numbers = std::ranges::find(number_formats(), options.numbers, &NumberFormatName::format);
  Json head = {{"columns", columns_json(report, options)},
               {"measures", measures_json(report, measures)},
               {"kinds", kinds_json()},
               {"numbers", numbers->name},
               {"sort", options.sort},
               {"exact", report.exact}};
  if (!lines.runs.empty()) {
    head["fold"] = options.fold.value_or(false);
    head["runs"] = lines.runs;
  }
  std::string text = head.dump();
  text.pop_back();
  return text + ",\n\"classes\":" + lines.classes.list.dump() + ",\n\"shapes\":" + lines.shapes.once.list.dump() +
         ",\n\"rows\":[" + lines.text + "\n]}";
}

/// 1824010216, its thousands set apart to the eye but not in what is copied.
std::string digits(Count count) {
  const std::string text = std::to_string(count.value());
  std::string out;
  for (std::size_t at = 0, length = (text.size() - 1) % 3 + 1; at < text.size(); at += length, length = 3) {
    if (at > 0) length = 3;
    out += "<span>" + text.substr(at, length) + "</span>";
  }
  return out;
}

/// Large, in units; below that all digits.
std::string main_total(std::string_view name, Amount amount) {
  const Count count = amount.value;
  const bool exact = amount.exact, small = count < Count(1000) || amount.seconds;
  std::string text = exact ? "" : "&ge; ";
  text += small ? number_text({count, true, amount.seconds}, count, NumberFormat::raw) : unpadded(clever_format(count));
  if (!exact) text += " <span class=\"badge\">lower bound</span>";
  if (!small) text += "<span class=\"raw\">" + digits(count) + "</span>";
  return formatted("<div class=\"main\"><dt>{}</dt><dd>{}</dd></div>\n", name, text);
}

std::string totals(const Report& report) {
  std::string text = "<dl class=\"totals\">\n";
  for (const Measure measure : report.shown()) {
    if (report.has(measure)) text += main_total(heading(measure, report.unit), report.amount(measure));
  }
  const auto beside = [&](std::string_view name, Count count, bool said) {
    if (said) text += formatted("<div><dt>{}</dt><dd>{}</dd></div>\n", name, digits(count));
  };
  beside("All parameters", report.all_params, report.all_params != report.total[Measure::params]);
  beside("Active per token", report.active_params, report.active_params != report.all_params);
  beside("Trainable", report.trainable_params, report.trainable_params != report.all_params);
  beside("Buffer elements", report.buffers, report.buffers > 0);
  beside("Modules", report.rows.size(), true);
  return text + "</dl>\n";
}

std::string about(const Report& report, const RenderOptions& options) {
  std::string text = "<p class=\"about\">";
  if (!options.title.empty()) text += "<b>" + xml_escaped(report.model) + "</b> &middot; ";
  if (!report.rows.empty() && report.rows.front().in) {
    const Row& root = report.rows.front();
    text += formatted("{} &rarr; {} &middot; ", xml_escaped(find_column("input").text(root)),
                      xml_escaped(find_column("output").text(root)));
  }
  text += "convention <b>" + xml_escaped(report.convention) + "</b>";
  for (const Convention* convention : conventions()) {
    if (convention->name == report.convention) text += ": " + xml_escaped(convention->doc);
  }
  return text + "</p>\n";
}

std::string list(std::string_view looks, const std::vector<std::string>& notes) {
  if (notes.empty()) return "";
  std::string text = formatted("<ul class=\"{}\">\n", looks);
  for (const std::string& note : notes) text += "<li>" + xml_escaped(note) + "</li>\n";
  return text + "</ul>\n";
}

std::string memory(const Report& report) {
  if (!report.memory()) return "";
  return "<figure class=\"memory\">\n" + timeline_svg(report, true) + "\n</figure>\n";
}

std::string section(const std::string& heading, const std::string& content) {
  return "<section class=\"report\">\n" + (heading.empty() ? "" : "<h1>" + xml_escaped(heading) + "</h1>\n") + content +
         "</section>";
}

std::string line(const Table& table, const Table::Cells& cells, std::string_view head) {
  std::string text = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool named = !head.empty() && (i == 0 || head == "col");
    text += named ? formatted("<th scope=\"{}\"", head) : "<td";
    if (table.numbers[i]) text += " class=\"number\"";
    text += ">" + xml_escaped(table.numbers[i] ? unpadded(cells[i]) : cells[i]) + (named ? "</th>" : "</td>");
  }
  return text + "</tr>\n";
}

}  // namespace

std::string render_html(const Report& report, const RenderOptions& options) {
  RenderOptions with_shares = options;  // the page always shows them
  with_shares.numbers = NumberFormat::ratio;
  std::vector<std::string> notes = footnotes(report, with_shares);
  notes.insert(notes.end(), report.notes.begin(), report.notes.end());
  const std::string heading = options.title.empty() ? report.model : options.title;
  return html_page(heading,
                   section(heading, about(report, options) + totals(report) + list("notes", notes) + memory(report) +
                                        "<script type=\"application/json\" class=\"data\">\n" +
                                        script_escaped(data(report, options)) + "\n</script>\n"));
}

std::string html_table(Table table, const RenderOptions& options, const std::vector<std::string>& notes) {
  std::string text = "<div class=\"panel\">\n<div class=\"scroll\">\n<table class=\"flat\">\n<thead>\n";
  text += line(table, table.titles, "col") + "</thead>\n<tbody>\n";
  for (const auto& row : table.rows) text += line(table, row, "row");
  text += "</tbody>\n<tfoot>\n";
  for (const auto& row : table.totals) text += line(table, row, "row");
  text += "</tfoot>\n</table>\n</div>\n</div>\n" + list("notes plain", notes);
  return html_page(options.title.empty() ? "thoplw" : options.title, section(options.title, text));
}

}  // namespace thoplw
