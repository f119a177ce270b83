// Equal modules next to each other, such as the layers of a transformer, and the rows in which they are one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "render/options.h"
#include "render/table/selection.h"
#include "report/report.h"

namespace thoplw {

/// What modules have to agree in: the measures that columns and order show.
std::vector<Measure> compared_measures(const Report& report, const RenderOptions& options);

/// Runs of neighbours, by their places, whose names count on (0, 1, 2) and that have the same classes, shapes, calls
/// and amounts of `measures`, and so has all that is inside them; `shown` is by row, and has to agree too. Runs inside
/// come after those around. Two modules with nothing inside are no run: one line would not be shorter.
std::vector<std::vector<std::size_t>> equal_runs(const std::vector<Row>& rows, const std::vector<bool>& shown,
                                                 std::span<const Measure> measures);

/// "layer_0-11", within the module around them.
std::string name_of_run(const std::vector<Row>& rows, const std::vector<std::size_t>& run);

/// Of each run one row with the sum, which says how many it stands for: "layers.0-31". What is inside is folded with
/// it. Which rows are shown stays as it was.
void fold(ChosenRows& chosen, std::span<const Measure> measures);

/// "layers.0-31: 32 x Layer, each 6.29 M MACs, 202.38 K params": what one costs of each run that a table folds.
std::vector<std::string> fold_lines(const Report& report, const RenderOptions& options);

/// "32 x Layer".
std::string times_text(int times, const std::string& cls);

}  // namespace thoplw
