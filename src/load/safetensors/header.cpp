// Reads the header of a .safetensors file, which is JSON, and holds it against the bytes that the file has.
#include "load/safetensors/header.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>
#include <array>

#include "load/formats.h"

namespace thoplw {
namespace safetensors {
namespace {

constexpr std::size_t kLengthBytes = 8;  ///< of the header, little-endian, at the start of the file
constexpr std::size_t kMostDims = 100;

struct ElementType {
  std::string_view name;
  DType dtype;
  int bits;
};
constexpr auto kElementTypes = std::to_array<ElementType>({
    {"BF16", DType::bf16, 16},     {"BOOL", DType::boolean, 8},   {"C64", DType::c64, 64},
    {"F16", DType::f16, 16},       {"F32", DType::f32, 32},       {"F4", DType::f4, 4},
    {"F64", DType::f64, 64},       {"F6_E2M3", DType::other, 6},  {"F6_E3M2", DType::other, 6},
    {"F8_E4M3", DType::f8e4m3, 8}, {"F8_E5M2", DType::f8e5m2, 8}, {"F8_E8M0", DType::f8e8m0, 8},
    {"I16", DType::i16, 16},       {"I32", DType::i32, 32},       {"I64", DType::i64, 64},
    {"I8", DType::i8, 8},          {"U16", DType::u16, 16},       {"U32", DType::u32, 32},
    {"U64", DType::u64, 64},       {"U8", DType::u8, 8},
});

using Json = rapidjson::Value;

std::uint64_t header_length(std::string_view bytes) {
  if (bytes.size() < kLengthBytes) throw Error("the file is cut short: its header's length takes 8 bytes");
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

std::string_view text_of(const Json& json) { return {json.GetString(), json.GetStringLength()}; }

/// One tensor of the header: its type and sizes, held against the bytes that it has.
class Entry {
 public:
  Entry(std::string_view name, const Json& json, std::uint64_t data_size)
      : name_(name), json_(json), data_size_(data_size) {}

  Stored stored() const {
    if (!json_.IsObject()) fail("must be an object");
    const ElementType& type = element_type();
    Tensor tensor{type.dtype, sizes()};
    const auto [begin, end] = place();
    if (begin > end || end > data_size_) {
      fail("has data_offsets outside of the file; it is cut short or damaged");
    }
    const Count bits = numel(tensor) * type.bits;
    if (bits.value() / 8 != end - begin) fail("has data_offsets that do not fit its shape");
    return {.name = std::string(name_), .tensor = tensor, .bits = bits, .packed = {}};
  }

  /// Where its bytes begin and end, counted from the end of the header.
  std::pair<std::uint64_t, std::uint64_t> place() const {
    const Json& json = member("data_offsets");
    if (!json.IsArray() || json.Size() != 2 || !json[0].IsUint64() || !json[1].IsUint64()) {
      fail("has data_offsets that are not two numbers");
    }
    return {json[0].GetUint64(), json[1].GetUint64()};
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error("tensor '" + std::string(name_) + "' " + what); }

  const Json& member(const char* key) const {
    const auto found = json_.FindMember(key);
    if (found == json_.MemberEnd()) fail(std::string("has no ") + key);
    return found->value;
  }

  const ElementType& element_type() const {
    const Json& json = member("dtype");
    if (!json.IsString()) fail("has a dtype that is not a string");
    const auto* type = std::ranges::find(kElementTypes, text_of(json), &ElementType::name);
    if (type == kElementTypes.end()) fail("has the unknown dtype '" + std::string(text_of(json)) + "'");
    return *type;
  }

  Dims sizes() const {
    const Json& json = member("shape");
    if (!json.IsArray() || json.Size() > kMostDims) fail("has a shape that is not a list of up to 100 sizes");
    Dims sizes;
    for (const Json& size : json.GetArray()) {
      if (!size.IsInt64() || size.GetInt64() < 0) fail("has a size that is not a number of 0 or more");
      sizes.push_back(size.GetInt64());
    }
    return sizes;
  }

  std::string_view name_;
  const Json& json_;
  std::uint64_t data_size_;
};

/// Names that the file keeps for tensors stored under another: "lm_head.weight": "model.embed_tokens.weight".
void add_aliases(const Json& metadata, Weights& weights) {
  if (!metadata.IsObject()) throw Error("__metadata__ must be an object");
  for (const auto& [name, of] : metadata.GetObject()) {
    if (of.IsString()) weights.aliases.emplace_back(text_of(name), text_of(of));
  }
}

/// `first` is the place of the first tensor of this file.
void add_tensor(Stored stored, std::size_t first, Weights& weights) {
  const auto [known, fresh] = weights.by_name.emplace(stored.name, weights.tensors.size());
  if (!fresh) {
    throw Error("tensor '" + stored.name + "' " +
                (known->second < first ? "is in another shard too" : "stands in the header twice"));
  }
  weights.tensors.push_back(std::move(stored));
}

/// The format has tensors end to end over all of the file, in any order, so that none is counted twice or left out.
void check_places(std::vector<std::pair<std::uint64_t, std::uint64_t>> places, std::uint64_t data_size) {
  std::ranges::sort(places);
  std::uint64_t covered = 0;
  for (const auto& [begin, end] : places) {
    if (begin != covered) {
      throw Error("the tensors' data_offsets " + std::string(begin < covered ? "overlap" : "leave a gap") +
                  " at byte " + std::to_string(begin) + " behind the header; the file is damaged");
    }
    covered = end;
  }
  if (covered != data_size) {
    throw Error("no tensor has the last " + std::to_string(data_size - covered) + " bytes; the file is damaged");
  }
}

}  // namespace

void read_header(const ModelFile& file, Weights& weights) {
  file.need(file.bytes.substr(0, kLengthBytes));
  const std::uint64_t length = header_length(file.bytes);
  if (length > kLongestHeader || length > file.bytes.size() - kLengthBytes) {
    throw Error("the header would be " + std::to_string(length) +
                " bytes long, which does not fit the file; it is cut short, or is not a safetensors file");
  }
  file.need(file.bytes.substr(kLengthBytes, length));
  rapidjson::Document header;
  header.Parse<rapidjson::kParseIterativeFlag>(file.bytes.data() + kLengthBytes, length);
  if (header.HasParseError()) {
    throw Error("byte " + std::to_string(kLengthBytes + header.GetErrorOffset()) +
                " of the header: " + rapidjson::GetParseError_En(header.GetParseError()));
  }
  if (!header.IsObject()) throw Error("the header must be a JSON object");
  const std::size_t first = weights.tensors.size();
  const std::uint64_t data_size = file.bytes.size() - kLengthBytes - length;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
  for (const auto& [name, json] : header.GetObject()) {
    if (text_of(name) == "__metadata__") {
      add_aliases(json, weights);
      continue;
    }
    const Entry entry(text_of(name), json, data_size);
    add_tensor(entry.stored(), first, weights);
    places.push_back(entry.place());
  }
  check_places(std::move(places), data_size);
}

}  // namespace safetensors

bool looks_like_safetensors(std::string_view bytes) {
  using namespace safetensors;
  return bytes.size() > kLengthBytes && header_length(bytes) <= bytes.size() - kLengthBytes && bytes[8] == '{';
}

}  // namespace thoplw
