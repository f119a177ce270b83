// How the fields of a protobuf message are told apart, and what their records may need in all.
#pragma once

#include <functional>
#include <protozero/pbf_reader.hpp>

#include "load/onnx/model.h"
#include "trace/error.h"

namespace thoplw::onnx {

using protozero::pbf_reader;
using Wire = protozero::pbf_wire_type;

/// A field as a number to switch over: what has another wire type than the format says is skipped as unknown.
constexpr std::uint32_t bytes(std::uint32_t field) { return protozero::tag_and_type(field, Wire::length_delimited); }
constexpr std::uint32_t varint(std::uint32_t field) { return protozero::tag_and_type(field, Wire::varint); }
constexpr std::uint32_t fixed32(std::uint32_t field) { return protozero::tag_and_type(field, Wire::fixed32); }

inline std::string_view text(pbf_reader& reader) {
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

/// Makes records, of a bounded size in all: what a damaged file claims to hold must not need more than a real one.
class Records {
 public:
  Records(std::size_t file_size, std::deque<std::string>& kept, const std::function<void()>& forget)
      : left_(kAtLeast + file_size * kPerByte), kept_(kept), forget_(forget) {}

  /// A new record at the end.
  template <class Record>
  Record& add(std::vector<Record>& records) {
    if (sizeof(Record) > left_) throw Error("it has more records than a file of its size can mean; it is damaged");
    left_ -= sizeof(Record);
    return records.emplace_back();
  }
  /// The numbers of a packed list.
  template <class Number, class Range>
  void add_all(std::vector<Number>& list, Range range) {
    for (const auto number : range) add(list) = static_cast<Number>(number);
  }
  /// A copy of what lies between weights, so that their surroundings need not be touched again.
  std::string_view keep(std::string_view bytes) { return bytes.empty() ? bytes : kept_.emplace_back(bytes); }
  /// A weight of that many bytes is passed over.
  void pass(std::size_t size) {
    passed_ += size;
    if (passed_ < kForgetAfter) return;
    forget_();
    passed_ = 0;
  }

 private:
  static constexpr std::size_t kForgetAfter = std::size_t{1} << 20;
  static constexpr std::size_t kPerByte = 24;  ///< bytes of records, over those of the file; real ones need 6
  static constexpr std::size_t kAtLeast = std::size_t{1} << 24;
  std::size_t left_;
  std::size_t passed_ = 0;
  std::deque<std::string>& kept_;
  const std::function<void()>& forget_;
};

// parse_tensor.cpp
std::pair<std::string_view, std::string_view> read_entry(pbf_reader reader);
void read_tensor(pbf_reader reader, TensorData& tensor, Records& records);
void read_sparse(pbf_reader reader, TensorData& tensor, Records& records);
void read_value(pbf_reader reader, ValueInfo& value, Records& records);

}  // namespace thoplw::onnx
