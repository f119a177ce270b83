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

// In pictures the colours of Okabe and Ito, which colour-blind people tell apart: https://jfly.uni-koeln.de/color/
// On pages Paul Tol's "light" scheme, made for dark text on coloured cells: https://personal.sron.nl/~pault/
constexpr std::array kClassKinds = {
    ClassKind{"convolution", "#56b4e9", "#77aadd", "#467aad", 94},
    ClassKind{"linear", "#e69f00", "#ee8866", "#b5603f", 33},
    ClassKind{"attention", "#cc79a7", "#ffaabb", "#b3667a", 95},
    ClassKind{"norm", "#1fb184", "#44bb99", "#2c8068", 32},
    ClassKind{"recurrent", "#e8743b", "#bbcc33", "#76821f", 91},
    ClassKind{"embedding", "#f0e442", "#eedd88", "#94843a", 36},
    ClassKind{"pooling", "#b9c7d1", "#aaaa00", "#6d6d10", 90},
    ClassKind{"activation", "#c9c3b5", "#99ddff", "#43829e", 90},
    ClassKind{"other", "#dddddd", "#cfcfcf", "#60646b", 0},
};

struct Word {
  std::string_view part;  ///< of the class's name, in lower case
  Place kind;
};

// The first that is met decides: "LinearAttention" is attention, "Conv2dNormActivation" a convolution.
constexpr auto kWords = std::to_array<Word>({
    {"attention", kAttention},   {"attn", kAttention},     {"mha", kAttention},
    {"embed", kEmbedding},       {"conv", kConvolution},   {"lstm", kRecurrent},
    {"gru", kRecurrent},         {"rnn", kRecurrent},      {"mamba", kRecurrent},
    {"ssm", kRecurrent},         {"norm", kNorm},          {"linear", kLinear},
    {"dense", kLinear},          {"mlp", kLinear},         {"gemm", kLinear},
    {"matmul", kLinear},         {"proj", kLinear},        {"pool", kPool},
    {"upsample", kPool},         {"interpolate", kPool},   {"resize", kPool},
    {"relu", kActivation},       {"gelu", kActivation},    {"silu", kActivation},
    {"elu", kActivation},        {"swish", kActivation},   {"mish", kActivation},
    {"sigmoid", kActivation},    {"softmax", kActivation}, {"tanh", kActivation},
    {"activation", kActivation}, {"glu", kActivation},
});

Place by_work(const Work& work) {
  switch (static_cast<Kind>(std::ranges::max_element(work.by_kind) - work.by_kind.begin())) {
    case Kind::attention:
      return kAttention;
    case Kind::norm:
      return kNorm;
    case Kind::pool:
    case Kind::resize:
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
std::size_t place_of(const ClassKind& kind) { return static_cast<std::size_t>(&kind - kClassKinds.data()); }

const ClassKind& kind_of(const Row& row) {
  if (row.cls == "Conv1D") return kClassKinds[kLinear];  // of transformers: a linear layer with its weight transposed
  std::string lower;                                     // a row of operators has no class
  for (const char c : row.cls.empty() ? row.path : row.cls)
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const Word& word : kWords) {
    if (lower.find(word.part) != std::string::npos) return kClassKinds[word.kind];
  }
  return kClassKinds[by_work(row.work)];
}

}  // namespace thoplw
