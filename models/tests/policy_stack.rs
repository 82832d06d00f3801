//! Policies composed, against a callee that answers by a script: `10+` after 10 ms with success, `10-` with failure,
//! `?` never. What went out and how the call ended is told as text.

use std::collections::BTreeMap;

use models::policy::bulkhead::BulkheadConfig;
use models::policy::hedge::{After, HedgeConfig};
use models::policy::retry::RetryConfig;
use models::policy::{
    Act, Acts, Backoff, BreakerConfig, BudgetConfig, Call, Layer, LeakyBucketConfig, Outcome, Stack, Token,
    Trip, Twin, Why,
};
use sim_core::random::Rng;
use sim_core::time::{Span, Time};
use sim_core::units::Rate;

enum Due {
    Answer(Token, Outcome),
    Wake(Token),
    Begin(u64, u64),
}

/// Begins calls at the times given (ms, key), of use until `deadline`, and plays the script, one item an attempt; the
/// last repeats.
fn play(layers: &[Layer], calls: &[(u64, u64)], deadline: Time, script: &str) -> String {
    let script: Vec<&str> = script.split_whitespace().collect();
    let (mut stack, mut rng, mut acts) = (Stack::new(layers), Rng::from_key(1), Acts::default());
    let mut due: BTreeMap<(Time, u32), Due> = BTreeMap::new();
    let (mut number, mut sent, mut told) = (0, 0, Vec::new());
    for (tag, (ms, key)) in calls.iter().enumerate() {
        due.insert((Time(ms * 1_000_000), number), Due::Begin(tag as u64, *key));
        number += 1;
    }
    while let Some(((now, _), what)) = due.pop_first() {
        match what {
            Due::Answer(attempt, outcome) => drop(stack.ended(attempt, outcome, now, &mut rng, &mut acts)),
            Due::Wake(token) => stack.wake(token, now, &mut rng, &mut acts),
            Due::Begin(tag, key) => {
                let _ = stack.begin(Call { tag, key, deadline }, now, &mut rng, &mut acts);
            }
        }
        while let Some((_, act)) = acts.take() {
            let ms = now.0 / 1_000_000;
            number += 1;
            match act {
                Act::Send { attempt, tag, number: n, deadline, twin } => {
                    let tells = if deadline == Time::NEVER {
                        String::new()
                    } else {
                        format!("<{}", deadline.0 / 1_000_000)
                    };
                    let tied = match twin {
                        Twin::None => "",
                        Twin::Awaited => " alone",
                        Twin::Of(_) => " twin",
                    };
                    told.push(format!("{ms}:send{tag}.{n}{tells}{tied}"));
                    let item = script[sent.min(script.len() - 1)];
                    sent += 1;
                    if let Some((after, end)) =
                        item.split_at_checked(item.len() - 1).filter(|(after, _)| !after.is_empty())
                    {
                        let outcome = match end {
                            "+" => Outcome::Ok,
                            "b" => Outcome::TakenBack,
                            _ => Outcome::Failed,
                        };
                        let at = now + Span::ms(after.parse().expect("a number"));
                        due.insert((at, number), Due::Answer(attempt, outcome));
                    }
                }
                Act::Cancel { why, .. } => {
                    let word = match why {
                        Why::Late => "late",
                        Why::Lost => "lost",
                        Why::Tied => "take back",
                        Why::Left => "leave",
                    };
                    told.push(format!("{ms}:{word}"));
                }
                Act::Wake { at, token } => drop(due.insert((at, number), Due::Wake(token))),
                Act::Done { tag, outcome } => told.push(format!("{ms}:end{tag} {}", outcome.word())),
                Act::Mark(mark) => told.push(format!("{ms}:({mark})")),
            }
        }
    }
    assert_eq!(stack.live(), 0, "nothing is left when all calls have ended");
    told.join(" ")
}

fn retry(attempts: u32, wait: u64) -> Layer {
    Layer::Retry(RetryConfig { attempts, backoff: Backoff::Fixed(Span::ms(wait)), budget: None })
}

