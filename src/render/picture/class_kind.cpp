// The table of kinds, and of the words in names of classes that tell them.
#include "render/picture/class_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace thoplw {
namespace {

enum Place : std::size_t {
  kConvolution,
  kLinear,
  kAttention,
  kNorm,
  kRecurrent,
  kEmbedding,
  kPool,
  kActivation,
  kOther
};

// Colours of Okabe and Ito, which colour-blind people tell apart: https://jfly.uni-koeln.de/color/
constexpr std::array kClassKinds = {
    ClassKind{"convolution", "#56b4e9", 94}, ClassKind{"linear", "#e69f00", 33},
    ClassKind{"attention", "#cc79a7", 95},   ClassKind{"norm", "#1fb184", 32},
    ClassKind{"recurrent", "#e8743b", 91},   ClassKind{"embedding", "#f0e442", 36},
    ClassKind{"pooling", "#b9c7d1", 90},     ClassKind{"activation", "#c9c3b5", 90},
    ClassKind{"other", "#dddddd", 0},
};

struct Word {
  std::string_view part;  ///< of the class's name, in lower case
  Place kind;
};

// The first that is met decides: "LinearAttention" is attention, "Conv2dNormActivation" a convolution.
constexpr auto kWords = std::to_array<Word>({
    {"attention", kAttention},
    {"attn", kAttention},
    {"embed", kEmbedding},
    {"conv", kConvolution},
    {"lstm", kRecurrent},
    {"gru", kRecurrent},
    {"rnn", kRecurrent},
    {"norm", kNorm},
    {"linear", kLinear},
    {"dense", kLinear},
    {"mlp", kLinear},
    {"gemm", kLinear},
    {"pool", kPool},
    {"relu", kActivation},
    {"gelu", kActivation},
    {"silu", kActivation},
    {"elu", kActivation},
    {"swish", kActivation},
    {"mish", kActivation},
    {"sigmoid", kActivation},
    {"softmax", kActivation},
    {"tanh", kActivation},
    {"activation", kActivation},
});

Place by_work(const Work& work) {
  switch (static_cast<Kind>(std::ranges::max_element(work.by_kind) - work.by_kind.begin())) {
    case Kind::attention:
      return kAttention;
    case Kind::norm:
      return kNorm;
    case Kind::pool:
      return kPool;
    case Kind::activation:
    case Kind::softmax:
      return kActivation;
    default:
      return kOther;
  }
}

}  // namespace

std::span<const ClassKind> class_kinds() { return kClassKinds; }

const ClassKind& kind_of(const Row& row) {
  if (row.cls == "Conv1D") return kClassKinds[kLinear];  // of transformers: a linear layer with its weight transposed
  std::string lower;
  for (const char c : row.cls) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const Word& word : kWords) {
    if (lower.find(word.part) != std::string::npos) return kClassKinds[word.kind];
  }
  return kClassKinds[by_work(row.work)];
}

}  // namespace thoplw
