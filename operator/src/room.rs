//! Who is admitted: in the order in which resources were made, and for as long as they stay.

use std::collections::BTreeMap;

use espalier::{Findings, Room, Size, Sums};

use crate::resource::{Age, Uid};

/// Whether a workspace, as it is wanted, has its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has.
    Fits,
    /// It has none: what is missing, and what would fit.
    NoRoom(String),
}

struct Seat {
    age: Age,
    /// What it has a place for.
    admitted: Option<Size>,
    /// What it waits with.
    waits: Option<(Size, String)>,
}

/// The places of a platform's nodes.
pub struct Places {
    room: Room,
    seats: BTreeMap<Uid, Seat>,
    /// Those without a place for what they want, the oldest first.
    waiting: BTreeMap<Age, Uid>,
}

impl Places {
    /// The places of an empty platform.
    pub fn of(room: Room) -> Self {
        Self { room, seats: BTreeMap::new(), waiting: BTreeMap::new() }
    }

    fn seat(&mut self, uid: &Uid, age: &Age) -> &mut Seat {
        let seat = || Seat { age: age.clone(), admitted: None, waits: None };
        self.seats.entry(uid.clone()).or_insert_with(seat)
    }

    /// Gives a place to who has had it before, whether or not it fits.
    pub fn keep(&mut self, uid: &Uid, age: &Age, size: Size) {
        self.room.add(size.clone());
        self.seat(uid, age).admitted = Some(size);
    }

    /// Asks for a place of a size, in place of the one that is held. Whether it is given; who has
    /// one keeps that until then.
    pub fn want(&mut self, uid: &Uid, age: &Age, size: Size) -> Verdict {
        self.waiting.remove(age);
        self.seat(uid, age).waits = None;
        let is_the_same = |held: &Size| is_same(held, &size);
        if self.seats[uid].admitted.as_ref().is_some_and(is_the_same) {
            return Verdict::Fits;
        }
        let is_less = self.seats[uid].admitted.as_ref().is_some_and(|it| is_no_more(&size, it));
        let found = self.room.findings_with(size.clone());
        if found.has_errors() && !is_less {
            let message = self.message(&found, &size);
            self.seat(uid, age).waits = Some((size, message.clone()));
            self.waiting.insert(age.clone(), uid.clone());
            return Verdict::NoRoom(message);
        }
        self.keep(uid, age, size);
        Verdict::Fits
    }

    /// Gives up whatever is held or waited for; what was held.
    pub fn leave(&mut self, uid: &Uid) -> Option<Size> {
        let seat = self.seats.remove(uid)?;
        self.waiting.remove(&seat.age);
        let held = seat.admitted?;
        self.room.remove(held.namespace());
        Some(held)
    }

    /// Who waits and would fit now, the oldest first; each takes its place into account.
    pub fn wake(&mut self) -> Vec<Uid> {
        let waiting: Vec<(Age, Uid)> =
            self.waiting.iter().map(|(age, uid)| (age.clone(), uid.clone())).collect();
        let mut woken = Vec::new();
        for (age, uid) in waiting {
            let Some((size, _)) = self.seats[&uid].waits.clone() else { continue };
            if self.want(&uid, &age, size) == Verdict::Fits {
                woken.push(uid);
            }
        }
        woken
    }

    /// What would be found of a size that somebody wants, in place of the one that its workspace
    /// holds; nothing where it has room.
    pub fn lacks(&mut self, size: &Size) -> Option<Findings> {
        let held = self.seats.values().filter_map(|it| it.admitted.as_ref());
        let mut held = held.filter(|it| it.namespace() == size.namespace());
        if held.any(|it| is_no_more(size, it)) {
            return None;
        }
        Some(self.room.findings_with(size.clone())).filter(Findings::has_errors)
    }

    /// How many more of a size fit.
    pub fn more(&self, size: &Size) -> u32 {
        self.room.more(size)
    }

    /// How many have a place.
    pub fn taken(&self) -> usize {
        self.room.tenants()
    }

    /// The sums.
    pub fn sums(&self) -> Sums {
        self.room.sums()
    }

    fn message(&self, found: &Findings, size: &Size) -> String {
        let errors = found.list().into_iter().filter(|it| it.severity == "error");
        let mut lines = Vec::new();
        for finding in errors {
            lines.push(finding.message.to_owned());
            lines.extend(finding.help.iter().map(|it| format!("help: {it}")));
        }
        let more = self.room.more(size);
        if more > 0 {
            lines.push(format!("without it, {more} of this size would fit"));
        }
        lines.join("; ")
    }
}

/// Whether two sizes take the same: then there is nothing to ask.
fn is_same(a: &Size, b: &Size) -> bool {
    is_no_more(a, b) && is_no_more(b, a) && a.namespace() == b.namespace()
}

fn is_no_more(a: &Size, b: &Size) -> bool {
    let amounts = |size: &Size| (size.memory(), size.cpu(), u64::from(size.pods()), size.volumes());
    let (a, b) = (amounts(a), amounts(b));
    a.0 <= b.0 && a.1 <= b.1 && a.2 <= b.2 && a.3 <= b.3
}
