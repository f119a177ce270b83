// Writes small ONNX files for tests, field by field as onnx.proto numbers them.
#pragma once

#include <protozero/pbf_writer.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace thoplw::onnx::test {

using Names = std::vector<std::string>;
using Sizes = std::vector<std::int64_t>;

constexpr int kFloat = 1, kInt8 = 3, kInt64 = 7, kBool = 9;  // TensorProto.DataType

/// A message in the making.
struct Message {
  std::string bytes;

  Message& text(int field, std::string_view value) {
    protozero::pbf_writer(bytes).add_string(static_cast<std::uint32_t>(field), value.data(), value.size());
    return *this;
  }
  Message& number(int field, std::int64_t value) {
    protozero::pbf_writer(bytes).add_int64(static_cast<std::uint32_t>(field), value);
    return *this;
  }
  Message& add(int field, const Message& inner) { return text(field, inner.bytes); }
};

inline Message entry(std::string_view key, std::string_view value) { return Message().text(1, key).text(2, value); }

inline Message tensor(std::string_view name, int type, const Sizes& sizes, const Sizes& ints = {}) {
  Message tensor;
  for (std::int64_t size : sizes) tensor.number(1, size);
  tensor.number(2, type).text(8, name);
  for (std::int64_t value : ints) tensor.number(7, value);
  return tensor;
}

/// Sizes are numbers or symbols.
inline Message value(std::string_view name, int type, const Names& sizes) {
  Message shape;
  for (const std::string& size : sizes) {
    Message dim;
    if (size.find_first_not_of("-0123456789") == std::string::npos && !size.empty()) {
      dim.number(1, std::stoll(size));
    } else if (!size.empty()) {
      dim.text(2, size);
    }
    shape.add(1, dim);
  }
  return Message().text(1, name).add(2, Message().add(1, Message().number(1, type).add(2, shape)));
}

inline Message node(std::string_view op, const Names& in, const Names& out, std::string_view name = "",
                    const std::vector<Message>& attributes = {}, std::string_view domain = "") {
  Message node;
  for (const std::string& input : in) node.text(1, input);
  for (const std::string& output : out) node.text(2, output);
  node.text(3, name).text(4, op);
  for (const Message& attribute : attributes) node.add(5, attribute);
  return domain.empty() ? node : node.text(7, domain);
}

/// A node of torch's exporter: the paths and the classes of its module stack, without the root.
inline Message placed(Message node, const Names& paths, const Names& classes, std::string_view step) {
  std::string scopes = "['', ", types = "['app.Net', ";
  for (const std::string& path : paths) scopes += "'" + path + "', ";
  for (const std::string& cls : classes) types += "'" + cls + "', ";
  scopes += "'" + std::string(step) + "']";
  types += "'aten." + std::string(step.substr(0, step.find('_'))) + "']";
  node.add(9, entry("pkg.torch.onnx.name_scopes", scopes));
  return node.add(9, entry("pkg.torch.onnx.class_hierarchy", types));
}

inline Message attribute(std::string_view name, std::int64_t value) {
  return Message().text(1, name).number(3, value).number(20, 2);
}
inline Message attribute(std::string_view name, const Message& graph) {
  return Message().text(1, name).add(6, graph).number(20, 5);
}
inline Message tensor_attribute(std::string_view name, const Message& tensor) {
  return Message().text(1, name).add(5, tensor).number(20, 4);
}
inline Message constant(std::string_view name, const Message& tensor) {
  return node("Constant", {}, {std::string(name)}, "", {tensor_attribute("value", tensor)});
}
/// Of a node in a function: what the call gives as `given`. The type is that of AttributeProto.
inline Message referring(std::string_view name, std::int64_t type, std::string_view given) {
  return Message().text(1, name).number(20, type).text(21, given);
}

struct GraphOf {
  std::vector<Message> nodes, inputs, outputs, initializers, values;

  Message message() const {
    Message graph;
    for (const Message& each : nodes) graph.add(1, each);
    graph.text(2, "test");
    for (const Message& each : initializers) graph.add(5, each);
    for (const Message& each : inputs) graph.add(11, each);
    for (const Message& each : outputs) graph.add(12, each);
    for (const Message& each : values) graph.add(13, each);
    return graph;
  }
};

inline Message function(std::string_view domain, std::string_view name, const Names& in, const Names& out,
                        const std::vector<Message>& nodes) {
  Message function;
  function.text(1, name);
  for (const std::string& input : in) function.text(4, input);
  for (const std::string& output : out) function.text(5, output);
  for (const Message& each : nodes) function.add(7, each);
  return function.add(9, Message().text(1, "").number(2, 20)).text(10, domain);
}

inline std::string model(const GraphOf& graph, const std::vector<Message>& functions = {},
                         std::string_view producer = "test") {
  Message model;
  model.number(1, 10).text(2, producer).add(7, graph.message()).add(8, Message().text(1, "").number(2, 20));
  for (const Message& each : functions) model.add(25, each);
  return model.bytes;
}

}  // namespace thoplw::onnx::test
