#include "engine/market/thread_pool.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>

namespace mm {

namespace {

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Waits until `value` differs from `old`. Rounds follow each other within microseconds, far less than it takes to wake
// a sleeper: so it looks for some tens of them before it sleeps.
std::uint32_t wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
    constexpr int kLooks = 1000;
    for (int i = 0; i < kLooks; ++i) {
        const std::uint32_t now = value.load(std::memory_order_acquire);
        if (now != old) return now;
        pause();
    }
    value.wait(old, std::memory_order_acquire);
    return value.load(std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(std::size_t threads) {
    workers_.reserve(threads);
    try {
        while (this->threads() < threads) workers_.emplace_back([this, worker = this->threads()] { serve(worker); });
    } catch (const std::exception& error) {  // threads and memory run out; a thread that nobody joins ends the process
        const std::size_t started = this->threads();
        stop();
        throw std::runtime_error("only " + std::to_string(started) + " of " + std::to_string(threads) +
                                 " threads could be started: " + error.what());
    }
}

ThreadPool::~ThreadPool() {
    stop();
}

void ThreadPool::stop() {
    start({});
    for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::start(const Work& work) {
    work_ = work;
    running_.store(static_cast<std::uint32_t>(workers_.size()), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
}

void ThreadPool::share(const Work& work) {
    start(work);
    do_piece(0);
    std::uint32_t running = running_.load(std::memory_order_acquire);
    while (running != 0) running = wait_for_change(running_, running);
}

void ThreadPool::do_piece(std::size_t piece) const {
    const std::size_t grains = (work_.count + kGrain - 1) / kGrain;
    const std::size_t begin = grains * piece / threads() * kGrain;
    const std::size_t end = std::min(work_.count, grains * (piece + 1) / threads() * kGrain);
    if (begin < end) work_.call(work_.body, begin, end);
}

void ThreadPool::serve(std::size_t worker) {
    for (std::uint32_t round = 0;;) {
        round = wait_for_change(round_, round);
        if (work_.call == nullptr) return;
        do_piece(worker);
        if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_one();
    }
}

}  // namespace mm
