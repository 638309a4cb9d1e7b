//! What a host does to a plugin while it plays.

use crate::BLOCK;
use anyhow::{Context, Result, ensure};
use hosts::signal::Random;
use hosts::window::Window;
use hosts::{Instance, Parameter, Setup, Transport, project};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Samples per second of all cases but the one that changes it.
pub const RATE_HZ: f64 = 48_000.0;

/// Seconds that each case plays.
const CASE_S: f64 = 2.0;

/// Rates and blocks that a host changes between.
const SETUPS: [(f64, usize); 4] = [(44_100.0, 256), (96_000.0, 1024), (8_000.0, 32), (192_000.0, 4096)];

/// The cases by name; each is run in both formats.
pub const CASES: [&str; 7] =
    ["automation", "bypass", "transport", "score and state", "rate and block", "window", "bounce"];

/// Plays one case. Returns what was done, in words; `None` if it could not be, for want of a display.
pub fn play(case: &str, player: &mut Player<'_>) -> Result<Option<String>> {
    Ok(Some(match case {
        "automation" => {
            let (mut parameters, mut random) = (player.instance.parameters(), Random::new(7));
            // Another decision delay is listening anew: done every block, nothing would ever be heard.
            let delay = parameters.iter().position(|parameter| parameter.name == "Decide after");
            let delay = parameters.remove(delay.context("no decision delay")?);
            player.play(CASE_S, |instance, n| {
                if n % 400 == 0 {
                    instance.automate(&delay, 0, random.below(101) as f64 / 100.0);
                }
                change(instance, &parameters, &mut random)
            })?;
            format!("{} parameters at random, two a block, the decision delay now and then", parameters.len())
        }
        "bypass" => {
            let parameters = player.instance.parameters();
            let bypass = parameters.iter().find(|parameter| parameter.bypass).context("no bypass")?;
            player.play(CASE_S, |instance, n| {
                if n % 40 == 0 {
                    instance.automate(bypass, 0, f64::from(n as u32 / 40 % 2));
                }
                Ok(())
            })?;
            player.instance.automate(bypass, 0, 0.0);
            "on and off, some twenty times a second".into()
        }
        "transport" => {
            let mut random = Random::new(9);
            player.play(CASE_S, |instance, n| {
                let position = if n % 50 == 0 { random.below(1 << 32) } else { (1 << 20) + n as u64 * 64 };
                let transport =
                    Transport { playing: n % 70 > 10, recording: n % 140 > 70, position: position as i64 };
                instance.set_transport((n % 300 < 280).then_some(transport));
                if n % 111 == 0 {
                    instance.reset();
                }
                Ok(())
            })?;
            player.instance.set_transport(None);
            "start, stop, record, jumps, resets, no transport at all".into()
        }
        "score and state" => {
            let score = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo/score.mxl");
            let score = project::score_field("score.mxl", &std::fs::read(score)?)?;
            let with = project::state(json!({ "poscc": { "i32": 20 } }), &score)?;
            player.play(CASE_S, |instance, n| {
                if n % 100 == 50 {
                    ensure!(instance.load(&with), "the state was refused");
                } else if n % 100 == 99 {
                    ensure!(instance.save()?.len() > 1000, "the score is not in the state");
                }
                Ok(())
            })?;
            "a project with a score restored and saved, seven times a second".into()
        }
        "rate and block" => {
            for (rate_hz, block) in SETUPS {
                player.activate(&Setup { rate_hz, channels: 2, largest_block: block, offline: false })?;
                player.play(CASE_S / 2.0, |_, _| Ok(()))?;
            }
            "44.1 kHz/256, 96 kHz/1024, 8 kHz/32, 192 kHz/4096".into()
        }
        "window" => {
            let Some(window) = Window::open()? else { return Ok(None) };
            let parameters = player.instance.parameters();
            let mut random = Random::new(6);
            let mut opened = 0;
            player.play(2.0 * CASE_S, |instance, n| {
                match n % 500 {
                    100 => {
                        instance.open_editor(window.id())?;
                        opened += 1;
                    }
                    400 => instance.close_editor(),
                    _ => {}
                }
                change(instance, &parameters, &mut random)
            })?;
            player.instance.close_editor();
            format!("opened and closed {opened} times while parameters change")
        }
        "bounce" => {
            player.activate(&Setup { rate_hz: RATE_HZ, channels: 2, largest_block: 512, offline: true })?;
            player.bounce(2.0 * CASE_S)?;
            "offline; there it may wait and wake the worker, and nothing else".into()
        }
        _ => anyhow::bail!("unknown: {case}"),
    }))
}

