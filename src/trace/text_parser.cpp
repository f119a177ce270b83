// Parses the text form of a Trace: any input gives a sound Trace or an Error with the line and the cure.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "base/suggest.h"
#include "trace/cursor.h"
#include "trace/text.h"

namespace thoplw {
namespace {

constexpr std::string_view kHeader = "thoplw trace 1";
constexpr std::size_t kDeepest = 1000;  ///< calls in calls, and modules in modules
constexpr std::size_t kMostDims = 100;

class Parser {
 public:
  /// `most_values` bounds the ids: they count from 0, so a text has fewer of them than characters.
  explicit Parser(std::size_t most_values) : most_values_(std::max<std::size_t>(most_values, 1000)) {}

  void record(Cursor line);
  void op(Cursor& line);
  Trace finish(const Cursor& last);

 private:
  using Parse = void (Parser::*)(Cursor&);
  struct Record {
    std::string_view keyword;
    Parse parse;
  };
  static const std::array<Record, 11> kRecords;

  void model(Cursor& line) { trace_.model = line.quoted(); }
  void source(Cursor& line);
  void note(Cursor& line) { trace_.notes.push_back(line.quoted()); }
  void cls(Cursor& line);
  void module(Cursor& line);
  void param(Cursor& line);
  void buffer(Cursor& line);
  void call(Cursor& line);
  void close(Cursor& line);
  void mode(Cursor& line);
  void region(Cursor& line);
  void storage(Cursor& line);

  Id moment(Cursor& line, std::string_view what);
  void place(Cursor& line, Id storage);
  Param named_tensor(Cursor& line);
  Id enclosing_module(Cursor& line, std::string_view path) const;
  Id value(Cursor& line);
  std::vector<Id> values(Cursor& line);
  Tensor tensor(Cursor& line);
  Dims dims(Cursor& line);
  Dims numbers(Cursor& line);
  Attr attr(Cursor& line);
  AttrValue attr_value(Cursor& line);

