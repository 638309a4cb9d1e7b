//! Position and cues to other programs, as OSC over UDP.
//!
//! | address | arguments | when |
//! | --- | --- | --- |
//! | `/colla-parte/state` | string: `waiting`, `following`, `unsure`, `lost` | at the chosen rate |
//! | `/colla-parte/position` | float: quarter notes along the playing order, 0 = its beginning | while a place is known |
//! | `/colla-parte/measure` | string: printed number; int: measure along the playing order, 1 = first; int: which time it passes | |
//! | `/colla-parte/beat` | float: quarter note within the measure, 1 = first | |
//! | `/colla-parte/tempo` | float: quarter notes a minute | |
//! | `/colla-parte/confidence` | float: 0-1 | |
//! | `/colla-parte/cue` | string: name; float: its place as in `position` | as a cue fires |
//! | `/colla-parte/page` | string: printed number of the measure after the turn; float: its place | as a cue that turns the page fires |
//!
//! The first six come in one bundle, at most as often as was chosen, counted in the stream's own time; a change of state comes
//! at once. Off unless it is switched on, to this computer alone unless another address is given. The worker sends, and never
//! waits: what the system does not take at once is lost, as is the way of UDP.

use crate::performance::{Cue, FollowState, PositionReport};
use crate::score::PlayingPath;
use crate::units::Seconds;
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use thiserror::Error;

/// Where OSC goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoteSettings {
    /// Send at all.
    pub enabled: bool,
    /// Address and port, such as `127.0.0.1:9000`. Names are not looked up.
    pub address: String,
    /// Positions a second at most, 1-100.
    pub rate_hz: u8,
}

impl Default for RemoteSettings {
    fn default() -> Self {
        RemoteSettings { enabled: false, address: String::from("127.0.0.1:9000"), rate_hz: 25 }
    }
}

/// Why OSC cannot be sent.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// The address cannot be read.
    #[error("OSC: expected an address such as 127.0.0.1:9000, found {found:?}")]
    Address {
        /// As it was given.
        found: String,
    },
    /// The system gives no socket.
    #[error("OSC: no socket to send from: {0}")]
    Socket(#[from] std::io::Error),
}

/// Sends while it is open.
#[derive(Debug, Default)]
pub(super) struct Remote {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    socket: UdpSocket,
    target: SocketAddr,
    every_s: f64,
    /// Stream time of what was sent last, and the state in it.
    last: Option<(Seconds, FollowState)>,
}

impl Remote {
    /// Opens, closes or redirects.
    ///
    /// # Errors
    /// [`RemoteError`]; nothing is sent then.
    pub fn configure(&mut self, settings: &RemoteSettings) -> Result<(), RemoteError> {
        self.open = None;
        if !settings.enabled {
            return Ok(());
        }
        let address = settings.address.trim();
        let target: SocketAddr =
            address.parse().map_err(|_| RemoteError::Address { found: address.to_owned() })?;
        let own: IpAddr = match target.ip() {
            IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(ip) if ip.is_loopback() => Ipv6Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((own, 0))?;
        socket.set_nonblocking(true)?;
        let every_s = 1.0 / f64::from(settings.rate_hz.clamp(1, 100));
        self.open = Some(Open { socket, target, every_s, last: None });
        Ok(())
    }

    /// Sends a report, if it is due.
    pub fn position(&mut self, report: &PositionReport, path: Option<&PlayingPath>) {
        let Some(open) = &mut self.open else { return };
        let due = open.last.is_none_or(|(at, state)| {
            let since = report.at.0 - at.0;
            // Half a hop of slack, so that a rate that divides the hops is kept.
            state != report.state || since < 0.0 || since >= open.every_s - 0.005
        });
        if !due {
            return;
        }
        open.last = Some((report.at, report.state));
        let mut content = vec![message("state", vec![report.state.name().into()])];
        let place = report.beat.zip(path).and_then(|(beat, path)| Some((beat, path, path.step_at(beat)?)));
        if let Some((beat, path, index)) = place {
            let step = &path.steps[index];
            let within = (beat - step.start.to_f64()).max(0.0) as f32 + 1.0;
            content.push(message("position", vec![(beat as f32).into()]));
            let count = |n: usize| OscType::Int(n.try_into().unwrap_or(i32::MAX));
            let measure = vec![text(&step.number), count(index + 1), count(step.pass as usize)];
            content.push(message("measure", measure));
            content.push(message("beat", vec![within.into()]));
        }
        content.push(message("tempo", vec![(report.tempo.0 as f32).into()]));
        content.push(message("confidence", vec![report.confidence.into()]));
        open.send(&OscPacket::Bundle(OscBundle { timetag: IMMEDIATELY, content }));
    }

    /// Sends that a cue fires.
    pub fn cue(&mut self, cue: &Cue, path: &PlayingPath) {
        let Some(open) = &self.open else { return };
        open.send(&message("cue", vec![text(&cue.name), (cue.beat as f32).into()]));
        if cue.page_turn {
            let number = path.step_at(cue.beat).map_or("", |step| path.steps[step].number.as_str());
            open.send(&message("page", vec![text(number), (cue.beat as f32).into()]));
        }
    }
}

/// What OSC calls "at once".
const IMMEDIATELY: OscTime = OscTime { seconds: 0, fractional: 1 };

fn message(name: &str, args: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage { addr: format!("/colla-parte/{name}"), args })
}

