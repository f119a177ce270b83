// Threads take the next piece each; this thread does what only it may, and takes results.
#include "cli/jobs.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace thoplw::cli {
namespace {

class Crew {
 public:
  explicit Crew(const Jobs& jobs) : jobs_(jobs), done_(jobs.size) {
    for (std::size_t i = 0; i < jobs.size; ++i) (jobs.anywhere(i) ? theirs_ : mine_).push_back(i);
    const std::size_t threads = std::min(jobs.threads, theirs_.size());
    if (threads == 0) mine_ = all();
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { take(); });
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() {
    {
      const std::lock_guard lock(mutex_);
      next_ = theirs_.size();  // nothing more is begun
    }
    for (std::thread& thread : threads_) thread.join();
  }

  void run() {
    auto mine = mine_.begin();
    for (std::size_t i = 0; i < jobs_.size;) {
      if (is_done(i)) {
        jobs_.then(i++);
      } else if (mine != mine_.end()) {
        show(*mine);
        jobs_.work(*mine);
        finish(*mine++);
      } else {
        wait_for(i);
      }
    }
  }

 private:
  std::vector<std::size_t> all() const {
    std::vector<std::size_t> places(jobs_.size);
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
    return places;
  }

  /// What each thread does.
  void take() {
    try {
      while (true) {
        std::size_t i;
        {
          const std::lock_guard lock(mutex_);
          if (next_ == theirs_.size()) return;
          i = theirs_[next_++];
          latest_ = std::max(latest_, i);
        }
        changed_.notify_all();
        jobs_.work(i);
        finish(i);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  void finish(std::size_t i) {
    const std::lock_guard lock(mutex_);
    done_[i] = true;
    ++done_count_;
    changed_.notify_all();
  }

  bool is_done(std::size_t i) {
    const std::lock_guard lock(mutex_);
    return done_[i];
  }

  void show(std::size_t mine) {
    std::unique_lock lock(mutex_);
    latest_ = std::max(latest_, mine);
    show(lock);
  }

  void show(std::unique_lock<std::mutex>& lock) {
    const auto latest = latest_, done = done_count_;
    lock.unlock();
    jobs_.progress(latest, done);
    lock.lock();
  }

  void wait_for(std::size_t i) {
    std::unique_lock lock(mutex_);
    while (!done_[i]) {
      if (failure_) std::rethrow_exception(failure_);
      const auto latest = latest_, done = done_count_;
      show(lock);
      changed_.wait(lock, [&] { return failure_ || latest_ != latest || done_count_ != done; });
    }
  }

  const Jobs& jobs_;
  std::vector<std::size_t> mine_, theirs_;
  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::vector<bool> done_;
  std::size_t next_ = 0, latest_ = 0, done_count_ = 0;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace

void run_jobs(const Jobs& jobs) { Crew(jobs).run(); }

}  // namespace thoplw::cli
