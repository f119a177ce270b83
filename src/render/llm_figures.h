// What is said of a language model, figure by figure: tables and records are made of these.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "report/llm.h"

namespace thoplw {

enum class FigureUnit : std::uint8_t { parameters, bytes, macs, seconds, tokens_per_second, sequences, tokens };

std::string_view name(FigureUnit unit);  ///< "bytes"

/// Nothing where there is no such number.
using FigureNumber = std::variant<std::monostate, Count, double>;

struct LlmFigure {
  std::string name;   ///< of its field in records: "prefill_macs"
  std::string title;  ///< in tables: "MACs"
  FigureUnit unit;
  FigureNumber whole{};   ///< of the model and the whole batch
  FigureNumber device{};  ///< of the device with the most
};

/// Those that are known, in the order of tables.
std::vector<LlmFigure> llm_figures(const Llm& llm);

/// Sentences on what limits it, what does not fit, and what was taken for granted.
std::vector<std::string> llm_lines(const Llm& llm);

/// By the renderer of that name. Throws Error where it is none of text, md, csv and json.
std::string render_llm(const Llm& llm, std::string_view renderer);

}  // namespace thoplw
