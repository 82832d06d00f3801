//! An instance's life: pauses, and the stages of a deployment.
//!
//! Deliberately absent: crashes, which are the engine's.

use sim_core::time::Time;

use super::{Env, Server};
use crate::policy::Outcome;
use crate::policy::cache::Cache;
use crate::service::figures::Use;
use crate::service::timers::Wake;

/// Where an instance is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It takes work.
    Up,
    /// It takes work, but tells health checks that it is leaving.
    Lingering,
    /// It takes no more, and ends what is inside.
    Draining,
    /// Its process is gone.
    Down,
}

impl Server {
    /// Sets deployments and pauses going; `instance` is the node's place in its service.
    pub(in crate::service) fn start(&mut self, instance: u32, env: &mut Env<'_, '_>) {
        let now = env.ctx.now();
        self.usage = Use::begun(now);
        if let Some(deploy) = env.spec.deploy {
            let at = Time::ZERO + deploy.from + deploy.gap.times(f64::from(instance));
            if at >= now {
                env.timers.at(at, Wake::Deploy { stage: 0 });
            }
        }
        if let Some(pauses) = &env.spec.pauses {
            let at = now + pauses.every.sample(env.ctx.rng());
            env.timers.at(at, Wake::Pause);
        }
    }

    /// Whether connections are accepted.
    pub(in crate::service) fn accepts(&self) -> bool {
        matches!(self.stage, Stage::Up | Stage::Lingering)
    }

    /// A pause begins or ends.
    pub(in crate::service) fn pause(&mut self, env: &mut Env<'_, '_>) {
        let Some(pauses) = &env.spec.pauses else { return };
        self.paused = !self.paused;
        let next = if self.paused { &pauses.lasts } else { &pauses.every };
        let at = env.ctx.now() + next.sample(env.ctx.rng());
        env.timers.at(at, Wake::Pause);
        if self.paused {
            env.ctx.mark("pause");
        }
    }

    /// A deployment goes on.
    pub(in crate::service) fn deploy(&mut self, stage: u8, env: &mut Env<'_, '_>) {
        let Some(deploy) = env.spec.deploy else { return };
        let now = env.ctx.now();
        let next = match stage {
            0 => {
                self.stage = Stage::Lingering;
                Some(deploy.linger)
            }
            1 => {
                self.stage = Stage::Draining;
                Some(deploy.grace)
            }
            2 => {
                self.stage = Stage::Down;
                for slot in self.jobs.live() {
                    // One that waited for another's finding may have gone with it.
                    if self.jobs.get(slot).live {
                        env.ctx.mark("cut off");
                        self.queue.remove(slot);
                        self.finish(slot, Outcome::Refused, env);
                    }
                }
                Some(deploy.down)
            }
            _ => {
                self.stage = Stage::Up;
                let configs = env.program.caches.iter();
                self.caches = configs.map(|(config, _)| Cache::new(*config)).collect();
                None
            }
        };
        env.ctx.mark(
            ["deploy: lingers", "deploy: drains", "deploy: down", "deploy: up"][usize::from(stage.min(3))],
        );
        if let Some(after) = next {
            env.timers.at(now + after, Wake::Deploy { stage: stage + 1 });
        }
    }
}
