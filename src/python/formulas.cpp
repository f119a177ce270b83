// Binds formulas of counts: Formulas, its rows, and each Polynomial in them.
#include "report/formulas.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/formatted.h"
#include "capture/torch_api.h"
#include "count/formulas.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/given.h"
#include "python/layer_info.h"
#include "python/to_python.h"
#include "python/values.h"
#include "render/formulas.h"
#include "report/saved/formulas.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

using Shared = std::shared_ptr<const Formulas>;

/// One formula, with the names of its variables.
struct Formula {
  Shared of;
  const Formulas::Law* law;
};

struct FormulaRow {
  Shared of;
  const Formulas::Row* row;
};

struct FormulaSet {
  Shared of;
};

nb::object to_int(const Integer& number) { return nb::steal(PyLong_FromString(number.str().c_str(), nullptr, 10)); }

nb::object formula(const Shared& of, std::size_t law, const std::string& what) {
  const Formulas::Law& found = of->laws[law];
  if (!found.found()) throw Error(formatted("{} of {} is no polynomial: {}", what, of->model, found.why));
  return nb::cast(Formula{of, &found});
}

Point point_of(const Formulas& of, const nb::kwargs& values) {
  Point point;
  for (const Variable& variable : of.variables) {
    const nb::str name(variable.name.c_str());
    if (!values.contains(name)) throw Error(formatted("give a value for {}", variable.name));
    point.push_back(
        *given::number_or_none(values[name], variable.name.c_str(), std::numeric_limits<std::int64_t>::min()));
  }
  for (const auto [key, value] : values) {
    const std::string name = nb::cast<std::string>(key);
    if (std::ranges::find(of.variables, name, &Variable::name) == of.variables.end()) {
      throw Error(formatted("there is no variable {}", name));
    }
  }
  return point;
}

/// Where nothing that can be counted is, as between the steps of a size, the polynomial may have no integer.
nb::object value_at(const Formula& self, const nb::kwargs& values) {
  const Point point = point_of(*self.of, values);
  const Rational value = self.law->at(point);
  if (denominator(value) != 1) {
    throw Error(
        formatted("there is no integer at {}, but {}: the formula holds in the steps of the values that it was "
                  "made of",
                  in_words(self.of->variables, point), value.str()));
  }
  return to_int(numerator(value));
}

/// {(1, 2): Fraction(1, 2)}
nb::dict terms_of(const Polynomial& polynomial) {
  const nb::object fraction = nb::module_::import_("fractions").attr("Fraction");
  nb::dict terms;
  for (const Polynomial::Term& term : polynomial.terms()) {
    nb::list powers;
    for (const unsigned power : term.powers) powers.append(power);
    terms[nb::tuple(powers)] = fraction(to_int(numerator(term.coefficient)), to_int(denominator(term.coefficient)));
  }
  return terms;
}

nb::tuple all_terms(const Formula& self) {
  nb::list all;
  for (const Polynomial& polynomial : self.law->greatest_of) all.append(terms_of(polynomial));
  return nb::tuple(all);
}

nb::tuple names_of(const Formulas& of) {
  nb::list names;
  for (const Variable& variable : of.variables) names.append(to_str(variable.name));
  return nb::tuple(names);
}

std::vector<Variable> variables_of(const nb::dict& given) {
  std::vector<Variable> variables;
  for (const auto [key, values] : given) {
    Variable variable{.name = given::text(key, "the name of a variable"), .values = {}};
    for (const nb::handle value : values) {
      variable.values.push_back(
          *given::number_or_none(value, variable.name.c_str(), std::numeric_limits<std::int64_t>::min()));
    }
    variables.push_back(std::move(variable));
  }
  return variables;
}

FormulaSet found(const nb::dict& variables, const nb::callable& sample) {
  const std::vector<Variable> all = variables_of(variables);
  const auto report_at = [&](const Point& point) -> Report {
    nb::dict values;
    for (std::size_t i = 0; i < point.size(); ++i) values[all[i].name.c_str()] = point[i];
    try {
      return nb::cast<const LayerInfo&>(sample(values));
    } catch (const nb::python_error& error) {
      if (!error.matches(capture::error_class)) throw;
      throw Error(nb::cast<std::string>(nb::str(error.value())));
    }
  };
  return {std::make_shared<const Formulas>(find_formulas(all, report_at))};
}

nb::object total(const FormulaSet& self, Measure measure) {
  const auto at = std::ranges::find(self.of->measures, measure);
  if (at == self.of->measures.end()) return nb::none();
  const auto place = static_cast<std::size_t>(at - self.of->measures.begin());
  return formula(self.of, self.of->total[place], std::string(row_of(measure).name));
}

nb::object own(const FormulaRow& self, Measure measure) {
  const auto at = std::ranges::find(self.of->measures, measure);
  if (at == self.of->measures.end()) return nb::none();
  const auto place = static_cast<std::size_t>(at - self.of->measures.begin());
  return formula(self.of, self.row->laws[place], formatted("{} of {}", row_of(measure).name, self.row->path));
}

nb::object extra(const FormulaSet& self, const std::string& name) {
  const auto at = std::ranges::find(self.of->extras, name, &Formulas::Extra::name);
  return at == self.of->extras.end() ? nb::none() : formula(self.of, at->law, name);
}

FormulaRow row_at(const FormulaSet& self, nb::handle key) {
  const auto& rows = self.of->rows;
  if (nb::isinstance<nb::str>(key)) {
    const auto at = std::ranges::find(rows, nb::cast<std::string>(key), &Formulas::Row::path);
    if (at == rows.end()) throw nb::key_error(("no module is called " + given::shown(key)).c_str());
    return {self.of, &*at};
  }
  auto index = nb::cast<std::int64_t>(key);
  if (index < 0) index += static_cast<std::int64_t>(rows.size());
  if (index < 0 || index >= static_cast<std::int64_t>(rows.size())) throw nb::index_error();
  return {self.of, &rows[static_cast<std::size_t>(index)]};
}

