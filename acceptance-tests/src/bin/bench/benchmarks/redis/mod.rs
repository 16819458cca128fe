//! A Redis database behind mutual TLS: ours, `redis-server`'s own TLS, stunnel, haproxy, and a bare rustls copy loop.

pub(crate) mod crowd;
mod fronts;
mod load;

use std::time::Duration;

use self::fronts::{Front, Fronts};
use self::load::Measured;
use crate::report::{Outcome, median, readable};
use crate::{Bench, Failure};

/// Operations a second, CPU for each, and how long one takes.
pub(crate) async fn throughput(bench: &Bench) -> Result<Outcome, Failure> {
    let fronts = Fronts::start(bench).await?;
    let mut outcome = Outcome::default();
    for (connections, pipeline) in LOADS {
        let mut rounds: Vec<Vec<Measured>> = Vec::new();
        for round in 0..=ROUNDS {
            let mut measured = Vec::new();
            for front in fronts.all() {
                measured.push(load::get_and_set(&fronts, front, connections, pipeline).await?);
            }
            // The first round warms them up.
            if round > 0 {
                rounds.push(measured);
            }
        }
        tell(&mut outcome, &rounds, fronts.all(), connections, pipeline);
    }
    outcome.note(format!(
        "`redis-benchmark` of Debian, SET and GET of 3 bytes on one key, as many requests as take a second or two; {ROUNDS} \
         rounds in which all take turns after one that is not counted; a ratio is the median of the rounds' ratios, a rate \
         the harmonic mean of GET and SET. Client, fronts and engine share the machine's two cores. Ours stands \
         before the engine that it runs; stunnel, haproxy and the bare copy loop stand before another one, configured alike \
         and without persistence, each on a Unix socket; `redis-server`'s own TLS is a third process, configured alike. All demand the same client certificate of the same CA (ECDSA P-256, \
         TLS 1.3). The CPU is that of the front's process alone, the engine's not counted. Ours logs the user of the \
         certificate in and looks for commands that would change who it is; the others copy."
    ));
    Ok(outcome)
}

/// New connections a second, each with a full mutual handshake, a login and one command.
pub(crate) async fn connections(bench: &Bench) -> Result<Outcome, Failure> {
    let fronts = Fronts::start(bench).await?;
    let mut rates = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let ours = load::new_connections(&fronts, &fronts.certward).await?;
        let theirs = load::new_connections(&fronts, &fronts.own_tls).await?;
        if round > 0 {
            rates.0.push(ours);
            rates.1.push(theirs);
        }
    }
    let ratios = rates
        .0
        .iter()
        .zip(&rates.1)
        .map(|(ours, theirs)| ours / theirs)
        .collect();
    let mut outcome = Outcome::default();
    outcome.rate(
        "new connections to a Redis database with a login",
        middle(rates.0),
        (fronts.own_tls.name, middle(rates.1)),
        middle(ratios),
        0.9,
    );
    outcome.note(format!(
        "Connections one after the other from {} at a time: full handshake with a client certificate, login, `PING`, goodbye. \
         Ours finds the user by the certificate; `redis-server`'s client sends `AUTH` with the `PING`. Median of {ROUNDS} rounds \
         in which both take turns.",
        load::AT_ONCE
    ));
    Ok(outcome)
}

/// Rows for one load: ours against each of the others.
fn tell(outcome: &mut Outcome, rounds: &[Vec<Measured>], fronts: [&Front; 5], connections: usize, pipeline: usize) {
    let piped = if pipeline > 1 {
        format!(", pipelines of {pipeline}")
    } else {
        String::new()
    };
    let peer_goal = if pipeline > 1 { 0.95 } else { 1.2 };
    for (place, goal) in [(OWN_TLS, 0.8), (STUNNEL, peer_goal), (HAPROXY, peer_goal)] {
        let what = format!("GET and SET through the front, connections: {connections}{piped}");
        let (ours, theirs) = (of(rounds, OURS, |one| one.rate), of(rounds, place, |one| one.rate));
        let ratio = ratio(&ours, &theirs);
        outcome.rate(&what, middle(ours), (fronts[place].name, middle(theirs)), ratio, goal);
    }
    if connections == MIDDLE {
        for (place, goal) in [(HAPROXY, 0.75), (FLOOR, 1.15)] {
            let what = format!("CPU of the front for one of them, connections: {connections}{piped}");
            let cpu = |one: &Measured| one.cpu.as_secs_f64();
            let (ours, theirs) = (of(rounds, OURS, cpu), of(rounds, place, cpu));
            let ratio = ratio(&ours, &theirs);
            let time = |seconds: Vec<f64>| Duration::from_secs_f64(middle(seconds));
            let peer = (fronts[place].name, time(theirs));
            outcome.measured_ratio(&what, time(ours), peer, ratio, Some(goal));
        }
    }
    if connections == 1 && pipeline == 1 {
        let latencies = |place: usize| rounds.iter().map(|round| round[place].p50).collect::<Vec<_>>();
        let (ours, theirs) = (median(&latencies(OURS)), median(&latencies(OWN_TLS)));
        let added = ours.saturating_sub(theirs);
        let what = format!(
            "p50 of a GET on one connection: {}, of {} {}; added",
            readable(ours),
            fronts[OWN_TLS].name,
            readable(theirs)
        );
        outcome.limit(&what, readable(added), "≤ 0.1 ms", added <= ADDED_GOAL);
    }
}

fn of(rounds: &[Vec<Measured>], place: usize, figure: impl Fn(&Measured) -> f64) -> Vec<f64> {
    rounds.iter().map(|round| figure(&round[place])).collect()
}

fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    middle(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
}

fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Places in [`Fronts::all`].
const OURS: usize = 0;
const OWN_TLS: usize = 1;
const STUNNEL: usize = 2;
const HAPROXY: usize = 3;
const FLOOR: usize = 4;

/// Connections, and how many commands each sends before it waits.
const LOADS: [(usize, usize); 6] = [(1, 1), (50, 1), (500, 1), (1, 16), (50, 16), (500, 16)];
const MIDDLE: usize = 50;
/// Many short ones: what else is at work on the machine then meets all of them alike.
const ROUNDS: usize = 7;
const ADDED_GOAL: Duration = Duration::from_micros(100);
