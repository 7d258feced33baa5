//! The breadth-first search: every state once, known by a fingerprint of 64 bits.

use core::hash::{Hash, Hasher};
use std::collections::VecDeque;

use super::cover::Cover;
use super::laws::{Breach, LAWS, Scene};
use super::silence;
use super::world::{Book, Config, Move, Stepped, World};

/// A fixed hasher: the same fingerprint in every run and on every machine of one word order.
#[derive(Default)]
pub struct Fingerprint(u64);

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Fingerprint {
    const fn mix(&mut self, word: u64) {
        let product = ((self.0 ^ word) as u128).wrapping_mul(ODD as u128 | (ODD as u128) << 64);
        self.0 = (product as u64 ^ (product >> 64) as u64).wrapping_add(word.rotate_left(29));
    }
}

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
        self.mix(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn finish(&self) -> u64 {
        let mut last = Self(self.0);
        last.mix(ODD);
        last.mix(ODD);
        last.0.max(1)
    }
}

pub fn fingerprint(world: &World) -> u64 {
    let mut state = Fingerprint::default();
    world.hash(&mut state);
    state.finish()
}

/// A set of fingerprints in one array; zero is an empty place.
struct Seen {
    places: Vec<u64>,
    count: usize,
}

impl Seen {
    fn new() -> Self {
        Self { places: vec![0; 1 << 12], count: 0 }
    }

    fn insert(&mut self, key: u64) -> bool {
        if self.count * 4 >= self.places.len() * 3 {
            let old = core::mem::take(&mut self.places);
            self.places = vec![0; old.len() * 2];
            for key in old.into_iter().filter(|key| *key != 0) {
                let at = self.find(key);
                self.places[at] = key;
            }
        }
        let at = self.find(key);
        let is_new = self.places[at] == 0;
        self.places[at] = key;
        self.count += usize::from(is_new);
        is_new
    }

    fn find(&self, key: u64) -> usize {
        let mask = self.places.len() - 1;
        let mut at = (key as usize) & mask;
        while self.places[at] != 0 && self.places[at] != key {
            at = (at + 1) & mask;
        }
        at
    }
}

/// How a state was first reached: from which, by which move and book.
#[derive(Clone, Copy)]
struct Origin {
    parent: u32,
    step: u16,
    book: u8,
}

/// Which end of the frontier goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Shortest paths; the frontier is as wide as the world.
    Breadth,
    /// The same states with a narrow frontier.
    Depth,
}

/// What an exploration found.
pub struct Report {
    pub name: &'static str,
    pub states: usize,
    pub steps: u64,
    pub is_closed: bool,
    pub widest: usize,
    pub silent_runs: u64,
    pub breach: Option<(Breach, String)>,
}

pub struct Limits {
    pub way: Way,
    pub states: usize,
    /// One in so many states is run on in silence.
    pub silence_every: u64,
    /// Only this law is judged.
    pub only: Option<&'static str>,
}

impl Limits {
    pub const fn closing() -> Self {
        Self { way: Way::Breadth, states: usize::MAX, silence_every: 16, only: None }
    }
}

struct Search<'a> {
    config: &'a Config,
    limits: &'a Limits,
    seen: Seen,
    origins: Vec<Origin>,
    frontier: VecDeque<(u32, World)>,
    report: Report,
}

/// Visits every state that can be reached, or stops at the first breach or at the limit.
pub fn explore(config: &Config, limits: &Limits, cover: &mut Cover) -> Report {
    let mut search = Search {
        config,
        limits,
        seen: Seen::new(),
        origins: Vec::new(),
        frontier: VecDeque::new(),
        report: Report {
            name: config.name,
            states: 0,
            steps: 0,
            is_closed: false,
            widest: 0,
            silent_runs: 0,
            breach: None,
        },
    };
    search.run(cover);
    search.report.states = search.seen.count;
    search.report
}