std::string text_of(const FormulaSet& self) { return render_formulas(*self.of, find_renderer("json")); }

/// A part of formulas is pickled as all of them and its place.
nb::tuple state_of(const Shared& of, std::size_t place) { return nb::make_tuple(FormulaSet{of}, place); }

template <class Part>
std::pair<Shared, const Part*> part_of(nb::handle state, std::vector<Part> Formulas::*parts) {
  const auto [set, place] = nb::cast<std::pair<FormulaSet, std::size_t>>(state);
  if (place >= (*set.of.*parts).size()) throw nb::cast_error();
  return {set.of, &(*set.of.*parts)[place]};
}

template <class Owner, class Get>
void bind_laws(nb::class_<Owner>& bound, Get get) {
  for (const Measure measure : all_measures()) {
    bound.def_prop_ro(std::string(row_of(measure).name).c_str(),
                      [measure, get](const Owner& owner) { return get(owner, measure); });
  }
}

}  // namespace

void bind_formulas(nb::module_& m) {
  nb::class_<Formula> formula(m, "Formula", kFormulaDoc);
  formula.def("__call__", [](const Formula& self, const nb::kwargs& values) { return value_at(self, values); })
      .def(
          "latex", [](const Formula& self) { return law_latex(*self.law, self.of->variables); }, kLatexDoc)
      .def_prop_ro("greatest_of", &all_terms)
      .def_prop_ro("variables", [](const Formula& self) { return names_of(*self.of); })
      .def("_repr_latex_", [](const Formula& self) { return "$" + law_latex(*self.law, self.of->variables) + "$"; })
      .def("__str__", [](const Formula& self) { return law_text(*self.law, self.of->variables); })
      .def("__repr__", [](const Formula& self) { return "<Formula " + law_text(*self.law, self.of->variables) + ">"; })
      .def(
          "__eq__",
          [](const Formula& self, const Formula& other) {
            return self.law->greatest_of == other.law->greatest_of && names_of(*self.of).equal(names_of(*other.of));
          },
          nb::is_operator())
      .def("__hash__",
           [](const Formula& self) { return nb::hash(nb::str(law_text(*self.law, self.of->variables).c_str())); });
  bind_pickling(
      formula,
      [](const Formula& self) { return state_of(self.of, static_cast<std::size_t>(self.law - self.of->laws.data())); },
      [](nb::handle state) {
        const auto [of, law] = part_of(state, &Formulas::laws);
        return Formula{of, law};
      });
  nb::class_<FormulaRow> row(m, "FormulaRow", kFormulaRowDoc);
  bind_laws(row, &own);
  row.def_prop_ro("name", [](const FormulaRow& self) { return to_str(self.row->path); })
      .def_prop_ro("cls", [](const FormulaRow& self) { return to_str(self.row->cls); })
      .def("__repr__", [](const FormulaRow& self) {
        return "FormulaRow(name=" + quoted(self.row->path) + ", cls=" + quoted(self.row->cls) + ")";
      });
  bind_pickling(
      row,
      [](const FormulaRow& self) {
        return state_of(self.of, static_cast<std::size_t>(self.row - self.of->rows.data()));
      },
      [](nb::handle state) {
        const auto [of, row] = part_of(state, &Formulas::rows);
        return FormulaRow{of, row};
      });
  bind_equality(
      row, [](const FormulaRow& self) { return self.row->path; },
      [](const FormulaRow& a, const FormulaRow& b) {
        return a.row->path == b.row->path && text_of({a.of}) == text_of({b.of});
      });
  nb::class_<FormulaSet> formulas(m, "Formulas", kFormulasDoc);
  bind_laws(formulas, &total);
  formulas.def_prop_ro("peak", [](const FormulaSet& self) { return extra(self, "peak"); })
      .def_prop_ro("peak_first_step", [](const FormulaSet& self) { return extra(self, "peak_first_step"); })
      .def_prop_ro("exact", [](const FormulaSet& self) { return self.of->exact; })
      .def_prop_ro("variables", [](const FormulaSet& self) { return names_of(*self.of); })
      .def_prop_ro("samples", [](const FormulaSet& self) { return self.of->samples; })
      .def("__len__", [](const FormulaSet& self) { return self.of->rows.size(); })
      .def("__getitem__", &row_at)
      .def(
          "summary",
          [](const FormulaSet& self, nb::object kind) {
            return render_formulas(*self.of, find_renderer(given::text(kind, "kind")));
          },
          nb::arg("kind").none() = "text", kFormulasSummaryDoc)
      .def("__str__", [](const FormulaSet& self) { return render_formulas(*self.of, find_renderer("text")); })
      .def("__repr__", [](const FormulaSet& self) {
        const Formulas& of = *self.of;
        return "<Formulas of " + of.model + " in " + std::to_string(of.variables.size()) + " variables>";
      });
  bind_equality(
      formulas, [](const FormulaSet& self) { return self.of->model; },
      [](const FormulaSet& a, const FormulaSet& b) { return text_of(a) == text_of(b); });
  bind_pickling(
      formulas, [](const FormulaSet& self) { return to_bytes(text_of(self)); },
      [](nb::handle state) { return FormulaSet{std::make_shared<const Formulas>(read_formulas(from_bytes(state)))}; });
  m.def("find_formulas", &found, "variables"_a, "sample"_a);
}

}  // namespace thoplw
