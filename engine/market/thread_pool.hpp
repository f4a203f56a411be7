// A persistent pool that splits a range of markets statically, so that results never depend on scheduling.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace mm {

class ThreadPool {
  public:
    // The calling thread works too: n threads start n - 1. Throws std::runtime_error where the system gives fewer.
    explicit ThreadPool(std::size_t threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    std::size_t threads() const { return workers_.size() + 1; }
    // Calls body(begin, end) on disjoint pieces of [0, count), each a multiple of kGrain but the last; inline with one
    // thread. The body must not throw.
    template <class Body>
    void run(std::size_t count, const Body& body) {
        if (workers_.empty() || count <= kGrain) return body(std::size_t{0}, count);
        share({[](const void* b, std::size_t begin, std::size_t end) { (*static_cast<const Body*>(b))(begin, end); },
               &body, count});
    }

    static constexpr std::size_t kGrain = 16;  // markets

  private:
    struct Work {
        void (*call)(const void* body, std::size_t begin, std::size_t end) = nullptr;  // null: stop
        const void* body = nullptr;
        std::size_t count = 0;
    };

    void start(const Work& work);
    void stop();
    void share(const Work& work);
    void serve(std::size_t worker);
    void do_piece(std::size_t piece) const;

    Work work_;                                         // of this round; written while no worker is at work
    alignas(64) std::atomic<std::uint32_t> round_ = 0;  // on cache lines of their own: one is spun on
    alignas(64) std::atomic<std::uint32_t> running_ = 0;
    alignas(64) std::vector<std::thread> workers_;
};

}  // namespace mm