/// Changes two of the parameters.
fn change(instance: &mut dyn Instance, parameters: &[Parameter], random: &mut Random) -> Result<()> {
    for at in [3, BLOCK as u32 - 1] {
        let parameter = &parameters[random.below(parameters.len() as u64) as usize];
        // Silent for half of the time is enough of bypass.
        let value = if parameter.bypass { 0.0 } else { random.below(101) as f64 / 100.0 };
        instance.automate(parameter, at, value);
    }
    Ok(())
}

/// Later than this, a block is lost.
const LATEST: Duration = Duration::from_millis(40);

/// A host that plays the tune over and over.
pub struct Player<'a> {
    pub instance: &'a mut dyn Instance,
    tune: Vec<f32>,
    at: usize,
    setup: Setup,
    /// What `process` took, for the blocks at realtime pace.
    pub durations: Vec<std::time::Duration>,
    /// Events that came.
    pub events: usize,
}

impl<'a> Player<'a> {
    pub fn new(instance: &'a mut dyn Instance, tune: Vec<f32>) -> Result<Player<'a>> {
        let setup = Setup { rate_hz: RATE_HZ, channels: 2, largest_block: BLOCK, offline: false };
        instance.activate(&setup)?;
        Ok(Player { instance, tune, at: 0, setup, durations: Vec::new(), events: 0 })
    }

    pub fn activate(&mut self, setup: &Setup) -> Result<()> {
        self.instance.deactivate();
        self.setup = *setup;
        self.instance.activate(setup)
    }

    /// Plays at realtime pace; `before` is called before each block, with its number.
    pub fn play(
        &mut self,
        seconds: f64,
        before: impl FnMut(&mut dyn Instance, usize) -> Result<()>,
    ) -> Result<()> {
        self.run(seconds, true, before)
    }

    /// Plays as fast as it goes.
    pub fn bounce(&mut self, seconds: f64) -> Result<()> {
        self.run(seconds, false, |_, _| Ok(()))
    }

    fn run(
        &mut self,
        seconds: f64,
        paced: bool,
        mut before: impl FnMut(&mut dyn Instance, usize) -> Result<()>,
    ) -> Result<()> {
        let Setup { rate_hz, largest_block: block, .. } = self.setup;
        let blocks = (seconds * rate_hz) as usize / block;
        self.durations.reserve(blocks);
        let mut events = Vec::with_capacity(4096);
        let mut channels = vec![vec![0.0f32; block]; 2];
        let mut start = std::time::Instant::now();
        for n in 0..blocks {
            if paced {
                let due = start + Duration::from_secs_f64((n * block) as f64 / rate_hz);
                let now = std::time::Instant::now();
                std::thread::sleep(due.saturating_duration_since(now));
                // What a sound card did not get in time it leaves out: no host at pace races to catch up.
                let late = now.saturating_duration_since(due);
                if late > LATEST {
                    start += late;
                }
            }
            before(self.instance, n)?;
            for channel in &mut channels {
                for (k, sample) in channel.iter_mut().enumerate() {
                    *sample = self.tune[(self.at + k) % self.tune.len()];
                }
            }
            self.at += block;
            events.clear();
            let duration = self.instance.process(&mut channels, &mut events)?;
            if paced {
                self.durations.push(duration);
            }
            self.events += events.len();
        }
        Ok(())
    }
}
