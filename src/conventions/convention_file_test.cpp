// Conventions of users: what a file says is what counts, and what it gets wrong is named by line and key.
#include "conventions/convention_file.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "count/count.h"
#include "trace/text.h"

namespace thoplw {
namespace {

/// A batch of 2 with 3 features: a linear layer of 4, a GELU, a product of activations, an untrained scale that is
/// unused.
constexpr std::string_view kNet = R"(thoplw trace 1
model "Net"
source "test"
class app.Net
class app.Wide : torch.nn.Linear
class torch.nn.GELU
module "" app.Net
module "fc" app.Wide
module "act" torch.nn.GELU
module "idle" torch.nn.GELU
param "fc.weight" %0:f32[4,3] trainable
param "fc.bias" %1:f32[4] frozen
param "idle.scale" %2:f32[7] trainable
call "" (%10:f32[2,3]) -> (%14:f32[4,4]) {
  call "fc" (%10:f32[2,3]) -> (%11:f32[2,4]) {
    aten::linear(%10:f32[2,3], %0:f32[4,3], %1:f32[4]) -> %11:f32[2,4]
  }
  call "act" (%11:f32[2,4]) -> (%12:f32[2,4]) {
    aten::gelu(%11:f32[2,4]) -> %12:f32[2,4]
  }
  aten::t(%12:f32[2,4]) -> %13:f32[4,2]
  aten::mm(%13:f32[4,2], %12:f32[2,4]) -> %14:f32[4,4]
}
)";
constexpr std::uint64_t kLinear = 2 * 3 * 4, kBias = 2 * 4, kGelu = 2 * 4, kProduct = 4 * 2 * 4;

Report under(std::string_view toml) { return count(parse_trace(kNet), *parse_convention("own.toml", toml)); }

TEST_CASE("prices, rules and parameters of a file") {
  struct Case {
    const char* toml;
    std::uint64_t macs, params;
  };
  for (const auto& [toml, macs, params] : {
           Case{"", 0, 12 + 4 + 7}, Case{"[prices]\ncontraction = 1", kLinear, 23},
           Case{"[prices]\ncontraction = 2\nattention = 3\nbias = 1\nactivation = 5",
                2 * kLinear + 3 * kProduct + kBias + 5 * kGelu, 23},
           Case{"base = 'exact'", kLinear + kProduct, 23}, Case{"base = 'exact'\n[prices]\nattention = 0", kLinear, 23},
           Case{"base = 'exact'\n[modules]\n'torch.nn.Linear' = { inputs = 10, outputs = 100, parameters = 1000, bias "
                "= 3 }",
                kProduct + 10 * (2 * 3) + 100 * (2 * 4) + 1000 * (4 * 3 + 4) + 3 * kBias, 23},
           Case{"base = 'exact'\nsubclasses = false\n[modules]\n'torch.nn.Linear' = {}", kLinear + kProduct, 23},
           Case{"base = 'exact'\n[modules]\n'torch.nn.Linear' = {}", kProduct, 23},
           Case{"base = 'exact'\n[operators]\n'aten::gelu' = { outputs = 8 }", kLinear + kProduct + 8 * kGelu, 23},
           Case{"base = 'exact'\nper_sample = true", (kLinear + kProduct) / 2, 23},
           Case{"base = 'ptflops'\n[modules]\n'torch.nn.GELU' = { outputs = 1 }", kGelu / 2 + kProduct, 12 + 7},
           Case{"[parameters]\nonly_trainable = true", 0, 12 + 7}, Case{"[parameters]\nonly_used = true", 0, 12 + 4},
           Case{"base = 'thop'\n[parameters]\nonly_classes = false", 0, 23},  // of exact classes: Wide is none
       }) {
    CAPTURE(toml);
    const Report report = under(toml);
    CHECK(report.total[Measure::macs].value() == macs);
    CHECK(report.total[Measure::params].value() == params);
  }
}

TEST_CASE("a rule pays for the kind that it says") {
  const Report report = under("[modules]\n'torch.nn.GELU' = { outputs = 8, pays = 'activation' }");
  CHECK(report.rows[2].cost == only(Kind::activation, 8 * kGelu));
  CHECK(under("unit = 'FLOP'").unit == Unit::flop);
}

TEST_CASE("a file names the convention, or says its name") {
  CHECK(parse_convention("some/where/paper.toml", "")->name == "paper");
  CHECK(parse_convention("paper.toml", "name = 'ours'\ndoc = 'as in the paper'")->name == "ours");
  CHECK(parse_convention("paper.toml", "doc = 'as in the paper'")->doc == "as in the paper");
  CHECK_THROWS_WITH_AS(parse_convention("exact.toml", ""),
                       "exact.toml:1: name: there is a convention 'exact' already; give this one another name", Error);
  CHECK(open_convention("thop").get() == &find_convention("thop"));
  CHECK_THROWS_WITH_AS(open_convention("no/such.toml"), "no/such.toml: No such file or directory", Error);
}

TEST_CASE("errors name line and key") {
  const auto error_of = [](const std::string& toml) -> std::string {
    try {
      parse_convention("own.toml", toml);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  const auto begins = [&](const std::string& toml, const std::string& text) {
    CAPTURE(error_of(toml));
    CHECK(error_of(toml).starts_with(text));
  };
  begins("unit = 'MAC'\nprice = 3", "own.toml:2: price: unknown key 'price'; did you mean 'prices'? known: base");
  begins("[prices]\n\nnorms = 3",
         "own.toml:3: prices.norms: unknown kind of work 'norms'; did you mean 'norm'? known: ");
  begins("[prices]\nnorm = 1.5", "own.toml:2: prices.norm: must be a whole number from 0 to 255, not 1.5");
  begins("[prices]\nnorm = 256", "own.toml:2: prices.norm: must be a whole number from 0 to 255, not 256");
  begins("[prices]\nnorm = -1", "own.toml:2: prices.norm: must be a whole number from 0 to 255, not -1");
  begins("prices = 1", "own.toml:1: prices: must be a table, such as [prices], not 1");
  begins("unit = 'mac'", "own.toml:1: unit: must be \"MAC\" or \"FLOP\", not \"mac\"");
  begins("base = 'thp'", "own.toml:1: base: unknown convention 'thp'; did you mean 'thop'? known: ");
  begins("base = 1", "own.toml:1: base: must be a text in quotes, not 1");
  begins("name = 'exact'", "own.toml:1: name: there is a convention 'exact' already; give this one another name");
  begins("per_sample = 1", "own.toml:1: per_sample: must be true or false, not 1");
  begins("[modules]\n'a.B' = 3",
         "own.toml:2: modules.\"a.B\": must be a table, such as { outputs = 2, pays = \"activation\" }, not 3");
  begins("[modules]\n'a.B' = { output = 3 }",
         "own.toml:2: modules.\"a.B\".output: unknown key 'output'; did you mean 'outputs'? known: inputs outputs");
  begins("[modules]\n'a.B' = { outputs = 3, pays = 'x' }",
         "own.toml:2: modules.\"a.B\".pays: unknown kind of work 'x'");
  begins("[parameters]\nused = true",
         "own.toml:2: parameters.used: unknown key 'used'; known: norm_statistics only_classes");
  begins("[parameters]\nonly_used = 'yes'", "own.toml:2: parameters.only_used: must be true or false, not \"yes\"");
  begins("a = [", "own.toml:1: ");
  begins("\n\nunit = 'MAC'\nunit = 'MAC'", "own.toml:4: ");
}

}  // namespace
}  // namespace thoplw
