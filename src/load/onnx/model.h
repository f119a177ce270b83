// An ONNX file as plain records. Names are views of the file; weights are passed over.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_bytes.h"
#include "trace/dims.h"
#include "trace/dtype.h"

namespace thoplw::onnx {

struct Graph;
struct Context;

// What torch says of a node in its metadata: the paths and the classes of its module stack. Others are not read.
constexpr std::string_view kScopes = "pkg.torch.onnx.name_scopes";
constexpr std::string_view kClasses = "pkg.torch.onnx.class_hierarchy";
constexpr std::string_view kRewrite = "pkg.onnxscript.rewriter.rule_name";  ///< what the optimizer made the node by

/// The element type of that number in TensorProto.DataType; `other` where there is none.
DType dtype_of(std::int64_t data_type);

/// TensorProto.
struct TensorData {
  std::string_view name;
  DType dtype = DType::other;
  Dims dims;
  std::string_view raw;            ///< raw_data; where it is long it is not read
  std::vector<std::int64_t> ints;  ///< int32_data or int64_data, where the tensor is small
  std::vector<double> floats;      ///< float_data or double_data, where the tensor is small
  bool external = false;           ///< its elements are in another file

  /// Its elements where they are integers or bools, there are `most` at most and they are in this file.
  std::optional<std::vector<std::int64_t>> integers(std::size_t most = 1024) const;
  /// The same where they are f32 or f64.
  std::optional<std::vector<double>> reals(std::size_t most = 1024) const;
  /// Its first elements, 4096 at most, where they are of one of torch's floating types and in this file.
  std::vector<double> first_reals(const Need& need) const;
};

/// AttributeProto. What its kind does not name is not set. Copies share tensor and graphs: a node of a function gets a
/// copy with each call, and what is known of a weight goes by where it is.
struct Attribute {
  enum class Kind : std::uint8_t { none, real, integer, text, tensor, graph, reals, integers, texts, graphs, other };
  std::string_view name;
  Kind kind = Kind::none;
  double real = 0;
  std::int64_t integer = 0;
  std::string_view text;
  std::shared_ptr<const TensorData> tensor;  ///< null but for Kind::tensor; may be sparse, with all its sizes
  std::vector<double> reals;
  std::vector<std::int64_t> integers;
  std::vector<std::string_view> texts;
  std::vector<std::shared_ptr<const Graph>> graphs;  ///< one for Kind::graph
  std::string_view ref;               ///< in a function: the attribute of the function that it stands for
  const Attribute* origin = nullptr;  ///< of a copy: the attribute of the file, which lives as long as that
  const Context* home = nullptr;      ///< of a copy: what nodes of its graphs see
};

struct Node {
  std::string_view name, op_type, domain, overload;
  std::vector<std::string_view> inputs, outputs;  ///< "" is an absent optional
  std::vector<Attribute> attributes;
  std::vector<std::pair<std::string_view, std::string_view>> metadata;

  const Attribute* attribute(std::string_view wanted) const;
  /// The integer of that name, or `otherwise`.
  std::int64_t integer(std::string_view wanted, std::int64_t otherwise) const;
  /// The list of that name; empty where there is none.
  const std::vector<std::int64_t>& integers(std::string_view wanted) const;
  std::string_view text(std::string_view wanted, std::string_view otherwise) const;
  /// The tensor of that name, or null.
  const TensorData* tensor(std::string_view wanted) const;
  /// What metadata_props say; "" where they say nothing.
  std::string_view note(std::string_view key) const;
};

/// A size, or the name or expression that stands for it; neither where it is not known.
struct Dim {
  std::optional<std::int64_t> size;
  std::string_view symbol;
};

struct ValueInfo {
  std::string_view name;
  DType dtype = DType::other;
  bool has_shape = false;
  std::vector<Dim> dims;
  std::string_view role;  ///< as torch.export says: "PARAMETER", "BUFFER", "CONSTANT_TENSOR"; "" where it does not
};

using Opsets = std::vector<std::pair<std::string_view, std::int64_t>>;  ///< domain ("" is ai.onnx), version

struct Graph {
  std::string_view name;
  std::vector<Node> nodes;
  std::vector<TensorData> initializers;
  std::vector<ValueInfo> inputs, outputs, values;
};

/// FunctionProto.
struct Function {
  std::string_view domain, name, overload;
  std::vector<std::string_view> inputs, outputs;
  std::vector<Node> nodes;
  std::vector<ValueInfo> values;
  std::vector<Attribute> defaults;
  Opsets opsets;
};

struct Model {
  std::int64_t ir_version = 0;
  std::string_view producer, producer_version;
  Opsets opsets;
  Graph graph;
  std::vector<Function> functions;
  Need need;                ///< for bytes of `raw` that were not read
  std::size_t records = 0;  ///< nodes, names, attributes, numbers: all that the file lists
};

/// Do the bytes begin as an ONNX file does?
bool looks_like_model(std::string_view bytes);
/// Throws Error with the place in the file. Calls `need` before bytes are looked at.
Model parse(
    std::string_view bytes, const Need& need = [](std::string_view) {});

}  // namespace thoplw::onnx
