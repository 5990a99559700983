//! Two-phase commit for N resource managers, checked by Stateright breadth first on one thread.
//!
//!     cargo run --release -- 8

use stateright::{Checker, Model, Property};
use std::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Rm {
    Working,
    Prepared,
    Committed,
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Tm {
    Init,
    Committed,
    Aborted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    rm: Vec<Rm>,
    tm: Tm,
    prepared: Vec<bool>,
    said: Vec<bool>,
    commit: bool,
    abort: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Action {
    Prepare(usize),
    AbortAlone(usize),
    Note(usize),
    Commit,
    Abort,
    LearnCommit(usize),
    LearnAbort(usize),
}

struct TwoPhase {
    count: usize,
}

impl Model for TwoPhase {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            rm: vec![Rm::Working; self.count],
            tm: Tm::Init,
            prepared: vec![false; self.count],
            said: vec![false; self.count],
            commit: false,
            abort: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.tm == Tm::Init {
            if state.prepared.iter().all(|known| *known) {
                actions.push(Action::Commit);
            }
            actions.push(Action::Abort);
        }
        for r in 0..self.count {
            if state.tm == Tm::Init && state.said[r] {
                actions.push(Action::Note(r));
            }
            if state.rm[r] == Rm::Working {
                actions.push(Action::Prepare(r));
                actions.push(Action::AbortAlone(r));
            }
            if state.commit {
                actions.push(Action::LearnCommit(r));
            }
            if state.abort {
                actions.push(Action::LearnAbort(r));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Prepare(r) => {
                state.rm[r] = Rm::Prepared;
                state.said[r] = true;
            }
            Action::AbortAlone(r) => state.rm[r] = Rm::Aborted,
            Action::Note(r) => state.prepared[r] = true,
            Action::Commit => {
                state.tm = Tm::Committed;
                state.commit = true;
            }
            Action::Abort => {
                state.tm = Tm::Aborted;
                state.abort = true;
            }
            Action::LearnCommit(r) => state.rm[r] = Rm::Committed,
            Action::LearnAbort(r) => state.rm[r] = Rm::Aborted,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::<Self>::always("consistent", |_, state| {
            !(state.rm.contains(&Rm::Committed) && state.rm.contains(&Rm::Aborted))
        })]
    }
}

fn main() {
    let count = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(8);
    let began = Instant::now();
    let checker = TwoPhase { count }.checker().threads(1).spawn_bfs().join();
    checker.assert_properties();
    println!(
        "distinct {} generated {} seconds {:.3}",
        checker.unique_state_count(),
        checker.state_count(),
        began.elapsed().as_secs_f64()
    );
}
