// The table of styles, as transformers/distributed/tensor_parallel.py and expert_parallel.py define them.
#include "count/llm/styles.h"

#include <algorithm>
#include <array>

namespace thoplw {
namespace {

constexpr auto kStyles = std::to_array<Style>({
    {"colwise", Divided::rows, Sent::nothing},  // torch's weights have a row per output
    {"colwise_gather_output", Divided::rows, Sent::parts},
    {"colwise_rep", Divided::rows, Sent::parts},
    {"rowwise", Divided::columns, Sent::sums},
    {"rowwise_split_input", Divided::columns, Sent::sums},
    {"rowwise_rep", Divided::columns, Sent::sums},
    {"embedding_rowwise", Divided::first, Sent::sums},
    {"embedding_colwise", Divided::columns, Sent::parts},
    {"packed_colwise", Divided::rows, Sent::nothing},
    {"packed_rowwise", Divided::columns, Sent::nothing},
    {"moe_tp_experts", Divided::no, Sent::sums},
    {"all_reduce", Divided::no, Sent::sums},
    {"grouped_gemm", Divided::experts, Sent::nothing},
    {"ep_dispatch_experts", Divided::no, Sent::tokens},
    // Of these each device has all, and nothing is sent: they concern gradients, or how kernels are called.
    {"replicate"},
    {"replicated_with_grad_allreduce"},
    {"mla_kv_a_proj"},
    {"moe_identity_expert"},
    {"local_params"},
});

}  // namespace

const Style* find_style(std::string_view name) {
  const auto found = std::ranges::find(kStyles, name, &Style::name);
  return found == kStyles.end() ? nullptr : &*found;
}

}  // namespace thoplw
