//! When shares are computed: when totals come, and a few times a second for what follows from calls.

use std::{sync::Arc, time::Duration};

use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message as _;
use tokio::runtime::LocalRuntime;

use super::LiveBandit;
use crate::{
    error::GatewayError,
    routing::routes::Routes,
    server::Server,
    shared::{Phase, Shared},
};

/// How long a share lasts at least that follows from calls.
const TICK: Duration = Duration::from_millis(250);

impl Server {
    /// Takes the totals of an encoded `BanditTotals`; when it returns, calls are decided by the shares that follow from
    /// them. What is of another incarnation or epoch, or of variants that are not here, is left out; what is of routers
    /// that are not here is kept for when they come, and all is kept for a restart.
    ///
    /// # Errors
    /// The bytes are no `BanditTotals`.
    pub fn set_bandit_totals(&self, totals: &[u8]) -> Result<(), GatewayError> {
        let totals = proto::BanditTotals::decode(totals)
            .map_err(|error| GatewayError::InvalidRequest(format!("totals: {error}")))?;
        let publisher = &self.shared().publisher;
        let mut known = publisher.learnt.lock();
        let is_changed = known.take(&totals);
        let routes = publisher.routes().load_full();
        for totals in &totals.routers {
            let bandit = routes.router(&totals.router_id).and_then(|route| route.bandit.as_ref());
            if let Some(bandit) = bandit.filter(|bandit| bandit.takes(totals)) {
                bandit.set_totals(totals);
            }
        }
        if is_changed {
            publisher.learnt.write(&mut known);
        }
        Ok(())
    }

    /// The bandits that calls are decided by, as encoded `BanditStates`: those of the routers named, or all. Of routers that
    /// are no bandits or not here nothing is said.
    #[must_use]
    pub fn bandit_states(&self, router_ids: Option<&[String]>) -> Vec<u8> {
        let routes = self.shared().publisher.routes().load_full();
        let routers = match router_ids {
            None => bandits(&routes).map(|bandit| bandit.state()).collect(),
            Some(ids) => {
                let named = ids.iter().filter_map(|id| routes.router(id)?.bandit.as_ref());
                named.map(|bandit| bandit.state()).collect()
            }
        };
        proto::BanditStates { routers }.encode_to_vec()
    }
}

fn bandits(routes: &Routes) -> impl Iterator<Item = &Arc<LiveBandit>> {
    routes.routers().filter_map(|route| route.bandit.as_ref())
}

/// Follows the calls of bandits until the server ends, on a thread that serves none.
pub(crate) fn run(runtime: &LocalRuntime, shared: &Shared) {
    runtime.block_on(async {
        let mut phase = shared.phase.subscribe();
        let mut followed = Followed::default();
        loop {
            tokio::select! {
                _ = phase.wait_for(|phase| *phase == Phase::Ended) => break,
                () = tokio::time::sleep(TICK) => followed.tick(shared),
            }
        }
    });
}

/// The bandits among thousands of routers, listed once for each state.
#[derive(Default)]
struct Followed {
    routes: Option<Arc<Routes>>,
    bandits: Vec<Arc<LiveBandit>>,
}

impl Followed {
    fn tick(&mut self, shared: &Shared) {
        let current = shared.publisher.routes().load();
        if !self.routes.as_ref().is_some_and(|routes| Arc::ptr_eq(routes, &current)) {
            self.bandits = bandits(&current).cloned().collect();
            self.routes = Some(Arc::clone(&current));
        }
        self.bandits.iter().for_each(|bandit| bandit.tick());
    }
}
