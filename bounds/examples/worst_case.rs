//! The worst case of gradient descent, with its proof and the time it took: `cargo run --release -p ratebook-bounds
//! --example worst_case -- 10`.

use std::time::Instant;

use ratebook_bounds::certify::methods::{self, SMOOTH};

fn main() -> ratebook::Result<()> {
    let steps = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10);
    let start = Instant::now();
    let problem = methods::gradient_descent(SMOOTH, 1.0, steps)?;
    let worst = problem.solve()?;
    let seconds = start.elapsed().as_secs_f64();
    println!("f(x_N) - f* <= {:.9} ({} Newton steps, {seconds:.3} s)", worst.value, worst.iterations);
    println!("proved exactly: <= {}", worst.certificate.bound_f64());
    for (label, multiplier) in worst.certificate.multipliers() {
        println!("  {multiplier:.6} x ({label})");
    }
    Ok(())
}
