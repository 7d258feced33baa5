//! The classifier is total: whatever bytes come, it answers, and random ones prove nothing.

use proptest::prelude::*;
use razor_core::order::answer::{Class, RULES, classify};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let words = prop::sample::select(vec![
        "{",
        "}",
        "\"error\":",
        "\"errorMsg\":",
        "\"success\":",
        "true",
        "false",
        "\"orderID\":",
        "\"status\":",
        "\"matched\"",
        "\"live\"",
        "\"0x1\"",
        ",",
        "\"\"",
        "\"invalid nonce\"",
        "null",
        "[",
        "]",
        "\"code\":",
        "\"post_only_mode\"",
        "1",
        " ",
    ]);
    let soup = prop::collection::vec(words, 0..24).prop_map(|words| words.concat().into_bytes());
    prop_oneof![noise, soup]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    #[test]
    fn any_bytes_have_a_class_and_only_whole_objects_prove(status: u16, body in bytes()) {
        let class = classify(status, &body);
        let is_accepted = matches!(class, Class::Accepted(_) | Class::Delayed);
        if class.proves_refusal() || is_accepted {
            let whole: Result<serde_json::Value, _> = serde_json::from_slice(&body);
            prop_assert!(whole.is_ok_and(|value| value.is_object()));
            prop_assert!(matches!(status, 200..=299 | 400..=599));
        }
        prop_assert!(!is_accepted || matches!(status, 200..=299));
    }

    #[test]
    fn a_listed_text_with_one_changed_letter_proves_nothing(
        rule in prop::sample::select(RULES),
        at: prop::sample::Index,
        letter in prop::char::range('0', '9'),
    ) {
        let mut text: Vec<char> = rule.pattern.replace('*', "7").chars().collect();
        let at = at.index(text.len());
        prop_assume!(!text[at].is_ascii_digit());
        text[at] = letter;
        let text: String = text.into_iter().collect();
        let body = serde_json::json!({ "error": text }).to_string();
        prop_assert_eq!(classify(400, body.as_bytes()), Class::Unknown, "{}", text);
    }
}
