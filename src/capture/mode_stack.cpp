// Moves modes by torch's own C functions, which no signal handler interrupts.
#include "capture/mode_stack.h"

#include <algorithm>
#include <ranges>

#include "capture/interrupts.h"
#include "capture/questions.h"

namespace thoplw::capture {

std::vector<nb::object> modes_on_stack(const TorchApi& api) {
  const nb::object c = api.torch.attr("_C");
  const auto size = nb::cast<std::size_t>(c.attr("_len_torch_dispatch_stack")());
  std::vector<nb::object> modes;
  for (std::size_t i = 0; i < size; ++i) modes.push_back(c.attr("_get_dispatch_stack_at")(i));
  return modes;
}

void set_mode_stack(const TorchApi& api, const std::vector<nb::object>& modes) {
  const NotTheForward we_do;
  const std::vector<nb::object> now = modes_on_stack(api);
  const auto is_same = [](const nb::object& a, const nb::object& b) { return a.is(b); };
  const auto kept = static_cast<std::size_t>(std::ranges::mismatch(now, modes, is_same).in1 - now.begin());
  for (std::size_t i = kept; i < now.size(); ++i) api.pop();
  for (std::size_t i = kept; i < modes.size(); ++i) api.push(modes[i].ptr());
}

void take_off(const TorchApi& api, PyObject* mode) {
  std::vector<nb::object> modes = modes_on_stack(api);
  const auto found =
      std::ranges::find_if(modes | std::views::reverse, [&](const nb::object& on) { return on.is(mode); });
  if (found == modes.rend()) return;
  modes.erase(std::next(found).base());
  set_mode_stack(api, modes);
}

std::vector<nb::object> function_modes(const TorchApi& api) {
  const nb::object c = api.torch.attr("_C");
  const auto size = nb::cast<std::size_t>(c.attr("_len_torch_function_stack")());
  std::vector<nb::object> modes;
  for (std::size_t i = 0; i < size; ++i) modes.push_back(c.attr("_get_function_stack_at")(i));
  return modes;
}

void leave_function_modes(const TorchApi& api, const std::vector<nb::object>& modes) {
  const std::vector<nb::object> now = function_modes(api);
  const auto stays = [&](const nb::object& mode) {
    const bool before = std::ranges::any_of(modes, [&](const nb::object& one) { return one.is(mode); });
    return before || name_of(mode.type()) == "DeviceContext";
  };
  if (std::ranges::all_of(now, stays)) return;
  const nb::object c = api.torch.attr("_C");
  for (std::size_t i = 0; i < now.size(); ++i) c.attr("_pop_torch_function_stack")();
  for (const nb::object& mode : now) {
    if (stays(mode)) c.attr("_push_on_torch_function_stack")(mode);
  }
}

ModesOff::~ModesOff() {
  undo("thoplw: putting dispatch modes back", [&] { set_mode_stack(api_, modes_); });
}

}  // namespace thoplw::capture
