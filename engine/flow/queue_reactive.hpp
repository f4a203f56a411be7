// Flow that looks at the queues before it acts, by thinning (after Huang, Lehalle & Rosenbaum 2015, model I, and the
// imbalance of their model III): what arrives at the best price depends on how many lots stand there already.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/flow/layer.hpp"

namespace mm {

// Probabilities that a proposal is carried out. Entry i holds for a queue of i lots, the last one beyond; an empty
// list lets everything through.
struct QueueReactiveParams {
    std::vector<double> limit;   // limit orders at their side's best price, by the queue they join
    std::vector<double> cancel;  // cancels at the best price, by the queue they leave
    std::vector<double> market;  // market orders, by the queue they hit
    // A market order for side e (+1 buys) is let through with 1 - sensitivity (1 - e I) / 2, I = (B - A) / (B + A) of
    // the best queues.
    double imbalance_sensitivity = 0;

    void validate() const;
};

class QueueReactive : public Layer<> {
  public:
    explicit QueueReactive(const QueueReactiveParams& params);

    template <class Book>
    bool admit(State&, const Proposal& proposal, const Book& book, Random& random) const {
        const bool hits = proposal.kind == Kind::market;
        const Side queue = hits ? opposite(proposal.side) : proposal.side;
        if (!hits && proposal.price != book.best(queue)) return true;
        double chance = by_queue(proposal.kind, book.depth(book.best(queue)));
        if (hits) chance *= let_through(proposal.side, book);
        return chance >= 1 || random.uniform() < chance;
    }

  private:
    double by_queue(Kind kind, Lots lots) const {
        const std::vector<double>& chance = chance_[index(kind)];
        return chance[std::min(static_cast<std::size_t>(lots), chance.size() - 1)];
    }

    template <class Book>
    double let_through(Side side, const Book& book) const {
        if (sensitivity_ == 0 || !book.two_sided()) return 1;
        const double bid = book.depth(book.best(Side::bid)), ask = book.depth(book.best(Side::ask));
        return 1 - 0.5 * sensitivity_ * (1 - sign(side) * (bid - ask) / (bid + ask));
    }

    std::vector<double> chance_[kKinds];
    double sensitivity_;
};

}  // namespace mm
