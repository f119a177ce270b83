// The table of composite operators. Each stands for the part of it that does most of its work, which neither convention
// prices where it is no layer of its own; those with products of matrices inside are not here: they are not known.
#include "load/pt2/composites.h"

#include <algorithm>
#include <array>

namespace thoplw::pt2 {
namespace {

struct Composite {
  std::string_view name, part;
};
constexpr auto kComposites = std::to_array<Composite>({
    {"aten::cosine_embedding_loss", "aten::soft_margin_loss"},
    {"aten::cosine_similarity", "aten::mul"},
    {"aten::cross_entropy_loss", "aten::log_softmax"},
    {"aten::ctc_loss", "aten::_ctc_loss"},
    {"aten::cumulative_trapezoid", "aten::cumsum"},
    {"aten::fake_quantize_per_channel_affine", "aten::fake_quantize_per_channel_affine_cachemask"},
    {"aten::fake_quantize_per_tensor_affine", "aten::_fake_quantize_per_tensor_affine_cachemask_tensor_qparams"},
    {"aten::fft_fft", "aten::_fft_c2c"},
    {"aten::fft_fft2", "aten::_fft_c2c"},
    {"aten::fft_fftn", "aten::_fft_c2c"},
    {"aten::fft_fftshift", "aten::roll"},
    {"aten::fft_hfft", "aten::_fft_c2r"},
    {"aten::fft_hfft2", "aten::_fft_c2r"},
    {"aten::fft_hfftn", "aten::_fft_c2r"},
    {"aten::fft_ifft", "aten::_fft_c2c"},
    {"aten::fft_ifft2", "aten::_fft_c2c"},
    {"aten::fft_ifftn", "aten::_fft_c2c"},
    {"aten::fft_ifftshift", "aten::roll"},
    {"aten::fft_ihfft", "aten::_fft_r2c"},
    {"aten::fft_ihfft2", "aten::_fft_r2c"},
    {"aten::fft_ihfftn", "aten::_fft_r2c"},
    {"aten::fft_irfft", "aten::_fft_c2r"},
    {"aten::fft_irfft2", "aten::_fft_c2r"},
    {"aten::fft_irfftn", "aten::_fft_c2r"},
    {"aten::fft_rfft", "aten::_fft_r2c"},
    {"aten::fft_rfft2", "aten::_fft_r2c"},
    {"aten::fft_rfftn", "aten::_fft_r2c"},
    {"aten::hinge_embedding_loss", "aten::soft_margin_loss"},
    {"aten::istft", "aten::_fft_c2r"},
    {"aten::kl_div", "aten::soft_margin_loss"},
    {"aten::l1_loss", "aten::soft_margin_loss"},
    {"aten::linalg_diagonal", "aten::diagonal"},
    {"aten::linalg_vecdot", "aten::mul"},
    {"aten::margin_ranking_loss", "aten::soft_margin_loss"},
    {"aten::multilabel_margin_loss", "aten::multilabel_margin_loss_forward"},
    {"aten::nanquantile", "aten::sort"},
    {"aten::nll_loss", "aten::nll_loss_forward"},
    {"aten::nll_loss2d", "aten::nll_loss2d_forward"},
    {"aten::nll_loss_nd", "aten::nll_loss_forward"},
    {"aten::pairwise_distance", "aten::linalg_vector_norm"},
    {"aten::pdist", "aten::_pdist_forward"},
    {"aten::poisson_nll_loss", "aten::soft_margin_loss"},
    {"aten::quantile", "aten::sort"},
    {"aten::special_digamma", "aten::digamma"},
    {"aten::special_erf", "aten::erf"},
    {"aten::special_erfc", "aten::erfc"},
    {"aten::special_erfinv", "aten::erfinv"},
    {"aten::special_exp2", "aten::exp2"},
    {"aten::special_expit", "aten::sigmoid"},
    {"aten::special_expm1", "aten::expm1"},
    {"aten::special_gammainc", "aten::igamma"},
    {"aten::special_gammaincc", "aten::igammac"},
    {"aten::special_gammaln", "aten::lgamma"},
    {"aten::special_i0", "aten::i0"},
    {"aten::special_log1p", "aten::log1p"},
    {"aten::special_log_softmax", "aten::log_softmax"},
    {"aten::special_logit", "aten::logit"},
    {"aten::special_logsumexp", "aten::logsumexp"},
    {"aten::special_multigammaln", "aten::lgamma"},
    {"aten::special_ndtr", "aten::erf"},
    {"aten::special_polygamma", "aten::polygamma"},
    {"aten::special_psi", "aten::digamma"},
    {"aten::special_round", "aten::round"},
    {"aten::special_sinc", "aten::sinc"},
    {"aten::special_softmax", "aten::softmax"},
    {"aten::special_xlogy", "aten::xlogy"},
    {"aten::stft", "aten::_fft_r2c"},
    {"aten::triplet_margin_loss", "aten::soft_margin_loss"},
});
static_assert(std::ranges::is_sorted(kComposites, {}, &Composite::name));

}  // namespace

std::string_view part_of(std::string_view op) {
  const auto* found = std::ranges::lower_bound(kComposites, op, {}, &Composite::name);
  return found != kComposites.end() && found->name == op ? found->part : op;
}

}  // namespace thoplw::pt2
