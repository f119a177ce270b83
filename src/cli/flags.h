// The flags of the command line, as one table from which parsing, --help and the reference are made.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/budget_file.h"
#include "cli/cli.h"
#include "count/llm/llm.h"
#include "count/memory/inference.h"
#include "count/training/plan.h"
#include "device/device.h"
#include "thoplw.h"

namespace thoplw::cli {

struct Command;

/// What the command line asks for.
struct Options {
  std::vector<std::string> models;  ///< all that is no flag; of `explain` the last one is the number
  std::vector<Tensor> inputs;
  std::vector<std::pair<std::string, std::string>> settings;
  const Renderer* renderer = nullptr;
  std::shared_ptr<const Convention> convention;
  bool convention_given = false;  ///< false: it is the default
  RenderOptions render;
  std::optional<bool> color;  ///< none: the terminal decides
  std::string file;           ///< empty: to the terminal
  std::string trace_file;     ///< where the trace goes; empty: nowhere
  LoadOptions load;
  bool strict = false;
  std::size_t jobs = 0;  ///< models at work at once; 0: one per core
  const Command* command = nullptr;
  std::vector<std::shared_ptr<const Convention>> with;  ///< what to compare; empty: all
  bool all = false;                                     ///< of a diff, rows that did not change too
  BudgetEntry budget;                                   ///< its limits
  std::string config;                                   ///< the file with budgets; empty: pyproject.toml
  Question question = Question::cost;                   ///< what reports answer
  bool step_flags = false;                              ///< flags say what a step, or a forward, is like
  TrainingPlan plan;
  std::optional<LifetimePolicy> lifetimes;  ///< of a forward's memory; none: as the trace has them
  InputSizes sizes;
  std::optional<Count> memory;      ///< of `fit`: how much there is, in bytes
  std::optional<Count> flash, ram;  ///< of `fit`: for weights and buffers, and for all else
  std::vector<std::string> vary;    ///< of `fit`: the size that is looked for; of `formula`: each that varies
  bool train = false;               ///< of `fit`: a step of training is what is to fit
  LlmPlan llm;
  std::int64_t source = 0;               ///< of `llm`: tokens that an encoder reads; 0: as many as the decoder
  std::int64_t images = 0;               ///< of `llm`: in each prompt
  std::vector<std::int64_t> image_size;  ///< of `llm`: height and width; none: as the config says
  std::string timeline;                  ///< the file that gets the memory over time; empty: none
  std::shared_ptr<const Device> device;  ///< null: none was named
  std::optional<NumberType> dtype;       ///< that it computes in there; none: not said
  double step_seconds = 0;               ///< how long a step of training took; 0: not said
  std::vector<std::pair<std::string, std::string>> sweep;  ///< what flags of `sweep` say, by the names of its arguments
  std::string convention_as_given;                         ///< its name, or its file
  std::string device_as_given;
  bool measure_device = false;  ///< of `devices`: of this machine
  bool cache = true;            ///< what was opened before may be taken from there
  bool clear = false;           ///< of `cache`: remove all
  bool help = false;
  bool version = false;
};

struct Flag {
  std::string_view name;     ///< "-o,--output"; without a dash: an argument that is given by its place
  std::string_view metavar;  ///< what its value is called; empty: it takes none
  std::string_view doc;
  void (*apply)(Options& options, const std::string& value);
  bool repeats = false;
  std::string (*choices)() = nullptr;  ///< the values that it knows, separated by spaces
  std::string_view otherwise = "";     ///< its value where it is not given
  std::string_view command = "";       ///< the only commands that it goes with, separated by spaces; empty: any
};

std::span<const Flag> flags();

/// Flags that belong together.
struct FlagGroup {
  std::string_view title;
  std::span<const Flag> flags;
};
std::span<const FlagGroup> flag_groups();

bool goes_with(const Flag& flag, const Command& command);

/// Is it an argument that is given by its place?
bool by_place(const Flag& flag);

/// "-o,--output" -> "--output".
std::string_view long_name(const Flag& flag);

/// "thoplw diff OLD NEW".
std::string usage_of(const Command& command);

/// Throws Error where the command line is wrong.
Options parse_args(const std::vector<std::string>& args);

/// What a check answers whose flags are so. Throws Error where it would have to answer two things.
Question question_of(const Limits& limits, bool of_step, bool of_pass);

/// "how to print numbers: clever ratio raw (raw unless given)"
std::string description(const Flag& flag);

}  // namespace thoplw::cli
