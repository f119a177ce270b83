// Composite operators, as torch takes them apart where autograd records: one function for each.
#pragma once

#include "operators/backward/keeping.h"

namespace thoplw::lower {

// products.cpp
void linear(Keeping& k);
void matmul(Keeping& k);
void inner(Keeping& k);
void tensordot(Keeping& k);
void bilinear(Keeping& k);
void convolution(Keeping& k);
/// matmul of two tensors inside of another operator.
void product(Keeping& k, const Operand& a, const Operand& b);

// einsum.cpp
void einsum(Keeping& k);

// norms.cpp
void batch_norm(Keeping& k);
void batch_norm_index(Keeping& k);
void group_norm(Keeping& k);
void instance_norm(Keeping& k);
void layer_norm(Keeping& k);
void rms_norm(Keeping& k);
void weight_norm(Keeping& k);

// pools.cpp
void max_pool1d(Keeping& k);
void max_pool(Keeping& k);
void max_pool_with_indices(Keeping& k);
void adaptive_avg_pool1d(Keeping& k);
void adaptive_avg_pool2d(Keeping& k);
void adaptive_avg_pool3d(Keeping& k);

// dropout.cpp
void dropout(Keeping& k);
void alpha_dropout(Keeping& k);
void feature_dropout(Keeping& k);
void feature_alpha_dropout(Keeping& k);

// attention.cpp
void attention(Keeping& k);
void attention_math(Keeping& k);

// recurrent.cpp
void lstm(Keeping& k);
void gru(Keeping& k);
void rnn(Keeping& k);
void lstm_cell(Keeping& k);
void gru_cell(Keeping& k);
void rnn_cell(Keeping& k);

// solvers.cpp
void determinant(Keeping& k);
void sign_and_log_determinant(Keeping& k);
void log_determinant(Keeping& k);
void lu_factor(Keeping& k);
void lu_solve(Keeping& k);
void solve(Keeping& k);
void vector_norm(Keeping& k);

// simple.cpp
void nothing(Keeping& k);
void first_input(Keeping& k);
void second_input(Keeping& k);
void both_inputs(Keeping& k);
void all_inputs(Keeping& k);
void regions_and_places(Keeping& k);
void result(Keeping& k);
void inputs_and_result(Keeping& k);
void log_sigmoid(Keeping& k);
void pad(Keeping& k);
void repeat_interleave(Keeping& k);
void rrelu(Keeping& k);
void msort(Keeping& k);
void float_power(Keeping& k);
void nanmean(Keeping& k);
void take_along_dim(Keeping& k);
void trapezoid(Keeping& k);

}  // namespace thoplw::lower
