//! Processor time of another process, from `/proc`.

use std::fs;
use std::time::Duration;

use crate::{Failure, flags::Flags};

/// Linux reports process times in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// Processes whose processor time is watched.
pub struct Observed {
    pids: Vec<u32>,
    before: Vec<Duration>,
}

impl Observed {
    /// Watches from now on those that `--observe` names.
    pub fn start(flags: &Flags) -> Result<Self, Failure> {
        let pids = flags.all("observe").map(str::parse).collect::<Result<Vec<u32>, _>>()?;
        let before = read_cpu_times(&pids)?;
        Ok(Self { pids, before })
    }

    /// Begins anew.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.before = read_cpu_times(&self.pids)?;
        Ok(())
    }

    /// Answers how long each of them has computed.
    pub fn read(&self) -> Result<Vec<Duration>, Failure> {
        let now = read_cpu_times(&self.pids)?;
        Ok(now.iter().zip(&self.before).map(|(now, before)| *now - *before).collect())
    }
}

/// Answers processor times in microseconds for each of so many calls.
pub fn micros_per_call(times: &[Duration], calls: u64) -> Vec<f64> {
    times.iter().map(|time| time.as_secs_f64() * 1e6 / calls.max(1) as f64).collect()
}

fn read_cpu_times(pids: &[u32]) -> Result<Vec<Duration>, Failure> {
    pids.iter().map(|pid| read_cpu_time(*pid)).collect()
}

/// Answers the user and system time of all threads of a process, those that ended included.
fn read_cpu_time(pid: u32) -> Result<Duration, Failure> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    parse_cpu_time(&stat).ok_or_else(|| format!("{path}: not in the form of proc(5)").into())
}

fn parse_cpu_time(stat: &str) -> Option<Duration> {
    // The program's name stands in parentheses and may hold anything, parentheses included.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

#[cfg(test)]
mod tests {
    use super::parse_cpu_time;
    use std::time::Duration;

    #[test]
    fn user_and_system_time_are_added_whatever_the_program_is_called() {
        let stat = "17 (a) b) S 1 1 1 0 -1 4 10 0 0 0 250 50 0 0 20 0 1 0";
        assert_eq!(parse_cpu_time(stat), Some(Duration::from_secs(3)));
        assert_eq!(parse_cpu_time("17 (a"), None);
    }
}