  std::size_t most_values_;
  Trace trace_;
  std::vector<bool> seen_;  ///< by value
  std::unordered_map<std::string, Id> classes_, modules_, op_names_;
  std::vector<Id> open_;  ///< calls around the current line
};

constexpr Id size_of(const auto& items) { return static_cast<Id>(items.size()); }

const std::array<Parser::Record, 11> Parser::kRecords = {{
    {"buffer", &Parser::buffer},
    {"call", &Parser::call},
    {"class", &Parser::cls},
    {"mode", &Parser::mode},
    {"model", &Parser::model},
    {"module", &Parser::module},
    {"note", &Parser::note},
    {"param", &Parser::param},
    {"region", &Parser::region},
    {"source", &Parser::source},
    {"storage", &Parser::storage},
}};

void Parser::record(Cursor line) {
  if (line.at_end() || line.next_is('#')) return;
  if (line.take("}")) {
    close(line);
    return line.expect_end();
  }
  Cursor after = line;
  const std::string_view word = after.word();
  const auto* known =
      std::find_if(kRecords.begin(), kRecords.end(), [&](const Record& r) { return r.keyword == word; });
  if (known != kRecords.end()) {
    line = after;
    (this->*known->parse)(line);
  } else if (line.next_is('"') || after.next_is('(')) {
    op(line);
  } else {
    std::array<std::string_view, kRecords.size()> keywords;
    std::transform(kRecords.begin(), kRecords.end(), keywords.begin(), [](const Record& r) { return r.keyword; });
    line.fail(did_you_mean("record", word, keywords), "an operator has its tensors in '(' ')'");
  }
  line.expect_end();
}

/// The text form has no line for the origin: what each front end writes as its source tells.
Origin origin_of(std::string_view source) {
  if (source.starts_with("onnx")) return Origin::onnx;
  if (source == "safetensors") return Origin::safetensors;
  if (!source.starts_with("torch ")) return Origin::text;
  return source.ends_with(".pt2") ? Origin::pt2 : Origin::live;
}

void Parser::source(Cursor& line) {
  trace_.source = line.quoted();
  trace_.origin = origin_of(trace_.source);
}

void Parser::cls(Cursor& line) {
  Class cls{line.name(), {}};
  if (line.take(":")) {
    while (!line.at_end()) cls.bases.push_back(line.name());
  }
  if (!classes_.emplace(cls.name, size_of(trace_.classes)).second) {
    line.fail("class " + cls.name + " is listed a second time", "remove one");
  }
  trace_.classes.push_back(std::move(cls));
}

void Parser::module(Cursor& line) {
  const std::string path = line.quoted();
  const std::string name = line.name();
  const auto cls = classes_.find(name);
  if (cls == classes_.end()) line.fail("class " + name + " is not known", "add a line 'class " + name + "' above");
  if (trace_.modules.empty() != path.empty()) {
    line.fail(path.empty() ? "there is a second root" : "the first module is not the root",
              "the root, \"\", must be listed first, and once");
  }
  const Id parent = path.empty() ? kNone : enclosing_module(line, path);
  if (!modules_.emplace(path, size_of(trace_.modules)).second) {
    line.fail("module \"" + path + "\" is listed a second time", "remove one");
  }
  trace_.modules.push_back({path, cls->second, parent});
  if (line.take("places=")) {
    const std::int64_t places = line.integer();
    if (places < 1)
      line.fail("places must be 1 or more, not " + std::to_string(places), "write in how many places the module is");
    trace_.modules.back().places = places;
  }
}

/// The module with the longest path that `path` goes on from; the root goes with all.
Id Parser::enclosing_module(Cursor& line, std::string_view path) const {
  if (std::ranges::count(path, '.') > static_cast<std::ptrdiff_t>(kDeepest)) {
    line.fail("modules are nested too deep", "at most 1000 levels are read");
  }
  for (std::size_t dot = path.rfind('.'); dot != std::string_view::npos && dot > 0; dot = path.rfind('.', dot - 1)) {
    if (const auto found = modules_.find(std::string(path.substr(0, dot))); found != modules_.end())
      return found->second;
  }
  return 0;
}

Param Parser::named_tensor(Cursor& line) {
  const std::string path = line.quoted();
  if (trace_.modules.empty())
    line.fail("there is no module for \"" + path + "\"", "add the line 'module \"\" ...' above");
  const Id module = enclosing_module(line, path);
  const std::string& owner = at(trace_.modules, module).path;
  Param param;
  param.name = owner.empty() ? path : path.substr(owner.size() + 1);
  param.module = module;
  param.value = value(line);
  if (param.value == kNone) line.fail("a parameter or buffer has no tensor", "write it as %1:f32[64]");
  return param;
}

void Parser::param(Cursor& line) {
  Param param = named_tensor(line);
  param.trainable = line.take("trainable");
  if (!param.trainable) line.expect("frozen", "write 'trainable' or 'frozen'");
  trace_.params.push_back(std::move(param));
}

void Parser::buffer(Cursor& line) {
  Param buffer = named_tensor(line);
  buffer.buffer = true;
  trace_.params.push_back(std::move(buffer));
}

void Parser::call(Cursor& line) {
  const std::string path = line.quoted();
  const auto module = modules_.find(path);
  if (module == modules_.end()) line.fail("module \"" + path + "\" is not known", "add a 'module' line above");
  if (open_.size() == kDeepest) line.fail("calls are nested too deep", "at most 1000 levels are read");
  Call call;
  call.module = module->second;
  call.parent = open_.empty() ? kNone : open_.back();
  call.first_op = size_of(trace_.ops);
  call.in = values(line);
  line.expect("->", "results follow the tensors: (%0:f32[1]) -> (%1:f32[1])");
  call.out = values(line);
  if (line.take("times=")) {
    const std::int64_t times = line.integer();
    if (times < 0) line.fail("times must be 0 or more, not " + std::to_string(times), "write how often the call ran");
    call.times = times;
  }
  if (line.take("custom=")) {
    const std::int64_t custom = line.integer();
    if (custom < 0) line.fail("custom must be 0 or more, not " + std::to_string(custom), "write what the call costs");
    call.custom = custom;
  }
  line.expect("{", "a call opens with '{' and ends with '}' on a line of its own");
  open_.push_back(size_of(trace_.calls));
  trace_.calls.push_back(std::move(call));
}

void Parser::close(Cursor& line) {
  if (open_.empty()) line.fail("'}' closes nothing", "remove it");
  at(trace_.calls, open_.back()).end_op = size_of(trace_.ops);
  open_.pop_back();
}

void Parser::op(Cursor& line) {
  const auto [name, added] = op_names_.emplace(line.name(), size_of(trace_.op_names));
  if (added) trace_.op_names.push_back(name->first);
  Op op;
  op.name = name->second;
  op.call = open_.empty() ? kNone : open_.back();
  op.in = values(line);
  line.expect("->", "results follow the tensors; write '-> ()' if there are none");
  op.out = line.next_is('(') ? values(line) : std::vector<Id>{value(line)};
  if (line.take("{")) {
    while (!line.take("}")) op.attrs.push_back(attr(line));
  }
  op.grad = !line.take("no_grad");
  trace_.ops.push_back(std::move(op));
}

void Parser::mode(Cursor& line) {
  line.expect("train", "the mode of a model that was captured for training is 'train'");
  trace_.training = true;
}

/// The number of an operator, those before and the place behind the last: regions and storages come after all.
Id Parser::moment(Cursor& line, std::string_view what) {
  const std::int64_t op = line.integer();
  if (op < 0 || op > static_cast<std::int64_t>(trace_.ops.size())) {
    line.fail(std::string(what) + " must be the number of an operator above, not " + std::to_string(op),
              "operators count from 0 in the order of their lines");
  }
  return static_cast<Id>(op);
}

void Parser::region(Cursor& line) {
  Region region;
  if (line.take("function")) {
    region.kind = Region::Kind::function;
  } else if (line.take("reentrant")) {
    region.kind = Region::Kind::reentrant;
  } else {
    line.expect("checkpoint", "a region is a checkpoint, a reentrant one, or a function");
  }
  region.name = line.quoted();
  region.first_op = moment(line, "the first of a region");
  region.end_op = moment(line, "the end of a region");
  if (region.end_op < region.first_op) line.fail("the region ends before it begins", "write the lower number first");
  region.in = values(line);
  line.expect("->", "results follow the tensors: (%0:f32[1]) -> (%1:f32[1])");
  region.out = values(line);
  line.expect("keeps", "a region ends with what it keeps for backward: keeps (%0:f32[1])");
  region.kept = values(line);
  trace_.regions.push_back(std::move(region));
}

void Parser::storage(Cursor& line) {
  const std::int64_t bytes = line.integer();
  if (bytes < 0) line.fail("bytes must be 0 or more, not " + std::to_string(bytes), "write the size of the memory");
  Storage storage{.bytes = bytes};
  if (line.take("born=")) storage.born = moment(line, "born");
  if (line.take("died=")) storage.died = moment(line, "died");
  if (storage.died != kNone && storage.died < storage.born) {
    line.fail("the memory is gone before it is made", "died must not be less than born");
  }
  const Id id = size_of(trace_.memory.storages);
  trace_.memory.storages.push_back(storage);
  line.expect("(", "values are written in '(' ')'");
  if (line.take(")")) return;
  do {
    place(line, id);
  } while (line.take(","));
  line.expect(")", "values are separated by ',' and end with ')'");
}

/// %3:f32[2,3], or %3:f32[2,3]@[1,2] where it does not lie in one piece.
void Parser::place(Cursor& line, Id storage) {
  const Id id = value(line);
  if (id == kNone) line.fail("there is no value", "write it as %1:f32[64]");
  Place place{.storage = storage, .strides = {}};
  if (line.take("@")) place.strides = dims(line);
  const std::size_t rank = at(trace_.values, id).shape.size();
  if (!place.strides.empty() && place.strides.size() != rank) {
    line.fail("a value has as many strides as sizes", "write them as %1:f32[2,3]@[1,2]");
  }
  std::vector<Place>& places = trace_.memory.places;
  if (places.size() < trace_.values.size()) places.resize(trace_.values.size());
  if (at(places, id).storage != kNone) line.fail("the value lies in another storage, too", "remove it from one");
  at(places, id) = std::move(place);
}

std::vector<Id> Parser::values(Cursor& line) {
  std::vector<Id> ids;
  line.expect("(", "tensors are written in '(' ')'");
  if (line.take(")")) return ids;
  do {
    ids.push_back(value(line));
  } while (line.take(","));
  line.expect(")", "tensors are separated by ',' and end with ')'");
  return ids;
}

/// none, %3:f32[2,3], or f32[2,3] for a value that no other line names.
Id Parser::value(Cursor& line) {
  if (line.take("none")) return kNone;
  auto id = static_cast<std::int64_t>(trace_.values.size());
  const bool named = line.take("%");
  if (named) {
    id = line.integer();
    if (id < 0 || id >= static_cast<std::int64_t>(most_values_)) {
      line.fail("%" + std::to_string(id) + " is out of range", "number the values from 0 on");
    }
    line.expect(":", "a value is followed by its type: %3:f32[2,3]");
  }
  Tensor type = tensor(line);
  const auto index = static_cast<std::size_t>(id);
  if (index >= trace_.values.size()) {
    trace_.values.resize(index + 1);
    seen_.resize(index + 1, false);
  }
  if (seen_[index] && trace_.values[index] != type) {
    line.fail("%" + std::to_string(id) + " has another type above", "give it another number, or the same type");
  }
  seen_[index] = true;
  trace_.values[index] = std::move(type);
  return static_cast<Id>(id);
}

Tensor Parser::tensor(Cursor& line) {
  const std::string_view word = line.word();
  const auto dtype = dtype_named(word);
  if (!dtype) line.fail("'" + std::string(word) + "' is not an element type", "write a tensor as f32[2,3], or none");
  line.expect("[", "numbers are written in '[' ']'");
  Tensor tensor{*dtype, numbers(line)};
  if (line.take(";")) {
    tensor.stored = line.integer();
    if (tensor.stored < 0)
      line.fail("the elements that a tensor holds must be 0 or more, not " + std::to_string(tensor.stored),
                "write them as f32[6,5;22]");
  }
  line.expect("]", "numbers are separated by ',' and end with ']'");
  if (tensor.shape.size() > kMostDims) line.fail("the tensor has too many dimensions", "at most 100 are read");
  for (std::int64_t size : tensor.shape) {
    if (size < 0) line.fail("a size must be 0 or more, not " + std::to_string(size), "write sizes as f32[2,3]");
  }
  return tensor;
}

Dims Parser::dims(Cursor& line) {
  line.expect("[", "numbers are written in '[' ']'");
  Dims sizes = numbers(line);
  line.expect("]", "numbers are separated by ',' and end with ']'");
  return sizes;
}

Dims Parser::numbers(Cursor& line) {
  Dims numbers;
  if (line.next_is(']') || line.next_is(';')) return numbers;
  do {
    numbers.push_back(line.integer());
  } while (line.take(","));
  return numbers;
}

Attr Parser::attr(Cursor& line) {
  Attr attr;
  attr.name = line.name();
  line.expect("=", "an attribute is name=value");
  attr.value = attr_value(line);
  return attr;
}

AttrValue Parser::attr_value(Cursor& line) {
  if (line.next_is('"')) return line.quoted();
  if (line.next_is('[')) return dims(line);
  if (line.take("true")) return true;
  if (line.take("false")) return false;
  const Cursor before = line;
  const std::string text(line.number());
  if (text.empty()) line.fail("an attribute has no value", "write a number, true, false, a string or [numbers]");
  std::int64_t whole = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (*rest == '\0') {
    if (error != std::errc{}) before.fail("a number is too large", "it must fit in 64 bits");
    return whole;
  }
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end != '\0') before.fail("'" + text + "' is not a number", "put a string in double quotes");
  return value;
}

Trace Parser::finish(const Cursor& last) {
  if (!open_.empty()) last.fail("the text ends inside a call", "close it with '}'; the text may be cut short");
  std::vector<Place>& places = trace_.memory.places;
  if (!places.empty()) places.resize(trace_.values.size());
  return std::move(trace_);
}

}  // namespace

Trace parse_trace(std::string_view text, std::string_view source) {
  Parser parser(text.size());
  std::size_t number = 0;
  Cursor line("", source, 1);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view content = text.substr(begin, end - begin);
    if (content.ends_with('\r')) content.remove_suffix(1);
    line = Cursor(content, source, ++number);
    if (number == 1) {
      if (content != kHeader)
        line.fail("this is not a trace that can be read", "the first line must be 'thoplw trace 1'");
    } else {
      parser.record(line);
    }
    begin = end + 1;
  }
  if (number == 0) line.fail("the text is empty", "the first line must be 'thoplw trace 1'");
  return parser.finish(line);
}

Trace parse_op(std::string_view text) {
  Parser parser(text.size());
  Cursor line(text, "operator", 1);
  parser.op(line);
  line.expect_end();
  return parser.finish(line);
}

}  // namespace thoplw
