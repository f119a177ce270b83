// Endings that quantizers add, and names that torch's exporter makes up.
#include "load/onnx/tensor_names.h"

#include <string>

#include "operators/rule.h"

namespace thoplw::onnx {

std::string_view name_before(std::string_view name) {
  if (name.ends_with(kQuantizedEnding)) return name.substr(0, name.size() - kQuantizedEnding.size());
  const std::size_t packed = name.rfind("_Q");  // "fc.weight_Q4", "fc.weight_Q4G128"
  const bool bits = packed != std::string_view::npos && packed + 2 < name.size() &&
                    name.find_first_not_of("0123456789G", packed + 2) == std::string_view::npos;
  return bits ? name.substr(0, packed) : name;
}

bool is_result_name(std::string_view name) {
  name = name_before(name);
  const std::size_t number = name.find_last_not_of("0123456789");
  if (number != std::string_view::npos && number + 1 < name.size() && name[number] == '_')
    name = name.substr(0, number);
  return name == "val" || name == "getitem" || find_rule("aten::" + std::string(name)) != nullptr;
}

}  // namespace thoplw::onnx
