//! The pool of a function when the run starts, or what is played before it.

use frostline_models::random::Purpose;

use super::super::Shared;
use super::super::agenda::{Agenda, Entry};
use super::FunctionState;
use crate::cold::ColdStarts;
use crate::job::Job;
use crate::meter::billed_ms;
use crate::stream::ORIGIN;

impl FunctionState<'_> {
    /// Puts the instances in place that are there when the run starts.
    pub(in crate::event) fn fill_pool(
        &mut self,
        job: &Job<'_>,
        id: u32,
        shared: &mut Shared,
        agenda: &mut Agenda,
    ) {
        let start = job.start;
        self.provision(job, id, agenda);
        let key = job.key(self.function, Purpose::InitialPool);
        let initial = self.function.initial;
        let durations = self.function.duration.sampler();
        let mut busy = 0;
        for number in 0..u64::from(initial.idle) + u64::from(initial.busy) {
            let retires = self.retires_at(start, key.word(number));
            let expires = self
                .kept_until(start, key.at(1).word(number))
                .unwrap_or(start);
            let instance = self.pool.add_idle(start, retires, expires);
            if number >= u64::from(initial.idle) {
                self.pool.occupy(instance, start, u64::MAX - number);
                self.take_concurrency(shared);
                busy += 1;
                let duration = durations.draw(&mut key.at(2).block(number)).max(1);
                let departure = start + duration.min(self.timeout);
                agenda.push(
                    departure,
                    Entry::Departure {
                        function: id,
                        instance,
                    },
                );
            }
        }
        self.meter.instances_peak = self.pool.living();
        if self.watcher.wants_timeline() {
            self.begin_timeline(job.start, job.end, busy);
        }
    }

    fn provision(&mut self, job: &Job<'_>, id: u32, agenda: &mut Agenda) {
        let inits = ColdStarts::new(job, self.function, Purpose::Provisioning);
        let provisioning = &job.scenario.platform.provisioning;
        for number in 0..u64::from(self.function.provisioned.instances) {
            if !self.function.provisioned.allocate_at_start {
                let instance = self.pool.provision(job.start, job.start);
                self.pool.ready(instance);
                if let Some(scaler) = &mut self.scaler {
                    scaler.starts_with(true);
                }
                continue;
            }
            let pace = provisioning.pace;
            let after = u128::from(number) * u128::from(pace.per.0) / u128::from(pace.count);
            let after = u64::try_from(after).unwrap_or(ORIGIN);
            let asked = job.start + provisioning.delay.0.saturating_add(after).min(ORIGIN);
            let cold = inits.draw(number);
            let ready = asked.saturating_add(cold.init);
            let instance = self.pool.provision(asked, ready);
            // The init of a provisioned instance is billed whether it ever serves or not.
            self.meter.billed_provisioned_ms += u128::from(billed_ms(cold.billed_init));
            if let Some(scaler) = &mut self.scaler {
                scaler.starts_with(false);
            }
            agenda.push(
                ready,
                Entry::Ready {
                    function: id,
                    instance,
                },
            );
        }
        if let Some(scaler) = &self.scaler {
            agenda.push(scaler.next_tick(), Entry::Tick { function: id });
        }
    }
}
