// Flow that looks at the queues before it acts, by thinning (after Huang, Lehalle & Rosenbaum 2015, model I, and the
// imbalance of their model III): what arrives at the best price depends on how many lots stand there already. Only the
// background's lots count: ours must not change what others do.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

#include "engine/core/describe.hpp"
#include "engine/flow/source.hpp"

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

    static constexpr auto fields() {
        return std::tuple{
            Field{"limit", &QueueReactiveParams::limit, within(0, 1)},
            Field{"cancel", &QueueReactiveParams::cancel, within(0, 1)},
            Field{"market", &QueueReactiveParams::market, within(0, 1)},
            Field{"imbalance_sensitivity", &QueueReactiveParams::imbalance_sensitivity, within(0, 1)},
        };
    }

    void validate() const;
};

class QueueReactive : public Source<> {
  public:
    static constexpr bool kThins = true;

    explicit QueueReactive(const QueueReactiveParams& params);

    template <class Book>
    double chance(const State&, const Proposal& proposal, const Book& book) const {
        const bool hits = proposal.kind == Kind::market;
        const Side queue = hits ? opposite(proposal.side) : proposal.side;
        if (book.background_empty(queue)) return 1;
        const Ticks best = book.reference(queue);
        if (!hits && proposal.price != best) return 1;
        const double chance = by_queue(proposal.kind, book.background_depth(best));
        return hits ? chance * let_through(proposal.side, book) : chance;
    }

  private:
    double by_queue(Kind kind, Lots lots) const {
        const std::vector<double>& chance = chance_[index(kind)];
        return chance[std::min(static_cast<std::size_t>(lots), chance.size() - 1)];
    }

    template <class Book>
    double let_through(Side side, const Book& book) const {
        if (sensitivity_ == 0 || book.background_empty(Side::bid) || book.background_empty(Side::ask)) return 1;
        const double bid = book.background_depth(book.reference(Side::bid));
        const double ask = book.background_depth(book.reference(Side::ask));
        return 1 - 0.5 * sensitivity_ * (1 - sign(side) * (bid - ask) / (bid + ask));
    }

    std::vector<double> chance_[kKinds];
    double sensitivity_;
};

}  // namespace mm
