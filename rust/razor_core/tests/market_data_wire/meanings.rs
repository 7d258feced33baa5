//! Every message type in every spelling.

use super::spelling::*;
use super::*;

const BLANKS: [&str; 4] = ["", " ", "\n  ", "\t\r\n "];

#[test]
fn every_message_type_means_the_same_in_every_spelling() {
    let mut rng = Rng::new(1);
    let mut frames = 0;
    for kind in 0..TYPES {
        for round in 0..12 {
            let (json, expected) = message(&mut rng, kind);
            for blank in BLANKS {
                for order in 0..(if round == 0 { 40 } else { 6 }) {
                    for (quotes, more_keys) in [(true, false), (false, false), (true, true)] {
                        let text = json.spelled(Spelling { blank, order, quotes, more_keys });
                        let frame = read(&text, Kind::Ws).unwrap_or_else(|e| panic!("{e} {text}"));
                        assert_eq!(shown(&frame, text.as_bytes()), expected, "{text}");
                        frames += 1;
                    }
                }
            }
        }
    }
    assert!(frames > 10_000, "{frames}");
}

#[test]
fn several_messages_in_one_array_mean_what_each_means_alone() {
    let mut rng = Rng::new(2);
    for round in 0..3_000 {
        let how = Spelling {
            blank: BLANKS[rng.index(BLANKS.len())],
            order: rng.index(40),
            quotes: rng.chance(50),
            more_keys: rng.chance(20),
        };
        let kinds: Vec<usize> = (0..rng.below(6)).map(|_| rng.index(TYPES)).collect();
        let messages: Vec<(Json, String)> =
            kinds.into_iter().map(|kind| message(&mut rng, kind)).collect();
        let list = Json::List(messages.iter().map(|(json, _)| json.clone()).collect());
        let expected: String = messages.iter().map(|(_, shown)| shown.as_str()).collect();
        let text = list.spelled(how);
        let frame = read(&text, Kind::Ws).unwrap_or_else(|e| panic!("{e} {text}"));
        assert_eq!(shown(&frame, text.as_bytes()), expected, "{round}");
    }
}

#[test]
fn a_rest_book_needs_no_type_and_rest_takes_nothing_else() {
    let mut rng = Rng::new(3);
    for _ in 0..200 {
        let (Json::Object(mut fields), expected) = message(&mut rng, 0) else { panic!("book") };
        let how = Spelling { blank: " ", order: rng.index(20), quotes: true, more_keys: false };
        let with_type = Json::Object(fields.clone()).spelled(how);
        fields.retain(|(key, _)| *key != "event_type");
        let without = Json::Object(fields).spelled(how);
        for text in [&with_type, &without, &format!("[{with_type},{without}]")] {
            let frame = read(text, Kind::Rest).unwrap_or_else(|e| panic!("{e} {text}"));
            let shown = shown(&frame, text.as_bytes());
            assert_eq!(shown.lines().next(), expected.lines().next());
        }
        assert_eq!(read(&without, Kind::Ws), Err(Refusal::MissingKey { key: "event_type" }));
    }
    for kind in 1..TYPES {
        let (json, _) = message(&mut rng, kind);
        let text = json.spelled(Spelling { blank: "", order: 0, quotes: true, more_keys: false });
        assert_eq!(read(&text, Kind::Rest), Err(Refusal::WrongType { key: "event_type" }));
    }
    for word in ["PONG", "NO NEW ASSETS"] {
        assert_eq!(read(word, Kind::Rest), Err(Refusal::Syntax { at: 0 }), "{word}");
        let padded = format!(" {word}\n");
        assert_eq!(read(&padded, Kind::Ws).expect("a word").messages.len(), 1);
    }
}

#[test]
fn the_layouts_the_venue_sends_are_read_by_prediction() {
    let level =
        |blank: &str| format!("{{\"price\":{blank}\"0.48\",{blank}\"size\":{blank}\"30\"}}");
    for blank in ["", " "] {
        let key = |name: &str| format!(",{blank}\"{name}\":{blank}");
        let hash = format!("{}\"{HASH}\"", key("hash"));
        let at = format!("{}\"{AT}\"", key("timestamp"));
        let levels = level(blank);
        let change = format!(
            "{{\"market\":{blank}\"{CONDITION}\"{}[{{\"asset_id\":{blank}\"{YES}\"{}\"0.48\"{}\"0\"{}\"BUY\"\
             {hash}{}\"0.47\"{}\"1\"}}]{at}{}\"price_change\"}}",
            key("price_changes"),
            key("price"),
            key("size"),
            key("side"),
            key("best_bid"),
            key("best_ask"),
            key("event_type"),
        );
        let book = format!(
            "{{\"market\":{blank}\"{CONDITION}\"{}\"{NO}\"{at}{hash}{}[{levels}]{}[]{}\"0.01\"{}\"book\"{}\"0.5\"}}",
            key("asset_id"),
            key("bids"),
            key("asks"),
            key("tick_size"),
            key("event_type"),
            key("last_trade_price"),
        );
        for text in [&change, &book] {
            let mut frame = Frame::default();
            // The prediction knows the tight head of both spacings.
            let text = text
                .replacen("\"market\": ", "\"market\":", 1)
                .replace("\"asset_id\": ", "\"asset_id\":");
            let text = text.replace("\": ", "\":");
            assert!(read(&text, Kind::Ws).is_ok(), "{text}");
            assert!(decode_predicted(text.as_bytes(), Kind::Ws, &registry(), &mut frame), "{text}");
        }
    }
}
