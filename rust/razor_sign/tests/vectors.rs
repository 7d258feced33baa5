//! What the official clients signed is what we sign, byte for byte, and what we take.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

use razor_sign::{
    Address, Exchange, Key, Order, Side, SignError, SignatureType, Version, Word, l1, l2, wallet,
};
use serde_json::Value;

const VECTORS: &str = include_str!("golden/golden_vectors_signing.json");

struct Vectors {
    all: Value,
    key: Key,
}

impl Vectors {
    fn read() -> Self {
        let all: Value = serde_json::from_str(VECTORS).unwrap();
        let key = Key::from_hex(text(&all["private_key_public_test_vector"])).unwrap();
        Self { all, key }
    }

    fn orders(&self) -> impl Iterator<Item = Case> {
        self.all["orders"].as_array().unwrap().iter().map(Case::read)
    }
}

struct Case {
    exchange: Exchange,
    order: Order,
    id: String,
    signature: String,
}

impl Case {
    fn read(case: &Value) -> Self {
        let fields = &case["order"]["order"];
        let version = if case["domainVersion"] == "2" { Version::V2 } else { Version::V3 };
        let number = |name: &str| text(&fields[name]).parse().unwrap();
        Self {
            exchange: Exchange::new(address(&case["verifyingContract"]), version),
            order: Order {
                salt: fields["salt"].as_u64().unwrap(),
                maker: address(&fields["maker"]),
                signer: address(&fields["signer"]),
                token_id: Word::from_decimal(text(&fields["tokenId"]), "token").unwrap(),
                maker_amount: number("makerAmount"),
                taker_amount: number("takerAmount"),
                side: if fields["side"] == "BUY" { Side::Buy } else { Side::Sell },
                signature_type: SignatureType::from_code(
                    u8::try_from(fields["signatureType"].as_u64().unwrap()).unwrap(),
                )
                .unwrap(),
                timestamp_ms: number("timestamp"),
                metadata: Word::from_hex(text(&fields["metadata"]), "metadata").unwrap(),
                builder: Word::from_hex(text(&fields["builder"]), "builder").unwrap(),
            },
            id: text(&case["order_hash_eip712"]).to_owned(),
            signature: text(&fields["signature"]).to_owned(),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn address(value: &Value) -> Address {
    Address::from_hex(text(value)).unwrap()
}

#[test]
fn the_key_of_the_vectors_has_its_address() {
    let vectors = Vectors::read();
    assert_eq!(vectors.key.address().to_string(), text(&vectors.all["address"]));
}

#[test]
fn ids_and_signatures_of_orders_are_those_of_the_official_clients() {
    let vectors = Vectors::read();
    let mut seen = 0;
    for case in vectors.orders() {
        assert_eq!(case.order.id(&case.exchange).to_string(), case.id);
        assert_eq!(case.order.sign(&case.exchange, &vectors.key), case.signature, "{}", case.id);
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn the_named_exchanges_are_those_of_the_vectors() {
    let named = [Exchange::plain(), Exchange::neg_risk(), Exchange::v3()];
    for case in Vectors::read().orders() {
        assert!(named.contains(&case.exchange), "{:?}", case.exchange);
    }
}

#[test]
fn a_good_signature_tells_its_key_and_the_order_id() {
    let vectors = Vectors::read();
    for case in vectors.orders() {
        let signed = case.order.verify(&case.exchange, &case.signature).unwrap();
        assert_eq!(signed.by, vectors.key.address());
        assert_eq!(signed.id.to_string(), case.id);
        assert!(!signed.is_session);
    }
}

#[test]
fn an_order_changed_after_signing_is_refused() {
    let vectors = Vectors::read();
    for case in vectors.orders() {
        let changed = Order { taker_amount: case.order.taker_amount + 1, ..case.order };
        assert!(changed.verify(&case.exchange, &case.signature).is_err(), "{}", case.id);
    }
}

#[test]
fn a_signature_for_another_exchange_is_refused() {
    for case in Vectors::read().orders() {
        let others = [Exchange::plain(), Exchange::neg_risk(), Exchange::v3()];
        for other in others.into_iter().filter(|other| *other != case.exchange) {
            assert!(case.order.verify(&other, &case.signature).is_err(), "{}", case.id);
        }
    }
}

#[test]
fn no_changed_digit_and_no_cut_of_a_signature_passes_for_the_owners() {
    let vectors = Vectors::read();
    let owner = vectors.key.address();
    for case in vectors.orders() {
        let digits: Vec<char> = case.signature.chars().collect();
        for at in 2..digits.len() {
            let mut changed = digits.clone();
            changed[at] = if changed[at] == '0' { '1' } else { '0' };
            let changed: String = changed.into_iter().collect();
            // Inside a wallet's wrapper other digits can be somebody else's good signature: whose
            // the wallet is stands on the chain.
            let by = case.order.verify(&case.exchange, &changed).map(|signed| signed.by);
            assert_ne!(by, Ok(owner), "{} at {at}", case.id);
            assert!(case.order.verify(&case.exchange, &case.signature[..at]).is_err());
        }
    }
}

#[test]
fn maker_and_signer_must_be_one_for_an_eoa_and_a_deposit_wallet() {
    for case in Vectors::read().orders() {
        let other = Order { signer: Address([7; 20]), ..case.order };
        let expected = match case.order.signature_type {
            SignatureType::Eoa => SignError::MakerSigner(0),
            SignatureType::DepositWallet => SignError::MakerSigner(3),
            SignatureType::Proxy | SignatureType::Safe => continue,
        };
        assert_eq!(other.verify(&case.exchange, &case.signature), Err(expected));
    }
}

#[test]
fn a_high_s_is_refused_as_the_contracts_refuse_it() {
    // n - s of the same signature recovers to the same key under the other parity.
    let case = Vectors::read().orders().next().unwrap();
    let n = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let s = &case.signature[66..130];
    let high = subtract(n, s);
    let v = if case.signature.ends_with("1c") { "1b" } else { "1c" };
    let twin = format!("{}{high}{v}", &case.signature[..66]);
    assert_eq!(case.order.verify(&case.exchange, &twin), Err(SignError::Malformed));
}

/// `left - right` of two hex numbers of one length.
fn subtract(left: &str, right: &str) -> String {
    let digit = |text: &str, at: usize| i32::from_str_radix(&text[at..=at], 16).unwrap();
    let mut borrow = 0;
    let mut out = Vec::new();
    for at in (0..left.len()).rev() {
        let difference = digit(left, at) - digit(right, at) - borrow;
        borrow = i32::from(difference < 0);
        out.push(char::from_digit(u32::try_from(difference + 16 * borrow).unwrap(), 16).unwrap());
    }
    out.into_iter().rev().collect()
}

#[test]
fn a_session_key_signs_in_its_own_wrapper_and_only_in_its_own_name() {
    let vectors = Vectors::read();
    let wallets =
        vectors.orders().filter(|it| it.order.signature_type == SignatureType::DepositWallet);
    for case in wallets {
        let inner = wallet::sign(&case.order, &case.exchange, &vectors.key);
        let sent = wallet::wrap_session(vectors.key.address(), &inner);
        let signed = wallet::verify(&case.order, &case.exchange, &sent).unwrap();
        assert!(signed.is_session && signed.by == vectors.key.address());
        let stolen = wallet::wrap_session(Address([9; 20]), &inner);
        assert_eq!(
            wallet::verify(&case.order, &case.exchange, &stolen),
            Err(SignError::Foreign { by: vectors.key.address(), expected: Address([9; 20]) })
        );
        for at in 0..sent.len() {
            let mut changed = sent.clone();
            changed[at] ^= 1;
            assert!(wallet::verify(&case.order, &case.exchange, &changed).is_err(), "byte {at}");
        }
    }
}

#[test]
fn the_login_is_that_of_the_official_clients() {
    let vectors = Vectors::read();
    let login = &vectors.all["l1_clob_auth"];
    let (timestamp, nonce) = (text(&login["timestamp"]), login["nonce"].as_u64().unwrap());
    let signature = l1::sign(&vectors.key, timestamp, nonce).to_string();
    assert_eq!(signature, text(&login["signature"]));
    let address = vectors.key.address();
    assert_eq!(l1::verify(address, timestamp, nonce, &signature), Ok(()));
    assert!(l1::verify(address, timestamp, nonce + 1, &signature).is_err());
    assert!(l1::verify(address, "1767225601", nonce, &signature).is_err());
    assert!(l1::verify(Address([1; 20]), timestamp, nonce, &signature).is_err());
}

#[test]
fn the_headers_of_private_calls_are_those_of_the_official_clients() {
    let vectors = Vectors::read();
    for call in vectors.all["l2_hmac"].as_array().unwrap() {
        let secret = l2::Secret::from_base64(text(&call["secret_b64"])).unwrap();
        let body = call["body"].as_str().unwrap_or_default().as_bytes();
        let (time, method) = (text(&call["timestamp"]), text(&call["method"]));
        let path = text(&call["path"]);
        let signature = secret.sign(time, method, path, body);
        assert_eq!(signature, text(&call["signature"]));
        assert!(secret.verify(time, method, path, body, &signature));
        assert!(!secret.verify(time, method, path, b"{}", &signature));
        assert!(!secret.verify("1767225601", method, path, body, &signature));
        assert!(!secret.verify(time, "PUT", path, body, &signature));
        assert!(!secret.verify(time, method, "/x", body, &signature));
        assert!(!secret.verify(time, method, path, body, "not base64 at all"));
    }
}

#[test]
fn secrets_show_in_no_text() {
    let vectors = Vectors::read();
    let hex = text(&vectors.all["private_key_public_test_vector"]);
    let secret_text = text(&vectors.all["l2_hmac"][0]["secret_b64"]);
    let secret = l2::Secret::from_base64(secret_text).unwrap();
    let wrong = [
        Key::from_hex(&hex[..40]).unwrap_err().to_string(),
        Key::from_hex(&format!("0x{}", "f".repeat(64))).unwrap_err().to_string(),
        l2::Secret::from_base64("se cret").unwrap_err().to_string(),
    ];
    let shown = format!("{:?} {secret:?} {}", vectors.key, wrong.join(" "));
    assert!(!shown.contains(&hex[2..12]) && !shown.contains(&secret_text[..8]), "{shown}");
    assert_eq!(shown.matches("hidden").count(), 2);
}
