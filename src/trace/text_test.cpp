// Tests of the trace text: round trips, and that bad text names its line and cure.
#include "trace/text.h"

#include <doctest/doctest.h>

#include <string>

#include "base/error.h"

namespace thoplw {
namespace {

const std::string kWhole = R"(thoplw trace 1
model "Net"
source "torch 2.13.0"
mode train
note "one \"real\" forward\nwas needed"
class app.Net
class torch.nn.Conv2d : torch.nn.modules.conv._ConvNd
class "my class" : torch.nn.Linear "odd base"
class f.<locals>.G
module "" app.Net
module "a" f.<locals>.G
module "a.conv" torch.nn.Conv2d
module "fc" "my class"
param "scale" %5:f32[] frozen
param "a.conv.weight" %1:f32[4,3,3,3] trainable
param "fc.weight" %5:f32[] trainable
buffer "a.steps" %6:i64[]
buffer "a.edges" %7:f32[4,4;9]
call "" (%0:f32[1,3,8,8]) -> (%4:f32[1,4,6,6], none) {
  call "a" (%0:f32[1,3,8,8]) -> (%2:f32[1,4,6,6]) {
    call "a.conv" (%0:f32[1,3,8,8]) -> (%2:f32[1,4,6,6]) custom=123 {
      aten::conv2d(%0:f32[1,3,8,8], %1:f32[4,3,3,3], none) -> %2:f32[1,4,6,6] {transposed=false dims=[1,-2] none=[]}
    }
    call "a.conv" () -> () {
    }
  }
  aten::max(%2:f32[1,4,6,6]) -> (%3:bf16[1], %4:f32[1,4,6,6]) {x=1.5 y=2.0 z=-3 big=1e+300 inf=inf s="a \"b\""}
  aten::_assert(%3:bf16[1]) -> ()
  "my op"() -> none
  call "fc" (%4:f32[1,4,6,6]) -> () {
    mylib::gelu_(%4:f32[1,4,6,6]) -> %4:f32[1,4,6,6] no_grad
  }
}
region checkpoint "" 0 2 (%0:f32[1,3,8,8]) -> (%2:f32[1,4,6,6]) keeps ()
region reentrant "" 1 2 (%2:f32[1,4,6,6], none) -> () keeps (%2:f32[1,4,6,6])
region function "app.Gelu" 3 4 () -> () keeps ()
storage 432 (%1:f32[4,3,3,3])
storage 576 born=0 died=3 (%2:f32[1,4,6,6], %4:f32[1,4,6,6]@[144,1,24,4])
storage 8 born=1 ()
)";

const std::string kStart = "thoplw trace 1\nclass A\nmodule \"\" A\n";  // three lines

std::string error_of(const std::string& text) {
  try {
    parse_trace(text, "t");
    return "no error";
  } catch (const Error& error) {
    return error.what();
  }
}

std::string error_of_op(const std::string& line) {
  try {
    parse_op(line);
    return "no error";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("text that was written by us comes back as it was") {
  CHECK(to_text(parse_trace(kWhole)) == kWhole);
  const std::string least = "thoplw trace 1\nmodel \"\"\nsource \"\"\n";
  CHECK(to_text(Trace{}) == least);
  CHECK(to_text(parse_trace(least)) == least);
}

TEST_CASE("the records are read into their places") {
  const Trace trace = parse_trace(kWhole);
  CHECK(trace.notes.at(0) == "one \"real\" forward\nwas needed");
  CHECK(trace.classes.at(2).bases == std::vector<std::string>{"torch.nn.Linear", "odd base"});
  CHECK(trace.modules.at(2).parent == 1);
  CHECK(trace.modules.at(3).parent == 0);
  CHECK(trace.params.at(1).name == "weight");
  CHECK(trace.params.at(1).module == 2);
  CHECK(trace.params.at(0).value == trace.params.at(2).value);  // tied
  CHECK(trace.params.at(3).buffer);
  CHECK(trace.values.at(3) == Tensor{DType::bf16, {1}});
  CHECK(trace.calls.at(2).custom->value() == 123);
  CHECK(trace.calls.at(2).parent == 1);
  CHECK((trace.calls.at(1).first_op == 0 && trace.calls.at(1).end_op == 1));
  CHECK((trace.calls.at(0).first_op == 0 && trace.calls.at(0).end_op == 5));
  CHECK(trace.ops.at(0).in == std::vector<Id>{0, 1, kNone});
  CHECK(trace.ops.at(0).call == 2);
  CHECK(trace.ops.at(4).call == 4);
  CHECK(std::get<Dims>(*Trace::attr(trace.ops.at(0), "dims")) == Dims{1, -2});
  CHECK(std::get<double>(*Trace::attr(trace.ops.at(1), "y")) == 2.0);
  CHECK(Trace::attr(trace.ops.at(1), "w") == nullptr);
  CHECK(trace.training);
  CHECK((trace.ops.at(0).grad && !trace.ops.at(4).grad));
  CHECK(trace.regions.at(1) == Region{Region::Kind::reentrant, "", 1, 2, {2, kNone}, {}, {2}});
  CHECK(trace.memory.storages.at(1) == Storage{576, 0, 3});
  CHECK(trace.memory.places.at(4) == Place{1, {144, 1, 24, 4}});
  CHECK(trace.memory.places.at(2) == Place{1, {}});
  CHECK(trace.memory.places.at(0).storage == kNone);
}

TEST_CASE("the source says what a trace was made from") {
  const auto origin = [](const std::string& source) {
    return parse_trace("thoplw trace 1\nmodel \"Net\"\nsource \"" + source + "\"\n").origin;
  };
  CHECK(origin("torch 2.13.0+cpu") == Origin::live);
  CHECK(origin("torch 2.9.1 .pt2") == Origin::pt2);
  CHECK(origin("torch .pt2") == Origin::pt2);
  CHECK(origin("onnx, opset 18, pytorch 2.13.0") == Origin::onnx);
  CHECK(origin("safetensors") == Origin::safetensors);
  CHECK(origin("by hand") == Origin::text);
  CHECK(origin("") == Origin::text);
}

TEST_CASE("blank lines, comments, spaces and foreign line ends do not matter") {
  const std::string loose =
      "thoplw trace 1\r\n\r\n# why\r\n  model   \"M\"  \r\nsource \"\"\nclass A\nmodule \"\" A\n"
      "call \"\"(%0:f32[ 1 , 2 ])->(){\n\n}";
  const std::string tidy =
      "thoplw trace 1\nmodel \"M\"\nsource \"\"\nclass A\nmodule \"\" A\ncall \"\" (%0:f32[1,2]) -> () {\n}\n";
  CHECK(to_text(parse_trace(loose)) == tidy);
}

TEST_CASE("one operator is read without ids") {
  const Trace trace = parse_op("aten::mm(f32[4,5], f32[5,6]) -> f32[4,6]");
  CHECK(trace.op_name(trace.ops.at(0)) == "aten::mm");
  CHECK(trace.values == std::vector<Tensor>{{DType::f32, {4, 5}}, {DType::f32, {5, 6}}, {DType::f32, {4, 6}}});
  CHECK(trace.ops.at(0).in == std::vector<Id>{0, 1});
  CHECK(trace.ops.at(0).out == std::vector<Id>{2});
}

TEST_CASE("a bad line is named, with its cure") {
  struct Case {
    const char* line;
    const char* error;
  };
  constexpr Case kCases[] = {
      {"modul \"a\" A",
       "t:4: unknown record 'modul'; did you mean 'model'? known: buffer call class mode model module note "
       "param region source storage at 'modul \"a\" A'; an operator has its tensors in '(' ')'"},
      {"model", "t:4: a string is missing; write it in double quotes"},
      {"model \"M", "t:4: a string does not end at '\"M'; close it with '\"'"},
      {"model \"\\q\"", "t:4: a string is not valid JSON at '\"\\q\"'; escape it as JSON does, in UTF-8"},
      {"model \"\xff\"", "t:4: a string is not valid JSON at '\"\xff\"'; escape it as JSON does, in UTF-8"},
      {"model \"M\" x", "t:4: the line goes on after its end at 'x'; remove the rest"},
      {"class", "t:4: a name is missing; write it bare, or in double quotes"},
      {"class A", "t:4: class A is listed a second time; remove one"},
      {"module \"a\" B", "t:4: class B is not known; add a line 'class B' above"},
      {"module \"\" A", "t:4: there is a second root; the root, \"\", must be listed first, and once"},
      {"param \"w\" f32[1]", "t:4: 'frozen' is missing; write 'trainable' or 'frozen'"},
      {"param \"w\" none frozen", "t:4: a parameter or buffer has no tensor at 'frozen'; write it as %1:f32[64]"},
      {"call \"b\" () -> () {", "t:4: module \"b\" is not known at '() -> () {'; add a 'module' line above"},
      {"call \"\" () {", "t:4: '->' is missing at '{'; results follow the tensors: (%0:f32[1]) -> (%1:f32[1])"},
      {"call \"\" () -> ()", "t:4: '{' is missing; a call opens with '{' and ends with '}' on a line of its own"},
      {"call \"\" () -> () custom=-1 {", "t:4: custom must be 0 or more, not -1 at '{'; write what the call costs"},
      {"call \"\" () -> () {",
       "t:4: the text ends inside a call at 'call \"\" () -> () {'; close it with '}'; the text "
       "may be cut short"},
      {"}", "t:4: '}' closes nothing; remove it"},
      {"a::b(", "t:4: '' is not an element type; write a tensor as f32[2,3], or none"},
      {"a::b() ->", "t:4: '' is not an element type; write a tensor as f32[2,3], or none"},
      {"a::b()", "t:4: '->' is missing; results follow the tensors; write '-> ()' if there are none"},
      {"a::b(f33[1]) -> ()", "t:4: 'f33' is not an element type at '[1]) -> ()'; write a tensor as f32[2,3], or none"},
      {"a::b(f32) -> ()", "t:4: '[' is missing at ') -> ()'; numbers are written in '[' ']'"},
      {"a::b(f32[-1]) -> ()", "t:4: a size must be 0 or more, not -1 at ') -> ()'; write sizes as f32[2,3]"},
      {"a::b(f32[2;-1]) -> ()",
       "t:4: the elements that a tensor holds must be 0 or more, not -1 at ']) -> ()'; write them as f32[6,5;22]"},
      {"a::b(f32[1,]) -> ()", "t:4: a number is missing at ']) -> ()'; write a whole number"},
      {"a::b(f32[99999999999999999999]) -> ()",
       "t:4: a number is too large at '99999999999999999999'; it must fit in 64 bits"},
      {"a::b(%1f32[]) -> ()", "t:4: ':' is missing at 'f32[]) -> ()'; a value is followed by its type: %3:f32[2,3]"},
      {"a::b(%99999999:f32[]) -> ()", "t:4: %99999999 is out of range at ':f32[]) -> ()'; number the values from 0 on"},
      {"a::b(%-1:f32[]) -> ()", "t:4: %-1 is out of range at ':f32[]) -> ()'; number the values from 0 on"},
      {"a::b(%0:f32[], %0:f32[1]) -> ()",
       "t:4: %0 has another type above at ') -> ()'; give it another number, or the same type"},
      {"a::b() -> () {x}", "t:4: '=' is missing at '}'; an attribute is name=value"},
      {"a::b() -> () {x=", "t:4: an attribute has no value; write a number, true, false, a string or [numbers]"},
      {"a::b() -> () {x=1-2}", "t:4: '1-2' is not a number at '1-2}'; put a string in double quotes"},
      {"a::b() -> () {x=maybe}", "t:4: 'maybe' is not a number at 'maybe}'; put a string in double quotes"},
      {"a::b() -> () {x=99999999999999999999}",
       "t:4: a number is too large at '99999999999999999999'; it must fit in 64 bits"},
  };
  constexpr Case kOfTraining[] = {
      {"mode eval", "t:4: 'train' is missing at 'eval'; the mode of a model that was captured for training is 'train'"},
      {"region loop \"\" 0 0 () -> () keeps ()",
       "t:4: 'checkpoint' is missing at 'loop \"\" 0 0 () -> ()'; a region is a checkpoint, a reentrant one, or a "
       "function"},
      {"region checkpoint \"\" 0 1 () -> () keeps ()",
       "t:4: the end of a region must be the number of an operator above, not 1 at '() -> () keeps ()'; operators "
       "count "
       "from 0 in the order of their lines"},
      {"storage -4 ()", "t:4: bytes must be 0 or more, not -4 at '()'; write the size of the memory"},
      {"storage 4 born=-1 ()",
       "t:4: born must be the number of an operator above, not -1 at '()'; operators count from 0 in the order of "
       "their "
       "lines"},
      {"storage 4 (%0:f32[2]@[1,1])",
       "t:4: a value has as many strides as sizes at ')'; write them as %1:f32[2,3]@[1,2]"},
      {"storage 4 (%0:f32[1], %0:f32[1])", "t:4: the value lies in another storage, too at ')'; remove it from one"},
      {"storage 4 (none)", "t:4: there is no value at ')'; write it as %1:f32[64]"},
  };
  for (const Case& row : kOfTraining) CHECK_MESSAGE(error_of(kStart + row.line) == row.error, std::string(row.line));
  for (const Case& row : kCases) CHECK_MESSAGE(error_of(kStart + row.line) == row.error, std::string(row.line));
}

TEST_CASE("a text that is no trace is told so") {
  CHECK(error_of("") == "t:1: the text is empty; the first line must be 'thoplw trace 1'");
  CHECK(error_of("thoplw trace 2\n") ==
        "t:1: this is not a trace that can be read at 'thoplw trace 2'; the first line must be 'thoplw trace 1'");
  CHECK(error_of("thoplw trace 1\nclass A\nmodule \"a\" A\n") ==
        "t:3: the first module is not the root; the root, \"\", must be listed first, and once");
  CHECK(error_of("thoplw trace 1\nparam \"w\" f32[1] frozen\n") ==
        "t:2: there is no module for \"w\" at 'f32[1] frozen'; add the line 'module \"\" ...' above");
  CHECK(error_of(kStart + "module \"a\" A\nmodule \"a\" A\n") ==
        "t:5: module \"a\" is listed a second time; remove one");
  CHECK(error_of_op("aten::mm(f32[4,5]) -> f32[4,6] x") ==
        "operator:1: the line goes on after its end at 'x'; remove the rest");
}

TEST_CASE("what is nested or listed without end is refused or read, never a crash") {
  std::string deep = kStart;
  for (int i = 0; i < 100000; ++i) deep += "call \"\" () -> () {\n";
  CHECK(error_of(deep).starts_with("t:1004: calls are nested too deep"));
  CHECK(error_of_op(std::string(100000, '(')).starts_with("operator:1: a name is missing"));
  CHECK(error_of_op("a(" + std::string(100000, '[')).starts_with("operator:1: '' is not an element type"));
  std::string dims = "a(f32[1";
  for (int i = 0; i < 100000; ++i) dims += ",1";
  CHECK(error_of_op(dims + "]) -> ()").starts_with("operator:1: the tensor has too many dimensions"));
}

// Whatever is cut off or changed, the outcome is an Error or a Trace that can be written and read again.
TEST_CASE("every prefix and every changed byte gives an error or a sound trace") {
  const auto check = [](const std::string& text) {
    try {
      const std::string written = to_text(parse_trace(text));
      if (to_text(parse_trace(written)) != written) FAIL_CHECK(text);
    } catch (const Error&) {
    }
  };
  for (std::size_t length = 0; length < kWhole.size(); ++length) check(kWhole.substr(0, length));
  for (std::size_t at = 0; at < kWhole.size(); ++at) {
    for (char c : std::string_view("\0\n\"%(){}[]-9:;,x \xff", 19)) {
      std::string changed = kWhole;
      changed[at] = c;
      check(changed);
    }
    check(std::string(kWhole).erase(at, 1));
  }
}

}  // namespace thoplw
