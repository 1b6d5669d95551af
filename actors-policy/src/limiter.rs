//! Whether a message may be admitted now under its type's rate, and when (T7).
//!
//! ```text
//!   bucket   one number: when the bucket is full again         admits while that is less than `burst` tokens away
//!   window   the instants of the last `count` tokens           admits while the oldest of them is `per` ago
//! ```
//!
//! A message costs a number of tokens, one unless its type says otherwise.
//!
//! The bucket is the generic cell rate algorithm (ITU-T I.371, "virtual scheduling"), which is a
//! token bucket without a refill: nothing runs while no message comes. The window is exact: no
//! interval of its length, wherever it begins, has more admissions than declared.
//!
//! Invariant: a limiter is asked first ([`ready`](Limiter::ready)), and charged only for what is
//! admitted ([`take`](Limiter::take)).

use crate::Tick;
use crate::declare::Rate;
use std::collections::VecDeque;
use std::time::Duration;

/// Fractions of a nanosecond, so that a rate which does not divide a second is kept exactly.
const FRACTIONS: u128 = 1 << 32;
/// By how much a sender in line may be late without losing tokens: several resolutions of the
/// timer that lets it in.
const LATE_MAX: Duration = Duration::from_millis(10);

/// The state of one type's rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limiter {
    rate: Rate,
    /// As declared.
    burst: Option<u32>,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Bucket {
        /// The time of one token.
        interval: u128,
        tokens: u32,
        /// When the bucket is full again. In fractions of nanoseconds, like `interval`.
        full: u128,
    },
    Window(Window),
}

/// The admissions of a sliding window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Window {
    /// Oldest first: the instant, and the tokens that were spent up to and with this admission.
    admitted: VecDeque<(Tick, u64)>,
    /// The tokens that were spent before the oldest that is kept.
    before: u64,
}

impl Window {
    /// All tokens that were ever spent.
    fn spent(&self) -> u64 {
        self.admitted.back().map_or(self.before, |(_, spent)| *spent)
    }

    fn take(&mut self, now: Tick, cost: u64, count: u64) {
        let spent = self.spent() + cost;
        self.admitted.push_back((now, spent));
        // At most `count` tokens matter.
        while let Some((_, upto)) = self.admitted.front()
            && upto + count <= spent
        {
            self.before = *upto;
            self.admitted.pop_front();
        }
    }

    /// Takes back tokens of the latest admissions.
    fn give_back(&mut self, cost: u64) {
        let left = self.spent().saturating_sub(cost).max(self.before);
        while let Some((_, upto)) = self.admitted.back_mut()
            && *upto > left
        {
            *upto = left;
            let earlier = self.admitted.iter().rev().nth(1).map_or(self.before, |(_, upto)| *upto);
            if earlier < left {
                return;
            }
            self.admitted.pop_back();
        }
    }

    /// The admission that must have left the window before `cost` more tokens fit into it.
    fn last_in_the_way(&self, cost: u64, count: u64) -> Option<Tick> {
        let wanted = (self.spent() + cost).saturating_sub(count);
        if wanted <= self.before {
            return None;
        }
        let at = self.admitted.partition_point(|(_, upto)| *upto < wanted);
        self.admitted.get(at).map(|(then, _)| *then)
    }

    /// The tokens that were spent within `per` before `now`.
    fn within(&self, now: Tick, per: Duration) -> u64 {
        let gone = self.admitted.iter().rev().find(|(then, _)| now.since(*then) >= per);
        self.spent() - gone.map_or(self.before, |(_, upto)| *upto)
    }
}

fn scaled(nanos: u64) -> u128 {
    u128::from(nanos) * FRACTIONS
}

impl Limiter {
    /// A limiter that admits a whole burst at once.
    pub fn new(rate: Rate, burst: Option<u32>) -> Self {
        let kind = match rate.is_sliding() {
            true => Kind::Window(Window::default()),
            false => Kind::Bucket {
                interval: rate.per().as_nanos() * FRACTIONS / u128::from(rate.count().max(1)),
                tokens: burst.unwrap_or_else(|| rate.default_burst()).max(1),
                full: 0,
            },
        };
        Limiter { rate, burst, kind }
    }

    /// What it was made from.
    pub fn declared(&self) -> (Rate, Option<u32>) {
        (self.rate, self.burst)
    }

    /// The most tokens that there can be at once. A message that costs more never gets in.
    pub fn most(&self) -> u32 {
        match &self.kind {
            Kind::Bucket { tokens, .. } => *tokens,
            Kind::Window(_) => self.rate.count(),
        }
    }

