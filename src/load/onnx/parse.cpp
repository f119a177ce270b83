// Reads the protobuf wire format of an ONNX file into records. Field numbers are those of onnx.proto.
#include <protozero/pbf_reader.hpp>

#include "load/onnx/model.h"
#include "trace/error.h"

namespace thoplw::onnx {
namespace {

using protozero::pbf_reader;
using Wire = protozero::pbf_wire_type;

constexpr int kMostNesting = 100;            ///< graphs inside of nodes inside of graphs
constexpr std::size_t kMostRank = 64;        ///< torch has the same bound
constexpr std::size_t kSmallBytes = 16384;   ///< lists of numbers that are longer are weights, which are not read
constexpr std::size_t kRecordsPerByte = 24;  ///< memory of all records, over the size of the file; real ones need 6
constexpr std::size_t kRecordsAtLeast = std::size_t{1} << 24;

/// A field as a number to switch over: what has another wire type than the format says is skipped as unknown.
constexpr std::uint32_t bytes(std::uint32_t field) { return protozero::tag_and_type(field, Wire::length_delimited); }
constexpr std::uint32_t varint(std::uint32_t field) { return protozero::tag_and_type(field, Wire::varint); }
constexpr std::uint32_t fixed32(std::uint32_t field) { return protozero::tag_and_type(field, Wire::fixed32); }
constexpr std::uint32_t fixed64(std::uint32_t field) { return protozero::tag_and_type(field, Wire::fixed64); }

std::string_view text(pbf_reader& reader) {
  const protozero::data_view view = reader.get_view();
  return {view.data(), view.size()};
}

/// Says where in the file an error was met.
template <class Read>
void within(const char* what, std::size_t index, Read&& read) {
  const auto place = [&](const std::string& why) {
    return Error(std::string(what) + " " + std::to_string(index + 1) + ": " + why);
  };
  try {
    read();
  } catch (const protozero::end_of_buffer_exception&) {
    throw place("it goes on past its end; the file is cut or damaged");
  } catch (const protozero::exception&) {
    throw place("this is not the format of protobuf; the file is damaged");
  } catch (const Error& error) {
    throw place(error.what());
  }
}

class Parser {
 public:
  explicit Parser(std::size_t file_size) : left_(kRecordsAtLeast + file_size * kRecordsPerByte) {}

  Model model(pbf_reader reader) {
    Model model;
    bool found = false;
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case varint(1): model.ir_version = reader.get_int64(); break;
        case bytes(2): model.producer = text(reader); break;
        case bytes(3): model.producer_version = text(reader); break;
        case bytes(7):
          found = true;
          within("graph", 0, [&] { graph(reader.get_message(), model.graph); });
          break;
        case bytes(8): opset(reader.get_message(), model.opsets); break;
        case bytes(25):
          within("function", model.functions.size(), [&] { function(reader.get_message(), add(model.functions)); });
          break;
        default: reader.skip();
      }
    }
    if (!found) throw Error("this is no ONNX model: there is no graph in it");
    return model;
  }

 private:
  /// A new record at the end. What a damaged file claims to hold must not need more memory than a real one.
  template <class Record>
  Record& add(std::vector<Record>& records) {
    spend(sizeof(Record));
    return records.emplace_back();
  }
  void spend(std::size_t size) {
    if (size > left_) throw Error("it has more records than a file of its size can mean; it is damaged");
    left_ -= size;
  }
  void add(std::vector<std::string_view>& list, pbf_reader& reader) { add(list) = text(reader); }

  /// One number, or a packed list of them. Of long lists nothing is kept.
  template <class Number, class Range>
  void add_all(std::vector<Number>& list, Range range) {
    for (const auto number : range) add(list) = static_cast<Number>(number);
  }

