// The commands, as one table: the word in the place of the first model, what may follow it, and what it runs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace thoplw::cli {

struct Session;

struct Command {
  std::string_view word;   ///< empty: what a command line without a word of the table runs
  std::string_view usage;  ///< what follows the word: "MODEL NUMBER"
  std::string_view example;
  std::string_view doc;
  std::size_t least, most;  ///< how many arguments that are no flags follow
  void (*run)(Session& session);
  std::string (*words)() = nullptr;  ///< what may follow it, separated by spaces, where that is no model and no file
  bool judges = false;               ///< is its exit code a verdict?
};

std::span<const Command> commands();
/// "train memory fit".
std::string command_words();

void profile_models(Session& session);
void fit_models(Session& session);
void count_language_model(Session& session);
void find_laws(Session& session);
void sweep_models(Session& session);
void check_budgets(Session& session);
void compare_conventions(Session& session);
void diff_models(Session& session);
void explain_number(Session& session);
void list_conventions(Session& session);
void list_devices(Session& session);
void show_cache(Session& session);
void print_reference(Session& session);
void print_help(Session& session);
void print_completion(Session& session);

std::string page_names();
std::string shell_names();
std::string helped_names();

}  // namespace thoplw::cli
