// Memory of a forward on the command line: one linear layer, whose memory can be added up by hand.
#include <doctest/doctest.h>

#include "cli/outcome_test.h"

namespace thoplw::cli {
namespace {

Outcome run_with(const std::vector<std::string>& args, std::int64_t most = 1 << 30) {
  return outcome_of(args, [&](const ModelRequest& request) {
    CHECK(request.question == Question::memory);
    const std::int64_t size = request.sizes.batch + request.sizes.seq + request.sizes.image;
    if (size > most) throw Error(formatted("net: {} is too long", size));
    return linear_layer(size == 0 ? 1 : size, false);
  });
}

}  // namespace

TEST_CASE("memory of one layer, to the byte") {
  const Outcome memory = run_with({"memory", "net", "--batch", "3"});
  CHECK(memory.code == 0);
  CHECK(memory.err == "");
  CHECK(memory.out.find("| (root) | Linear | 5            | 200   | 60          | 60          | 0        |") !=
        std::string::npos);
  CHECK(memory.out.find("it needs 380 B of memory, in (root): 200 B for weights, 0 B for buffers, 120 B for inputs, 60 "
                        "B for activations\n") != std::string::npos);
  CHECK(memory.out.find("weights: 200 B in f32; buffers: none\n") != std::string::npos);
  CHECK(memory.out.find("it gives 60 B, and nothing else stays after the pass\n") != std::string::npos);
}

TEST_CASE("fit finds the largest batch of a forward: 200 bytes, and 60 for each sample") {
  const Outcome fit = run_with({"fit", "net", "--memory", "10K"});
  CHECK(fit.code == 0);
  CHECK(fit.out.starts_with(
      "a batch of 163 fits into 10.00 KB: a forward needs 9.98 KB; a batch of 164 needs 10.04 KB\nat the peak: 200 B "
      "for weights, 0 B for buffers, 6.52 KB for inputs, 3.26 KB for activations"));
  CHECK(fit.asked.size() <= 5);
}

TEST_CASE("with a device, the memory of a forward says how long that takes at least") {
  // 200 bytes of weights and 163 x 60 of inputs and outputs, once, at 300 GB/s.
  const std::string least = "on NVIDIA L4 nothing takes less than 33.27 ns: ";
  CHECK(run_with({"fit", "net", "--memory", "10K", "--device", "l4"}).out.find(least) != std::string::npos);
  CHECK(run_with({"memory", "net", "--batch", "163", "--device", "l4"}).out.find(least) != std::string::npos);
  const std::string unknown = "nothing public says how fast";
  CHECK(run_with({"memory", "net", "--device", "stm32h743"}).err.find(unknown) != std::string::npos);
  CHECK(run_with({"fit", "net", "--memory", "10K", "--dtype", "bf16"}).err.find("--dtype works only with") !=
        std::string::npos);
}

TEST_CASE("fit says why nothing fits, and exits so") {
  const Outcome batch = run_with({"fit", "net", "--memory", "259"});
  CHECK(batch.out == "not even a batch of 1 fits into 259 B: a forward needs 260 B\n");
  CHECK(batch.code == 1);
  const Outcome weights = run_with({"fit", "net", "--memory", "199"});
  CHECK(weights.out ==
        "not even a batch of 1 fits into 199 B: a forward needs 260 B\nthe weights and buffers alone need 200 B\n");
  CHECK(weights.code == 1);
  const Outcome json = run_with({"fit", "net", "--memory", "199", "--kind", "json"});
  CHECK(json.out.starts_with(R"({"model":"net","memory":199,"batch":0,"peak":260,)"));
  CHECK(json.code == 1);
}

TEST_CASE("fit stops where the model takes no more") {
  const Outcome fit = run_with({"fit", "net", "--memory", "1M", "--vary", "seq"}, 512);
  CHECK(
      fit.out.starts_with("a sequence of 512 fits into 1.00 MB: a forward needs 30.92 KB; a sequence of 513 cannot "
                          "be tried: net: 513 is too long"));
  CHECK(fit.code == 0);
}

TEST_CASE("in a microcontroller weights go into flash, and all else into RAM") {
  const Outcome fits = run_with({"fit", "net", "--flash", "200", "--ram", "60"});
  CHECK(
      fits.out.starts_with("it fits: 200 B of 200 B of flash for weights and buffers; 60 B of 60 B of RAM for inputs "
                           "and activations\n"));
  CHECK(fits.code == 0);
  CHECK(run_with({"fit", "net", "--flash", "199", "--ram", "60"}).code == 1);
  CHECK(run_with({"fit", "net", "--flash", "200", "--ram", "59"}).code == 1);
  const Outcome batch = run_with({"fit", "net", "--flash", "200", "--ram", "600", "--vary", "batch"});
  CHECK(
      batch.out.starts_with("a batch of 10 fits into 200 B of flash and 600 B of RAM: a forward needs 800 B; a batch "
                            "of 11 needs 860 B"));
}

TEST_CASE("a limit of a forward's memory is held, and the layers alive at the peak are to blame") {
  CHECK(run_with({"check", "net", "--batch", "3", "--max-inference-memory", "380"}).code == 0);
  const Outcome over = run_with({"check", "net", "--batch", "3", "--max-inference-memory", "379"});
  CHECK(over.code == 1);
  CHECK(over.out ==
        "OVER     net: 380 of 379 bytes of memory in a forward (100.2 %), 1 too many\n"
        "           the costliest:\n"
        "             (root) (Linear): 60 bytes alive at the peak, 15.8 % of all\n");
}

TEST_CASE("what does not go together is said") {
  const auto complaint = [](const std::vector<std::string>& args) { return run_with(args).err; };
  CHECK(complaint({"fit", "net"}).find("say how much memory there is") != std::string::npos);
  CHECK(complaint({"fit", "net", "--memory", "1G", "--vary", "widht"}).find("unknown size to vary") !=
        std::string::npos);
  CHECK(complaint({"fit", "net", "--ram", "1G", "--train"}).find("--flash and --ram are of a forward") !=
        std::string::npos);
  CHECK(complaint({"check", "net", "--max-inference-memory", "1G", "--max-memory", "1G"}).find("two checks") !=
        std::string::npos);
}

}  // namespace thoplw::cli
