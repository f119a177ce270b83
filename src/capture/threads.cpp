// Replaces the methods of Python's classes that start threads and give work to pools. To exchange their entry points
// would not be enough, as Python calls functions that are written in Python without using them.
#include "capture/threads.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <thread>

#include "base/formatted.h"
#include "capture/active.h"
#include "capture/grad_mode.h"

namespace thoplw::capture {
namespace {

/// Methods that take what is to be run in another thread as their first argument, and the one that starts a thread.
struct Giver {
  const char* module;
  const char* cls;
  const char* method;
  PyObject* type = nullptr;      ///< the class in which ours is in place; null for none
  PyObject* original = nullptr;  ///< what ours replaces
  PyObject* ours = nullptr;      ///< made once, and used again
};
std::array givers = {
    Giver{"threading", "Thread", "start"},
    Giver{"concurrent.futures.thread", "ThreadPoolExecutor", "submit"},
    Giver{"multiprocessing.pool", "Pool", "apply_async"},
    Giver{"multiprocessing.pool", "Pool", "_map_async"},
    Giver{"multiprocessing.pool", "Pool", "imap"},
    Giver{"multiprocessing.pool", "Pool", "imap_unordered"},
};

int installed = 0;  // in all threads; Python's lock guards it

/// While one lives, this thread works for a pass, on a strand that begins in the call that gave it the work.
class Working {
 public:
  Working(Pass& pass, Work& work, Id call)
      : work_(work), strand_(&pass), grad_(pass.api, pass.grad), active_(pass, strand_) {
    if (call != kNone) strand_.open_calls.push_back(call);
    pass.in_threads = true;
    work_.strand = &strand_;
  }
  ~Working() {
    work_.done = true;
    work_.strand = nullptr;
  }
  Working(const Working&) = delete;
  Working& operator=(const Working&) = delete;

 private:
  Work& work_;
  Strand strand_;
  const GradMode grad_;
  const Active active_;
};

/// Wraps a function that another thread will run, so that what it does is part of the pass.
nb::object followed(Pass& pass, nb::object function, bool optional = false) {
  auto work = std::make_shared<Work>();
  work->optional = optional;
  pass.given.push_back(work);
  return nb::cpp_function([weak = pass.weak_from_this(), call = pass.strand().innermost_call(), work = std::move(work),
                           function = std::move(function)](const nb::args& args, const nb::kwargs& kwargs) {
    const std::shared_ptr<Pass> pass = weak.lock();
    if (!pass || pass->over || Pass::current() == pass.get()) {
      work->done = true;
      return nb::object(function(*args, **kwargs));
    }
    const Working working(*pass, *work, call);
    return nb::object(function(*args, **kwargs));
  });
}

/// The pass whose forward runs this thread, or null.
Pass* giving() {
  const Strand* strand = Strand::current();
  return strand && strand->recording ? strand->pass : nullptr;
}

void exchange_methods();

/// Whether the thread serves a pool. Such a thread may work for anyone, so each piece of work is followed instead.
bool is_of_pool(nb::handle thread) {
  const nb::object target = nb::getattr(thread, "_target", nb::none());
  const nb::object module = nb::getattr(target, "__module__", nb::none());
  return std::ranges::any_of(std::span(givers).subspan(1),
                             [&](const Giver& giver) { return module.equal(nb::str(giver.module)); });
}

void start_thread(Pass& pass, const nb::object& thread) {
  if (is_of_pool(thread)) return exchange_methods();  // the forward may be the first to import its module
  const nb::object run = thread.attr("run");
  const bool own = nb::cast<bool>(thread.attr("__dict__").attr("__contains__")("run"));
  // Thread and function hold each other, and the garbage collector cannot see it, as the function is written in C++. So
  // the thread lets go of the function as soon as it runs.
  const nb::object once = nb::cpp_function([thread, run, own] {
    if (own) {
      nb::setattr(thread, "run", run);
    } else {
      nb::delattr(thread, "run");
    }
    return nb::object(run());
  });
  thread.attr("run") = followed(pass, once, nb::cast<bool>(thread.attr("daemon")));
}

/// Whether the workers are threads. Processes get their work pickled, so it cannot be wrapped.
bool is_of_threads(const nb::object& pool) {
  const std::string_view name = Py_TYPE(pool.ptr())->tp_name;
  if (!name.ends_with("Pool")) return true;
  return nb::isinstance(pool, nb::module_::import_("multiprocessing.pool").attr("ThreadPool"));
}

nb::object give(const Giver& giver, const nb::args& args, const nb::kwargs& kwargs) {
  const nb::object original = nb::borrow(giver.original);
  Pass* pass = giving();
  if (!pass || args.size() == 0) return original(*args, **kwargs);
  const bool starts = &giver == givers.data();
  if (starts) start_thread(*pass, args[0]);
  if (starts || args.size() < 2 || !is_of_threads(args[0])) return original(*args, **kwargs);
  nb::list given(args);
  given[1] = followed(*pass, args[1]);
  return original(*given, **kwargs);
}

/// Replaces the methods of classes whose modules have been imported.
void exchange_methods() {
  PyObject* modules = PyImport_GetModuleDict();
  for (Giver& giver : givers) {
    PyObject* module = giver.type ? nullptr : PyDict_GetItemString(modules, giver.module);
    if (!module) continue;
    const nb::object type = nb::borrow(module).attr(giver.cls);
    const nb::object original = nb::borrow(in_class(type.ptr(), interned(giver.method)));
    if (!giver.ours) {
      const nb::object function = nb::cpp_function(
          [&giver](const nb::args& args, const nb::kwargs& kwargs) { return give(giver, args, kwargs); });
      giver.ours = take(PyInstanceMethod_New(function.ptr())).release().ptr();
    }
    if (PyObject_SetAttrString(type.ptr(), giver.method, giver.ours) != 0) throw nb::python_error();
    giver.original = Py_NewRef(original.ptr());
    giver.type = Py_NewRef(type.ptr());
  }
}

void put_back_methods() {
  for (Giver& giver : givers) {
    if (!giver.type) continue;
    if (PyObject_SetAttrString(giver.type, giver.method, giver.original) != 0) throw nb::python_error();
    Py_CLEAR(giver.type);
    Py_CLEAR(giver.original);
  }
}

std::vector<std::shared_ptr<Work>> open_work(const Pass& pass) {
  std::vector<std::shared_ptr<Work>> all;
  for (const std::weak_ptr<Work>& given : pass.given) {
    if (std::shared_ptr<Work> work = given.lock(); work && work->open()) all.push_back(std::move(work));
  }
  return all;
}

}  // namespace

Threads::Threads(Pass& pass) : pass_(pass) {
  if (installed++ == 0) exchange_methods();
}

Threads::~Threads() {
  pass_.over = true;
  for (const std::weak_ptr<Work>& given : pass_.given) {
    const std::shared_ptr<Work> work = given.lock();
    if (!work || !work->strand) continue;
    work->strand->pass = nullptr;
    pass_.outlived = true;
  }
  if (--installed == 0) undo("thoplw: putting methods of threads back", put_back_methods);
}

void Threads::wait() {
  constexpr auto kPatience = std::chrono::milliseconds(500);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!open_work(pass_).empty() && std::chrono::steady_clock::now() < until) {
    {
      const nb::gil_scoped_release others_run;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
  }
  const std::size_t left = open_work(pass_).size();
  if (left == 0) return;
  add_op(pass_, "python::thread");
  pass_.trace.notes.push_back(formatted(
      "the forward returned before other threads had done what it gave them ({} to do): that work is not counted",
      left));
}

}  // namespace thoplw::capture