/// Characters of a text that are sent, so that its message fits into a packet, whatever the characters.
const LONGEST_TEXT: usize = 2_000;

/// A text as OSC can carry it: a zero would end it.
fn text(text: &str) -> OscType {
    text.chars().filter(|c| *c != '\0').take(LONGEST_TEXT).collect::<String>().into()
}

impl Open {
    fn send(&self, packet: &OscPacket) {
        if let Ok(bytes) = rosc::encoder::encode(packet) {
            // Nobody listening is an error on some systems; it is no fault here.
            let _ = self.socket.send_to(&bytes, self.target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::CueMessage;
    use crate::units::{Beats, Bpm, Pitch};
    use proptest::prelude::*;
    use std::time::Duration;

    fn receiver() -> (UdpSocket, RemoteSettings) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let address = socket.local_addr().unwrap().to_string();
        (socket, RemoteSettings { enabled: true, address, rate_hz: 10 })
    }

    /// The packets up to one that says `end`, as (address, arguments), bundles opened.
    fn received(socket: &UdpSocket, end: &str) -> Vec<(String, Vec<OscType>)> {
        let mut found = Vec::new();
        let mut buffer = [0; 65_536];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).expect("no packet");
            assert!(from.ip().is_loopback());
            let (rest, packet) = rosc::decoder::decode_udp(&buffer[..length]).unwrap();
            assert!(rest.is_empty());
            let messages = match packet {
                OscPacket::Message(message) => vec![OscPacket::Message(message)],
                OscPacket::Bundle(bundle) => bundle.content,
            };
            for packet in messages {
                let OscPacket::Message(message) = packet else { panic!("a bundle in a bundle") };
                found.push((message.addr, message.args));
            }
            if found.last().is_some_and(|(address, _)| address == end) {
                return found;
            }
        }
    }

    fn path() -> PlayingPath {
        let quarter = Beats::whole(1);
        let notes: Vec<_> = (0..12).map(|n| (Beats::whole(n), quarter, Pitch(60))).collect();
        PlayingPath::from_notes((4, 4), &notes)
    }

    fn report(at: f64, beat: Option<f64>, state: FollowState) -> PositionReport {
        let (at, tempo) = (Seconds(at), Bpm(90.0));
        PositionReport { at, beat, confidence: 0.75, tempo, state, candidates: Default::default() }
    }

