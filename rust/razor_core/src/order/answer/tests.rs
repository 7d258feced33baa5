use super::rules::{class_of, fits};
use super::*;

const ID: &str = "0xff354cd7ca7539dfa9c28d90943ab5779a4eac34b9b37a757d7b32bdfb11790b";
const ADDRESS: &str = "0x1111111111111111111111111111111111111111";
const STATUSES: [u16; 16] =
    [200, 201, 204, 299, 400, 401, 403, 404, 405, 409, 425, 429, 500, 502, 503, 599];

/// Every text of PROTOCOL §4.8 and FAULTS B and C that proves something, as the venue writes it.
fn texts() -> Vec<(String, Class)> {
    [refusals(), states()].concat()
}

/// Those that refuse the order itself.
fn refusals() -> Vec<(String, Class)> {
    let refused = |text: &str, refusal| (text.to_owned(), Class::ProvenRefused(refusal));
    vec![
        refused("the order owner has to be the owner of the API KEY", Refusal::Owner),
        refused("the order signer address has to be the address of the API KEY", Refusal::Signer),
        refused("maker address not allowed", Refusal::Maker),
        refused(&format!("'{ADDRESS}' address banned"), Refusal::Banned),
        refused(&format!("'{ADDRESS}' address in closed only mode"), Refusal::ClosedOnly),
        refused("Invalid order payload", Refusal::Payload),
        refused("Too many orders in payload: 16, max allowed: 15", Refusal::Payload),
        refused("invalid post-only order: order crosses book", Refusal::PostOnlyCross),
        refused(&format!("order {ID} crosses the book"), Refusal::PostOnlyCross),
        refused(
            &format!("order {ID} is invalid. Price (0.475) breaks minimum tick size rule: 0.01"),
            Refusal::TickSize,
        ),
        refused(
            &format!("order {ID} is invalid. Size (4.99) lower than the minimum: 5"),
            Refusal::MinSize,
        ),
        refused(
            "invalid amount for a marketable BUY order ($0.99), min size: $1",
            Refusal::MinNotional,
        ),
        refused(
            "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 \
             decimals, taker amount a max of 4 decimals",
            Refusal::Amounts,
        ),
        refused("the trade contains rounding issues", Refusal::Rounding),
        refused(
            "the price of the taker's order has a discrepancy greater than allowed with the \
             worst maker order",
            Refusal::Discrepancy,
        ),
        refused("invalid nonce", Refusal::Nonce),
        refused("invalid expiration", Refusal::Expiration),
        refused("order canceled in the CTF exchange contract", Refusal::CanceledOnChain),
        refused("the market is not yet ready to process new orders", Refusal::NotReady),
        refused("not enough balance / allowance", Refusal::Balance),
        refused("not enough balance / allowance: balance is 0", Refusal::Balance),
        refused(
            "no orders found to match with FAK order. FAK orders are partially filled or killed \
             if no match is found.",
            Refusal::Killed,
        ),
        refused(
            "order couldn't be fully filled. FOK orders are fully filled or killed.",
            Refusal::Killed,
        ),
        refused("FOK orders are filled or killed", Refusal::Killed),
        refused("there are no matching orders", Refusal::Killed),
    ]
}

/// Those that tell of the order's way, the venue's mode, or who asks.
fn states() -> Vec<(String, Class)> {
    let other = |text: &str, class| (text.to_owned(), class);
    vec![
        other("order match delayed due to market conditions", Class::Delayed),
        other(&format!("order {ID} is invalid. Duplicated."), Class::Duplicated),
        other(
            "post-only mode: only post-only orders and cancels are allowed",
            Class::VenueMode(Mode::PostOnly),
        ),
        other(
            "Trading is currently cancel-only. New orders are not accepted, but cancels are \
             allowed.",
            Class::VenueMode(Mode::CancelOnly),
        ),
        other(
            "Trading is currently disabled. Check polymarket.com for updates",
            Class::VenueMode(Mode::Disabled),
        ),
        other("order_version_mismatch", Class::VenueMode(Mode::VersionMismatch)),
        other("Unauthorized/Invalid api key", Class::Auth(Proof::Proven)),
        other("Invalid L1 Request headers", Class::Auth(Proof::Proven)),
        other("Too Many Requests", Class::Rate(Proof::Proven)),
    ]
}