    /// When a message that costs so many tokens may be admitted: `now`, or later.
    ///
    /// An instant further away than one that this limiter can have charged for comes from a clock
    /// that was ahead of this one, and does not count.
    #[inline]
    pub fn ready(&self, now: Tick, cost: u32) -> Tick {
        let cost = cost.min(self.most());
        let (ready, most) = match &self.kind {
            Kind::Bucket { interval, tokens, full } => {
                let kept = interval * u128::from(tokens - cost);
                let nanos = full.saturating_sub(kept).div_ceil(FRACTIONS);
                let most = (interval * u128::from(cost)).div_ceil(FRACTIONS);
                let most = Duration::from_nanos(u64::try_from(most).unwrap_or(u64::MAX));
                (Tick::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)), most)
            }
            Kind::Window(window) => {
                let last = window.last_in_the_way(cost.into(), self.rate.count().into());
                let Some(last) = last else { return now };
                (last.after(self.rate.per()), self.rate.per())
            }
        };
        if ready > now && ready <= now.after(most) { ready } else { now }
    }

    /// When a message that costs so many tokens may be admitted, after messages that cost `before`
    /// tokens together, each as soon as it may.
    pub fn ready_after(&self, now: Tick, before: u64, cost: u32) -> Tick {
        if before == 0 {
            return self.ready(now, cost);
        }
        let cost = cost.min(self.most());
        match &self.kind {
            Kind::Bucket { interval, tokens, full } => {
                let (floor, kept) = (scaled(now.as_nanos()), interval * u128::from(tokens - cost));
                // A bucket that is full further ahead than it can be was charged by another clock.
                let most = floor + interval * u128::from(*tokens);
                let full = if *full > most { floor } else { (*full).max(floor) };
                let nanos = (full + interval * u128::from(before)).saturating_sub(kept).div_ceil(FRACTIONS);
                Tick::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).max(now)
            }
            Kind::Window(_) => {
                // The window is filled again and again; the last part waits like the first.
                let (all, count) = (before + u64::from(cost), u64::from(self.rate.count()));
                let rounds = u32::try_from((all - 1) / count).unwrap_or(u32::MAX);
                let rest = ((all - 1) % count + 1) as u32;
                self.ready(now, rest).after(self.rate.per().saturating_mul(rounds))
            }
        }
    }

    /// Takes back the tokens of a message that was not admitted after all.
    pub fn give_back(&mut self, cost: u32) {
        match &mut self.kind {
            Kind::Bucket { interval, full, .. } => {
                *full = full.saturating_sub(*interval * u128::from(cost));
            }
            Kind::Window(window) => window.give_back(cost.into()),
        }
    }

    /// The mean time from one token to the next.
    pub fn interval(&self) -> Duration {
        self.rate.per() / self.rate.count().max(1)
    }

    /// Charges a message that is admitted at `now`. `has_waited`: its sender was in line, so being
    /// late does not cost the next ones their time.
    pub fn take(&mut self, now: Tick, cost: u32, has_waited: bool) {
        // A sender in line may need more than there can be, since its rate was changed.
        let cost = cost.min(self.most());
        if cost == 0 {
            return;
        }
        match &mut self.kind {
            Kind::Bucket { interval, full, .. } => {
                let late = if has_waited { LATE_MAX.as_nanos() * FRACTIONS } else { 0 };
                let since = (*full).max(scaled(now.as_nanos()).saturating_sub(late));
                *full = since + *interval * u128::from(cost);
            }
            Kind::Window(window) => window.take(now, cost.into(), self.rate.count().into()),
        }
    }

    /// How many tokens there are at `now`.
    pub fn left(&self, now: Tick) -> usize {
        match &self.kind {
            Kind::Bucket { interval, tokens, full } => {
                let owed = full.saturating_sub(scaled(now.as_nanos())).div_ceil((*interval).max(1));
                u128::from(*tokens).saturating_sub(owed) as usize
            }
            Kind::Window(window) => {
                let within = window.within(now, self.rate.per());
                u64::from(self.rate.count()).saturating_sub(within) as usize
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Tick {
        Tick::ZERO.after(Duration::from_secs(3600) + Duration::from_micros(us))
    }

    fn limiter(rate: &str, burst: Option<u32>) -> Limiter {
        Limiter::new(rate.parse().unwrap(), burst)
    }

    /// Offers a message at each of these instants; how many are admitted.
    fn admitted(limiter: &mut Limiter, instants: impl Iterator<Item = u64>) -> usize {
        instants
            .filter(|us| {
                let is_in = limiter.ready(at(*us), 1) <= at(*us);
                if is_in {
                    limiter.take(at(*us), 1, false);
                }
                is_in
            })
            .count()
    }

    #[test]
    fn t7_a_bucket_admits_a_burst_and_then_its_rate() {
        for (rate, burst, least) in [("1000/s", Some(1), 1000), ("1000/s", Some(50), 1049), ("7/s", None, 7)]
        {
            // A hundred thousand offers in a second.
            let seen = admitted(&mut limiter(rate, burst), (0..100_000).map(|n| 10 * n));
            assert!((least..=least + 1).contains(&seen), "{rate} {burst:?}: {seen}");
        }
    }

    #[test]
    fn t7_the_instant_of_the_next_token_is_exact() {
        let mut bucket = limiter("1000/s", Some(3));
        (0..3).for_each(|_| bucket.take(at(0), 1, false));
        assert_eq!((bucket.ready(at(1), 1), bucket.left(at(0))), (at(1000), 0));
        assert_eq!(bucket.left(at(2000)), 2);
        let mut window = limiter("3 per 1s, sliding", None);
        (0..3).for_each(|n| window.take(at(n), 1, false));
        assert_eq!((window.ready(at(3), 1), window.left(at(3))), (at(1_000_000), 0));
        assert_eq!(window.left(at(1_000_001)), 2);
    }

    #[test]
    fn t7_no_interval_of_a_window_has_more_than_its_count_and_a_bucket_has_a_burst_more() {
        let mut random = crate::rng::Rng::new(7);
        let (mut window, mut bucket) = (limiter("20 per 1s, sliding", None), limiter("20/s", Some(5)));
        let (mut of_window, mut of_bucket, mut now) = (Vec::new(), Vec::new(), 0);
        for _ in 0..20_000 {
            now += random.next_u64() % 30_000;
            for (limiter, admitted) in [(&mut window, &mut of_window), (&mut bucket, &mut of_bucket)] {
                if limiter.ready(at(now), 1) <= at(now) {
                    limiter.take(at(now), 1, false);
                    admitted.push(now);
                }
            }
        }
        let most = |admitted: &[u64]| {
            let within =
                |from: &u64| admitted.iter().filter(|us| (*from..from + 1_000_000).contains(us)).count();
            admitted.iter().map(within).max()
        };
        assert_eq!(most(&of_window), Some(20));
        assert!(most(&of_bucket) <= Some(25));
    }

    #[test]
    fn t7_a_sender_in_line_that_is_let_in_late_costs_no_token() {
        let mut bucket = limiter("10000/s", Some(1));
        bucket.take(at(0), 1, false);
        // The timer comes a millisecond late, ten tokens after the first that was due.
        let late = (0..100).take_while(|_| {
            let is_in = bucket.ready(at(1000), 1) <= at(1000);
            if is_in {
                bucket.take(at(1000), 1, true);
            }
            is_in
        });
        assert_eq!(late.count(), 10);
        // A long wait for room is not made up for.
        let mut after = 0;
        while bucket.ready(at(5_000_000), 1) <= at(5_000_000) {
            bucket.take(at(5_000_000), 1, true);
            after += 1;
        }
        assert!((100..=102).contains(&after), "{after}: ten milliseconds' worth");
    }

    #[test]
    fn t7_a_rate_that_does_not_divide_a_second_does_not_drift() {
        let mut bucket = limiter("3/s", Some(1));
        bucket.take(at(0), 1, false);
        let mut due = at(0);
        for _ in 1..3_000 {
            due = bucket.ready(due, 1);
            bucket.take(due, 1, true);
        }
        let drift = bucket.ready(due, 1).as_nanos() as i64 - at(1_000_000_000).as_nanos() as i64;
        assert!((-1..=1).contains(&drift), "{drift} ns");
    }

    #[test]
    fn t7_a_clock_that_was_ahead_costs_no_tokens() {
        for rate in ["10/s", "10 per 1s, sliding"] {
            let mut limiter = limiter(rate, None);
            (0..10).for_each(|_| limiter.take(at(3_600_000_000), 1, false));
            assert_eq!(limiter.ready(at(0), 1), at(0), "{rate}");
        }
    }

    #[test]
    fn t7_a_message_may_cost_more_than_one_token() {
        // A bucket has 100 tokens more after 100 ms, a window after the second is over.
        let cases = [("1000/s", Some(1000), at(100_000)), ("1000 per 1s, sliding", None, at(1_000_000))];
        for (rate, burst, due) in cases {
            let mut limiter = limiter(rate, burst);
            limiter.take(at(0), 600, false);
            assert_eq!(limiter.left(at(0)), 400, "{rate}");
            assert_eq!(limiter.ready(at(0), 400), at(0), "{rate}");
            assert_eq!(limiter.ready(at(0), 500), due, "{rate}");
            assert_eq!(limiter.most(), 1000, "{rate}");
        }
    }

    #[test]
    fn t7_a_window_waits_for_no_more_admissions_than_a_message_needs() {
        let mut window = limiter("10 per 1s, sliding", None);
        for (us, cost) in [(0, 3), (1, 4), (2, 3)] {
            window.take(at(us), cost, false);
        }
        let ready: Vec<_> = [1, 3, 4, 7, 8, 10].iter().map(|cost| window.ready(at(3), *cost)).collect();
        assert_eq!(ready, [0, 0, 1, 1, 2, 2].map(|us| at(1_000_000 + us)));
    }

    /// Random costs: no interval of a window, and no interval of a bucket plus its burst, has more
    /// tokens than declared.
    #[test]
    fn t7_costs_never_add_up_to_more_than_the_rate() {
        let mut random = crate::rng::Rng::new(11);
        let (mut window, mut bucket) = (limiter("50 per 1s, sliding", None), limiter("50/s", Some(20)));
        let (mut of_window, mut of_bucket, mut now) = (Vec::new(), Vec::new(), 0);
        for _ in 0..20_000 {
            now += random.next_u64() % 30_000;
            let cost = (random.next_u64() % 9) as u32;
            for (limiter, admitted) in [(&mut window, &mut of_window), (&mut bucket, &mut of_bucket)] {
                if limiter.ready(at(now), cost) <= at(now) {
                    limiter.take(at(now), cost, false);
                    admitted.push((now, u64::from(cost)));
                }
            }
        }
        let most = |admitted: &[(u64, u64)]| {
            let from = |(from, _): &(u64, u64)| {
                let within = admitted.iter().filter(|(us, _)| (*from..from + 1_000_000).contains(us));
                within.map(|(_, cost)| cost).sum::<u64>()
            };
            admitted.iter().map(from).max()
        };
        assert_eq!(most(&of_window), Some(50));
        assert!(most(&of_bucket) <= Some(70));
    }

    #[test]
    fn t7_the_time_after_a_line_is_that_of_its_last_message() {
        let mut bucket = limiter("10/s", Some(4));
        bucket.take(at(0), 2, false);
        // Two are left: three in line and one more are there in 200 ms.
        assert_eq!(bucket.ready_after(at(0), 3, 1), at(200_000));
        assert_eq!(bucket.ready_after(at(0), 0, 1), at(0));
        let mut window = limiter("4 per 1s, sliding", None);
        window.take(at(0), 2, false);
        assert_eq!(window.ready_after(at(1), 1, 1), at(1));
        assert_eq!(window.ready_after(at(1), 3, 1), at(1_000_000));
        assert_eq!(window.ready_after(at(1), 9, 1), at(2_000_001), "two windows later");
    }

    #[test]
    fn t7_a_token_that_was_given_back_can_be_spent_again() {
        for (rate, burst) in [("10/s", Some(4)), ("4 per 1s, sliding", None)] {
            let mut limiter = limiter(rate, burst);
            (0..4).for_each(|us| limiter.take(at(us), 1, false));
            assert_eq!(limiter.left(at(4)), 0, "{rate}");
            limiter.give_back(3);
            assert_eq!(limiter.left(at(4)), 3, "{rate}");
            assert!(limiter.ready(at(4), 3) <= at(4) && limiter.ready(at(4), 4) > at(4), "{rate}");
            limiter.give_back(9);
            assert_eq!(limiter.left(at(4)), 4, "{rate}");
        }
    }

    #[test]
    fn t7_a_message_that_costs_more_than_there_can_be_is_charged_for_what_there_can_be() {
        let mut bucket = limiter("10/s", Some(2));
        bucket.take(at(0), 10, true);
        assert!((200_000..=201_000).all(|us| bucket.ready(at(us), 2) <= at(us)));
        assert!(bucket.ready(at(0), 1) > at(0), "it does not look like the charge of another clock");
    }
}
