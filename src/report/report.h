// The Report: the answer, as a tree of modules whose own counts add up to the totals.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "operators/work.h"
#include "report/measure.h"
#include "report/memory.h"
#include "report/timing.h"
#include "report/training.h"
#include "trace/id.h"
#include "trace/tensor.h"

namespace thoplw {

/// One module. Rows of the flat table are those that are `listed`, in order.
struct Row {
  std::string path;
  std::string cls;                  ///< class name without its package: "Conv2d"
  Id parent = kNone;                ///< index of the row of the module around it
  int depth = 0;                    ///< 0 for the root
  std::optional<Tensor> in;         ///< first tensor into its first call
  std::optional<Tensor> out;        ///< first tensor out of its first call
  int calls = 0;                    ///< how often it ran
  int times = 1;                    ///< how many equal modules it stands for, where these are shown as one
  Work cost;                        ///< of its own, all calls, by the kind of work that it pays
  Amounts own;                      ///< of its own. MACs are the sum of `cost`, per sample where the convention says so
  Amounts inside;                   ///< with everything inside it
  Work work;                        ///< of its own, before prices
  bool exact = true;                ///< false: its own count is a lower bound
  bool listed = false;              ///< has a line in the flat table
  MeasureSet known = only_shown();  ///< which measures it has
  MeasureSet least;                 ///< of which its own is a lower bound, whatever `exact` says of operators

  bool has(Measure measure) const { return known[static_cast<std::size_t>(measure)]; }
  /// Adds what another row has of its own, where one row stands for several.
  void add(const Row& other);
  /// Has it a cost or parameters of its own, or might it have?
  bool has_own() const { return own.any_shown() || !exact; }
  Amount amount(Measure measure) const {
    return {own[measure], (exact || !row_of(measure).bounded) && !least[static_cast<std::size_t>(measure)],
            row_of(measure).seconds};
  }

  bool operator==(const Row&) const = default;
};

/// Their sum, or the greatest int.
int added_calls(int calls, Count more);

/// Operators that no rule prices: the total is a lower bound.
struct Uncounted {
  std::string op;
  std::string path;  ///< of the module in which it ran
  int times = 0;

  bool operator==(const Uncounted&) const = default;
};

/// One call from outside of all modules: that of the model itself, or each pass of a loop such as generate().
struct Step {
  std::string path;          ///< of the module called
  std::optional<Tensor> in;  ///< first tensor into it
  Count macs;                ///< with everything inside it

  bool operator==(const Step&) const = default;
};

/// All calls of one operator.
struct OpCost {
  std::string name;  ///< "aten::conv2d"; "(Conv2d)" where calls of a class have a price, and no operator did any work
  Count calls;
  Work work;  ///< before prices
  Work cost;  ///< by the kind of work that it pays
  Count macs;
  bool exact = true;  ///< false: no rule counts it

  bool operator==(const OpCost&) const = default;
};

/// What all calls of one operator move, whether it computes anything or not.
struct OpMoves {
  std::string name;
  Count calls;
  Amounts own;  ///< measures that `moved_measures` lists

  bool operator==(const OpMoves&) const = default;
};

struct Report {
  std::string model;
  std::string convention;
  Unit unit = Unit::mac;
  std::vector<Row> rows;       ///< every module, in named_modules() order; rows[0] is the root
  std::vector<Step> steps;     ///< in the order in which they ran
  std::vector<OpCost> ops;     ///< those that cost something or cannot be counted, in the order met; none where saved
  std::vector<OpMoves> moves;  ///< operators that move bytes, in the order met
  Amounts total;
  MeasureSet known = only_shown();  ///< which measures it has
  MeasureSet least;                 ///< of which the total is a lower bound, whatever `exact` says of operators
  Count all_params;                 ///< true parameters, tied once, run or not
  Count active_params;              ///< those that take part in the work of one token: all but what routers leave out
  Count trainable_params;
  Count buffers;  ///< elements of buffers
  bool exact = true;
  std::vector<Uncounted> uncounted;
  std::vector<Uncounted> missed;     ///< products that the convention of another tool prices at nothing
  Count missed_macs;                 ///< how many multiply-adds those are
  std::vector<std::string> not_run;  ///< paths of modules with parameters of their own that never ran, outermost only
  std::vector<std::string> notes;
  std::optional<Training> training;    ///< of a step of training, where that was asked for
  std::optional<Inference> inference;  ///< of the memory of a forward, where that was asked for
  std::optional<Timing> timing;        ///< on a device, where that was asked for

  bool has(Measure measure) const { return known[static_cast<std::size_t>(measure)]; }
  Question question() const { return training ? Question::training : inference ? Question::memory : Question::cost; }
  /// What is shown of it by default.
  std::span<const Measure> shown() const {
    return timing && question() == Question::cost ? timed_measures() : shown_measures(question());
  }
  /// Memory over time, or null where that was not asked for, or is not known.
  const MemoryOverTime* memory() const;
  /// Its rows have these, too.
  void know(std::initializer_list<Measure> measures);
  Amount amount(Measure measure) const {
    return {total[measure], (exact || !row_of(measure).bounded) && !least[static_cast<std::size_t>(measure)],
            row_of(measure).seconds};
  }

  bool operator==(const Report&) const = default;
};

/// Sets what is inside of each row, and the totals, from what rows have of their own. Modules must be listed after
/// those that they are in.
void add_up(Report& report);

}  // namespace thoplw
