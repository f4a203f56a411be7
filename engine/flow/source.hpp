// What a source of the background flow may do. Each is a class of its own that derives from this one, hides the
// functions it means, and stands in a list of flow.hpp; what it does not hide does nothing and costs nothing.
//
// A source with a clock makes things happen at times of its own, from a random stream of its own, so that they are the
// same whatever anybody else does: two policies on one seed meet the same takers. A source without one is a layer: it
// bends or thins what the others are about to do.
#pragma once

#include "engine/core/random.hpp"
#include "engine/flow/proposal.hpp"

namespace mm {

struct Nothing {};

template <class Memory = Nothing>
struct Source {
    // What the source remembers of one market.
    using State = Memory;
    // Whether it has a clock, whether it prompts what others do, and whether its `chance` may be below one.
    static constexpr bool kClocked = false;
    static constexpr bool kPrompts = false;
    static constexpr bool kThins = false;

    // A new random stream, at a time; what the state remembers of the market stays.
    void restart(State&, Random&, Nanoseconds) const {}
    // When its clock is due next.
    Nanoseconds next(const State&) const { return kNever; }
    // Does what is due, and sets the clock anew. `flow` carries out what its `act` is told.
    template <class Flow, class States, class Venue, class Sink>
    void fire(State&, const Flow&, States&, Venue&, Sink&) const {}

    // May change an order before it is sent.
    void bend(const State&, Proposal&) const {}
    // Probability that it is carried out at all.
    template <class Book>
    double chance(const State&, const Proposal&, const Book&) const {
        return 1;
    }
    // An order or a cancel is about to happen; what becomes of it makes no difference.
    void heard(State&, Kind, Nanoseconds) const {}
};

}  // namespace mm
