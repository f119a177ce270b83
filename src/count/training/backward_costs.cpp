// Walks the operators whose backward runs: products have rows of their own, all else costs once more per gradient.
#include "count/training/backward_costs.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "count/op_work.h"
#include "operators/backward/backward_products.h"
#include "operators/rule.h"
#include "operators/work/formulas.h"
#include "trace/usage.h"

namespace thoplw {
namespace {

class BackwardCosts {
 public:
  BackwardCosts(const Trace& trace, const Convention& convention, const Autograd& autograd, const PassKept& kept,
                Flavour flavour, Report& report)
      : trace_(trace),
        convention_(convention),
        autograd_(autograd),
        kept_(kept),
        flavour_(flavour),
        report_(report),
        weights_(made_of_weights(trace)) {
    for (const std::string& name : trace.op_names) rules_.push_back(find_rule(name));
    for (std::size_t i = 0; i < report.ops.size(); ++i) op_rows_.emplace(report.ops[i].name, i);
    forward_.resize(trace.ops.size());
  }

  void add() {
    for (std::size_t i = 0; i < trace_.ops.size(); ++i) add_op(static_cast<Id>(i));
    for (std::size_t i = 0; i < trace_.regions.size(); ++i) {
      if (trace_.regions[i].kind == Region::Kind::function) {
        add_function(i);
      } else {
        add_recompute(trace_.regions[i]);
      }
    }
  }

 private:
  Id module_of(const Op& op) const { return op.call == kNone ? 0 : at(trace_.calls, op.call).module; }
  Count times(const Op& op) const { return op.call == kNone ? Count(1) : at(trace_.calls, op.call).times; }

  void add_op(Id id) {
    const Op& op = at(trace_.ops, id);
    const Rule* rule = at(rules_, op.name);
    const bool registered = !rule && Trace::attr(op, "flops");
    if (!registered && (!rule || !rule->formula.computes())) return;
    const Formula& formula = rule ? rule->formula : work::registered;
    try {
      const Work work = work_of(trace_, op, formula, weights_);
      at(forward_, id) = convention_.prices.of(work);
      if (at(autograd_.live, id)) add_backward(id, op, formula, work);
    } catch (const work::NotCounted&) {
      return;  // the forward says so
    } catch (const Error& error) {
      throw Error(located(at(report_.rows, module_of(op)).path, trace_.op_name(op), error));
    } catch (const std::out_of_range&) {
      return;
    }
  }

  void add_backward(Id id, const Op& op, const Formula& formula, const Work& work) {
    const GradOp view{{trace_, op}, autograd_.needs(id), flavour_};
    const Kind kind = work[Kind::attention] > 0 ? Kind::attention : Kind::contraction;
    const auto products = backward_products(view, formula, work.products());
    if (!products) {
      add_uncounted(trace_.op_name(op) + " in backward", module_of(op));
    } else {
      for (const BackwardProduct& product : *products) add_product(op, view, product, kind);
    }
    add_elements(op, view, work);
  }

  /// The gradient of something that the operator makes inside of an input and a weight is one of an input.
  void add_product(const Op& op, const GradOp& view, const BackwardProduct& product, Kind kind) {
    if (!std::ranges::any_of(product.of, [&](std::size_t i) { return view.need(i); })) return;
    const bool of_weight = std::ranges::all_of(
        product.of, [&](std::size_t i) { return i >= op.in.size() || op.in[i] == kNone || at(weights_, op.in[i]); });
    add_cost(op, of_weight, convention_.prices.of(only(kind, product.macs)));
  }

  /// Work by elements: once more for each input that has a gradient.
  void add_elements(const Op& op, const GradOp& view, Work work) {
    work[Kind::contraction] = work[Kind::attention] = 0;
    const Work cost = convention_.prices.of(work);
    if (cost.sum() == 0) return;
    for (std::size_t i = 0; i < op.in.size(); ++i) {
      if (view.need(i)) add_cost(op, at(weights_, op.in[i]), cost);
    }
  }

  void add_cost(const Op& op, bool of_weight, const Work& once) {
    const Measure part = of_weight ? Measure::weight_gradient : Measure::input_gradient;
    const Work cost = once * times(op);
    Row& row = add(op, cost, part);
    row.own[Measure::backward] += cost.sum();
  }

  Row& add(const Op& op, const Work& cost, Measure part) {
    Row& row = at(report_.rows, module_of(op));
    row.cost += cost;
    row.own[part] += cost.sum();
    row.own[Measure::macs] += cost.sum();
    if (const auto found = op_rows_.find(trace_.op_name(op)); found != op_rows_.end()) {
      report_.ops[found->second].cost += cost;
      report_.ops[found->second].macs += cost.sum();
    }
    return row;
  }

  /// Its backward is code of its author: that it costs something is all that is known.
  void add_function(std::size_t index) {
    const Region& region = trace_.regions[index];
    if (!autograd_.region_live[index] || region.first_op == region.end_op) return;
    bool computes = false;
    for (Id op = region.first_op; op < region.end_op; ++op) computes |= at(forward_, op).sum() > 0;
    if (computes) add_uncounted("backward of " + region.name, module_of(at(trace_.ops, region.first_op)));
  }

  /// A checkpoint whose backward runs computes its forward again.
  void add_recompute(const Region& region) {
    bool live = false;
    for (Id op = region.first_op; op < region.end_op; ++op) live |= at(autograd_.live, op) != 0;
    if (!live) return;
    const Id end = recompute_end(autograd_, kept_, region);
    for (Id i = region.first_op; i < end; ++i) {
      const Op& op = at(trace_.ops, i);
      if (at(forward_, i).sum() > 0) add(op, at(forward_, i) * times(op), Measure::recompute);
    }
  }

  void add_uncounted(const std::string& what, Id module) {
    Row& row = at(report_.rows, module);
    row.exact = report_.exact = false;
    const auto same = [&](const Uncounted& known) { return known.op == what && known.path == row.path; };
    const auto found = std::ranges::find_if(report_.uncounted, same);
    if (found == report_.uncounted.end()) {
      report_.uncounted.push_back({what, row.path, 1});
    } else {
      ++found->times;
    }
  }

  const Trace& trace_;
  const Convention& convention_;
  const Autograd& autograd_;
  const PassKept& kept_;
  Flavour flavour_;
  Report& report_;
  std::vector<bool> weights_;       ///< by value: is it made of parameters and buffers alone?
  std::vector<const Rule*> rules_;  ///< by operator name
  std::map<std::string, std::size_t> op_rows_;
  std::vector<Work> forward_;  ///< by operator: what one run costs
};

}  // namespace

void add_backward_costs(const Trace& trace, const Convention& convention, const Autograd& autograd,
                        const PassKept& kept, Flavour flavour, Report& report) {
  BackwardCosts(trace, convention, autograd, kept, flavour, report).add();
}

}  // namespace thoplw
