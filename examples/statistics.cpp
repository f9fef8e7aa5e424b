// Mean, spread and median of the numbers on standard input, one a line.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <numeric>
#include <vector>

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) {
    sum += value;
  }
  return sum / values.size();
}

double variance(const std::vector<double>& values) {
  double average = mean(values);
  double sum = 0;
  for (double value : values) {
    sum += (value - average) * (value - average);
  }
  return sum / values.size();
}
