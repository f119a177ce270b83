// Reads the protobuf wire format of an ONNX file into records. Field numbers are those of onnx.proto.
#include <algorithm>

#include "load/onnx/wire.h"

namespace thoplw::onnx {
namespace {

constexpr int kMostNesting = 100;  ///< graphs inside of nodes inside of graphs
constexpr std::size_t kMostOpsets = 1000;
constexpr int kMostLevels = 64;  ///< of a module path, which readers of names make modules of

/// `ends`: the characters that end a level.
std::string_view path(std::string_view name, std::string_view ends) {
  const auto levels = std::ranges::count_if(name, [&](char c) { return ends.find(c) != std::string_view::npos; });
  if (levels > kMostLevels) throw Error(std::string(name) + ": a name has more than 64 levels; the file is damaged");
  return name;
}

class Parser {
 public:
  explicit Parser(std::size_t file_size) : records_(file_size) {}

  Model model(pbf_reader reader) && {
    Model& model = model_;
    bool found = false;
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case varint(1):
          model.ir_version = reader.get_int64();
          break;
        case bytes(2):
          model.producer = text(reader);
          break;
        case bytes(3):
          model.producer_version = text(reader);
          break;
        case bytes(7):
          found = true;
          within("graph", 0, [&] { graph(reader.get_message(), model.graph); });
          break;
        case bytes(8):
          opset(reader.get_message(), model.opsets);
          break;
        case bytes(25):
          within("function", model.functions.size(),
                 [&] { function(reader.get_message(), records_.add(model.functions)); });
          break;
        default:
          reader.skip();
      }
    }
    if (!found) throw Error("this is not an ONNX model: it has no graph");
    model.records = records_.count();
    return std::move(model_);
  }

 private:
  void add(std::vector<std::string_view>& list, pbf_reader& reader) { records_.add(list) = text(reader); }

