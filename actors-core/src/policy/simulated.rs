//! What the controller's decisions lead to: the goals of P1 to P5, in simulated time.

use super::pressure::{Action, Pressure};
use super::simulation::{MILLI, SECOND, Scene, Senders, Stream, simulate};

#[test]
fn explore() {
    let p = Pressure::new().respond(&[Action::Spawn, Action::Shed]);
    for ms in [1, 10, 50, 500, 2000] {
        for most in [8, 32] {
            let rate = 8.0 * 1000.0 / ms as f64;
            let scene = Scene::new(Pressure::new().respond(&[Action::Spawn]), (1, most), ms * MILLI);
            let o = simulate(scene, &[Stream::new(Senders::Open(rate))], 60 * SECOND);
            println!(
                "== open {ms} ms most {most}: first {:.2} {:?}",
                o.throughput(SECOND, 2 * SECOND, &[1]) / rate,
                o.workers.iter().map(|(t, w)| (t / MILLI, *w)).collect::<Vec<_>>()
            );
            let o = simulate(scene, &[Stream::new(Senders::Closed(64, 0)).blocking()], 60 * SECOND);
            println!(
                "== closed {ms} ms most {most}: {:.2} {:?}",
                o.throughput(SECOND, 2 * SECOND, &[1]) / rate,
                o.workers.iter().map(|(t, w)| (t / MILLI, *w)).collect::<Vec<_>>()
            );
            let o = simulate(scene, &[Stream::new(Senders::Asking(64, 0))], 60 * SECOND);
            println!(
                "== asking {ms} ms most {most}: {:.2} {:?}",
                o.throughput(SECOND, 2 * SECOND, &[1]) / rate,
                o.workers.iter().map(|(t, w)| (t / MILLI, *w)).collect::<Vec<_>>()
            );
        }
    }
    let mut scene = Scene::new(p, (1, 32), 10 * MILLI);
    scene.downstream = Some(4);
    let o = simulate(
        scene,
        &[
            Stream::new(Senders::Open(400.0)).lane(0).between(SECOND, 60 * SECOND),
            Stream::new(Senders::Open(400.0)).between(SECOND, 60 * SECOND),
        ],
        120 * SECOND,
    );
    println!("{}", o.story());
}
