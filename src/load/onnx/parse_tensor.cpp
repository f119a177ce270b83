// Reads tensors and the types of values. Field numbers are those of onnx.proto.
#include "load/onnx/wire.h"

namespace thoplw::onnx {
namespace {

constexpr std::size_t kMostRank = 64;       ///< torch has the same bound
constexpr std::size_t kSmallBytes = 16384;  ///< lists of numbers that are longer are weights, which are not read

void add_size(Dims& dims, std::int64_t size) {
  if (size < 0) throw Error("it has a negative size; the file is damaged");
  if (dims.size() == kMostRank) throw Error("it has more than 64 dimensions; the file is damaged");
  dims.push_back(size);
}

/// A size, or several packed into one field.
void sizes(pbf_reader& reader, Dims& dims) {
  if (reader.wire_type() == Wire::varint) {
    add_size(dims, reader.get_int64());
  } else {
    for (const std::int64_t size : reader.get_packed_int64()) add_size(dims, size);
  }
}

void few(std::vector<std::int64_t>& list, Records& records, std::int64_t number) {
  if (list.size() < kSmallBytes) records.add(list) = number;
}

template <class Number, class Read>
void small(std::vector<Number>& list, pbf_reader& reader, Records& records, Read&& read) {
  pbf_reader ahead = reader;
  if (ahead.get_text(kSmallBytes).size() <= kSmallBytes) {
    records.add_all(list, read(reader));
  } else {
    reader.skip();
  }
}

/// The values of a tensor, in the field of their type: float_data, int32_data, int64_data, double_data, uint64_data.
void numbers(pbf_reader& reader, TensorData& tensor, Records& records) {
  switch (reader.tag_and_type()) {
    case bytes(4):
      small(tensor.floats, reader, records, [](pbf_reader& r) { return r.get_packed_float(); });
      break;
    case varint(5):
      few(tensor.ints, records, reader.get_int32());
      break;
    case bytes(5):
      small(tensor.ints, reader, records, [](pbf_reader& r) { return r.get_packed_int32(); });
      break;
    case varint(7):
      few(tensor.ints, records, reader.get_int64());
      break;
    case bytes(7):
      small(tensor.ints, reader, records, [](pbf_reader& r) { return r.get_packed_int64(); });
      break;
    case bytes(10):
      small(tensor.floats, reader, records, [](pbf_reader& r) { return r.get_packed_double(); });
      break;
    case bytes(11):
      small(tensor.ints, reader, records, [](pbf_reader& r) { return r.get_packed_uint64(); });
      break;
    default:
      reader.skip();
  }
}

void dim(pbf_reader reader, Dim& dim) {
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case varint(1): {
        const std::int64_t size = reader.get_int64();
        if (size >= 0) dim.size = size;  // -1 is how some write that it is not known
        break;
      }
      case bytes(2):
        dim.symbol = text(reader);
        break;
      default:
        reader.skip();
    }
  }
}

void shape(pbf_reader reader, ValueInfo& value, Records& records) {
  value.has_shape = true;
  while (reader.next()) {
    if (reader.tag_and_type() == bytes(1)) {
      if (value.dims.size() == kMostRank) throw Error("it has more than 64 dimensions; the file is damaged");
      dim(reader.get_message(), records.add(value.dims));
    } else {
      reader.skip();
    }
  }
}

void tensor_type(pbf_reader reader, ValueInfo& value, Records& records) {
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case varint(1):
        value.dtype = dtype_of(reader.get_int32());
        break;
      case bytes(2):
        shape(reader.get_message(), value, records);
        break;
      default:
        reader.skip();
    }
  }
}

}  // namespace

/// StringStringEntryProto.
std::pair<std::string_view, std::string_view> read_entry(pbf_reader reader) {
  std::pair<std::string_view, std::string_view> entry;
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case bytes(1):
        entry.first = text(reader);
        break;
      case bytes(2):
        entry.second = text(reader);
        break;
      default:
        reader.skip();
    }
  }
  return entry;
}

void read_tensor(pbf_reader reader, TensorData& tensor, Records& records) {
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case varint(1):
      case bytes(1):
        sizes(reader, tensor.dims);
        break;
      case varint(2):
        tensor.dtype = dtype_of(reader.get_int32());
        break;
      case bytes(8):
        tensor.name = text(reader);
        break;
      case bytes(9):
        tensor.raw = reader.get_text(kSmallBytes);
        break;
      case varint(14):
        tensor.external = reader.get_int32() == 1;
        break;
      default:
        numbers(reader, tensor, records);
    }
  }
}

/// SparseTensorProto: its values have the name, it has the sizes.
void read_sparse(pbf_reader reader, TensorData& tensor, Records& records) {
  TensorData values;
  Dims dims;
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case bytes(1):
        read_tensor(reader.get_message(), values, records);
        break;
      case varint(3):
      case bytes(3):
        sizes(reader, dims);
        break;
      default:
        reader.skip();
    }
  }
  tensor.name = values.name;
  tensor.dtype = values.dtype;
  tensor.dims = std::move(dims);
}

void read_value(pbf_reader reader, ValueInfo& value, Records& records) {
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case bytes(1):
        value.name = text(reader);
        break;
      case bytes(2): {
        pbf_reader type = reader.get_message();
        while (type.next()) {
          if (type.tag_and_type() == bytes(1)) {
            tensor_type(type.get_message(), value, records);
          } else {
            type.skip();
          }
        }
        break;
      }
      case bytes(4): {
        const auto [key, role] = read_entry(reader.get_message());
        if (key == "pkg.torch.export.graph_signature.InputSpec.kind") value.role = role;
        break;
      }
      default:
        reader.skip();
    }
  }
}

}  // namespace thoplw::onnx