  void graph(pbf_reader reader, Graph& graph) {
    if (++nesting_ > kMostNesting) throw Error("graphs are nested more than 100 deep; the file is damaged");
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1):
          add_node(reader, graph.nodes);
          break;
        case bytes(2):
          graph.name = text(reader);
          break;
        case bytes(5):
          within("initializer", graph.initializers.size(), [&] {
            TensorData& tensor = records_.add(graph.initializers);
            read_tensor(reader.get_message(), tensor, records_);
            path(tensor.name, ".");
          });
          break;
        case bytes(11):
          add_value(reader, "input", graph.inputs);
          break;
        case bytes(12):
          add_value(reader, "output", graph.outputs);
          break;
        case bytes(13):
          add_value(reader, "value", graph.values);
          break;
        case bytes(15):
          read_sparse(reader.get_message(), records_.add(graph.initializers), records_);
          break;
        default:
          reader.skip();
      }
    }
    --nesting_;
  }

  void add_value(pbf_reader& reader, const char* what, std::vector<ValueInfo>& values) {
    within(what, values.size(), [&] { read_value(reader.get_message(), records_.add(values), records_); });
  }

  void add_node(pbf_reader& reader, std::vector<Node>& nodes) {
    within("node", nodes.size(), [&] { node(reader.get_message(), records_.add(nodes)); });
  }

  void node(pbf_reader reader, Node& node) {
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1):
          add(node.inputs, reader);
          break;
        case bytes(2):
          add(node.outputs, reader);
          break;
        case bytes(3):
          node.name = path(text(reader), "/");
          break;
        case bytes(4):
          node.op_type = text(reader);
          break;
        case bytes(5):
          within("attribute", node.attributes.size(),
                 [&] { attribute(reader.get_message(), records_.add(node.attributes)); });
          break;
        case bytes(7):
          node.domain = domain(text(reader));
          break;
        case bytes(8):
          node.overload = text(reader);
          break;
        case bytes(9): {
          const auto [key, value] = read_entry(reader.get_message());
          // The others repeat the same, or hold lines of source text.
          if (key != kScopes && key != kClasses && key != kRewrite) break;
          records_.add(node.metadata) = {key, path(value, ",")};
          break;
        }
        default:
          reader.skip();
      }
    }
    if (node.op_type.empty()) throw Error("it names no operator; the file is damaged");
  }

  void attribute(pbf_reader reader, Attribute& attribute) {
    std::int64_t type = 0;
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1):
          attribute.name = text(reader);
          break;
        case fixed32(2):
          attribute.real = reader.get_float();
          break;
        case varint(3):
          attribute.integer = reader.get_int64();
          break;
        case bytes(4):
          attribute.text = text(reader);
          break;
        case bytes(5): {
          const auto tensor = records_.make<TensorData>();
          read_tensor(reader.get_message(), *tensor, records_);
          attribute.tensor = tensor;
          break;
        }
        case bytes(6):
        case bytes(11): {
          const auto inner = records_.make<Graph>();
          graph(reader.get_message(), *inner);
          records_.add(attribute.graphs) = inner;
          break;
        }
        case fixed32(7):
          records_.add(attribute.reals) = reader.get_float();
          break;
        case bytes(7):
          records_.add_all(attribute.reals, reader.get_packed_float());
          break;
        case varint(8):
          records_.add(attribute.integers) = reader.get_int64();
          break;
        case bytes(8):
          records_.add_all(attribute.integers, reader.get_packed_int64());
          break;
        case bytes(9):
          add(attribute.texts, reader);
          break;
        case bytes(22): {
          const auto tensor = records_.make<TensorData>();
          read_sparse(reader.get_message(), *tensor, records_);
          attribute.tensor = tensor;
          break;
        }
        case varint(20):
          type = reader.get_int64();
          break;
        case bytes(21):
          attribute.ref = text(reader);
          break;
        default:
          reader.skip();
      }
    }
    attribute.kind = kind_of(type, attribute);
  }

  static Attribute::Kind kind_of(std::int64_t type, const Attribute& attribute) {
    using Kind = Attribute::Kind;
    switch (type) {
      case 1:
        return Kind::real;
      case 2:
        return Kind::integer;
      case 3:
        return Kind::text;
      case 4:
      case 11:
        return attribute.tensor ? Kind::tensor : Kind::none;
      case 5:
        return attribute.graphs.empty() ? Kind::none : Kind::graph;
      case 6:
        return Kind::reals;
      case 7:
        return Kind::integers;
      case 8:
        return Kind::texts;
      case 10:
        return Kind::graphs;
      case 0:
        break;  // files of IR version 1 name no type
      default:
        return Kind::other;
    }
    if (attribute.tensor) return Kind::tensor;
    if (!attribute.graphs.empty()) return Kind::graph;
    if (!attribute.integers.empty()) return Kind::integers;
    if (!attribute.reals.empty()) return Kind::reals;
    if (!attribute.texts.empty()) return Kind::texts;
    if (!attribute.text.empty()) return Kind::text;
    return Kind::none;
  }

  void function(pbf_reader reader, Function& function) {
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1):
          function.name = text(reader);
          break;
        case bytes(4):
          add(function.inputs, reader);
          break;
        case bytes(5):
          add(function.outputs, reader);
          break;
        case bytes(7):
          add_node(reader, function.nodes);
          break;
        case bytes(9):
          opset(reader.get_message(), function.opsets);
          break;
        case bytes(10):
          function.domain = domain(text(reader));
          break;
        case bytes(11):
          attribute(reader.get_message(), records_.add(function.defaults));
          break;
        case bytes(12):
          add_value(reader, "value", function.values);
          break;
        case bytes(13):
          function.overload = text(reader);
          break;
        default:
          reader.skip();
      }
    }
  }

  void opset(pbf_reader reader, Opsets& opsets) {
    if (opsets.size() == kMostOpsets) throw Error("it names more than 1000 sets of operators; the file is damaged");
    auto& [name, version] = records_.add(opsets);
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1):
          name = domain(text(reader));
          break;
        case varint(2):
          version = reader.get_int64();
          break;
        default:
          reader.skip();
      }
    }
  }

  static std::string_view domain(std::string_view name) { return name == "ai.onnx" ? "" : name; }

  Model model_;
  Records records_;
  int nesting_ = 0;
};

}  // namespace

// The fields of a model in any order, until one is a graph: few things that are no ONNX file look like that.
bool looks_like_model(std::string_view file) {
  const Need nothing = [](std::string_view) {};
  pbf_reader reader(file, nothing);
  try {
    for (int fields = 0; fields < 1000 && reader.next(); ++fields) {
      switch (reader.tag_and_type()) {
        case bytes(7): {
          pbf_reader graph = reader.get_message();
          return graph.next() && graph.tag() <= 16;
        }
        case varint(1):
        case varint(5):
        case bytes(2):
        case bytes(3):
        case bytes(4):
        case bytes(6):
        case bytes(8):
        case bytes(14):
        case bytes(20):
        case bytes(25):
        case bytes(26):
          reader.skip();
          break;
        default:
          return false;
      }
    }
  } catch (const protozero::exception&) {
  }
  return false;
}

Model parse(std::string_view file, const Need& need) {
  try {
    Model model = Parser(file.size()).model(pbf_reader(file, need));
    model.need = need;
    return model;
  } catch (const protozero::end_of_buffer_exception&) {
    throw Error("the file ends inside of its graph: it was cut, or it is not an ONNX model");
  } catch (const protozero::exception&) {
    throw Error("this is not an ONNX model: it is not in the format of protobuf");
  }
}

}  // namespace thoplw::onnx
