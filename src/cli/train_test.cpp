// Steps of training on the command line: one linear layer, whose memory can be added up by hand.
#include <doctest/doctest.h>

#include "cli/lora.h"
#include "cli/outcome_test.h"

namespace thoplw::cli {
namespace {

/// The gradient of the weight has 200 bytes, too, and that of the result 20 for each sample.
Outcome run_with(const std::vector<std::string>& args) {
  return outcome_of(args, [&](const ModelRequest& request) {
    CHECK(request.question == Question::training);
    return linear_layer(request.sizes.batch == 0 ? 1 : request.sizes.batch, true);
  });
}

}  // namespace

TEST_CASE("a step of one layer: its forward once more for the weight, and memory to the byte") {
  const Outcome step = run_with({"train", "net", "--batch", "3", "--optimizer", "sgd", "--columns",
                                 "name,forward,input_gradient,weight_gradient,macs,parameters,gradients,states,saved"});
  CHECK(step.code == 0);
  CHECK(step.err == "");
  // 3 x 5 x 10 products; the input needs no gradient, and was there before: nothing is saved but what is there anyway.
  CHECK(step.out.find(
            "| (root) | 150     | 0          | 150         | 300  | 200         | 200        | 0           | 0 ") !=
        std::string::npos);
  // 200 + 120 + 60, and 60 + 200 for gradients
  CHECK(step.out.find(
            "it needs 640 B of memory, in the backward of (root): 320 B for parameters, buffers and inputs, ") !=
        std::string::npos);
}

TEST_CASE("a frozen model has no backward, and says so") {
  const Outcome step = run_with({"train", "net", "--freeze", "*", "--columns", "name,backward"});
  CHECK(step.code == 0);
  CHECK(step.out.find("| (root) | 0 ") != std::string::npos);
  CHECK(step.err.find("there is no backward") != std::string::npos);
}

TEST_CASE("fit finds the largest batch: 400 bytes, and 80 for each sample") {
  const Outcome fit = run_with({"fit", "net", "--memory", "10K", "--train", "--optimizer", "sgd"});
  CHECK(fit.code == 0);
  CHECK(
      fit.out.starts_with("a batch of 120 fits into 10.00 KB: a step needs 10.00 KB; a batch of 121 needs 10.08 KB\nat "
                          "the peak: 5.00 KB for "
                          "parameters, buffers and inputs, "));
  CHECK(fit.asked.size() <= 5);
  CHECK(run_with({"fit", "net", "--memory", "479", "--train", "--optimizer", "sgd"}).out ==
        "not even a batch of 1 fits into 479 B: a step needs 480 B\n");
  CHECK(run_with({"fit", "net", "--memory", "480", "--train", "--optimizer", "sgd", "--kind", "json"}).out ==
        R"({"model":"net","memory":480,"batch":1,"peak":480,"peak_of_next":560})"
        "\n");
}

TEST_CASE("what fit is not told is asked for") {
  CHECK(run_with({"fit", "net", "--train"}).err ==
        "thoplw: say how much memory there is: --memory 24G, or --memory 24GiB; or --flash and --ram; or --device\n");
  CHECK(run_with({"fit", "net", "--memory", "1G", "--optimizer", "sgd"}).err ==
        "thoplw: some of these flags are of a step of training: add --train, or leave them out\n");
  CHECK(run_with({"fit", "net", "--memory", "1G", "--train", "--batch", "4"}).err ==
        "thoplw: the batch is what is looked for; leave --batch out\n");
}

TEST_CASE("a limit of memory is held") {
  CHECK(run_with({"check", "net", "--batch", "3", "--optimizer", "sgd", "--max-memory", "640"}).code == 0);
  const Outcome over = run_with({"check", "net", "--batch", "3", "--optimizer", "sgd", "--max-memory", "639"});
  CHECK(over.code == 1);
  CHECK(over.out.starts_with("OVER     net: 640 of 639 bytes of memory in a step of training"));
}

TEST_CASE("by another way of counting a step has other numbers; by one of classes it has none") {
  const Outcome flops =
      run_with({"train", "net", "--batch", "3", "--columns", "name,forward", "--convention", "flops"});
  CHECK(flops.out.find("| (root) | 300 ") != std::string::npos);
  CHECK(run_with({"train", "net", "--convention", "thoplw"}).err.find("prices layers by their class") !=
        std::string::npos);
}

TEST_CASE("adapters are read") {
  CHECK(parse_lora("r=16,targets=q_proj+v_proj,dropout=0.5") ==
        Lora{.rank = 16, .targets = {"q_proj", "v_proj"}, .dropout = 0.5});
  CHECK(parse_lora("targets=*") == Lora{.rank = 8, .targets = {"*"}});
  for (const char* wrong : {"", "r=8", "targets=", "r=0,targets=a", "r=x,targets=a", "dropout=2,targets=a", "rank=8"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parse_lora(wrong), Error);
  }
}

}  // namespace thoplw::cli
