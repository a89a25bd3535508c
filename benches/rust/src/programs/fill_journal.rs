//! Writes predictions into a journal's folder as the server would have written them over some time.
//!
//! `fill_journal --folder DIR --rows N --router NAME --incarnation N --model NAME --from-us TIME --to-us TIME
//! --key-id N --key-secret HEX [--entities 100000] [--columns 30] [--segment-bytes 67108864] [--ids FILE] [--ids-every 100]`
//! prints one JSON object. No server may have the folder open.
//!
//! Calls are spread evenly over the time, entities are not: few call often. An entity keeps its variant, 70 to 30
//! over two versions of one model; every 200th call failed. Ids are signed, so that the server takes feedback for
//! them; `--ids` keeps every so many of them, one a line.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Failure, flags::Flags, scoring};
use pointsman_journal::{PREDICTION, ROUTE, SegmentHeader, put_frame};
use pointsman_model::{Id, SigningKey, SigningKeys};
use pointsman_wire::generated::pointsman_v1 as proto;
use pointsman_wire::{PredictionIdContent, Signer, uuid_v7};
use prost::Message;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

const SEED: u64 = 1;
const SLOTS: u64 = 10_000;
const VARIANTS: [(&str, &str, f64); 2] = [("a", "1", 0.7), ("b", "2", 0.3)];
const UNAVAILABLE: u32 = 14;

/// Runs the program.
///
/// # Errors
/// A flag is wrong, or what it needs is not there.
pub fn main(flags: &Flags) -> Result<(), Failure> {
    let folder: PathBuf = flags.require("folder")?;
    let rows: u64 = flags.require("rows")?;
    let segment_bytes: u64 = flags.get("segment-bytes", 64 << 20)?;
    let every: u64 = flags.get("ids-every", 100)?;
    let mut ids = flags.all("ids").last().map(File::create).transpose()?.map(BufWriter::new);
    let mut calls = Calls::read(flags, rows)?;
    let route = route(flags)?;

    let start = end_of_journal(&folder)?;
    let mut end = start;
    let mut segments = 0;
    let mut segment: Option<Segment> = None;
    for number in 0..rows {
        let open = match &mut segment {
            Some(open) => open,
            None => {
                segments += 1;
                segment.insert(Segment::create(&folder, end, &route)?)
            }
        };
        let entry = calls.next(number)?;
        if number % every == 0
            && let Some(ids) = &mut ids
        {
            writeln!(ids, "{}", entry.prediction_id)?;
        }
        open.put(PREDICTION, &entry)?;
        if open.end - open.start >= segment_bytes {
            end = open.end;
            if let Some(complete) = segment.take() {
                complete.close()?;
            }
        }
    }
    if let Some(last) = segment.take() {
        end = last.end;
        last.close()?;
    }
    if let Some(mut ids) = ids {
        ids.flush()?;
    }
    File::open(&folder)?.sync_all()?;
    let report = serde_json::json!({ "rows": rows, "segments": segments, "bytes": end - start });
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// Answers the position behind the predictions that are in a journal's folder.
fn end_of_journal(folder: &Path) -> Result<u64, Failure> {
    let mut end = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix("predictions-")?.strip_suffix(".seg"));
        if let Some(start) = digits.and_then(|digits| digits.parse::<u64>().ok()) {
            end = end.max(start + entry.metadata()?.len());
        }
    }
    Ok(end)
}

/// A segment that grows.
struct Segment {
    file: BufWriter<File>,
    frame: Vec<u8>,
    start: u64,
    end: u64,
}

impl Segment {
    fn create(folder: &Path, start: u64, route: &proto::RouteEntry) -> Result<Self, Failure> {
        let header = SegmentHeader { start, created_us: 0 }.encode();
        let file = File::create_new(folder.join(format!("predictions-{start:020}.seg")))?;
        let mut segment = Self {
            file: BufWriter::with_capacity(1 << 20, file),
            frame: Vec::new(),
            start,
            end: start + header.len() as u64,
        };
        segment.file.write_all(&header)?;
        segment.put(ROUTE, route)?;
        Ok(segment)
    }

    fn put(&mut self, kind: u8, message: &impl Message) -> Result<(), Failure> {
        self.frame.clear();
        put_frame(kind, &mut self.frame, |out| message.encode_raw(out));
        self.end += self.frame.len() as u64;
        Ok(self.file.write_all(&self.frame)?)
    }

    fn close(self) -> Result<(), Failure> {
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        Ok(file.sync_all()?)
    }
}