fn timeout(ms: u64) -> Layer {
    Layer::Timeout(Span::ms(ms))
}

fn breaker() -> Layer {
    let trips = Trip::Consecutive(2);
    Layer::Breaker(BreakerConfig { trips, open_for: Span::ms(50), probes: 1 })
}

fn check(layers: &[Layer], calls: &[(u64, u64)], script: &str, expected: &str) {
    assert_eq!(play(layers, calls, Time::NEVER, script), expected);
}

/// The same for calls that are of no use after so many milliseconds.
fn check_until(ms: u64, layers: &[Layer], calls: &[(u64, u64)], script: &str, expected: &str) {
    assert_eq!(play(layers, calls, Time(ms * 1_000_000), script), expected);
}

#[test]
fn a_timeout_means_what_it_stands_before() {
    let one = &[(0, 0)];
    check(
        &[retry(3, 5), timeout(20)],
        one,
        "?",
        "0:send0.1 20:late 25:send0.2 45:late 50:send0.3 70:late 70:end0 timeout",
    );
    check(&[timeout(20), retry(3, 5)], one, "10- ?", "0:send0.1 15:send0.2 20:late 20:end0 timeout");
    check(&[timeout(12), retry(3, 5)], one, "10-", "0:send0.1 10:end0 failed");
    check(&[retry(3, 5)], one, "1- 1- 1+", "0:send0.1 6:send0.2 12:send0.3 13:end0 ok");
}

#[test]
fn a_deadline_is_told_and_kept() {
    let layers = [timeout(100), Layer::Deadline { margin: Span::ms(10) }, retry(2, 0), timeout(30)];
    check(&layers, &[(0, 0)], "? 1+", "0:send0.1<30 30:late 30:send0.2<60 31:end0 ok");
}

#[test]
fn a_callers_own_deadline_goes_on_and_ends_the_call() {
    let one = &[(0, 0)];
    check_until(50, &[], one, "?", "0:send0.1<50 50:late 50:end0 timeout");
    check_until(50, &[], one, "10+", "0:send0.1<50 10:end0 ok");
    check_until(50, &[], &[(50, 0), (60, 0)], "?", "50:end0 timeout 60:end1 timeout");
    // Each attempt is told what its own timeout leaves, and none is begun that would come too late.
    let expected = "0:send0.1<30 30:late 35:send0.2<50 50:late 50:end0 timeout";
    check_until(50, &[retry(5, 5), timeout(30)], one, "?", expected);
    check_until(50, &[retry(5, 25)], one, "10- 10- 10-", "0:send0.1<50 35:send0.2<50 45:end0 failed");
    let margin = Layer::Deadline { margin: Span::ms(20) };
    check_until(50, &[margin], one, "?", "0:send0.1<30 50:late 50:end0 timeout");
    // Who waits for a place gives it up; whoever comes later gets it.
    let one_place = Layer::Bulkhead(BulkheadConfig { places: 1, waiting: 5 });
    check_until(
        50,
        &[one_place],
        &[(0, 0), (10, 0)],
        "?",
        "0:send0.1<50 50:late 50:end0 timeout 50:end1 timeout",
    );
    // Who asks for the same ends with the first one's deadline, which is their own here.
    let shared = "0:send0.1<50 50:late 50:end0 timeout 50:end1 timeout";
    check_until(50, &[Layer::Coalesce], &[(0, 7), (10, 7)], "?", shared);
}

#[test]
fn a_breaker_counts_calls_or_attempts() {
    let calls = [(0, 0), (10, 0), (20, 0), (100, 0)];
    let inside = "0:send0.1 1:send0.2 2:(breaker opened) 2:end0 failed 10:end1 short-circuited 20:end2 short-circuited \
                  100:send3.1 101:(breaker closed) 101:end3 ok";
    check(&[retry(2, 0), breaker()], &calls, "1- 1- 1+", inside);
    let outside = "0:send0.1 1:send0.2 2:end0 failed 10:send1.1 11:send1.2 12:(breaker opened) 12:end1 failed \
                   20:end2 short-circuited 100:send3.1 101:(breaker closed) 101:end3 ok";
    check(&[breaker(), retry(2, 0)], &calls, "1- 1- 1- 1- 1+", outside);
}

