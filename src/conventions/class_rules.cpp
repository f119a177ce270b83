// Finds the class rule of a module: its own class first, then its bases.
#include "conventions/class_rules.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace thoplw {
namespace {

constexpr std::string_view kBatchNorms[] = {"torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d", "torch.nn.BatchNorm3d",
                                            "torch.nn.SyncBatchNorm"};

const ClassRule* find_exactly(std::span<const ClassRule> rules, std::string_view cls) {
  const auto row = std::find_if(rules.begin(), rules.end(), [&](const ClassRule& rule) { return rule.cls == cls; });
  return row == rules.end() ? nullptr : &*row;
}

}  // namespace

const ClassRule* find_class_rule(const Convention& convention, const Class& cls) {
  const std::span<const ClassRule> rules = convention.class_rules;
  if (const ClassRule* rule = find_exactly(rules, cls.name)) return rule;
  if (!convention.subclasses) return nullptr;
  for (const std::string& base : cls.bases) {
    if (const ClassRule* rule = find_exactly(rules, base)) return rule;
  }
  return nullptr;
}

std::vector<const ClassRule*> class_rules_of(const Trace& trace, const Convention& convention) {
  std::vector<const ClassRule*> by_class, rules;
  for (const Class& cls : trace.classes) by_class.push_back(find_class_rule(convention, cls));
  for (const Module& module : trace.modules) rules.push_back(at(by_class, module.cls));
  if (convention.more_class_rules) convention.more_class_rules(trace, rules);
  return rules;
}

bool is_batch_norm(const Class& cls) {
  const auto named = [](std::string_view name) {
    return std::find(std::begin(kBatchNorms), std::end(kBatchNorms), name) != std::end(kBatchNorms);
  };
  return named(cls.name) || std::any_of(cls.bases.begin(), cls.bases.end(), named);
}

}  // namespace thoplw
