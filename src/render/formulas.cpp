#include "render/formulas.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/formatted.h"
#include "render/formats.h"
#include "render/json_text.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

/// How one notation writes a polynomial.
struct Notation {
  std::string_view thousands, times;
  std::string (*fraction)(const std::string& above, const std::string& below);
  std::string (*variable)(const std::string& name);
  std::string (*power)(unsigned power);
};

std::string superscript(unsigned power) {
  constexpr std::array<std::string_view, 10> kDigits = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text;
  for (const char digit : std::to_string(power)) text += kDigits[static_cast<std::size_t>(digit - '0')];
  return text;
}

constexpr Notation kPlain = {
    .thousands = " ",
    .times = "·",
    .fraction = [](const std::string& above, const std::string& below) { return above + "/" + below; },
    .variable = [](const std::string& name) { return name; },
    .power = superscript,
};

constexpr Notation kLatex = {
    .thousands = "\\,",
    .times = " \\, ",
    .fraction = [](const std::string& above,
                   const std::string& below) { return formatted("\\frac{{{}}}{{{}}}", above, below); },
    .variable =
        [](const std::string& name) {
          std::string safe;
          for (const char letter : name) safe += letter == '_' ? std::string("\\_") : std::string(1, letter);
          return formatted("\\mathit{{{}}}", safe);
        },
    .power = [](unsigned power) { return formatted("^{{{}}}", power); },
};

std::string grouped_digits(std::string digits, std::string_view between) {
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, between);
  return digits;
}

std::string written(const Polynomial& polynomial, const std::vector<Variable>& variables, const Notation& notation) {
  std::string text;
  for (const Polynomial::Term& term : polynomial.terms()) {
    const bool negative = term.coefficient < 0;
    const Rational size = negative ? Rational(-term.coefficient) : term.coefficient;
    const std::string above = grouped_digits(numerator(size).str(), notation.thousands);
    const std::string below = grouped_digits(denominator(size).str(), notation.thousands);
    std::string product = below == "1" ? above : notation.fraction(above, below);
    if (product == "1" && std::ranges::any_of(term.powers, [](unsigned power) { return power > 0; })) product.clear();
    for (std::size_t i = 0; i < term.powers.size(); ++i) {
      if (term.powers[i] == 0) continue;
      if (!product.empty()) product += notation.times;
      product += notation.variable(variables[i].name);
      if (term.powers[i] > 1) product += notation.power(term.powers[i]);
    }
    text += text.empty() ? (negative ? "-" : "") : (negative ? " - " : " + ");
    text += product;
  }
  return text.empty() ? "0" : text;
}

std::string greatest(const Formulas::Law& law, const std::vector<Variable>& variables, const Notation& notation,
                     const char* opens, const char* closes) {
  std::string text;
  for (const Polynomial& polynomial : law.greatest_of) {
    text += (text.empty() ? "" : ", ") + written(polynomial, variables, notation);
  }
  return law.greatest_of.size() == 1 ? text : opens + text + closes;
}

std::string arguments(const std::vector<Variable>& variables) {
  std::string text;
  for (const Variable& variable : variables) text += (text.empty() ? "" : ", ") + variable.name;
  return text;
}

/// A number of the whole, as it is headed.
struct Named {
  std::string name, title;
  const Formulas::Law* law;
  bool shown;
};

std::vector<Named> of_whole(const Formulas& formulas) {
  std::vector<Named> named;
  for (std::size_t i = 0; i < formulas.measures.size(); ++i) {
    const Measure measure = formulas.measures[i];
    named.push_back({std::string(row_of(measure).name), std::string(title(measure, formulas.unit)),
                     &formulas.laws[formulas.total[i]],
                     std::ranges::find(formulas.shown, measure) != formulas.shown.end()});
  }
  for (const Formulas::Extra& extra : formulas.extras) {
    named.push_back({extra.name, extra.title, &formulas.laws[extra.law], true});
  }
  return named;
}

/// Of a peak that is now that of one moment and now that of another, people see the first few.
Formulas::Law shortened(const Formulas::Law& law) {
  constexpr std::ptrdiff_t kMost = 4;
  if (law.greatest_of.size() <= kMost) return law;
  return {.greatest_of = {law.greatest_of.begin(), law.greatest_of.begin() + kMost}, .why = ""};
}

std::string for_people(const Formulas::Law& law, const Formulas& formulas, bool latex) {
  if (!law.found()) return "no polynomial: " + law.why;
  const Formulas::Law shown = shortened(law);
  std::string text = latex ? "$" + law_latex(shown, formulas.variables) + "$" : law_text(shown, formulas.variables);
  const std::size_t left_out = law.greatest_of.size() - shown.greatest_of.size();
  return left_out == 0 ? text : formatted("the greatest of {}, and {} more", text, left_out);
}

std::vector<std::string> notes_of(const Formulas& formulas) {
  std::string where;
  for (const Variable& variable : formulas.variables) {
    where += formatted("{}{} = {} to {}", where.empty() ? "" : ", ", variable.name, variable.values.front(),
                       variable.values.back());
  }
  std::vector<std::string> notes = {formatted("made of {} points and confirmed at {} more: {}", formulas.through,
                                              formulas.samples - formulas.through, where)};
  if (!formulas.exact) notes.emplace_back("operators that no rule counts make these formulas lower bounds");
  return notes;
}

