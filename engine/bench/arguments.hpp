// Numbers by name from the command line: KEY=NUMBER,NUMBER...
#pragma once

#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace mm {

class Arguments {
  public:
    Arguments(int count, char** words) {
        for (int i = 1; i < count; ++i) read(words[i]);
    }

    bool holds(const std::string& key) const { return values_.contains(key); }
    template <class Number>
    std::vector<Number> list(const std::string& key) const {
        const auto found = values_.find(key);
        if (found == values_.end()) throw std::invalid_argument("mm_bench needs " + key + "=...");
        std::vector<Number> numbers;
        for (double value : found->second) numbers.push_back(static_cast<Number>(value));
        return numbers;
    }
    template <class Number>
    Number number(const std::string& key) const {
        return list<Number>(key).at(0);
    }

  private:
    void read(const std::string& word) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos) throw std::invalid_argument("expected KEY=NUMBER,NUMBER..., not " + word);
        std::vector<double>& values = values_[word.substr(0, equals)];
        std::istringstream numbers(word.substr(equals + 1));
        for (std::string number; std::getline(numbers, number, ',');) values.push_back(std::stod(number));
    }

    std::map<std::string, std::vector<double>> values_;
};

}  // namespace mm