    #[test]
    fn places_arrive_at_the_chosen_rate_and_cues_at_once() {
        let (socket, settings) = receiver();
        let path = path();
        let mut remote = Remote::default();
        remote.configure(&settings).unwrap();
        remote.position(&report(0.0, None, FollowState::Waiting), Some(&path));
        // A second of reports, one a hop.
        for n in 1..=100 {
            let at = 0.01 * f64::from(n);
            remote.position(&report(at, Some(4.0 + 1.5 * at), FollowState::Following), Some(&path));
        }
        let note = CueMessage::Note { pitch: 60, velocity: 1 };
        remote.cue(&Cue { page_turn: true, ..Cue::at(8.0, "turn".into(), note) }, &path);
        let found = received(&socket, "/colla-parte/page");
        let of = |name: &str| -> Vec<&Vec<OscType>> {
            let address = format!("/colla-parte/{name}");
            found.iter().filter(|(found, _)| *found == address).map(|(_, args)| args).collect()
        };
        let states = of("state");
        assert_eq!(states[0], &vec![OscType::from("waiting")]);
        assert_eq!(states.len(), 11, "one for the change, then one each tenth of a second");
        assert_eq!(of("position").len(), 10, "no place while there is none");
        let measure = vec![OscType::from("2"), OscType::Int(2), OscType::Int(1)];
        assert!(of("measure").iter().all(|args| **args == measure));
        let [OscType::Float(beat)] = of("beat")[0][..] else { panic!("no beat") };
        assert!((1.0..1.1).contains(&beat), "{beat}");
        assert_eq!(of("tempo")[0], &vec![OscType::Float(90.0)]);
        assert_eq!(of("confidence")[0], &vec![OscType::Float(0.75)]);
        assert_eq!(of("cue")[0], &vec![OscType::from("turn"), OscType::Float(8.0)]);
        assert_eq!(of("page")[0], &vec![OscType::from("3"), OscType::Float(8.0)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// Whatever a cue is called and whatever stands as its address, what arrives is a packet that says the name, or the address
        /// is refused.
        #[test]
        fn any_name_arrives_and_any_address_is_taken_or_refused(
            name in prop_oneof!["\\PC{0,40}", proptest::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
                                Just("\u{10FFFF}".repeat(20_000)), Just("a\0b".to_owned())],
            beat in any::<f64>(),
            address in "\\PC{0,30}",
        ) {
            let (socket, settings) = receiver();
            let mut remote = Remote::default();
            let _ = remote.configure(&RemoteSettings { address, ..settings.clone() });
            remote.configure(&settings).unwrap();
            let note = CueMessage::Note { pitch: 60, velocity: 1 };
            let cue = Cue { page_turn: true, ..Cue::at(beat, name.clone(), note) };
            remote.cue(&cue, &path());
            let found = received(&socket, "/colla-parte/page");
            let said: String = name.chars().filter(|c| *c != '\0').take(LONGEST_TEXT).collect();
            prop_assert_eq!(&found[0].0, "/colla-parte/cue");
            prop_assert_eq!(&found[0].1[0], &OscType::String(said));
            prop_assert_eq!(found.len(), 2);
        }
    }

    #[test]
    fn it_is_off_by_default_and_refuses_what_is_no_address() {
        let (socket, settings) = receiver();
        let mut remote = Remote::default();
        assert!(!RemoteSettings::default().enabled);
        let default: SocketAddr = RemoteSettings::default().address.parse().unwrap();
        assert!(default.ip().is_loopback());
        remote.configure(&RemoteSettings { enabled: false, ..settings.clone() }).unwrap();
        remote.position(&report(0.0, None, FollowState::Waiting), None);
        for address in ["", "localhost:9000", "127.0.0.1", "127.0.0.1:99999"] {
            let wrong = RemoteSettings { address: address.into(), ..settings.clone() };
            assert!(matches!(remote.configure(&wrong), Err(RemoteError::Address { .. })), "{address}");
        }
        // Nothing was sent until now: the first packet is this one.
        remote.configure(&settings).unwrap();
        remote.position(&report(1.0, None, FollowState::Lost), None);
        let found = received(&socket, "/colla-parte/confidence");
        assert_eq!(found[0], ("/colla-parte/state".into(), vec![OscType::from("lost")]));
    }
}
