//! What was last learnt of arms, kept in memory and on disk: a bandit that begins here goes on from it.

use std::{
    collections::HashMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pointsman_model::{Id, Policy, Router};
use pointsman_wire::generated::pointsman_v1 as proto;

use super::LiveBandit;
use crate::{
    publishing::state_file::{frame, private, read_frame},
    routing::routes::Routes,
};

const NAME: &str = "learnt";

/// The last totals of each router, those of routers that are not here yet among them.
pub(crate) struct KeptTotals {
    folder: PathBuf,
    known: Mutex<Known>,
}

/// The totals by router, in the hands of one thread.
///
/// Whoever gives totals and whoever puts other routes in effect holds it meanwhile: else totals could go to the routes
/// before, and the ones after them would have begun without.
pub(crate) struct Known {
    routers: HashMap<String, proto::RouterTotals>,
    is_failing: bool,
}

impl KeptTotals {
    /// Reads what a former server of the folder knew; a file that is damaged is as none.
    pub(crate) fn open(folder: &Path) -> Self {
        let path = folder.join(NAME);
        let totals = read(&path).unwrap_or_else(|reason| {
            tracing::error!(path = %path.display(), reason, "what bandits had learnt cannot be read");
            proto::BanditTotals::default()
        });
        let routers = totals.routers.into_iter().map(|one| (one.router_id.clone(), one)).collect();
        Self { folder: folder.to_owned(), known: Mutex::new(Known { routers, is_failing: false }) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all of it, whole or not at all.
    pub(crate) fn write(&self, known: &mut Known) {
        let totals = proto::BanditTotals { routers: known.routers.values().cloned().collect() };
        let written = write(&self.folder, &totals);
        if let Err(error) = &written
            && !known.is_failing
        {
            tracing::error!(%error, folder = %self.folder.display(), "what bandits learn cannot be kept for a restart");
        }
        known.is_failing = written.is_err();
    }
}

impl Known {
    /// Takes over totals; answers whether they are others than before.
    pub(crate) fn take(&mut self, totals: &proto::BanditTotals) -> bool {
        let mut is_changed = false;
        for totals in &totals.routers {
            let mut totals = totals.clone();
            // Whoever begins with them has counted nothing of its own.
            totals.arms.iter_mut().for_each(|arm| arm.own_pulls = 0);
            let before = self.routers.get(&totals.router_id);
            if before != Some(&totals) {
                is_changed = true;
                self.routers.insert(totals.router_id.clone(), totals);
            }
        }
        is_changed
    }

    /// Has the bandits among these routers, which no call has reached yet, begin with what is known of them.
    pub(crate) fn begin<'a>(&self, routes: &Routes, router_ids: impl Iterator<Item = &'a Id>) {
        for id in router_ids {
            let bandit = routes.router(id.as_str()).and_then(|route| route.bandit.as_ref());
            if let (Some(bandit), Some(totals)) = (bandit, self.routers.get(id.as_str())) {
                bandit.begin(totals);
            }
        }
    }

    /// Has all bandits of a restored state begin with what is known, and says which go by even shares instead.
    pub(crate) fn restore(&self, routes: &Routes) {
        self.begin(routes, routes.routers().map(|route| &route.id));
        let bandits = || routes.routers().filter_map(|route| Some((&route.id, route.bandit.as_ref()?)));
        for (router, _) in bandits().filter(|(_, bandit)| !bandit.was_given()) {
            tracing::warn!(
                %router,
                "nothing is kept here of what the bandit learnt; its shares are even until the database answers"
            );
        }
        let going_on = bandits().filter(|(_, bandit)| bandit.was_given()).count();
        if going_on > 0 {
            tracing::info!(bandits = going_on, "bandits go on from what they had learnt before the start");
        }
    }

    /// Forgets routers that are no more.
    pub(crate) fn retain(&mut self, routes: &Routes) {
        self.routers.retain(|id, _| routes.router(id).is_some());
    }
}

/// The routers of a change that are bandits.
pub(crate) fn bandits_of<'a>(routers: impl Iterator<Item = &'a Arc<Router>>) -> Vec<Id> {
    let bandits = routers.filter(|router| matches!(router.policy, Policy::Bandit(_)));
    bandits.map(|router| router.id.clone()).collect()
}

impl LiveBandit {
    /// Begins with totals that were kept, where none were given yet.
    fn begin(&self, totals: &proto::RouterTotals) {
        if !self.was_given() && self.takes(totals) {
            self.set_totals(totals);
        }
    }
}

fn read(path: &Path) -> Result<proto::BanditTotals, String> {
    match fs::read(path) {
        Ok(bytes) => match read_frame(&bytes) {
            Some((totals, [])) => Ok(totals),
            _ => Err("it is damaged".to_owned()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(proto::BanditTotals::default()),
        Err(error) => Err(error.to_string()),
    }
}

/// A crash of the machine may take the file along, which costs a second of even shares: nothing is synced for it.
fn write(folder: &Path, totals: &proto::BanditTotals) -> io::Result<()> {
    let next = folder.join(format!("{NAME}.next"));
    private().truncate(true).open(&next)?.write_all(&frame(&prost::Message::encode_to_vec(totals)))?;
    fs::rename(&next, folder.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(router_id: &str, pulls: u64) -> proto::BanditTotals {
        let arm = proto::ArmTotals { variant: "a".to_owned(), pulls, own_pulls: pulls, ..Default::default() };
        let router = proto::RouterTotals {
            router_id: router_id.to_owned(),
            epoch: 1,
            arms: vec![arm],
            ..Default::default()
        };
        proto::BanditTotals { routers: vec![router] }
    }

    #[test]
    fn what_was_given_comes_back_without_own_pulls_and_a_damaged_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptTotals::open(folder.path());
        let mut known = kept.lock();
        assert!(known.take(&totals("r", 7)));
        assert!(!known.take(&totals("r", 7)));
        assert!(known.take(&totals("s", 3)));
        kept.write(&mut known);
        drop(known);

        let again = KeptTotals::open(folder.path());
        let arm = |id: &str| again.lock().routers[id].arms[0].clone();
        assert_eq!([arm("r").pulls, arm("s").pulls, arm("r").own_pulls], [7, 3, 0]);

        let path = folder.path().join(NAME);
        let whole = fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() - 1], &[whole.as_slice(), b"x"].concat(), b""] {
            fs::write(&path, damaged).unwrap();
            assert!(KeptTotals::open(folder.path()).lock().routers.is_empty());
        }
    }
}
