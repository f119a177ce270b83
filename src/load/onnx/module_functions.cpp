// Files of torch.onnx.dynamo_export (torch 2.1 to 2.4): every call of a module is a function.
#include <algorithm>

#include "load/onnx/scopes.h"

namespace thoplw::onnx {

/// "pkg.torch.2.3.1" holds modules; "pkg.onnxscript.torch_lib" holds operators.
bool Scopes::is_module(const Function& function) {
  return function.domain.starts_with("pkg.") && !function.domain.starts_with("pkg.onnxscript") &&
         !function.domain.starts_with("pkg.torch.__subgraph__");
}

/// "torch_nn_modules_conv_Conv2d_stem_0_1" is the first call of stem.0, a torch.nn.modules.conv.Conv2d. Its node gives
/// out "stem_0_1"; the names of parameters tell which of the lines are dots.
const Frames& Scopes::inside(const Node& node, const Function& function, const Frames& around) {
  if (naming_ != Naming::functions || !is_module(function)) return around;
  const std::string_view call = node.outputs.empty() ? std::string_view() : node.outputs.front();
  const std::string_view name = function.name;
  const bool named =
      name.size() > call.size() + 1 && name.ends_with(call) && name[name.size() - call.size() - 1] == '_';
  const std::string_view display = named ? call.substr(0, call.rfind('_')) : name;
  std::string cls(named ? name.substr(0, name.size() - call.size() - 1) : "");
  if (const std::size_t last = cls.rfind('_'); last != std::string::npos) cls[last] = '.';
  if (cls.starts_with("torch_nn_modules_")) cls = "torch.nn" + cls.substr(cls.rfind('.'));
  Frames frames = around;
  const std::string_view path = path_of_display(display, around.empty() ? std::string_view() : around.back().path);
  frames.push_back({keep(std::string(name)), path, keep(std::move(cls))});
  return *keep(std::move(frames));
}

/// "layer1.0.conv1" for "layer1_0_conv1".
std::string_view Scopes::path_of_display(std::string_view display, std::string_view parent) {
  if (displays_.empty()) {
    for (const std::string& prefix : prefixes_) {
      std::string flat = prefix;
      std::ranges::replace(flat, '.', '_');
      displays_.emplace(std::move(flat), prefix);
    }
  }
  if (const auto known = displays_.find(display); known != displays_.end()) return known->second;
  std::string flat(parent);
  std::ranges::replace(flat, '.', '_');
  const bool below =
      !flat.empty() && display.starts_with(flat) && display.size() > flat.size() && display[flat.size()] == '_';
  if (!below) return keep(std::string(display));
  return keep(std::string(parent) + "." + std::string(display.substr(flat.size() + 1)));
}

}  // namespace thoplw::onnx
