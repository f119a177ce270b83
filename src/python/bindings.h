// The parts of the extension module, each bound in a file of its own.
#pragma once

#include <nanobind/nanobind.h>

namespace thoplw {

void bind_trace(nanobind::module_& m);
void bind_rows(nanobind::module_& m);
void bind_layer_info(nanobind::module_& m);
void bind_comparison(nanobind::module_& m);
void bind_devices(nanobind::module_& m);
void bind_diff(nanobind::module_& m);
void bind_labels(nanobind::module_& m);
void bind_training(nanobind::module_& m);
void bind_llm(nanobind::module_& m);
void bind_memory(nanobind::module_& m);  // after bind_layer_info
void bind_command_line(nanobind::module_& m);
void bind_optimizers(nanobind::module_& m);
void bind_variants(nanobind::module_& m);
void bind_kept(nanobind::module_& m);
void bind_formulas(nanobind::module_& m);
void bind_sweep(nanobind::module_& m);

}  // namespace thoplw
