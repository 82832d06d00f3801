// H on SimGrid's timers, P on its actors and mailboxes over links of 5.5 ms (its latencies belong to links).
#include <cstdlib>
#include <simgrid/s4u.hpp>
#include <simgrid/kernel/Timer.hpp>
#include <vector>

#include "common.h"

namespace sg = simgrid::s4u;
static uint64_t handled = 0;
static Random draws{1};

static void arm() {
  simgrid::kernel::timer::Timer::set(sg::Engine::get_clock() + draws.hold_s(), [] {
    handled++;
    arm();
  });
}

static void measure(double warm_up, double slice, double budget) {
  sg::this_actor::sleep_for(warm_up);
  uint64_t before = handled;
  double start = cpu_s();
  while (cpu_s() - start < budget) sg::this_actor::sleep_for(slice);
  report(handled - before, cpu_s() - start);
  std::fflush(stdout);
  std::_Exit(0);
}

static std::vector<sg::Mailbox *> boxes;

static void node(unsigned me) {
  static int payload;
  auto send = [me] {
    unsigned other = draws.bits() % (boxes.size() - 1);
    boxes[other >= me ? other + 1 : other]->put_init(&payload, 1)->detach();
  };
  send();
  while (true) {
    boxes[me]->get<int>();
    handled++;
    send();
  }
}

int main(int argc, char **argv) {
  unsigned size = std::atoi(argv[2]);
  double budget = std::atof(argv[3]);
  bool hold = argv[1][0] == 'H';
  int none = 1;
  sg::Engine engine(&none, argv);
  auto *zone = sg::create_full_zone("zone");
  unsigned hosts = hold ? 1 : size;
  sg::Link *link = zone->create_link("link", 1e12)->set_latency(0.0055)->set_sharing_policy(sg::Link::SharingPolicy::FATPIPE)->seal();
  std::vector<sg::Host *> list;
  for (unsigned i = 0; i < hosts; i++) list.push_back(zone->create_host("n" + std::to_string(i), 1e9)->seal());
  for (unsigned i = 0; i < hosts; i++)
    for (unsigned j = i + 1; j < hosts; j++)
      zone->add_route(list[i]->get_netpoint(), list[j]->get_netpoint(), nullptr, nullptr, {sg::LinkInRoute(link)});
  zone->seal();
  if (hold) {
    for (unsigned i = 0; i < size; i++) arm();
    sg::Actor::create("clock", list[0], [=] { measure(std::fmax(slice_s(size), 1.0), slice_s(size), budget); });
  } else {
    for (unsigned i = 0; i < size; i++) boxes.push_back(sg::Mailbox::by_name("n" + std::to_string(i)));
    for (unsigned i = 0; i < size; i++) sg::Actor::create("node", list[i], node, i);
    sg::Actor::create("clock", list[0], [=] { measure(0.02, std::fmax(55.0 / size, 0.001), budget); });
  }
  engine.run();
}