  void graph(pbf_reader reader, Graph& graph) {
    if (++nesting_ > kMostNesting) throw Error("graphs are nested more than 100 deep; the file is damaged");
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1): add_node(reader, graph.nodes); break;
        case bytes(2): graph.name = text(reader); break;
        case bytes(5):
          within("initializer", graph.initializers.size(),
                 [&] { tensor(reader.get_message(), add(graph.initializers)); });
          break;
        case bytes(11): add_value(reader, "input", graph.inputs); break;
        case bytes(12): add_value(reader, "output", graph.outputs); break;
        case bytes(13): add_value(reader, "value", graph.values); break;
        case bytes(15): add_sparse(reader.get_message(), graph.initializers); break;
        default: reader.skip();
      }
    }
    --nesting_;
  }

  void add_value(pbf_reader& reader, const char* what, std::vector<ValueInfo>& values) {
    within(what, values.size(), [&] { value(reader.get_message(), add(values)); });
  }

  void add_node(pbf_reader& reader, std::vector<Node>& nodes) {
    within("node", nodes.size(), [&] { node(reader.get_message(), add(nodes)); });
  }

  void node(pbf_reader reader, Node& node) {
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1): add(node.inputs, reader); break;
        case bytes(2): add(node.outputs, reader); break;
        case bytes(3): node.name = text(reader); break;
        case bytes(4): node.op_type = text(reader); break;
        case bytes(5):
          within("attribute", node.attributes.size(),
                 [&] { attribute(reader.get_message(), add(node.attributes)); });
          break;
        case bytes(7): node.domain = domain(text(reader)); break;
        case bytes(8): node.overload = text(reader); break;
        case bytes(9): {
          const auto [key, value] = entry(reader.get_message());
          // The others repeat the same, or hold lines of source text.
          if (key != kScopes && key != kClasses && key != kRewrite) break;
          add(node.metadata) = {key, value};
          break;
        }
        default: reader.skip();
      }
    }
    if (node.op_type.empty()) throw Error("it names no operator; the file is damaged");
  }

  void attribute(pbf_reader reader, Attribute& attribute) {
    std::int64_t type = 0;
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1): attribute.name = text(reader); break;
        case fixed32(2): attribute.real = reader.get_float(); break;
        case varint(3): attribute.integer = reader.get_int64(); break;
        case bytes(4): attribute.text = text(reader); break;
        case bytes(5): tensor(reader.get_message(), attribute.tensor); break;
        case bytes(6):
        case bytes(11): graph(reader.get_message(), add(attribute.graphs)); break;
        case fixed32(7): add(attribute.reals) = reader.get_float(); break;
        case bytes(7): add_all(attribute.reals, reader.get_packed_float()); break;
        case varint(8): add(attribute.integers) = reader.get_int64(); break;
        case bytes(8): add_all(attribute.integers, reader.get_packed_int64()); break;
        case bytes(9): add(attribute.texts, reader); break;
        case varint(20): type = reader.get_int64(); break;
        case bytes(21): attribute.ref = text(reader); break;
        default: reader.skip();
      }
    }
    attribute.kind = kind_of(type, attribute);
  }

  static Attribute::Kind kind_of(std::int64_t type, const Attribute& attribute) {
    using Kind = Attribute::Kind;
    switch (type) {
      case 1: return Kind::real;
      case 2: return Kind::integer;
      case 3: return Kind::text;
      case 4: return Kind::tensor;
      case 5: return attribute.graphs.empty() ? Kind::none : Kind::graph;
      case 6: return Kind::reals;
      case 7: return Kind::integers;
      case 8: return Kind::texts;
      case 10: return Kind::graphs;
      case 0: break;  // files of IR version 1 name no type
      default: return Kind::other;
    }
    if (!attribute.graphs.empty()) return Kind::graph;
    if (!attribute.integers.empty()) return Kind::integers;
    if (!attribute.reals.empty()) return Kind::reals;
    if (!attribute.texts.empty()) return Kind::texts;
    if (!attribute.text.empty()) return Kind::text;
    return Kind::none;
  }

  void tensor(pbf_reader reader, TensorData& tensor) {
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case varint(1): add_size(tensor.dims, reader.get_int64()); break;
        case bytes(1):
          for (const std::int64_t size : reader.get_packed_int64()) add_size(tensor.dims, size);
          break;
        case varint(2): tensor.dtype = dtype_of(reader.get_int32()); break;
        case bytes(4): small(tensor.floats, reader, [](pbf_reader& r) { return r.get_packed_float(); }); break;
        case varint(5): few(tensor.ints, reader.get_int32()); break;
        case bytes(5): small(tensor.ints, reader, [](pbf_reader& r) { return r.get_packed_int32(); }); break;
        case varint(7): few(tensor.ints, reader.get_int64()); break;
        case bytes(7): small(tensor.ints, reader, [](pbf_reader& r) { return r.get_packed_int64(); }); break;
        case bytes(8): tensor.name = text(reader); break;
        case bytes(9): tensor.raw = text(reader); break;
        case bytes(10): small(tensor.floats, reader, [](pbf_reader& r) { return r.get_packed_double(); }); break;
        case bytes(11): small(tensor.ints, reader, [](pbf_reader& r) { return r.get_packed_uint64(); }); break;
        case varint(14): tensor.external = reader.get_int32() == 1; break;
        default: reader.skip();
      }
    }
  }

  void add_size(Dims& dims, std::int64_t size) {
    if (size < 0) throw Error("it has a negative size; the file is damaged");
    if (dims.size() == kMostRank) throw Error("it has more than 64 dimensions; the file is damaged");
    dims.push_back(size);
  }

  void few(std::vector<std::int64_t>& list, std::int64_t number) {
    if (list.size() < kSmallBytes) add(list) = number;
  }

  template <class Number, class Read>
  void small(std::vector<Number>& list, pbf_reader& reader, Read&& read) {
    pbf_reader ahead = reader;
    if (ahead.get_view().size() <= kSmallBytes) {
      add_all(list, read(reader));
    } else {
      reader.skip();
    }
  }

  /// SparseTensorProto: its values have the name, it has the sizes.
  void add_sparse(pbf_reader reader, std::vector<TensorData>& tensors) {
    TensorData values;
    Dims dims;
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1): tensor(reader.get_message(), values); break;
        case varint(3): add_size(dims, reader.get_int64()); break;
        case bytes(3):
          for (const std::int64_t size : reader.get_packed_int64()) add_size(dims, size);
          break;
        default: reader.skip();
      }
    }
    TensorData& sparse = add(tensors);
    sparse.name = values.name;
    sparse.dtype = values.dtype;
    sparse.dims = std::move(dims);
  }

  void value(pbf_reader reader, ValueInfo& value) {
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1): value.name = text(reader); break;
        case bytes(2): {
          pbf_reader type = reader.get_message();
          while (type.next()) {
            if (type.tag_and_type() == bytes(1)) {
              tensor_type(type.get_message(), value);
            } else {
              type.skip();
            }
          }
          break;
        }
        case bytes(4): {
          const auto [key, role] = entry(reader.get_message());
          if (key == "pkg.torch.export.graph_signature.InputSpec.kind") value.role = role;
          break;
        }
        default: reader.skip();
      }
    }
  }

  void tensor_type(pbf_reader reader, ValueInfo& value) {
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case varint(1): value.dtype = dtype_of(reader.get_int32()); break;
        case bytes(2): shape(reader.get_message(), value); break;
        default: reader.skip();
      }
    }
  }

  void shape(pbf_reader reader, ValueInfo& value) {
    value.has_shape = true;
    while (reader.next()) {
      if (reader.tag_and_type() == bytes(1)) {
        if (value.dims.size() == kMostRank) throw Error("it has more than 64 dimensions; the file is damaged");
        dim(reader.get_message(), add(value.dims));
      } else {
        reader.skip();
      }
    }
  }

  static void dim(pbf_reader reader, Dim& dim) {
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case varint(1): {
          const std::int64_t size = reader.get_int64();
          if (size >= 0) dim.size = size;  // -1 is how some write that it is not known
          break;
        }
        case bytes(2): dim.symbol = text(reader); break;
        default: reader.skip();
      }
    }
  }

  void function(pbf_reader reader, Function& function) {
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1): function.name = text(reader); break;
        case bytes(4): add(function.inputs, reader); break;
        case bytes(5): add(function.outputs, reader); break;
        case bytes(7): add_node(reader, function.nodes); break;
        case bytes(9): opset(reader.get_message(), function.opsets); break;
        case bytes(10): function.domain = domain(text(reader)); break;
        case bytes(11): attribute(reader.get_message(), add(function.defaults)); break;
        case bytes(12): add_value(reader, "value", function.values); break;
        case bytes(13): function.overload = text(reader); break;
        default: reader.skip();
      }
    }
  }

  void opset(pbf_reader reader, Opsets& opsets) {
    auto& [name, version] = add(opsets);
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1): name = domain(text(reader)); break;
        case varint(2): version = reader.get_int64(); break;
        default: reader.skip();
      }
    }
  }

  /// StringStringEntryProto.
  static std::pair<std::string_view, std::string_view> entry(pbf_reader reader) {
    std::pair<std::string_view, std::string_view> entry;
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case bytes(1): entry.first = text(reader); break;
        case bytes(2): entry.second = text(reader); break;
        default: reader.skip();
      }
    }
    return entry;
  }

  static std::string_view domain(std::string_view name) { return name == "ai.onnx" ? "" : name; }

  std::size_t left_;  ///< bytes of records
  int nesting_ = 0;
};

}  // namespace

// The fields of a model in any order, until one is a graph: few things that are no ONNX file look like that.
bool looks_like_model(std::string_view file) {
  pbf_reader reader(file.data(), file.size());
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
        case bytes(26): reader.skip(); break;
        default: return false;
      }
    }
  } catch (const protozero::exception&) {
  }
  return false;
}

Model parse(std::string_view file) {
  try {
    return Parser(file.size()).model(pbf_reader(file.data(), file.size()));
  } catch (const protozero::end_of_buffer_exception&) {
    throw Error("the file ends inside of its graph: it was cut, or it is no ONNX model");
  } catch (const protozero::exception&) {
    throw Error("this is no ONNX model: it is not in the format of protobuf");
  }
}

}  // namespace thoplw::onnx
