//! The evaluations of a run in their order: which level each is at, and what it leads to.

/// Where in the schedule an evaluation is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub level: u32,
    /// Evaluation within the level, from 0.
    pub step: u32,
    /// Evaluation within the update that it belongs to, from 0.
    pub stage: u32,
    /// The level.
    pub sigma: f64,
    /// The level after it; 0 after the last.
    pub next: f64,
    /// Whether the level is to be run once more from here.
    pub returns: bool,
    /// Whether it is nothing but the final denoising.
    pub denoises: bool,
}

/// How a run goes through its levels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course<'a> {
    pub sigmas: &'a [f64],
    pub start_level: u32,
    /// Evaluations at a level.
    pub stages: u32,
    /// Evaluations at the last level.
    pub last_stages: u32,
    /// How often a level is run. The last one is run once.
    pub passes: u32,
    /// Whether the last evaluation is the denoising of chains that have stayed at the last level.
    pub denoises: bool,
}

impl Course<'_> {
    fn per_level(&self) -> u64 {
        u64::from(self.stages) * u64::from(self.passes)
    }

    fn levels_before_last(&self) -> u64 {
        self.sigmas.len() as u64 - 1 - u64::from(self.start_level)
    }

    /// Evaluations of the whole run.
    pub fn total(&self) -> u64 {
        self.levels_before_last() * self.per_level() + u64::from(self.last_stages)
    }

    /// Evaluation number `index`; beyond the end, the last one.
    pub fn at(&self, index: u64) -> At {
        let index = index.min(self.total().saturating_sub(1));
        let gone = (index / self.per_level()).min(self.levels_before_last());
        let level = u64::from(self.start_level) + gone;
        let step = (index - gone * self.per_level()) as u32;
        let is_last = gone == self.levels_before_last();
        let denoises = self.denoises && is_last && step + 1 == self.last_stages;
        let (pass, stage) = (step / self.stages, step % self.stages);
        At {
            level: level as u32,
            // Told apart by its purpose: it counts as the last step of the level.
            step: if denoises { step.saturating_sub(1) } else { step },
            stage: if is_last { step } else { stage },
            sigma: self.sigmas[level as usize],
            next: self.sigmas.get(level as usize + 1).copied().unwrap_or(0.0),
            returns: !is_last && stage + 1 == self.stages && pass + 1 < self.passes,
            denoises,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: [f64; 3] = [4.0, 2.0, 1.0];

    #[test]
    fn langevin_stays_and_denoises() {
        let course = Course {
            sigmas: &LADDER,
            start_level: 1,
            stages: 2,
            last_stages: 3,
            passes: 1,
            denoises: true,
        };
        assert_eq!(course.total(), 5);
        let seen: Vec<_> = (0..6)
            .map(|i| course.at(i))
            .map(|at| (at.level, at.step, at.sigma, at.next, at.denoises))
            .collect();
        assert_eq!(
            seen,
            [
                (1, 0, 2.0, 1.0, false),
                (1, 1, 2.0, 1.0, false),
                (2, 0, 1.0, 0.0, false),
                (2, 1, 1.0, 0.0, false),
                (2, 1, 1.0, 0.0, true),
                (2, 1, 1.0, 0.0, true),
            ]
        );
    }

    #[test]
    fn levels_are_run_again() {
        let course = Course {
            sigmas: &LADDER,
            start_level: 0,
            stages: 2,
            last_stages: 1,
            passes: 2,
            denoises: false,
        };
        assert_eq!(course.total(), 9);
        let returns: Vec<bool> = (0..9).map(|i| course.at(i).returns).collect();
        assert_eq!(returns, [false, true, false, false, false, true, false, false, false]);
        assert_eq!((course.at(3).step, course.at(3).stage), (3, 1));
        assert_eq!((course.at(8).level, course.at(8).stage, course.at(8).next), (2, 0, 0.0));
    }
}