fn route(flags: &Flags) -> Result<proto::RouteEntry, Failure> {
    let (router_id, model_id): (String, String) = (flags.require("router")?, flags.require("model")?);
    let signature = scoring::signature(flags.get("columns", 30)?);
    let variant = |&(name, version, share): &(&str, &str, f64)| proto::VariantEntry {
        name: name.to_owned(),
        model_id: model_id.clone(),
        model_version: version.to_owned(),
        eligible: true,
        request_propensity: share,
        slot_propensity: share,
        signature: Some(signature.clone()),
    };
    Ok(proto::RouteEntry {
        router_id,
        router_generation: 1,
        router_incarnation: flags.require("incarnation")?,
        variants: VARIANTS.iter().map(variant).collect(),
        ..proto::RouteEntry::default()
    })
}

/// Makes the calls, one after the other in time.
struct Calls {
    rng: SmallRng,
    signer: Signer,
    router_id: Id,
    incarnation: u64,
    variants: [Id; 2],
    entities: f64,
    from_us: u64,
    interval_us: f64,
    row: Vec<u8>,
}

impl Calls {
    fn read(flags: &Flags, rows: u64) -> Result<Self, Failure> {
        let (from_us, to_us): (u64, u64) = (flags.require("from-us")?, flags.require("to-us")?);
        let key = SigningKey { key_id: flags.require("key-id")?, secret: read_secret(flags)? };
        let keys = SigningKeys { current_key_id: key.key_id, keys: vec![key] };
        let entities: u32 = flags.get("entities", 100_000)?;
        Ok(Self {
            rng: SmallRng::seed_from_u64(SEED),
            signer: Signer::new(&keys)?,
            router_id: Id::parse(&flags.require::<String>("router")?)?,
            incarnation: flags.require("incarnation")?,
            variants: [Id::parse(VARIANTS[0].0)?, Id::parse(VARIANTS[1].0)?],
            entities: entities.into(),
            from_us,
            interval_us: to_us.saturating_sub(from_us) as f64 / rows.max(1) as f64,
            row: vec![0; flags.get("columns", 30)? * 8],
        })
    }

    fn next(&mut self, number: u64) -> Result<proto::PredictionEntry, Failure> {
        let rng = &mut self.rng;
        let share: f64 = rng.random();
        let entity = (share * share * self.entities) as u64;
        // The golden ratio's multiples spread whole numbers evenly over the slots.
        let draw = entity.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = ((u128::from(draw) * u128::from(SLOTS)) >> 64) as u64;
        let variant = usize::from(slot as f64 >= VARIANTS[0].2 * SLOTS as f64);
        let propensity = VARIANTS[variant].2;
        // Calls are put down when they end, not in the order in which they came.
        let time_us = self.from_us + (number as f64 * self.interval_us) as u64 + rng.random_range(0..2_000);
        let mut prediction_id = String::with_capacity(96);
        self.signer.sign(
            &PredictionIdContent {
                uuid: uuid_v7(time_us, rng.random()),
                router_id: &self.router_id,
                variant: &self.variants[variant],
                incarnation: self.incarnation,
                epoch: 0,
                propensity,
                pinned: false,
                row_limit: 1,
            },
            &mut prediction_id,
        );
        let mut entry = proto::PredictionEntry {
            variant: variant as u32,
            prediction_id,
            time_us: time_us as i64,
            generation: 1,
            propensity,
            reason: proto::DecisionReason::Slot.into(),
            randomised_by: proto::RandomisedBy::Entity.into(),
            draw: Some(draw),
            slot: Some(slot as u32),
            entity_id: format!("user-{entity}"),
            replayable: true,
            request_id: format!("{:016x}{:016x}", rng.random::<u64>(), rng.random::<u64>()),
            overhead_ns: rng.random_range(30_000..90_000),
            backend_ns: Some(rng.random_range(200_000..900_000)),
            ..proto::PredictionEntry::default()
        };
        scoring::put_row(rng, &mut self.row);
        let request = scoring::request(VARIANTS[variant].0, "", self.row.clone().into(), 0);
        entry.request_kind = proto::BodyKind::Infer.into();
        entry.request = request.encode_to_vec().into();
        if number % 200 == 199 {
            entry.status_code = UNAVAILABLE;
        } else {
            entry.response_kind = proto::BodyKind::Infer.into();
            entry.response = scoring::response(VARIANTS[variant].0, "", &self.row).encode_to_vec().into();
        }
        Ok(entry)
    }
}

fn read_secret(flags: &Flags) -> Result<[u8; 32], Failure> {
    let text: String = flags.require("key-secret")?;
    let digits = text.as_bytes().chunks(2).map(|pair| {
        let pair = str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(pair, 16).map_err(|error| format!("--key-secret: {error}"))
    });
    let secret: Vec<u8> = digits.collect::<Result<_, _>>()?;
    Ok(secret.try_into().map_err(|_| "--key-secret: not 64 hexadecimal digits")?)
}
