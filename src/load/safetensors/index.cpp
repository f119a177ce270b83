// The index of weights that are in several .safetensors files: {"weight_map": {"embed.weight":
// "model-00001.safetensors"}}.
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>

#include "base/formatted.h"
#include "base/harmless.h"
#include "base/path.h"
#include "load/foreign.h"
#include "load/formats.h"
#include "load/safetensors/header.h"

namespace thoplw {
namespace safetensors {
namespace {

using Json = rapidjson::Value;

constexpr std::size_t kFirstBytes = 4096;  ///< that tell what a file is

/// The tensors of each file.
using Shards = std::map<std::string, std::vector<std::string>>;

std::string_view text_of(const Json& json) { return {json.GetString(), json.GetStringLength()}; }

rapidjson::Document parsed(std::string_view text) {
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (json.HasParseError()) {
    throw Error(formatted("byte {}: {}", json.GetErrorOffset(), rapidjson::GetParseError_En(json.GetParseError())));
  }
  if (!json.IsObject()) throw Error("the index must be a JSON object");
  return json;
}

/// An index comes from strangers, and must not make us open what else is on the machine.
void check_beside(const std::string& shard) {
  const std::filesystem::path path = to_path(shard);
  if (shard.empty() || shard.find('\0') != std::string::npos || path.has_root_path() ||
      std::ranges::find(path, "..") != path.end()) {
    throw Error(
        formatted("shard '{}' would lie outside of the index's folder; name files beside the index", harmless(shard)));
  }
}

Shards shards_of(const Json& index) {
  const auto map = index.FindMember("weight_map");
  if (map == index.MemberEnd() || !map->value.IsObject() || map->value.ObjectEmpty()) {
    throw Error("the index has no weight_map that says which file each tensor is in");
  }
  Shards shards;
  for (const auto& [name, shard] : map->value.GetObject()) {
    if (!shard.IsString()) throw Error(formatted("weight_map: the file of '{}' must be a text", text_of(name)));
    shards[std::string(text_of(shard))].emplace_back(text_of(name));
  }
  for (const auto& [shard, names] : shards) check_beside(shard);
  return shards;
}

void read_shard(const std::string& path, Weights& weights) {
  FileBytes file(path);
  file.need(file.bytes().substr(0, kFirstBytes));
  if (const std::string what = foreign_by_content(file.bytes());
      !what.empty() && !looks_like_safetensors(file.bytes())) {
    throw Error("this is " + what);
  }
  read_header({path, file.bytes(), [&](std::string_view part) { file.need(part); }}, weights);
}

void add_shard(const std::filesystem::path& folder, const std::string& shard, const std::vector<std::string>& names,
               Weights& weights) {
  std::error_code ignored;
  const std::filesystem::path path = folder / to_path(shard);
  if (!std::filesystem::exists(path, ignored)) {
    throw Error(formatted("shard '{}' is missing; put all files that the index names beside it", shard));
  }
  const std::size_t first = weights.tensors.size();
  try {
    read_shard(to_text(path), weights);
  } catch (const Error& error) {
    throw Error(formatted("shard '{}': {}", shard, error.what()));
  }
  for (const std::string& name : names) {
    const auto found = weights.by_name.find(name);
    if (found != weights.by_name.end() && found->second >= first) continue;
    throw Error(formatted(
        "shard '{}' has no tensor '{}', though the index says so; take index and shards from one place", shard, name));
  }
}

/// Aliases stand here, not in the shards, when huggingface_hub splits a file.
void add_aliases(const Json& index, Weights& weights) {
  const auto metadata = index.FindMember("metadata");
  if (metadata == index.MemberEnd() || !metadata->value.IsObject()) return;
  for (const auto& [name, of] : metadata->value.GetObject()) {
    if (of.IsString()) weights.aliases.emplace_back(text_of(name), text_of(of));
  }
}

}  // namespace
}  // namespace safetensors

bool looks_like_safetensors_index(std::string_view bytes) {
  return bytes.starts_with('{') && bytes.substr(0, safetensors::kFirstBytes).find("\"weight_map\"") != bytes.npos;
}

Trace read_safetensors_index(const ModelFile& file, const LoadOptions& options) {
  using namespace safetensors;
  if (!options.dims.empty()) throw Error("weights have no symbolic sizes: leave --dim out");
  if (file.bytes.size() > kLongestHeader) throw Error("the index is over 100 MB long; the file is damaged");
  file.need(file.bytes);
  const rapidjson::Document index = parsed(file.bytes);
  const std::filesystem::path folder = to_path(file.path).parent_path();
  Weights weights;
  for (const auto& [shard, names] : shards_of(index)) add_shard(folder, shard, names, weights);
  add_aliases(index, weights);
  return trace_of(std::move(weights), file.path);
}

}  // namespace thoplw