#[test]
fn a_hedge_takes_the_first_answer() {
    let hedge = |tied| Layer::Hedge(HedgeConfig { after: After::Fixed(Span::ms(10)), copies: 1, tied });
    check(&[hedge(false)], &[(0, 0)], "50+ 5+", "0:send0.1 10:send0.2 10:(hedged) 15:lost 15:end0 ok");
    let two = "0:send0.1 alone 10:send0.2 twin 10:(hedged)";
    check(&[hedge(true)], &[(0, 0)], "50+ 5+", &format!("{two} 15:take back 15:end0 ok"));
    check(&[hedge(true)], &[(0, 0)], "5+", "0:send0.1 alone 5:end0 ok");
    check(&[hedge(true)], &[(0, 0)], "30- 25+", &format!("{two} 35:end0 ok"));
    // One copy is called off by the other, which then answers, or fails.
    check(&[hedge(true)], &[(0, 0)], "20b 40+", &format!("{two} 50:end0 ok"));
    check(&[hedge(true)], &[(0, 0)], "20- 30b", &format!("{two} 40:end0 failed"));
}

#[test]
fn what_is_called_off_is_no_failure() {
    // Neither a breaker nor a limit inside hears of a copy that was taken back: the third call still passes.
    let hedge = Layer::Hedge(HedgeConfig { after: After::Fixed(Span::ms(1)), copies: 1, tied: true });
    let calls = [(0, 0), (20, 0), (40, 0)];
    let told = play(&[hedge, breaker()], &calls, Time::NEVER, "5b 4+");
    assert!(!told.contains("breaker opened") && told.ends_with("end2 ok"), "{told}");
}

#[test]
fn a_bulkhead_lets_some_wait() {
    let bulkhead = Layer::Bulkhead(BulkheadConfig { places: 1, waiting: 1 });
    let calls = [(0, 0), (1, 0), (2, 0)];
    check(
        std::slice::from_ref(&bulkhead),
        &calls,
        "10+",
        "0:send0.1 2:end2 limited 10:end0 ok 10:send1.1 20:end1 ok",
    );
    // Who gives up waiting leaves no hole.
    check(
        &[timeout(5), bulkhead],
        &calls,
        "4+",
        "0:send0.1 2:end2 limited 4:end0 ok 4:send1.1 6:late 6:end1 timeout",
    );
}

#[test]
fn calls_for_one_key_share_an_answer() {
    let calls = [(0, 7), (1, 7), (2, 8), (30, 7)];
    check(
        &[Layer::Coalesce],
        &calls,
        "10+",
        "0:send0.1 2:send2.1 10:end0 ok 10:end1 ok 12:end2 ok 30:send3.1 40:end3 ok",
    );
    // The leader gives up; one who waits takes over.
    check(
        &[timeout(5), Layer::Coalesce],
        &[(0, 7), (3, 7)],
        "? 2+",
        "0:send0.1 5:late 5:end0 timeout 5:send1.1 7:end1 ok",
    );
}

#[test]
fn a_budget_bounds_retries_and_a_fallback_answers_for_the_rest() {
    let budget = Some(BudgetConfig::Tokens { deposit: 0.1, size: 2.0 });
    let layers = [Layer::Fallback, Layer::Retry(RetryConfig { attempts: 9, backoff: Backoff::None, budget })];
    check(&layers, &[(0, 0)], "1-", "0:send0.1 1:send0.2 2:(retry budget empty) 2:end0 degraded");
}

#[test]
fn a_leaky_bucket_holds_calls_back() {
    let rate = Rate::per_second(100.0).expect("a rate");
    let layers = [Layer::LeakyBucket(LeakyBucketConfig { rate, holds: 1 })];
    check(
        &layers,
        &[(0, 0), (0, 0), (0, 0)],
        "1+",
        "0:send0.1 0:end2 limited 1:end0 ok 10:send1.1 11:end1 ok",
    );
}
