// The render function of each format, for the table in renderers.cpp.
#pragma once

#include <nlohmann/json_fwd.hpp>
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

// Any table, with a heading (or "") and remarks.
std::string csv_table(Table table, const std::string& title, const std::vector<std::string>& notes);
std::string html_table(Table table, const std::string& title, const std::vector<std::string>& notes);
std::string md_table(Table table, const std::string& title, const std::vector<std::string>& notes);
std::string text_table(Table table, const std::string& title, const std::vector<std::string>& notes);

/// The text as Markdown shows it as it is, whatever it holds: no cell, emphasis, link or tag begins or ends in it.
std::string md_text(std::string_view text);

/// JSON with elements of arrays of the top level a line each.
std::string laid_out_json(const nlohmann::ordered_json& json);

}  // namespace thoplw
