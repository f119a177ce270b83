// Runs the command on models that are given as traces, and says what came of it.
#pragma once

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/formatted.h"
#include "cli/cli.h"
#include "trace/text.h"

namespace thoplw::cli {

struct Outcome {
  int code = 0;
  std::string out, err;
  std::vector<ModelRequest> asked;
};

/// `answer` gives the trace of what is asked for, or throws.
template <class Answer>
Outcome outcome_of(const std::vector<std::string>& args, Answer answer, bool err_is_terminal = false) {
  std::ostringstream out, err;
  Outcome outcome;
  const Opener open = [&](const ModelRequest& request) -> Trace {
    outcome.asked.push_back(request);
    return answer(request);
  };
  outcome.code = run(args, open, {out, err, err_is_terminal});
  outcome.out = std::move(out).str();
  outcome.err = std::move(err).str();
  return outcome;
}

/// One layer of 10 inputs and 5 outputs, in fp32: the weight has 200 bytes, a sample 40, and its result 20.
inline Trace linear_layer(std::int64_t batch, bool training) {
  return parse_trace(formatted(R"(thoplw trace 1
model "Net"
source "torch 2.13.0"
{3}class torch.nn.Linear
module "" torch.nn.Linear
param "weight" %1:f32[5,10] trainable
call "" (%0:f32[{0},10]) -> (%2:f32[{0},5]) {{
  aten::linear(%0:f32[{0},10], %1:f32[5,10], none) -> %2:f32[{0},5]
}}
storage {1} (%0:f32[{0},10])
storage 200 (%1:f32[5,10])
storage {2} born=0 (%2:f32[{0},5])
)",
                               batch, 40 * batch, 20 * batch, training ? "mode train\n" : ""));
}

}  // namespace thoplw::cli
