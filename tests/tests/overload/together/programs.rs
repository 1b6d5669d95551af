//! Random programs: no sender waits for a slot that it may have (O1, S7).

use actors_core::prelude::*;
use actors_core::send::{Permit, Reserve, Tell};
use actors_tests::{Gate, Record, Rng, balanced, poll, run, run_other_tasks};
use std::task::Poll;

const CAPACITY: usize = 12;
const USERS: usize = 6;
/// What a turn of another type writes down.
const OTHER: u32 = 1000;

struct Gated {
    begun: Record<u32>,
    gate: Gate,
}

#[actor(local, capacity = 12, reserve = 0, max_waiting = 64)]
impl Gated {
    #[message(overflow = block, fair_by = user)]
    async fn wait(&mut self, user: u32) {
        self.begun.write(user);
        self.gate.pass().await;
    }

    #[message(overflow = reject)]
    async fn other(&mut self) {
        self.begun.write(OTHER);
        self.gate.pass().await;
    }
}

/// A program, and what it knows of its sends.
struct Program {
    gated: GatedHandle,
    gate: Gate,
    begun: Record<u32>,
    random: Rng,
    line: Vec<(usize, Tell<'static, Gated, GatedWait>)>,
    reserves: Vec<Reserve<'static, Gated, GatedWait>>,
    of_wait: Vec<Permit<Gated, GatedWait>>,
    of_other: Vec<Permit<Gated, GatedOther>>,
    admitted: [usize; USERS],
}

impl Program {
    async fn new(system: &System, seed: u64, workers: usize) -> Program {
        let (begun, gate) = (Record::<u32>::default(), Gate::default());
        let parts = (begun.clone(), gate.clone());
        let make = move || Gated { begun: parts.0.clone(), gate: parts.1.clone() };
        let gated: GatedHandle = system.actor(make).workers(workers..=workers).spawn().unwrap();
        gated.ready().await.unwrap();
        Program {
            gated,
            gate,
            begun,
            random: Rng::new(seed),
            line: Vec::new(),
            reserves: Vec::new(),
            of_wait: Vec::new(),
            of_other: Vec::new(),
            admitted: [0; USERS],
        }
    }

    fn send(&mut self, user: usize) {
        let mut send = self.gated.wait(user as u32).owned();
        match poll(&mut send) {
            Poll::Ready(done) => self.admitted[user] += usize::from(done.is_ok()),
            Poll::Pending => self.line.push((user, send)),
        }
    }

    fn reserve(&mut self) {
        let mut reserve = self.gated.reserve::<GatedWait>().owned();
        match poll(&mut reserve) {
            Poll::Ready(done) => self.of_wait.extend(done.ok()),
            Poll::Pending => self.reserves.push(reserve),
        }
    }

    /// Uses a permit, or drops it.
    fn redeem(&mut self, user: usize) {
        let Some(permit) = self.of_wait.pop() else { return };
        if self.random.below(2) == 0 {
            let sent = permit.send(GatedWait { user: user as u32 });
            self.admitted[user] += usize::from(sent.is_ok());
        }
    }

    fn step(&mut self, has_permits: bool) {
        let user = self.random.below(USERS);
        match self.random.below(14) {
            0..=4 => self.send(user),
            5 => {
                let sent = self.gated.wait(user as u32).try_send();
                self.admitted[user] += usize::from(sent.is_ok());
            }
            6 => _ = self.gated.other().try_send(),
            7 if !self.line.is_empty() => {
                let gone = self.random.below(self.line.len());
                drop(self.line.swap_remove(gone));
            }
            8 if has_permits => self.reserve(),
            9 if has_permits => self.of_other.extend(self.gated.try_reserve::<GatedOther>().ok()),
            10 => _ = self.of_other.pop(),
            11 => self.redeem(user),
            12 => self.gate.open(1),
            _ => {}
        }
    }

    /// Collects what was let in meanwhile.
    fn collect(&mut self) {
        let Program { line, reserves, of_wait, admitted, .. } = self;
        line.retain_mut(|(user, send)| match poll(send) {
            Poll::Ready(done) => {
                done.unwrap();
                admitted[*user] += 1;
                false
            }
            Poll::Pending => true,
        });
        reserves.retain_mut(|reserve| match poll(reserve) {
            Poll::Ready(done) => {
                of_wait.push(done.unwrap());
                false
            }
            Poll::Pending => true,
        });
    }

    /// Checks that no sender is in line that could have a slot.
    fn check(&self, at: &str) {
        let seen = self.begun.read();
        let begun = |user: usize| seen.iter().filter(|seen| **seen as usize == user).count();
        let held: Vec<usize> = (0..USERS).map(|user| self.admitted[user] - begun(user)).collect();
        let waits = |user: usize| self.line.iter().any(|(of, _)| *of == user);
        let values = (0..USERS).filter(|user| held[*user] > 0 || waits(*user)).count();
        let reading = self.gated.reading();
        let taken = reading.depth + self.of_wait.len() + self.of_other.len();
        assert!(taken <= CAPACITY, "{at}: {reading:?}");
        if taken < CAPACITY {
            assert!(self.reserves.is_empty(), "{at}: a reservation waits beside a free slot: {reading:?}");
            let share = (CAPACITY / (values + 1)).max(1);
            for (user, _) in &self.line {
                assert!(held[*user] >= share, "{at}: {user} could have a slot: {held:?} {reading:?}");
            }
        }
        balanced(&self.gated);
    }
}

fn programs(workers: usize, has_permits: bool) {
    for seed in 0..60 {
        run(async |system| {
            let mut program = Program::new(&system, seed, workers).await;
            for step in 0..300 {
                program.step(has_permits);
                run_other_tasks().await;
                program.collect();
                program.check(&format!("seed {seed}, step {step}"));
            }
            if program.random.below(2) == 0 {
                program.gated.kill();
            } else {
                program.gate.open(1000);
            }
            let gated = program.gated.clone();
            drop(program);
            run_other_tasks().await;
            let total = balanced(&gated);
            assert_eq!((total.queued, total.waiting, total.in_service), (0, 0, 0), "seed {seed}");
        });
    }
}

#[test]
fn s7_no_sender_waits_for_a_slot_that_it_may_have() {
    programs(1, false);
}

#[test]
fn s7_no_sender_waits_for_a_slot_that_it_may_have_next_to_permits() {
    programs(1, true);
}

#[test]
fn s7_no_sender_waits_for_a_slot_that_it_may_have_in_a_pool() {
    programs(2, true);
}
