// Reads a dict of tensors from a pickle without running anything: names, sizes and storages, as torch.save writes them.
#include <fmt/ranges.h>

#include <array>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/formatted.h"
#include "load/pt2/weights.h"

namespace thoplw::pt2 {
namespace {

/// One value that the pickle makes. What is not needed stays an `other`.
struct Value {
  enum class Kind : std::uint8_t { other, mark, boolean, integer, text, global, list, dict, storage, tensor };
  Kind kind = Kind::other;
  std::int64_t integer = 0;               ///< and boolean; of a tensor: which one; of a storage: its type
  std::string_view text = {};             ///< and the two lines that name a global, the key of a storage
  std::vector<std::uint32_t> items = {};  ///< of a list or tuple; of a dict: keys and values in turn
};
using Kind = Value::Kind;

struct StorageType {
  std::string_view name;
  DType dtype;
};
constexpr auto kStorageTypes = std::to_array<StorageType>({
    {"torch\nFloatStorage", DType::f32},
    {"torch\nDoubleStorage", DType::f64},
    {"torch\nHalfStorage", DType::f16},
    {"torch\nBFloat16Storage", DType::bf16},
    {"torch\nLongStorage", DType::i64},
    {"torch\nIntStorage", DType::i32},
    {"torch\nShortStorage", DType::i16},
    {"torch\nCharStorage", DType::i8},
    {"torch\nByteStorage", DType::u8},
    {"torch\nBoolStorage", DType::boolean},
    {"torch\nComplexFloatStorage", DType::c64},
    {"torch\nComplexDoubleStorage", DType::c128},
});

DType dtype_of_storage(std::string_view name) {
  for (const auto& [known, dtype] : kStorageTypes) {
    if (known == name) return dtype;
  }
  return DType::other;
}

constexpr std::size_t kFewValues = 100;
constexpr std::size_t kMostDims = 64;

class Pickle {
 public:
  explicit Pickle(std::string_view bytes) : bytes_(bytes) {}

  std::vector<Stored> read() {
    while (step()) {
    }
    const Value& dict = values_[pop()];
    if (dict.kind != Kind::dict) throw Error("the pickle holds no dict of tensors");
    std::vector<Stored> found;
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const Value& name = values_[dict.items[i]];
      const Value& value = values_[dict.items[i + 1]];
      if (name.kind != Kind::text || value.kind != Kind::tensor) continue;
      found.push_back(tensors_[static_cast<std::size_t>(value.integer)]);
      found.back().name = name.text;
    }
    return found;
  }

 private:
  /// False at the end.
  bool step() {
    const std::size_t at = position_;
    const auto code = static_cast<unsigned char>(take(1).front());
    if (code == '.') return false;
    if (push_scalar(code) || push_collection(code) || use_memo(code)) return true;
    switch (code) {
      case 0x80:  // PROTO
        take(1);
        return true;
      case 0x95:  // FRAME
        take(8);
        return true;
      case 'b':  // BUILD: attributes of what stands before
        pop();
        return true;
      case 'Q':  // BINPERSID
        push_storage();
        return true;
      case 'R':   // REDUCE
      case 0x81:  // NEWOBJ
        call();
        return true;
      default:
        throw Error(formatted("pickle opcode 0x{:02x} at byte {} is not read here", code, at));
    }
  }

  bool push_scalar(unsigned char code) {
    switch (code) {
      case 'N':  // NONE
        push({});
        return true;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push({.kind = Kind::boolean, .integer = code == 0x88});
        return true;
      case 'K':  // BININT1
        push_integer(1);
        return true;
      case 'M':  // BININT2
        push_integer(2);
        return true;
      case 'J':  // BININT
        push_integer(4);
        return true;
      case 0x8a:  // LONG1
        push_integer(number(1));
        return true;
      case 'G':  // BINFLOAT
        take(8);
        push({});
        return true;
      case 'X':  // BINUNICODE
        push({.kind = Kind::text, .text = take(number(4))});
        return true;
      case 'c':  // GLOBAL
        push_global();
        return true;
      default:
        return false;
    }
  }

