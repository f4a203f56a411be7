// A persistent pool that splits a range of markets statically, so that results never depend on scheduling.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mm {

class ThreadPool {
  public:
    // The calling thread works too: n threads start n - 1.
    explicit ThreadPool(std::size_t threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    std::size_t threads() const { return workers_.size() + 1; }
    // Calls body(begin, end) on disjoint pieces of [0, count), each a multiple of kGrain but the last; inline with one
    // thread. The body must not throw.
    void run(std::size_t count, const std::function<void(std::size_t, std::size_t)>& body);

    static constexpr std::size_t kGrain = 16;  // markets

  private:
    void work(std::size_t worker);
    void run_piece(std::size_t piece) const;

    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable start_, finish_;
    const std::function<void(std::size_t, std::size_t)>* body_ = nullptr;
    std::size_t count_ = 0;
    std::size_t running_ = 0;
    std::size_t round_ = 0;
    bool stopping_ = false;
};

}  // namespace mm
