//! `pointsman-peers PROGRAM [--flag value …]`: the peers that benchmarks put before, behind and beside the server.

use pointsman_benches::{Failure, flags::Flags, programs};

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let run = match &*name {
        "echo_backend" => programs::echo_backend::main,
        "feedback_load" => programs::feedback_load::main,
        "fill_journal" => programs::fill_journal::main,
        "load" => programs::load::main,
        "tcp_relay" => programs::tcp_relay::main,
        other => return Err(format!("{other:?} is no program of the peers").into()),
    };
    run(&Flags::parse(arguments)?)
}
