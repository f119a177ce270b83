// What the passes compute, read and send, and how long no device can be faster.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/formatted.h"
#include "count/llm/on_devices.h"
#include "count/llm/pass_work.h"

namespace thoplw {
namespace {

bool narrow(NumberType type) { return number_types()[static_cast<std::size_t>(type)].bits < 16; }

/// Multiply-adds per second. Weights of few bits may be widened first, and then be computed with as others are.
double rate(const Device& device, std::optional<NumberType> type, DType otherwise) {
  std::uint64_t operations = fastest(device, otherwise);
  if (type && narrow(*type)) {
    operations =
        std::max({device.peaks[*type], device.peaks[NumberType::bf16], device.peaks[NumberType::fp16], operations});
  } else if (type) {
    operations = *type == NumberType::fp32 ? fastest(device, DType::f32) : device.peaks[*type];
  }
  return static_cast<double>(operations) / 2;
}

/// What a device of each stage has to do for the sequences that go through at once.
struct Least {
  std::vector<Products> products;
  std::vector<Count> bytes;
};

class BothPasses {
 public:
  BothPasses(const OnDevices& model, const CacheByStage& cache, Llm& llm) : model_(model), cache_(cache), llm_(llm) {}

  void count() {
    note_what_is_not_known();
    const PassWork decode = work(model_.parts.decode, model_.parts.before, llm_.decode);
    traffic(model_.parts.decode, 1, cache_.bytes, cache_.grows, llm_.decode);
    bound(decode, llm_.decode);
    PassWork prefill = work(model_.parts.prefill, {}, llm_.prefill);
    // A kernel may leave out what a causal mask hides: then a prompt takes no more than its tokens one by one.
    for (std::size_t s = 0; s < model_.stages; ++s) {
      const Count one_by_one = (decode.by_stage[s].activations * model_.plan.context).value() / 2;
      prefill.by_stage[s].activations = std::min(prefill.by_stage[s].activations, one_by_one);
    }
    const std::vector<Count> none(model_.stages);
    traffic(model_.parts.prefill, model_.plan.context, none, cache_.bytes, llm_.prefill);
    bound(prefill, llm_.prefill);
  }

 private:
  void note_what_is_not_known() {
    if (!model_.plan.device) return;
    const Device& device = *model_.plan.device;
    if (rate(device, model_.plan.dtype, model_.compute_type()) == 0) {
      llm_.notes.push_back(formatted("no figure says how fast {} computes in {}: times are those of memory alone",
                                     device.title, llm_.dtype));
    }
    if (device.bandwidth == 0) {
      llm_.notes.push_back(
          formatted("no figure says how fast the memory of {} is: times are those of arithmetic alone", device.title));
    }
    if (llm_.link == 0 && model_.plan.split.devices() > 1) {
      llm_.notes.push_back(formatted(
          "no figure says how fast {} sends to others: times have nothing for it; say it, such as --link 450G",
          device.title));
    }
    if (llm_.memory == 0) {
      llm_.notes.push_back(
          formatted("{} is sold with memories of several sizes: say which, such as --memory 16GiB, to "
                    "learn what fits",
                    device.title));
    }
  }

  Count times() const { return Count(model_.groups) * model_.plan.split.replicas(); }

  PassWork work(const OpRange& pass, const std::vector<Id>& cached, LlmPass& result) {
    PassWork work = work_of_pass(model_.passes, pass, model_.sharding, model_.stages, cached, growing_sizes());
    std::vector<Count> macs, sent;
    least_sent_.assign(model_.stages, 0);
    for (std::uint32_t s = 0; s < model_.stages; ++s) {
      macs.push_back(work.by_stage[s].sum());
      const SentBytes bytes = model_.sharding.sent(pass, s, experts_of_token());
      sent.push_back(bytes.ring);
      least_sent_[s] = bytes.least;
    }
    result.macs = {work.all.sum() * times(), most(macs) * model_.groups};
    result.attention = work.all.activations * times();
    result.again = work.all.again * times();
    result.sent = most(sent) * model_.groups;
    result.uncounted = work.uncounted;
    return work;
  }

  /// Sizes of the cache's tensors that are larger after a token.
  std::vector<std::int64_t> growing_sizes() const {
    std::set<std::int64_t> sizes;
    for (std::size_t i = 0; i < model_.parts.before.size(); ++i) {
      const Dims& before = model_.tensor(model_.parts.before[i]).shape;
      const Dims& after = model_.tensor(model_.parts.after[i]).shape;
      for (std::size_t d = 0; d < std::min(before.size(), after.size()); ++d) {
        if (before[d] != after[d]) sizes.insert(after[d]);
      }
    }
    return {sizes.begin(), sizes.end()};
  }

