// Reads the state dict of an archive: from the table that torch writes since 2.9, or from a pickle before.
#include "load/pt2/weights.h"

#include <fmt/ranges.h>

#include <array>
#include <unordered_set>

#include "base/error.h"
#include "base/formatted.h"
#include "load/pt2/json.h"

namespace thoplw::pt2 {
namespace {

struct ScalarType {
  std::int64_t number;
  DType dtype;
};
constexpr auto kScalarTypes = std::to_array<ScalarType>({
    {1, DType::u8},      {2, DType::i8},          {3, DType::i16},         {4, DType::i32},     {5, DType::i64},
    {6, DType::f16},     {7, DType::f32},         {8, DType::f64},         {9, DType::c32},     {10, DType::c64},
    {11, DType::c128},   {12, DType::boolean},    {13, DType::bf16},       {28, DType::u16},    {29, DType::f8e4m3},
    {30, DType::f8e5m2}, {31, DType::f8e4m3fnuz}, {32, DType::f8e5m2fnuz}, {33, DType::f8e8m0}, {34, DType::u32},
    {35, DType::u64},
});

/// Of weights, which are never symbolic.
Dims fixed(Json::ConstArray sizes) {
  Dims dims;
  for (const Json& size : sizes) {
    const auto [tag, value] = tagged(size);
    if (tag != "as_int") throw Error("a size must be a number");
    dims.push_back(integer(*value));
    if (dims.back() < 0) throw Error(formatted("a size must be 0 or more, not {}", dims.back()));
  }
  return dims;
}

std::int64_t offset_of(const Json& meta) {
  const auto [tag, value] = tagged(member(meta, "storage_offset"));
  return tag == "as_int" ? integer(*value) : 0;
}

/// Entries that hold bytes, without their folder.
using Filled = std::unordered_set<std::string_view>;

/// One of {"config": {"head.weight": {"path_name": "weight_6", "is_param": true, "tensor_meta": {...}}}}. Archives of
/// models without weights have entries of no bytes, which all weights share.
Stored payload(const Filled& filled, std::string_view name, const Json& entry) {
  Stored stored;
  stored.name = name;
  stored.parameter = flag(member(entry, "is_param"));
  const Json& meta = member(entry, "tensor_meta");
  stored.trainable = stored.parameter && flag(member(meta, "requires_grad"));
  stored.tensor.dtype = dtype_of(integer(member(meta, "dtype")));
  stored.tensor.shape = fixed(items_of(meta, "sizes"));
  const std::string_view file = text_of(entry, "path_name");
  if (!filled.contains(file)) return stored;
  stored.storage = formatted("{} {} {} {} {}", file, static_cast<int>(stored.tensor.dtype), offset_of(meta),
                             stored.tensor.shape, fixed(items_of(meta, "strides")));
  return stored;
}

std::vector<Stored> payloads(const ZipArchive& archive, const std::string& folder, const ZipArchive::Entry& config) {
  Filled filled;
  for (const ZipArchive::Entry& entry : archive.entries()) {
    if (entry.size > 0 && entry.name.starts_with(folder))
      filled.insert(std::string_view(entry.name).substr(folder.size()));
  }
  const Document document(archive.read(config));
  std::vector<Stored> weights;
  for (const auto& [name, entry] : members(member(document.root(), "config"))) {
    try {
      if (find(entry, "tensor_meta")) weights.push_back(payload(filled, text(name), entry));
    } catch (const Error& error) {
      throw Error(formatted("{}: {}", text(name), error.what()));
    }
  }
  return weights;
}

/// An archive of torch.save within the archive; its pickle is read, its weights are not.
std::vector<Stored> saved(const ZipArchive& archive, const ZipArchive::Entry& entry) {
  const bool as_is = entry.size == entry.stored;
  const std::string inflated = as_is ? "" : archive.read(entry);
  const ZipArchive inner = as_is ? archive.inner(entry) : ZipArchive(inflated);
  for (const ZipArchive::Entry& part : inner.entries()) {
    if (part.name == "data.pkl" || part.name.ends_with("/data.pkl")) return pickled_weights(inner.read(part));
  }
  throw Error("no data.pkl in it");
}

}  // namespace

DType dtype_of(std::int64_t scalar_type) {
  for (const auto& [number, dtype] : kScalarTypes) {
    if (number == scalar_type) return dtype;
  }
  return DType::other;
}

std::vector<Stored> stored_weights(const ZipArchive& archive, const std::string& root, const std::string& model) {
  const std::string folder = root + "data/weights/";
  const ZipArchive::Entry* config = archive.find(formatted("{}{}_weights_config.json", folder, model));
  const ZipArchive::Entry* pickled = nullptr;
  for (const std::string& name :
       {formatted("{}{}.pt", folder, model), root + "serialized_state_dict.pt", root + "serialized_state_dict.json"}) {
    if (!pickled) pickled = archive.find(name);
  }
  if (!config && (!pickled || pickled->size == 0)) return {};
  try {
    return config ? payloads(archive, folder, *config) : saved(archive, *pickled);
  } catch (const Error& error) {
    throw Error(formatted("{}: {}", (config ? config : pickled)->name, error.what()));
  }
}

}  // namespace thoplw::pt2
