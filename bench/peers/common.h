// What the workers in C++ share: SplitMix64, the processor's time, the report.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

struct Random {
  uint64_t state;
  uint64_t bits() {
    state += 0x9e3779b97f4a7c15ULL;
    uint64_t x = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  }
  double unit() { return ((bits() >> 11) + 0.5) / 9007199254740992.0; }
  double hold_s() { return -std::log(unit()); }
};

inline double cpu_s() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

inline long peak_kib() {
  FILE *status = std::fopen("/proc/self/status", "r");
  char line[256];
  long peak = 0;
  while (status && std::fgets(line, sizeof line, status))
    if (std::strncmp(line, "VmHWM:", 6) == 0) std::sscanf(line + 6, "%ld", &peak);
  if (status) std::fclose(status);
  return peak;
}

inline void report(uint64_t events, double seconds) {
  std::printf("{\"events\":%llu,\"seconds\":%.9f,\"peak_kib\":%ld}\n", (unsigned long long)events, seconds, peak_kib());
}

// The slice of simulated seconds for H: 10,000 events or more.
inline double slice_s(unsigned pending) { return std::fmin(std::fmax(10000.0 / pending, 0.05), 10.0); }
