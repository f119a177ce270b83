// How each format writes each kind of record, for the table in renderers.cpp.
#pragma once

#include <string>
#include <string_view>

#include "render/render.h"
#include "render/table/table.h"

namespace thoplw {

std::string render_csv(const Report& report, const RenderOptions& options);
std::string render_html(const Report& report, const RenderOptions& options);
std::string render_dot(const Report& report, const RenderOptions& options);
std::string render_folded(const Report& report, const RenderOptions& options);
std::string render_json(const Report& report, const RenderOptions& options);
std::string render_md(const Report& report, const RenderOptions& options);
std::string render_mermaid(const Report& report, const RenderOptions& options);
std::string render_svg(const Report& report, const RenderOptions& options);
std::string render_text(const Report& report, const RenderOptions& options);
std::string render_tree(const Report& report, const RenderOptions& options);

/// One record of a report alone, as render_json writes it; report/saved.h reads it again.
std::string json_record(const Row& row);
std::string json_record(const Step& step);
std::string json_record(const Uncounted& uncounted);

std::string scatter_svg(std::span<const NamedReport> models, const RenderOptions& options);

std::string comparison_json(const Comparison& comparison, const RenderOptions& options);
std::string diff_json(const Diff& diff, const RenderOptions& options, bool all);
std::string verdicts_json(std::span<const Verdict> verdicts, const RenderOptions& options);

std::string diff_md(const Diff& diff, const RenderOptions& options, bool all);
std::string verdicts_text(std::span<const Verdict> verdicts, const RenderOptions& options);

/// Writes any table, with remarks below it. Of the options it needs the heading and the screen.
using WriteTable = std::string(Table table, const RenderOptions& options, const std::vector<std::string>& notes);
WriteTable csv_table, html_table, md_table, text_table;

// Records laid out as a table, which any of these writes.
std::string models_by(WriteTable* write, std::span<const NamedReport> models, const RenderOptions& options);
std::string comparison_by(WriteTable* write, const Comparison& comparison, const RenderOptions& options);
std::string diff_by(WriteTable* write, const Diff& diff, const RenderOptions& options, bool all);  ///< for people
std::string diff_records_by(WriteTable* write, const Diff& diff, const RenderOptions& options,
                            bool all);  ///< for programs
std::string verdicts_by(WriteTable* write, std::span<const Verdict> verdicts, const RenderOptions& options);

/// The text as Markdown shows it as it is, whatever it holds: no cell, emphasis, link or tag begins or ends in it.
std::string md_text(std::string_view text);

}  // namespace thoplw
