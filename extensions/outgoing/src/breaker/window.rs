//! The results of the last seconds, in memory of fixed size.

use actors_core::policy::Tick;
use std::time::Duration;

/// Slots of the window: the window is exact to a tenth.
const SLOTS: usize = 10;

/// The results of the last ten slots, which are reused.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    slots: [Slot; SLOTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The number of the slot since the clock's origin.
    number: u64,
    calls: u64,
    failures: u64,
}

impl Window {
    pub(super) fn add(&mut self, length: Duration, now: Tick, failed: bool) {
        let number = slot_number(length, now);
        let slot = &mut self.slots[(number % SLOTS as u64) as usize];
        if slot.number != number {
            *slot = Slot { number, ..Slot::default() };
        }
        slot.calls += 1;
        slot.failures += u64::from(failed);
    }

    /// Returns the calls of the last `length`, and the failures among them.
    pub(super) fn totals(&self, length: Duration, now: Tick) -> (u64, u64) {
        let oldest = slot_number(length, now).saturating_sub(SLOTS as u64 - 1);
        let recent = self.slots.iter().filter(|slot| slot.number >= oldest);
        recent.fold((0, 0), |(calls, failures), slot| (calls + slot.calls, failures + slot.failures))
    }
}

fn slot_number(length: Duration, now: Tick) -> u64 {
    // A day in nanoseconds fits.
    let slot = (length / SLOTS as u32).as_nanos() as u64;
    now.as_nanos() / slot
}
