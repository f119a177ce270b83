// Lowerings that need one line, and of operators that do one of two things by an attribute.
#include "operators/backward/lowerings.h"

namespace thoplw::lower {

namespace {

bool number_is_raised(const OpView& op) {
  const AttrValue* base = op.attr("self");
  return base && !std::holds_alternative<std::string>(*base);
}

}  // namespace

void nothing(Keeping&) {}

void first_input(Keeping& k) { k.input(0); }

void second_input(Keeping& k) { k.input(1); }

void both_inputs(Keeping& k) {
  k.input(0);
  k.input(1);
}

void all_inputs(Keeping& k) {
  for (std::size_t i = 0; i < k.op.op.in.size(); ++i) k.input(i);
}

// (input, regions): pools of regions that find the place of each maximum, or the channel of each mean.
void regions_and_places(Keeping& k) {
  k.input(1);
  k.output(1);
}

void result(Keeping& k) { k.output(); }

void inputs_and_result(Keeping& k) {
  both_inputs(k);
  k.output();
}

// The CPU kernel fills a buffer as large as the input.
void log_sigmoid(Keeping& k) {
  k.input(0);
  if (k.op.flavour.processor == Processor::cpu) k.fresh(bytes_of(k.op.in(0)));
}

// What is filled with zeros needs only sizes; what repeats or mirrors the edge keeps its input.
void pad(Keeping& k) {
  const std::string_view mode = word(k.op, "mode");
  if (mode == "reflect" || mode == "replicate") k.input(0);
}

// As often as a tensor says: by the indices of what is repeated.
void repeat_interleave(Keeping& k) {
  if (!k.op.has_in(1)) return;
  const Dims dim = numbers(k.op, "dim");
  const Dims& sizes = k.op.out().shape;
  const std::size_t at = dim.empty() ? 0 : static_cast<std::size_t>(dim[0] < 0 ? dim[0] + std::ssize(sizes) : dim[0]);
  k.fresh(bytes_of(DType::i64, sizes.at(at)));
}

// The slopes that were drawn, one for each element.
void rrelu(Keeping& k) {
  k.input(0);
  k.fresh(bytes_of(k.op.in(0)));
}

// A power of what was made wide.
void float_power(Keeping& k) {
  const DType wide = is_complex(k.op.out().dtype) ? DType::c128 : DType::f64;
  for (std::size_t i = 0; i < k.op.op.in.size(); ++i) {
    if (k.op.in(i).dtype == wide) {
      k.input(i);
    } else {
      k.fresh(bytes_of(wide, numel(k.op.in(i))));
    }
  }
  if (k.op.op.in.size() > 1 || number_is_raised(k.op)) k.output();
}

// A sum, divided by how many are numbers.
void nanmean(Keeping& k) {
  k.input(0);
  k.fresh(bytes_of(DType::i64, numel(k.op.out())));
}

// (y, x): sums of neighbours, multiplied by the differences of x where there is one.
void trapezoid(Keeping& k) {
  if (!k.op.has_in(1)) return;
  const auto pairs = [&](const Tensor& x) {
    const Dims dim = numbers(k.op, "dim");
    const std::int64_t at = dim.empty() ? -1 : dim[0];
    const std::int64_t size =
        x.shape.size() == 1 ? x.shape[0] : x.shape.at(static_cast<std::size_t>(at < 0 ? at + std::ssize(x.shape) : at));
    return bytes_of(
        x.dtype,
        size < 2 ? 0 : numel(x).value() / static_cast<std::uint64_t>(size) * static_cast<std::uint64_t>(size - 1));
  };
  k.fresh(pairs(k.op.in(1)), k.op.need(0));
  k.fresh(pairs(k.op.in(0)), k.op.need(1));
}

// Indices that count from the end are made to count from the start.
void take_along_dim(Keeping& k) {
  k.input(0);
  k.fresh(bytes_of(k.op.in(1).dtype, numel(k.op.out())));
}

void msort(Keeping& k) { k.fresh(bytes_of(DType::i64, numel(k.op.in(0)))); }

}  // namespace thoplw::lower