  bool push_collection(unsigned char code) {
    switch (code) {
      case '(':  // MARK
        push({.kind = Kind::mark});
        return true;
      case ')':  // EMPTY_TUPLE
      case ']':  // EMPTY_LIST
        push({.kind = Kind::list});
        return true;
      case '}':  // EMPTY_DICT
        push({.kind = Kind::dict});
        return true;
      case 't':  // TUPLE
      case 'l':  // LIST
        push({.kind = Kind::list, .items = since_mark()});
        return true;
      case 0x85:  // TUPLE1
      case 0x86:  // TUPLE2
      case 0x87:  // TUPLE3
        push({.kind = Kind::list, .items = last(code - 0x84u)});
        return true;
      case 'a':  // APPEND
        append(last(1));
        return true;
      case 's':  // SETITEM
        append(last(2));
        return true;
      case 'e':  // APPENDS
      case 'u':  // SETITEMS
        append(since_mark());
        return true;
      default:
        return false;
    }
  }

  bool use_memo(unsigned char code) {
    switch (code) {
      case 'q':  // BINPUT
        memo_[number(1)] = top();
        return true;
      case 'r':  // LONG_BINPUT
        memo_[number(4)] = top();
        return true;
      case 'h':  // BINGET
        recall(number(1));
        return true;
      case 'j':  // LONG_BINGET
        recall(number(4));
        return true;
      default:
        return false;
    }
  }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - position_) throw Error("the pickle ends early");
    position_ += count;
    return bytes_.substr(position_ - count, count);
  }

  /// Little-endian and not negative.
  std::size_t number(std::size_t size) {
    std::uint64_t value = 0;
    const std::string_view bytes = take(size);
    for (std::size_t i = 0; i < size; ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return value;
  }

  void push_integer(std::size_t size) {
    if (size == 0 || size > 8) throw Error("an integer of no byte or of more than 64 bits");
    std::uint64_t value = number(size);
    // Those of four bytes and of LONG1 have a sign, which fills the rest.
    const std::size_t bits = 8 * size;
    if (size > 2 && size < 8 && (value >> (bits - 1)) != 0) value |= ~std::uint64_t{0} << bits;
    push({.kind = Kind::integer, .integer = static_cast<std::int64_t>(value)});
  }

  /// A value takes some bytes of the pickle; one of much more values is made to use up memory.
  void push(Value value) {
    if (values_.size() > bytes_.size() / 3 + kFewValues) throw Error("the pickle makes too many values");
    stack_.push_back(static_cast<std::uint32_t>(values_.size()));
    values_.push_back(std::move(value));
  }

  std::uint32_t top() const {
    if (stack_.empty()) throw Error("the pickle takes more than it made");
    return stack_.back();
  }

  std::uint32_t pop() {
    const std::uint32_t value = top();
    stack_.pop_back();
    return value;
  }

  std::vector<std::uint32_t> last(std::size_t count) {
    if (count > stack_.size()) throw Error("the pickle takes more than it made");
    std::vector<std::uint32_t> items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }

  std::vector<std::uint32_t> since_mark() {
    std::size_t count = 0;
    while (count < stack_.size() && values_[stack_[stack_.size() - 1 - count]].kind != Kind::mark) ++count;
    std::vector<std::uint32_t> items = last(count);
    pop();
    return items;
  }

  void append(const std::vector<std::uint32_t>& items) {
    Value& target = values_[top()];
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  void recall(std::size_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) throw Error("the pickle recalls what it did not make");
    stack_.push_back(found->second);
  }

  /// Module and name stand on a line each.
  void push_global() {
    const std::size_t begin = position_;
    for (int line = 0; line < 2; ++line) {
      const std::size_t end = bytes_.find('\n', position_);
      if (end == std::string_view::npos) throw Error("the pickle ends early");
      position_ = end + 1;
    }
    push({.kind = Kind::global, .text = bytes_.substr(begin, position_ - begin - 1)});
  }

  const Value& item(const Value& tuple, std::size_t i, Kind kind) const {
    if (i >= tuple.items.size() || values_[tuple.items[i]].kind != kind)
      throw Error("a tensor is not as torch.save writes it");
    return values_[tuple.items[i]];
  }

  /// ('storage', torch.FloatStorage, '6', 'cpu', 40)
  void push_storage() {
    const Value& id = values_[pop()];
    const DType dtype = dtype_of_storage(item(id, 1, Kind::global).text);
    push({.kind = Kind::storage, .integer = static_cast<std::int64_t>(dtype), .text = item(id, 2, Kind::text).text});
  }

  Dims dims(const Value& tuple) {
    if (tuple.items.size() > kMostDims) throw Error("a tensor of too many dimensions");
    // Each size takes a byte of the pickle at least, but the same tuple may be recalled for any number of tensors.
    dims_ += tuple.items.size();
    if (dims_ > 2 * bytes_.size()) throw Error("the pickle makes too many tensors");
    Dims sizes;
    for (std::size_t i = 0; i < tuple.items.size(); ++i) {
      sizes.push_back(item(tuple, i, Kind::integer).integer);
      if (sizes.back() < 0) throw Error(formatted("a size must be 0 or more, not {}", sizes.back()));
    }
    return sizes;
  }

  /// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)
  Stored tensor(const Value& args) {
    const Value& storage = item(args, 0, Kind::storage);
    Stored stored;
    stored.tensor.dtype = static_cast<DType>(storage.integer);
    stored.tensor.shape = dims(item(args, 2, Kind::list));
    const std::size_t number = storages_.try_emplace(storage.text, storages_.size()).first->second;
    stored.storage = formatted("{} {} {} {}", number, item(args, 1, Kind::integer).integer, stored.tensor.shape,
                               dims(item(args, 3, Kind::list)));
    return stored;
  }

  /// _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)
  Stored meta_tensor(const Value& args) {
    Stored stored;
    stored.tensor = {DType::other, dims(item(args, 1, Kind::list))};
    return stored;
  }

  /// _rebuild_parameter(tensor, requires_grad, ...)
  Stored parameter(const Value& args) const {
    Stored stored = tensors_[static_cast<std::size_t>(item(args, 0, Kind::tensor).integer)];
    stored.parameter = true;
    stored.trainable = item(args, 1, Kind::boolean).integer != 0;
    return stored;
  }

  void push_tensor(Stored stored) {
    push({.kind = Kind::tensor, .integer = static_cast<std::int64_t>(tensors_.size())});
    tensors_.push_back(std::move(stored));
  }

  void call() {
    const Value& args = values_[pop()];
    const Value& function = values_[pop()];
    const std::string_view name = function.kind == Kind::global ? function.text : "";
    if (name == "collections\nOrderedDict") {
      push({.kind = Kind::dict});
    } else if (name.starts_with("torch._utils\n_rebuild_tensor_v")) {
      push_tensor(tensor(args));
    } else if (name.starts_with("torch._utils\n_rebuild_parameter")) {
      push_tensor(parameter(args));
    } else if (name == "torch._utils\n_rebuild_meta_tensor_no_storage") {
      push_tensor(meta_tensor(args));
    } else {
      push({});
    }
  }

  std::string_view bytes_;
  std::size_t position_ = 0;
  std::vector<Value> values_;
  std::vector<Stored> tensors_;
  std::vector<std::uint32_t> stack_;
  std::map<std::size_t, std::uint32_t> memo_;
  std::map<std::string_view, std::size_t> storages_;  ///< each key by its number, which is shorter
  std::size_t dims_ = 0;                              ///< sizes and strides of all tensors
};

}  // namespace

std::vector<Stored> pickled_weights(std::string_view pickle) { return Pickle(pickle).read(); }

}  // namespace thoplw::pt2
