// What a layer of the background flow may do. Each layer is a class of its own that derives from this one, hides the
// functions it means, and stands in the list of flow.hpp; what it does not hide does nothing and costs nothing.
#pragma once

#include "engine/core/random.hpp"
#include "engine/flow/proposal.hpp"

namespace mm {

struct Nothing {};

template <class Memory = Nothing>
struct Layer {
    // What the layer remembers of one market.
    using State = Memory;

    // The three rates as the layer has them at this moment; until something happens they may only fall.
    Rates bend(const State&, const Rates& rates) const { return rates; }
    // Time passes, seconds.
    void elapse(State&, double) const {}
    // May change a proposal before it is carried out; false thins it out.
    template <class Book>
    bool admit(State&, Proposal&, const Book&, Random&) const {
        return true;
    }
    // A proposal has been carried out.
    void heard(State&, const Proposal&) const {}
};

}  // namespace mm
