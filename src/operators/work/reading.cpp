// Reads sizes and attributes of an operator, with an error where they are not there.
#include "operators/work/reading.h"

#include <cstdint>

namespace thoplw::work {

Count leading(const Tensor& tensor, std::size_t from_end) {
  Count product = 1;
  for (std::size_t i = 0; i + from_end < tensor.shape.size(); ++i) product *= tensor.shape[i];
  return product;
}

Count size_from_end(const Tensor& tensor, std::size_t from_end) {
  if (from_end > tensor.shape.size()) {
    throw Error("needs a tensor of " + std::to_string(from_end) + " or more dimensions, not of " +
                std::to_string(tensor.shape.size()));
  }
  return tensor.shape[tensor.shape.size() - from_end];
}

template <class T>
const T& attr_as(const OpView& op, std::string_view name) {
  const AttrValue* value = op.attr(name);
  if (!value) throw Error("needs the attribute '" + std::string(name) + "'");
  if (const T* typed = std::get_if<T>(value)) return *typed;
  throw Error("attribute '" + std::string(name) + "' is of the wrong type");
}
template const std::int64_t& attr_as<std::int64_t>(const OpView&, std::string_view);
template const bool& attr_as<bool>(const OpView&, std::string_view);
template const std::string& attr_as<std::string>(const OpView&, std::string_view);
template const Dims& attr_as<Dims>(const OpView&, std::string_view);

std::vector<Dims> parts_of(const OpView& op, std::size_t input) {
  const Tensor& tensor = op.in(input);
  const auto count = static_cast<std::size_t>(tensor.shape.front());
  const std::string name = "parts" + std::to_string(input);
  if (tensor.stored < 0) return std::vector(count, Dims(tensor.shape.begin() + 1, tensor.shape.end()));
  if (!op.attr(name)) throw NotCounted("the sizes of the parts of a nested tensor are data");
  const auto& sizes = attr_as<std::vector<std::int64_t>>(op, name);
  const std::size_t rank = tensor.shape.size() - 1;
  if (sizes.size() != count * rank) throw Error("attribute '" + name + "' does not fit its tensor");
  std::vector<Dims> parts;
  for (auto at = sizes.begin(); at != sizes.end(); at += static_cast<std::ptrdiff_t>(rank)) {
    parts.emplace_back(at, at + static_cast<std::ptrdiff_t>(rank));
  }
  return parts;
}

}  // namespace thoplw::work
