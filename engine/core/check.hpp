// One sentence for a parameter out of range: its name, the rule, the value.
#pragma once

#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>

namespace mm {

template <class Value>
void check(bool holds, const std::string& name, const char* rule, const Value& value) {
    if (holds) return;
    std::ostringstream sentence;
    sentence << name << " must " << rule << ", but it is " << value;
    throw std::invalid_argument(sentence.str());
}

inline void check_least(double value, double least, const std::string& name) {
    std::ostringstream rule;
    rule << "be finite and >= " << least;
    check(std::isfinite(value) && value >= least, name, rule.str().c_str(), value);
}

inline void check_above(double value, double bound, const std::string& name) {
    std::ostringstream rule;
    rule << "be finite and > " << bound;
    check(std::isfinite(value) && value > bound, name, rule.str().c_str(), value);
}

}  // namespace mm
