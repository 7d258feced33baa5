//! Making a failing session small: faults, troubles and signals are dropped while it still fails.
//!
//! Owns: [`shrink`], bounded in tries, and the readable text of what is left.

use core::fmt::Write as _;

use super::Options;
use super::property::Property;
use super::scene::Scene;
use super::trouble::seconds;

/// A smaller session costs as much as a whole one; this is under a second.
const TRIES_MOST: usize = 300;

/// Removes the n-th part of a scene: its faults, then its troubles, then its signals.
fn without(scene: &Scene, part: usize) -> Option<Scene> {
    let mut less = scene.clone();
    let (faults, troubles) = (scene.faults.len(), scene.troubles.len());
    if part < faults {
        less.faults.remove(part);
        return Some(less);
    }
    let part = part - faults;
    if part < troubles {
        less.troubles.remove(part);
        return Some(less);
    }
    let part = part - troubles;
    if part < scene.signals.len() {
        less.signals.remove(part);
        return Some(less);
    }
    None
}

/// The smallest scene found that still breaks the same property.
pub(super) fn shrink(scene: &Scene, property: Property, options: &Options) -> Scene {
    let fails = |scene: &Scene| {
        let outcome = super::play(scene, options);
        outcome.violations.iter().any(|violation| violation.property == property)
    };
    let mut best = scene.clone();
    let mut part = 0;
    for _ in 0..TRIES_MOST {
        let Some(less) = without(&best, part) else { break };
        if fails(&less) {
            best = less;
        } else {
            part += 1;
        }
    }
    best
}

/// The plan of a scene, one line each.
pub(super) fn describe(scene: &Scene) -> Vec<String> {
    let mut lines = Vec::new();
    for fault in &scene.faults {
        let times = if fault.times == 0 { String::new() } else { format!(" x{}", fault.times) };
        lines.push(format!("{}{times} when {:?}", fault.code.word(), fault.when));
        if let Some(last) = lines.last_mut() {
            let _ = write!(last, " {:?}", fault.params);
        }
    }
    lines.extend(scene.troubles.iter().map(ToString::to_string));
    for signal in &scene.signals {
        let legs = scene.universe.sets().get(signal.set).map_or(0, |set| set.legs.len());
        lines.push(format!(
            "signal {} at {}: set {} of {legs} legs, {} micro-shares, {} bps, {} repeats",
            signal.id,
            seconds(signal.at),
            signal.set,
            signal.qty.0,
            signal.net.raw(),
            signal.repeats,
        ));
    }
    lines.push(format!("faults end at {}", seconds(scene.heal_at)));
    lines
}