impl Search<'_> {
    fn run(&mut self, cover: &mut Cover) {
        let first = World::new(self.config);
        self.seen.insert(fingerprint(&first));
        self.origins.push(Origin { parent: 0, step: 0, book: 0 });
        self.frontier.push_back((0, first));
        let mut moves = Vec::new();
        while let Some((at, world)) = self.next() {
            world.moves(self.config, &mut moves);
            for (number, step) in moves.iter().enumerate() {
                for (place, book) in self.config.books.iter().enumerate() {
                    let origin = Origin { parent: at, step: number as u16, book: place as u8 };
                    let done = world.apply(self.config, *step, *book);
                    self.report.steps += 1;
                    let was_read = done.was_read;
                    if let Err(breach) = self.judge(&world, *step, *book, &done, cover) {
                        self.tell(at, *step, *book, breach);
                        return;
                    }
                    self.visit(origin, done.world);
                    if !was_read {
                        break;
                    }
                }
            }
            if self.seen.count >= self.limits.states {
                return;
            }
        }
        self.report.is_closed = true;
    }

    fn next(&mut self) -> Option<(u32, World)> {
        self.report.widest = self.report.widest.max(self.frontier.len());
        match self.limits.way {
            Way::Breadth => self.frontier.pop_front(),
            Way::Depth => self.frontier.pop_back(),
        }
    }

    fn judge(
        &mut self,
        before: &World,
        step: Move,
        book: Book,
        done: &Stepped,
        cover: &mut Cover,
    ) -> Result<(), Breach> {
        cover.note(before, done);
        let scene = Scene { config: self.config, before, step, book, done };
        for law in LAWS {
            match law(&scene) {
                Err(breach) if self.limits.only.is_none_or(|only| only == breach.law) => {
                    return Err(breach);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn visit(&mut self, origin: Origin, world: World) {
        let key = fingerprint(&world);
        if !self.seen.insert(key) {
            return;
        }
        let number = u32::try_from(self.origins.len()).expect("fewer states than 32 bits");
        self.origins.push(origin);
        if self.limits.silence_every > 0 && key.is_multiple_of(self.limits.silence_every) {
            self.report.silent_runs += 1;
            if let Err(breach) = silence::run(self.config, &world) {
                let path = self.path(number);
                let text = format!("{}then silence\n", self.plan(&path));
                self.report.breach.get_or_insert((breach, text));
                self.frontier.clear();
                return;
            }
        }
        self.frontier.push_back((number, world));
    }

    fn path(&self, mut at: u32) -> Vec<(u16, u8)> {
        let mut path = Vec::new();
        while at != 0 {
            let origin = self.origins[at as usize];
            path.push((origin.step, origin.book));
            at = origin.parent;
        }
        path.reverse();
        path
    }

    /// The path as a plan to read: one line per move, with the phase it leads to.
    fn plan(&self, path: &[(u16, u8)]) -> String {
        let mut world = World::new(self.config);
        let (mut moves, mut text) = (Vec::new(), String::new());
        for (step, book) in path {
            world.moves(self.config, &mut moves);
            let (step, book) = (moves[usize::from(*step)], self.config.books[usize::from(*book)]);
            let done = world.apply(self.config, step, book);
            text.push_str(&line(step, book, &done));
            world = done.world;
        }
        text
    }

    fn tell(&mut self, at: u32, step: Move, book: Book, breach: Breach) {
        let path = self.path(at);
        let mut text = self.plan(&path);
        let mut world = World::new(self.config);
        let mut moves = Vec::new();
        for (step, book) in &path {
            world.moves(self.config, &mut moves);
            let step = moves[usize::from(*step)];
            world = world.apply(self.config, step, self.config.books[usize::from(*book)]).world;
        }
        text.push_str(&line(step, book, &world.apply(self.config, step, book)));
        self.report.breach = Some((breach, text));
    }
}

fn line(step: Move, book: Book, done: &Stepped) -> String {
    let book = if done.was_read { format!(" [{book:?}]") } else { String::new() };
    format!("  {step:?}{book} -> {}\n", done.world.desk.phase().word())
}
