// Queues passes under Python's own lock, as any other could be left locked by a fork.
#include "capture/turns.h"

#include <algorithm>
#include <chrono>
#include <ranges>
#include <thread>
#include <utility>
#include <vector>

#include "capture/module_call.h"
#include "capture/python.h"

namespace thoplw::capture {
namespace {

using ThreadId = unsigned long;

/// One entry for each capture in progress: its thread. The capture of the last entry is running.
std::vector<ThreadId>& turns() {
  static auto* threads = new std::vector<ThreadId>;
  return *threads;
}

bool garbage_waits = false;  // collection was switched off here

bool is_free(ThreadId me) { return turns().empty() || turns().back() == me; }

/// Called in a process that was forked, where the passes of other threads do not go on.
void forget_other_threads() {
  const ThreadId me = PyThread_get_thread_ident();
  std::erase_if(turns(), [&](ThreadId thread) { return thread != me; });
  ModuleCalls::keep(static_cast<int>(turns().size()));
  if (turns().empty() && garbage_waits) PyGC_Enable();
}

void register_fork() {
  static bool registered = false;
  if (std::exchange(registered, true)) return;
  const nb::object os = nb::module_::import_("os");
  if (!nb::hasattr(os, "register_at_fork")) return;  // Windows
  os.attr("register_at_fork")(nb::arg("after_in_child") = nb::cpp_function(forget_other_threads));
}

/// Where a thread waits in Python's threading module, to join another thread or for a result of its.
struct Waiting {
  nb::object frame;
  int instruction = 0;
};

Waiting waiting_at(ThreadId thread) {
  const nb::object frames = nb::module_::import_("sys").attr("_current_frames")();
  const nb::object frame = frames.attr("get")(thread);
  if (frame.is_none()) return {};
  const nb::object file = frame.attr("f_code").attr("co_filename");
  if (!file.equal(nb::module_::import_("threading").attr("__file__"))) return {};
  return {frame, nb::cast<int>(frame.attr("f_lasti"))};
}

bool is_same(const Waiting& a, const Waiting& b) {
  return a.frame.is_valid() && a.frame.is(b.frame) && a.instruction == b.instruction;
}

void wait_for_turn(ThreadId me) {
  constexpr int kTicksBetweenLooks = 20;
  Waiting before;
  for (int tick = 1; !is_free(me); ++tick) {
    {
      const nb::gil_scoped_release others_run;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    if (tick % kTicksBetweenLooks != 0 || is_free(me)) continue;
    Waiting now = waiting_at(turns().back());
    if (is_same(now, before)) return;
    before = std::move(now);
  }
}

}  // namespace

Turn::Turn() {
  register_fork();
  const ThreadId me = PyThread_get_thread_ident();
  wait_for_turn(me);
  turns().push_back(me);
}

Turn::~Turn() {
  const auto mine = std::ranges::find(turns() | std::views::reverse, PyThread_get_thread_ident());
  if (mine != turns().rend()) turns().erase(std::next(mine).base());
}

GarbageCollectionPaused::GarbageCollectionPaused() : was_on_(PyGC_Disable() != 0) { garbage_waits |= was_on_; }

GarbageCollectionPaused::~GarbageCollectionPaused() {
  if (!was_on_) return;
  garbage_waits = false;
  PyGC_Enable();
}

}  // namespace thoplw::capture
