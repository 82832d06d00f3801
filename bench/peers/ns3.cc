// H on ns-3 with its priority queue scheduler, the fastest of those it has for this.
#include <cstdlib>

#include "common.h"
#include "ns3/core-module.h"

static uint64_t handled = 0;
static Random draws{1};

static void Fire() {
  handled++;
  ns3::Simulator::Schedule(ns3::NanoSeconds(int64_t(draws.hold_s() * 1e9) + 1), &Fire);
}

int main(int, char **argv) {
  unsigned size = std::atoi(argv[2]);
  double budget = std::atof(argv[3]);
  ns3::ObjectFactory factory;
  factory.SetTypeId("ns3::PriorityQueueScheduler");
  ns3::Simulator::SetScheduler(factory);
  for (unsigned i = 0; i < size; i++)
    ns3::Simulator::Schedule(ns3::NanoSeconds(int64_t(draws.hold_s() * 1e9) + 1), &Fire);
  double slice = slice_s(size);
  auto advance = [](double seconds) {
    ns3::Simulator::Stop(ns3::Seconds(seconds));
    ns3::Simulator::Run();
  };
  advance(std::fmax(slice, 1.0));
  uint64_t before = handled;
  double start = cpu_s();
  while (cpu_s() - start < budget) advance(slice);
  report(handled - before, cpu_s() - start);
}
