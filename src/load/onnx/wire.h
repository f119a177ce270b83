// Tells the fields of a protobuf message apart, and bounds what their records may need in memory.
#pragma once

#include <memory>
#include <protozero/pbf_reader.hpp>

#include "base/error.h"
#include "load/onnx/model.h"

namespace thoplw::onnx {

using Wire = protozero::pbf_wire_type;

/// A field as a number to switch over: what has another wire type than the format says is skipped as unknown.
constexpr std::uint32_t bytes(std::uint32_t field) { return protozero::tag_and_type(field, Wire::length_delimited); }
constexpr std::uint32_t varint(std::uint32_t field) { return protozero::tag_and_type(field, Wire::varint); }
constexpr std::uint32_t fixed32(std::uint32_t field) { return protozero::tag_and_type(field, Wire::fixed32); }

inline std::string_view view_of(protozero::data_view view) { return {view.data(), view.size()}; }

/// protozero's reader of a message, which asks for the bytes that it looks at, and refuses lengths that leave the
/// message: protozero cuts them to 32 bits.
class pbf_reader : public protozero::pbf_reader {
 public:
  /// Both must outlive this.
  pbf_reader(std::string_view message, const Need& need)
      : protozero::pbf_reader(message.data(), message.size()), need_(&need) {}

  bool next() {
    (*need_)(view_of(data()).substr(0, kFieldStart));
    if (!protozero::pbf_reader::next()) return false;
    if (wire_type() == Wire::length_delimited) check_length();
    return true;
  }
  pbf_reader get_message() { return {view_of(get_view()), *need_}; }
  /// The bytes of a field, which are not read where they are more than `most`.
  std::string_view get_text(std::size_t most = std::string_view::npos) {
    const std::string_view text = view_of(get_view());
    if (text.size() <= most) (*need_)(text);
    return text;
  }
  auto get_packed_float() { return whole().protozero::pbf_reader::get_packed_float(); }
  auto get_packed_double() { return whole().protozero::pbf_reader::get_packed_double(); }
  auto get_packed_int32() { return whole().protozero::pbf_reader::get_packed_int32(); }
  auto get_packed_int64() { return whole().protozero::pbf_reader::get_packed_int64(); }
  auto get_packed_uint64() { return whole().protozero::pbf_reader::get_packed_uint64(); }

 private:
  static constexpr std::size_t kFieldStart = 24;  ///< bytes of a tag, and of a length or a number after it, at most

  void check_length() const {
    const char* at = data().data();
    const char* const end = at + data().size();
    const std::uint64_t length = protozero::decode_varint(&at, end);
    if (length > static_cast<std::uint64_t>(end - at)) throw protozero::end_of_buffer_exception{};
  }
  pbf_reader& whole() {
    pbf_reader ahead = *this;
    ahead.get_text();
    return *this;
  }

  const Need* need_;
};

inline std::string_view text(pbf_reader& reader) { return reader.get_text(); }

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
  explicit Records(std::size_t file_size) : left_(kAtLeast + file_size * kPerByte) {}

  /// A new record at the end.
  template <class Record>
  Record& add(std::vector<Record>& records) {
    pay(sizeof(Record));
    return records.emplace_back();
  }
  /// A new record of its own.
  template <class Record>
  std::shared_ptr<Record> make() {
    pay(sizeof(Record));
    return std::make_shared<Record>();
  }
  /// The numbers of a packed list.
  template <class Number, class Range>
  void add_all(std::vector<Number>& list, Range range) {
    for (const auto number : range) add(list) = static_cast<Number>(number);
  }
  /// How many there are.
  std::size_t count() const { return count_; }

 private:
  void pay(std::size_t size) {
    if (size > left_) throw Error("it has more records than a file of its size can mean; it is damaged");
    left_ -= size;
    ++count_;
  }

  static constexpr std::size_t kPerByte = 24;  ///< bytes of records, over those of the file; real ones need 6
  static constexpr std::size_t kAtLeast = std::size_t{1} << 24;
  std::size_t left_, count_ = 0;
};

// parse_tensor.cpp
std::pair<std::string_view, std::string_view> read_entry(pbf_reader reader);
void read_tensor(pbf_reader reader, TensorData& tensor, Records& records);
void read_sparse(pbf_reader reader, TensorData& tensor, Records& records);
void read_value(pbf_reader reader, ValueInfo& value, Records& records);

}  // namespace thoplw::onnx