/// The modules that cost something of their own, by the formulas of what is shown by default.
Table table_of(const Formulas& formulas) {
  Table table{.titles = {"Name", "Class"}, .numbers = {false, false}, .rows = {}, .totals = {}};
  std::vector<std::size_t> places;
  for (const Measure measure : formulas.shown) {
    const auto found = std::ranges::find(formulas.measures, measure);
    if (found == formulas.measures.end()) continue;
    places.push_back(static_cast<std::size_t>(found - formulas.measures.begin()));
    table.titles.emplace_back(title(measure, formulas.unit));
    table.numbers.push_back(false);
  }
  for (const Formulas::Row& row : formulas.rows) {
    const auto costs = [&](std::size_t place) {
      const Formulas::Law& law = formulas.laws[row.laws[place]];
      return !law.found() || !law.greatest_of.front().terms().empty();
    };
    if (std::ranges::none_of(places, costs)) continue;
    Table::Cells cells = {row.path.empty() ? "(root)" : row.path, row.cls};
    for (const std::size_t place : places) cells.push_back(for_people(formulas.laws[row.laws[place]], formulas, false));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string for_people(const Formulas& formulas, WriteTable* write, bool latex, const Screen& screen) {
  std::string text;
  for (const Named& named : of_whole(formulas)) {
    if (!named.shown) continue;
    const std::string law = for_people(*named.law, formulas, latex);
    text += latex ? formatted("**{}**({}) = {}\n\n", md_text(named.title), md_text(arguments(formulas.variables)), law)
                  : formatted("{}({}) = {}\n", named.title, arguments(formulas.variables), law);
  }
  return text + (latex ? "" : "\n") + write(table_of(formulas), {.screen = screen}, notes_of(formulas));
}

nlohmann::ordered_json terms_json(const Polynomial& polynomial, const Formulas& formulas) {
  nlohmann::ordered_json terms = nlohmann::ordered_json::array();
  for (const Polynomial::Term& term : polynomial.terms()) {
    nlohmann::ordered_json powers = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < term.powers.size(); ++i) {
      if (term.powers[i] > 0) powers[formulas.variables[i].name] = term.powers[i];
    }
    terms.push_back({{"coefficient", term.coefficient.str()}, {"powers", std::move(powers)}});
  }
  return terms;
}

nlohmann::ordered_json law_json(const Formulas::Law& law, const Formulas& formulas) {
  if (!law.found()) return {{"why", law.why}};
  if (law.greatest_of.size() == 1) return {{"terms", terms_json(law.greatest_of.front(), formulas)}};
  nlohmann::ordered_json several = nlohmann::ordered_json::array();
  for (const Polynomial& polynomial : law.greatest_of) several.push_back(terms_json(polynomial, formulas));
  return {{"greatest_of", std::move(several)}};
}

std::string as_json(const Formulas& formulas) {
  nlohmann::ordered_json json = {{"model", formulas.model},     {"convention", formulas.convention},
                                 {"unit", name(formulas.unit)}, {"exact", formulas.exact},
                                 {"points", formulas.through},  {"confirmed", formulas.samples - formulas.through}};
  json["variables"] = nlohmann::ordered_json::array();
  for (const Variable& variable : formulas.variables) {
    json["variables"].push_back(
        {{"name", variable.name}, {"least", variable.values.front()}, {"greatest", variable.values.back()}});
  }
  json["shown"] = nlohmann::ordered_json::array();
  for (const Measure measure : formulas.shown) json["shown"].push_back(row_of(measure).name);
  for (const Named& named : of_whole(formulas)) {
    nlohmann::ordered_json law = law_json(*named.law, formulas);
    if (named.law->found()) law["latex"] = law_latex(*named.law, formulas.variables);
    json["total"][named.name] = std::move(law);
  }
  json["rows"] = nlohmann::ordered_json::array();
  for (const Formulas::Row& row : formulas.rows) {
    nlohmann::ordered_json one = {{"name", row.path}, {"class", row.cls}};
    for (std::size_t i = 0; i < formulas.measures.size(); ++i) {
      one[std::string(row_of(formulas.measures[i]).name)] = law_json(formulas.laws[row.laws[i]], formulas);
    }
    json["rows"].push_back(std::move(one));
  }
  return json_line(json);
}

}  // namespace

std::string law_text(const Formulas::Law& law, const std::vector<Variable>& variables) {
  return greatest(law, variables, kPlain, "max(", ")");
}

std::string law_latex(const Formulas::Law& law, const std::vector<Variable>& variables) {
  return greatest(law, variables, kLatex, "\\max(", ")");
}

std::string render_formulas(const Formulas& formulas, const Renderer& renderer, const Screen& screen) {
  if (renderer.name == "text") return for_people(formulas, text_table, false, screen);
  if (renderer.name == "md") return for_people(formulas, md_table, true, screen);
  if (renderer.name == "csv") return csv_table(table_of(formulas), {}, {});
  if (renderer.name == "json") return as_json(formulas);
  throw Error("formulas can be shown as text, md, csv or json");
}

}  // namespace thoplw
