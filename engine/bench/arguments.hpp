// Parameters from the command line, KEY=NUMBER,NUMBER...: a field of a struct within a struct is OUTER.INNER, a matrix
// is given row by row, an enum by its number.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/core/describe.hpp"

namespace mm {

class Arguments {
  public:
    Arguments(int count, char** words) {
        for (int i = 1; i < count; ++i) read(words[i]);
    }

    // Fills whatever a described struct may hold; ranges are left to its validate().
    template <class Value>
    void fill(const std::string& key, Value& value) const {
        if constexpr (Described<Value>)
            each_field<Value>([&](const auto& field) { fill(key + "." + field.name, value.*field.member); });
        else
            value = static_cast<Value>(numbers(key, 1).front());
    }
    template <Number Entry>
    void fill(const std::string& key, std::vector<Entry>& list) const {
        list.clear();
        for (const double number : numbers(key)) list.push_back(static_cast<Entry>(number));
    }
    template <std::size_t Rows, std::size_t Columns>
    void fill(const std::string& key, std::array<std::array<double, Columns>, Rows>& matrix) const {
        const std::vector<double>& given = numbers(key, Rows * Columns);
        for (std::size_t i = 0; i < given.size(); ++i) matrix[i / Columns][i % Columns] = given[i];
    }
    // Given where anything below its key is.
    template <class Value>
    void fill(const std::string& key, std::optional<Value>& value) const {
        const auto first = values_.lower_bound(key + ".");
        if (first != values_.end() && first->first.starts_with(key + ".")) fill(key, value.emplace());
    }

  private:
    const std::vector<double>& numbers(const std::string& key) const {
        const auto found = values_.find(key);
        if (found == values_.end()) throw std::invalid_argument("mm_bench needs " + key + "=...");
        return found->second;
    }
    const std::vector<double>& numbers(const std::string& key, std::size_t count) const {
        const std::vector<double>& found = numbers(key);
        check_entries(found, count, "numbers", key);
        return found;
    }

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
