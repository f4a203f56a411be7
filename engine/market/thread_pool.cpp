#include "engine/market/thread_pool.hpp"

#include <algorithm>

namespace mm {

ThreadPool::ThreadPool(std::size_t threads) {
    for (std::size_t worker = 1; worker < threads; ++worker) workers_.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    start_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(std::size_t count, const std::function<void(std::size_t, std::size_t)>& body) {
    if (workers_.empty() || count <= kGrain) {
        body(0, count);
        return;
    }
    {
        const std::scoped_lock lock(mutex_);
        body_ = &body;
        count_ = count;
        running_ = workers_.size();
        ++round_;
    }
    start_.notify_all();
    run_piece(0);
    std::unique_lock lock(mutex_);
    finish_.wait(lock, [this] { return running_ == 0; });
}

void ThreadPool::run_piece(std::size_t piece) const {
    const std::size_t grains = (count_ + kGrain - 1) / kGrain;
    const std::size_t begin = grains * piece / threads() * kGrain;
    const std::size_t end = std::min(count_, grains * (piece + 1) / threads() * kGrain);
    if (begin < end) (*body_)(begin, end);
}

void ThreadPool::work(std::size_t worker) {
    std::size_t seen = 0;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            start_.wait(lock, [&] { return stopping_ || round_ != seen; });
            if (stopping_) return;
            seen = round_;
        }
        run_piece(worker);
        const std::scoped_lock lock(mutex_);
        if (--running_ == 0) finish_.notify_one();
    }
}

}  // namespace mm