/// Texts that look like refusals and prove nothing (F-17, F-18).
const UNPROVEN: [&str; 16] = [
    "could not run the execution",
    "could not insert order",
    "order timed out",
    "context canceled",
    "internal server error",
    "Bad Gateway",
    "order not found",
    "market not found",
    "unauthorized",
    "invalid",
    "nonce",
    "order was not matched yet",
    "prefix: invalid nonce",
    "invalid nonce; order accepted",
    "order is invalid. Duplicated",
    "banned",
];

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text")
}

/// The shapes in which a refusal comes (F-19).
fn shapes(text: &str) -> Vec<String> {
    let text = quoted(text);
    vec![
        format!(r#"{{"error":{text}}}"#),
        format!(r#" {{ "error" : {text}, "extra": [1, {{}}] }} "#),
        format!(r#"{{"errorMsg":{text}}}"#),
        format!(r#"{{"error":{text},"errorMsg":{text}}}"#),
        format!(r#"{{"success":false,"errorMsg":{text},"orderID":"","status":""}}"#),
        format!(r#"{{"success":true,"errorMsg":{text},"orderID":"","status":""}}"#),
        format!(r#"{{"success":false,"errorMsg":{text},"orderID":"{ID}","status":""}}"#),
        format!(r#"{{"error":{text},"success":null,"orderID":null,"status":null}}"#),
    ]
}

fn answer(success: &str, message: &str, id: &str, status: &str) -> String {
    format!(
        r#"{{"success":{success},"errorMsg":{},"orderID":"{id}","status":"{status}"}}"#,
        quoted(message)
    )
}

/// What a status says where the body says nothing.
fn alone(status: u16) -> Class {
    match status {
        425 => Class::VenueMode(Mode::Restarting),
        429 => Class::Rate(Proof::Unproven),
        _ => Class::Unknown,
    }
}

#[test]
fn every_text_has_its_class_in_every_shape_and_under_every_status() {
    for (text, class) in texts() {
        let spaced = format!(" {text}\n");
        let capitals = text.to_ascii_uppercase();
        for body in [&text, &spaced, &capitals].into_iter().flat_map(|text| shapes(text)) {
            for status in STATUSES {
                assert_eq!(classify(status, body.as_bytes()), class, "{status} {body}");
            }
        }
    }
}

#[test]
fn every_rule_is_hit_by_a_text_and_every_text_by_one_rule() {
    let texts = texts();
    for rule in RULES {
        let hit = texts.iter().any(|(text, _)| fits(rule.pattern, &text.to_ascii_lowercase()));
        assert!(hit, "{}", rule.pattern);
        assert_eq!(
            rule.pattern,
            rule.pattern.to_ascii_lowercase(),
            "patterns are in small letters"
        );
    }
    for (text, class) in texts {
        let text = text.to_ascii_lowercase();
        let rules: Vec<&Rule> = RULES.iter().filter(|rule| fits(rule.pattern, &text)).collect();
        assert_eq!(rules.len(), 1, "{text}");
        assert_eq!(rules[0].class, class, "{text}");
    }
}

#[test]
fn a_text_that_is_not_on_the_list_proves_nothing() {
    for body in UNPROVEN.into_iter().flat_map(shapes) {
        for status in STATUSES {
            assert_eq!(classify(status, body.as_bytes()), alone(status), "{status} {body}");
        }
    }
}

#[test]
fn a_listed_text_with_anything_around_it_is_another_text() {
    for (text, _) in texts() {
        let is_open = text.starts_with("not enough balance") || text.starts_with("invalid amounts");
        // Patterns that end in a number take any number.
        let ends_open = text.ends_with(|last: char| last.is_ascii_digit());
        assert_eq!(class_of(&format!("x {text}")), None, "{text}");
        if !is_open && !ends_open {
            assert_eq!(class_of(&format!("{text} x")), None, "{text}");
        }
        for end in 0..text.len() - 1 {
            let is_whole = text[..end].contains(": ") || is_open;
            assert!(is_whole || class_of(&text[..end]).is_none(), "{}", &text[..end]);
        }
    }
}

#[test]
fn an_accepted_order_has_all_four_marks() {
    let live = answer("true", "", ID, "live");
    let matched = answer("true", "", ID, "matched");
    let delayed = answer("true", "", ID, "DELAYED");
    for status in [200, 201, 299] {
        let class = |body: &str| classify(status, body.as_bytes());
        assert_eq!(class(&live), Class::Accepted(Acceptance::Live));
        assert_eq!(class(&matched), Class::Accepted(Acceptance::Matched(Claim::default())));
        assert_eq!(class(&delayed), Class::Delayed);
        let killed = Class::ProvenRefused(Refusal::Killed);
        assert_eq!(class(&answer("true", "", ID, "unmatched")), killed);
        for success in ["true", "false", "null"] {
            for id in ["", " ", ID] {
                for word in ["", "live", "matched", "delayed", "unmatched", "canceled", "Live "] {
                    let is_known = ["live", "matched", "delayed", "unmatched"].contains(&word);
                    let is_taken = success == "true" && id == ID && is_known;
                    let body = answer(success, "", id, word);
                    assert_eq!(class(&body) != Class::Unknown, is_taken, "{body}");
                }
            }
        }
    }
    for status in STATUSES.into_iter().filter(|status| *status >= 400) {
        for body in [&live, &matched, &delayed] {
            assert_eq!(classify(status, body.as_bytes()), alone(status), "{status} {body}");
        }
    }
}

#[test]
fn a_refusal_that_also_claims_an_order_proves_nothing() {
    for (text, class) in texts() {
        let bodies = [
            answer("true", &text, ID, ""),
            answer("true", &text, ID, "live"),
            answer("false", &text, "", "matched"),
            answer("false", &text, ID, "delayed"),
            answer("true", &text, ID, "unmatched"),
        ];
        for body in bodies {
            let expected = if class.proves_refusal() { Class::Unknown } else { class };
            assert_eq!(classify(200, body.as_bytes()), expected, "{body}");
        }
    }
}

#[test]
fn two_different_errors_contradict_each_other() {
    let body = r#"{"error":"invalid nonce","errorMsg":"invalid expiration"}"#;
    assert_eq!(classify(400, body.as_bytes()), Class::Unknown);
    let body = r#"{"error":"","errorMsg":"invalid expiration"}"#;
    let refused = Class::ProvenRefused(Refusal::Expiration);
    assert_eq!(classify(400, body.as_bytes()), refused);
}

#[test]
fn the_code_alone_says_post_only_unless_an_order_is_claimed() {
    let mode = Class::VenueMode(Mode::PostOnly);
    let body = r#"{"code":"post_only_mode","retry_after_seconds":79}"#;
    assert_eq!(classify(503, body.as_bytes()), mode);
    let body = r#"{"code":"post_only_mode","success":true,"orderID":"0x1","status":"live"}"#;
    assert_eq!(classify(200, body.as_bytes()), Class::Unknown);
    for code in ["7", "\"other\"", "null", "{\"post_only_mode\":1}"] {
        let body = format!(r#"{{"code":{code}}}"#);
        assert_eq!(classify(503, body.as_bytes()), Class::Unknown, "{body}");
    }
}

#[test]
fn a_restart_a_throttle_and_a_block_are_told_by_the_status_and_prove_nothing_of_the_order() {
    let pages: [&[u8]; 5] =
        [b"", b"matching engine restarting", b"<html>Just a moment...</html>", b"{}", b"\xff\xfe"];
    for page in pages {
        assert_eq!(classify(425, page), Class::VenueMode(Mode::Restarting));
        assert_eq!(classify(429, page), Class::Rate(Proof::Unproven));
        let blocked = if page == b"{}" { Class::Unknown } else { Class::Auth(Proof::Unproven) };
        assert_eq!(classify(403, page), blocked);
        for status in [200, 400, 401, 404, 500, 502, 503, 504] {
            assert_eq!(classify(status, page), Class::Unknown, "{status}");
        }
    }
}

#[test]
fn an_answer_cut_at_any_byte_proves_nothing() {
    let bodies = texts().into_iter().flat_map(|(text, _)| shapes(&text));
    let accepted = ["live", "matched", "delayed"].map(|word| answer("true", "", ID, word));
    for body in bodies.chain(accepted) {
        let whole = body.trim_end().len();
        for end in 0..whole {
            for status in [200, 400, 500] {
                let class = classify(status, &body.as_bytes()[..end]);
                assert_eq!(class, Class::Unknown, "{}", &body[..end]);
            }
        }
    }
}

#[test]
fn bodies_that_are_not_one_plain_object_prove_nothing() {
    let long = format!(r#"{{"error":"invalid nonce","pad":"{}"}}"#, "x".repeat(70_000));
    let deep = format!(r#"{{"error":"invalid nonce","a":{}}}"#, "[".repeat(10_000));
    let bodies = [
        r#"[true,"invalid nonce"]"#,
        r#"[{"error":"invalid nonce"}]"#,
        r#"{"error":"invalid nonce"}{"error":"invalid nonce"}"#,
        r#"{"error":"invalid nonce","error":"invalid nonce"}"#,
        r#"{"error":{"message":"invalid nonce"}}"#,
        r#"{"error":["invalid nonce"]}"#,
        r#"{"success":"false","errorMsg":"invalid nonce"}"#,
        r#"{"success":0,"errorMsg":"invalid nonce"}"#,
        r#"{"errorMsg":"invalid nonce","orderID":17}"#,
        r#""invalid nonce""#,
        "invalid nonce",
        "null",
        &long,
        &deep,
    ];
    for body in bodies {
        let class = classify(400, body.as_bytes());
        assert_eq!(class, Class::Unknown, "{}", body.get(..60).unwrap_or(body));
    }
    assert_eq!(classify(400, b"{\"error\":\"invalid nonce\xff\"}"), Class::Unknown);
}

#[test]
fn a_text_may_be_escaped_but_not_endless() {
    let body = r#"{"error":"\u0069nvalid nonce"}"#;
    assert_eq!(classify(400, body.as_bytes()), Class::ProvenRefused(Refusal::Nonce));
    let balance = "not enough balance / allowance";
    let filled = |pad: usize| format!("{balance}{}", "x".repeat(pad));
    assert!(class_of(&filled(512 - balance.len())).is_some());
    assert_eq!(class_of(&filled(513 - balance.len())), None);
}

#[test]
fn only_answers_of_a_venue_prove_anything() {
    let body = br#"{"error":"invalid nonce"}"#;
    for status in [0, 100, 199, 300, 302, 307, 399, 600, u16::MAX] {
        assert_eq!(classify(status, body), Class::Unknown, "{status}");
    }
}

#[test]
fn amounts_are_hints_in_any_spelling() {
    let claim = |making: &str, taking: &str| {
        let amounts = format!(r#""makingAmount":{making},"takingAmount":{taking}"#);
        let body = format!(
            r#"{{"success":true,"errorMsg":"","orderID":"{ID}","status":"matched",{amounts}}}"#
        );
        let Class::Accepted(Acceptance::Matched(claim)) = classify(200, body.as_bytes()) else {
            panic!("no match: {body}");
        };
        (claim.making, claim.taking)
    };
    let both = (Some(Qty(2_500_000)), Some(Qty(100_000_000)));
    assert_eq!(claim(r#""2.5""#, r#""100""#), both);
    assert_eq!(claim("2.5", "100"), both);
    for nothing in [r#""""#, "null", "-1", "1e3", r#""1.0000001""#, "{}", "[1]", "true"] {
        assert_eq!(claim(nothing, nothing), (None, None), "{nothing}");
    }
}

#[test]
fn only_the_words_of_the_venue_free_an_order() {
    let cases = [
        (Class::Accepted(Acceptance::Live), "ACCEPTED", false),
        (Class::Accepted(Acceptance::Matched(Claim::default())), "ACCEPTED", false),
        (Class::Delayed, "DELAYED", false),
        (Class::ProvenRefused(Refusal::Killed), "PROVEN_REFUSED", true),
        (Class::Unknown, "UNKNOWN", false),
        (Class::Duplicated, "UNKNOWN", false),
        (Class::VenueMode(Mode::Restarting), "VENUE_MODE", false),
        (Class::VenueMode(Mode::PostOnly), "VENUE_MODE", true),
        (Class::VenueMode(Mode::CancelOnly), "VENUE_MODE", true),
        (Class::VenueMode(Mode::Disabled), "VENUE_MODE", true),
        (Class::VenueMode(Mode::VersionMismatch), "VENUE_MODE", true),
        (Class::Auth(Proof::Proven), "AUTH", true),
        (Class::Auth(Proof::Unproven), "AUTH", false),
        (Class::Rate(Proof::Proven), "RATE", true),
        (Class::Rate(Proof::Unproven), "RATE", false),
    ];
    for (class, word, is_free) in cases {
        assert_eq!((class.word(), class.proves_refusal()), (word, is_free), "{class:?}");
    }
    let modes = [
        (Mode::Restarting, "RESTARTING"),
        (Mode::PostOnly, "POST_ONLY"),
        (Mode::CancelOnly, "CANCEL_ONLY"),
        (Mode::Disabled, "DISABLED"),
        (Mode::VersionMismatch, "VERSION_MISMATCH"),
    ];
    assert!(modes.iter().all(|(mode, word)| mode.word() == *word));
}

#[test]
fn every_refusal_has_a_word_and_a_remedy() {
    let refusals = [
        (Refusal::Owner, "REFUSED_OWNER", Remedy::Stop),
        (Refusal::Signer, "REFUSED_SIGNER", Remedy::Stop),
        (Refusal::Maker, "REFUSED_MAKER", Remedy::Stop),
        (Refusal::Banned, "REFUSED_BANNED", Remedy::Stop),
        (Refusal::ClosedOnly, "REFUSED_CLOSED_ONLY", Remedy::Stop),
        (Refusal::Payload, "REFUSED_PAYLOAD", Remedy::Quarantine),
        (Refusal::PostOnlyCross, "REFUSED_POST_ONLY_CROSS", Remedy::Quarantine),
        (Refusal::TickSize, "REFUSED_TICK_SIZE", Remedy::Quarantine),
        (Refusal::MinSize, "REFUSED_MIN_SIZE", Remedy::Quarantine),
        (Refusal::MinNotional, "REFUSED_MIN_NOTIONAL", Remedy::Quarantine),
        (Refusal::Amounts, "REFUSED_AMOUNTS", Remedy::Quarantine),
        (Refusal::Rounding, "REFUSED_ROUNDING", Remedy::Quarantine),
        (Refusal::Discrepancy, "REFUSED_DISCREPANCY", Remedy::Quarantine),
        (Refusal::Nonce, "REFUSED_NONCE", Remedy::Quarantine),
        (Refusal::Expiration, "REFUSED_EXPIRATION", Remedy::Quarantine),
        (Refusal::CanceledOnChain, "REFUSED_CANCELED_ON_CHAIN", Remedy::Quarantine),
        (Refusal::NotReady, "REFUSED_NOT_READY", Remedy::Quarantine),
        (Refusal::Balance, "REFUSED_BALANCE", Remedy::Wait),
        (Refusal::Killed, "KILLED", Remedy::Next),
    ];
    for (refusal, word, remedy) in refusals {
        assert_eq!((refusal.word(), refusal.remedy()), (word, remedy));
        let class = Class::ProvenRefused(refusal);
        assert!(RULES.iter().any(|rule| rule.class == class), "{word} is reached by no text");
    }
}

#[test]
fn a_pattern_takes_whole_texts() {
    let cases = [
        ("abc", "abc", true),
        ("abc", "abcd", false),
        ("a*c", "ac", true),
        ("a*c", "abbbc", true),
        ("a*c", "abcb", false),
        ("a*", "a", true),
        ("*a", "ba", true),
        ("aba*aba", "aba", false),
        ("a*b*c", "a-b-c", true),
        ("a*b*c", "a-c", false),
        ("a*b*b*c", "a-b-c", false),
        ("a*b*b*c", "abbc", true),
        ("*", "", true),
        ("**", "x", true),
    ];
    for (pattern, text, is_fit) in cases {
        assert_eq!(fits(pattern, text), is_fit, "{pattern} {text}");
    }
}
