// One list of the fields, by which they are written and read: CBOR, as names may be no UTF-8.
#include "report/saved_llm.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace thoplw {
namespace {

using Json = nlohmann::json;

class Writer {
 public:
  template <class Value>
  void operator()(const Value& value) {
    list_.push_back(value);
  }
  void operator()(const Count& count) { list_.push_back(count.value()); }
  void operator()(LlmLimit limit) { list_.push_back(static_cast<int>(limit)); }
  void operator()(const std::optional<std::int64_t>& number) { list_.push_back(number ? Json(*number) : Json()); }
  template <class Item>
  void count_of(std::vector<Item>& items) {
    list_.push_back(items.size());
  }

  std::string bytes() const {
    std::string text;
    Json::to_cbor(list_, text);
    return text;
  }

 private:
  Json list_ = Json::array();
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : list_(Json::from_cbor(bytes)) {}

  template <class Value>
  void operator()(Value& value) {
    value = next().get<Value>();
  }
  void operator()(Count& count) { count = next().get<std::uint64_t>(); }
  void operator()(LlmLimit& limit) { limit = static_cast<LlmLimit>(next().get<int>()); }
  void operator()(std::optional<std::int64_t>& number) {
    const Json& value = next();
    number = value.is_null() ? std::nullopt : std::optional(value.get<std::int64_t>());
  }
  template <class Item>
  void count_of(std::vector<Item>& items) {
    const auto size = next().get<std::size_t>();
    if (size > list_.size()) throw Error("a list is longer than what was saved");
    items.resize(size);
  }

 private:
  const Json& next() { return list_.at(next_++); }

  Json list_;
  std::size_t next_ = 0;
};

template <class Each>
void fields(Each& each, Shared& shared) {
  each(shared.whole);
  each(shared.device);
}

template <class Each>
void fields(Each& each, std::vector<std::string>& texts) {
  each.count_of(texts);
  for (std::string& text : texts) each(text);
}

template <class Each>
void fields(Each& each, LlmPass& pass) {
  for (Shared* shared : {&pass.macs, &pass.traffic, &pass.activations}) fields(each, *shared);
  for (Count* count : {&pass.attention, &pass.again, &pass.even_traffic, &pass.sent}) each(*count);
  each(pass.seconds);
  each(pass.limit);
  fields(each, pass.uncounted);
}

template <class Each>
void fields(Each& each, Llm& llm) {
  for (std::string* text : {&llm.model, &llm.dtype, &llm.kv_dtype, &llm.device}) each(*text);
  for (std::int64_t* number : {&llm.context, &llm.batch, &llm.positions}) each(*number);
  Split& split = llm.split;
  for (std::uint32_t* number : {&split.count, &split.tensor, &split.pipeline, &split.expert}) each(*number);
  for (Count* count : {&llm.memory, &llm.link, &llm.active, &llm.replicated}) each(*count);
  for (Shared* shared : {&llm.parameters, &llm.weights, &llm.cache, &llm.grows, &llm.needed}) fields(each, *shared);
  each.count_of(llm.parts);
  for (CachePart& part : llm.parts) {
    each(part.name);
    fields(each, part.bytes);
    fields(each, part.grows);
  }
  for (LlmPass* pass : {&llm.prefill, &llm.decode}) fields(each, *pass);
  for (auto* number : {&llm.prompts, &llm.largest_batch, &llm.largest_context}) each(*number);
  fields(each, llm.notes);
}

}  // namespace

std::string saved_llm(const Llm& llm) {
  Writer writer;
  Llm same = llm;
  fields(writer, same);
  return writer.bytes();
}

Llm read_llm(std::string_view bytes) {
  try {
    Reader reader(bytes);
    Llm llm;
    fields(reader, llm);
    return llm;
  } catch (const Json::exception&) {
    throw Error("these bytes are not of a language model's figures, or of another version of thoplw: make them again");
  }
}

}  // namespace thoplw
