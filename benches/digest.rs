//! How long one full digest takes to render: subject, text and HTML. `cargo bench --bench digest`

use std::hint::black_box;
use std::time::Instant;

use longroad::delivery::Renderer;
use longroad::digest::Links;
use longroad::digest::csm::{CsmDigest, CsmInputs};

fn main() {
    let renderer = Renderer::load(None).expect("the shipped templates");
    let inputs = CsmInputs::sample();
    let (rounds, per_round) = (7, 500);
    let mut micros: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..per_round {
                let digest = CsmDigest::build(black_box(&inputs), &Links::new("https://longroad.example.com"));
                black_box(renderer.render(&digest).expect("the sample"));
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(per_round)
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    println!("digest: {:.0} µs (fastest {:.0}, slowest {:.0}; {rounds} rounds of {per_round})", micros[3], micros[0], micros[6]);
}