  /// By module with stacked experts: how many of them a token goes to.
  std::vector<Count> experts_of_token() const {
    const Trace& trace = model_.passes.trace;
    std::vector<Count> experts(trace.modules.size(), 0);
    for (std::size_t i = 0; i < trace.params.size(); ++i) {
      const Tensor& tensor = model_.tensor(trace.params[i].value);
      if (tensor.shape.size() != 3 || numel(tensor) == 0) continue;
      const Count chosen = (model_.active[i] * tensor.shape[0]).value() / numel(tensor).value();
      at(experts, trace.params[i].module) = std::max(at(experts, trace.params[i].module), chosen);
    }
    return experts;
  }

  /// Weights are read once, and no more of them than the least that tokens can be sent to.
  void traffic(const OpRange& pass, std::int64_t tokens, const std::vector<Count>& read,
               const std::vector<Count>& written, LlmPass& result) {
    const Trace& trace = model_.passes.trace;
    std::map<Id, std::size_t> param_of;
    for (std::size_t i = trace.params.size(); i-- > 0;) param_of[trace.params[i].value] = i;
    least_.assign(model_.stages, 0);
    std::vector<Count> even(model_.stages);
    Count whole = 0;
    for (const WeightRead& weight : weights_read(trace, pass)) {
      const std::size_t param = param_of.at(weight.value);
      const Count all = numel(model_.tensor(weight.value)), one = model_.sharding.elements(weight.value);
      if (all == 0) continue;
      const int bits = model_.bits_of_weight(weight.value);
      const double chosen = static_cast<double>(model_.active[param].value()) / static_cast<double>(all.value());
      const auto part = [&](Count elements, double share) {
        if (!weight.whole) return bytes_of(std::min(elements, share_of(weight.fetched, elements, all)), bits);
        return bytes_of(static_cast<std::uint64_t>(std::llround(static_cast<double>(elements.value()) * share)), bits);
      };
      const double all_tokens = static_cast<double>(tokens) * static_cast<double>(model_.sequences);
      const std::uint32_t stage = model_.sharding.stage_of_module(trace.params[param].module);
      whole += part(all, chosen);
      least_[stage] += part(one, chosen);
      even[stage] += part(one, 1 - std::pow(1 - chosen, all_tokens));
    }
    for (std::size_t s = 0; s < model_.stages; ++s) {
      least_[s] += read[s] + written[s];
      even[s] += read[s] + written[s];
    }
    const bool decodes = most(read) > 0;
    const Count grown = llm_.grows.whole * model_.plan.batch;
    result.traffic = {whole + llm_.cache.whole + (decodes ? grown : Count(0)), most(least_) * model_.groups};
    result.even_traffic = most(even) * model_.groups;
  }

  static Count share_of(Count fetched, Count elements, Count all) {
    return static_cast<std::uint64_t>(static_cast<double>(fetched.value()) * static_cast<double>(elements.value()) /
                                      static_cast<double>(all.value()));
  }

  /// Stages work one after the other on the same sequences; with groups of sequences, at the same time.
  void bound(const PassWork& work, LlmPass& result) {
    if (!model_.plan.device) return;
    const Device& device = *model_.plan.device;
    const DType own = model_.compute_type();
    const double weights = rate(device, model_.plan.dtype, own);
    const double activations = std::max(weights, rate(device, model_.plan.kv_dtype, own));
    double sum = 0, longest = 0, by_memory = 0, by_arithmetic = 0, by_links = 0;
    for (std::size_t s = 0; s < model_.stages; ++s) {
      const Products& products = work.by_stage[s];
      const double arithmetic = weights == 0
                                    ? 0
                                    : static_cast<double>((products.weights - products.again).value()) / weights +
                                          static_cast<double>(products.activations.value()) / activations;
      const double memory =
          device.bandwidth == 0 ? 0 : static_cast<double>(least_[s].value()) / static_cast<double>(device.bandwidth);
      const double links =
          llm_.link == 0 ? 0 : static_cast<double>(least_sent_[s].value()) / static_cast<double>(llm_.link.value());
      sum += std::max({arithmetic, memory, links});
      longest = std::max({longest, arithmetic, memory, links});
      by_memory += memory;
      by_arithmetic += arithmetic;
      by_links += links;
    }
    result.seconds = model_.groups > 1 ? longest * static_cast<double>(model_.groups) : sum;
    result.limit = by_memory > by_arithmetic ? LlmLimit::memory : LlmLimit::arithmetic;
    if (by_links > std::max(by_memory, by_arithmetic)) result.limit = LlmLimit::links;
  }

  const OnDevices& model_;
  const CacheByStage& cache_;
  Llm& llm_;
  std::vector<Count> least_, least_sent_;  ///< bytes by stage, of the pass that was counted last
};

}  // namespace

void count_both_passes(const OnDevices& model, const CacheByStage& cache, Llm& llm) {
  BothPasses(model, cache, llm).count();
}

}  // namespace thoplw
