//! What the official client sends to the relayer is what we sign, read and take, byte for byte.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

use razor_sign::{
    Act, Adapter, Address, Batch, Call, CallError, Contract, Key, Operation, ProxyTransaction,
    SafeTransaction, Selector, SignError, Tokens, Word, derive, proxy, safe,
};
use serde_json::Value;

const VECTORS: &str = include_str!("golden/golden_vectors_relayer.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn key() -> Key {
    Key::from_hex(text(&vectors()["private_key_public_test_vector"])).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn address(value: &Value) -> Address {
    Address::from_hex(text(value)).unwrap()
}

fn word(value: &Value) -> Word {
    Word::from_decimal(text(value), "a number").unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    Call::from_texts(&Address([0; 20]).to_string(), "0", text(value)).unwrap().data
}

fn call(name: &str) -> Call {
    let call = &vectors()["calls"][name];
    Call::from_texts(text(&call["target"]), text(&call["value"]), text(&call["data"])).unwrap()
}

fn calls(names: &Value) -> Vec<Call> {
    names.as_array().unwrap().iter().map(|name| call(text(name))).collect()
}

fn cases(kind: &str) -> Vec<Value> {
    let all = vectors()[kind].as_array().unwrap().clone();
    assert!(all.len() >= 2, "{kind}");
    all
}

fn batch(case: &Value) -> Batch {
    Batch {
        wallet: address(&case["wallet"]),
        nonce: word(&case["nonce"]),
        deadline: word(&case["deadline"]),
        calls: calls(&case["calls"]),
    }
}

fn safe_transaction(case: &Value) -> SafeTransaction {
    let call = Call::from_texts(text(&case["to"]), "0", text(&case["data"])).unwrap();
    let is_call = case["operation"] == 0;
    SafeTransaction {
        safe: address(&case["safe"]),
        call,
        operation: if is_call { Operation::Call } else { Operation::Delegate },
        nonce: word(&case["nonce"]),
    }
}

fn proxy_transaction(case: &Value) -> ProxyTransaction {
    ProxyTransaction {
        from: address(&case["from"]),
        to: address(&case["to"]),
        data: bytes(&case["data"]),
        relayer_fee: Word::ZERO,
        gas_price: Word::ZERO,
        gas_limit: word(&case["gas_limit"]),
        nonce: word(&case["nonce"]),
        relay_hub: address(&case["relay_hub"]),
        relay: address(&case["relay"]),
    }
}

/// Every act of the vectors by its name there.
fn acts() -> Vec<(&'static str, Act)> {
    let condition = Word([0xc3; 32]);
    let id = |hex: &str| Word::from_hex(&format!("0x02{}{hex}", "5a".repeat(16)), "an id").unwrap();
    let (v2, event) = (id("000000000000000000030000000100"), id("000000000000000000030000000000"));
    let number = |number: u64| Word::from(number);
    let mut group = [0xab; 32];
    group[31] = 0;
    let mut token = Word::from(7);
    token.0[0] = 0x80;
    let wallet = derive::deposit_wallet_of(key().address());
    let other = Address::from_hex("0x70997970C51812dc3A010C7d01b50e0d17dc79C8").unwrap();
    let most = Word([0xff; 32]);
    vec![
        ("split", Act::Split(Adapter::Plain, condition, number(100_000_000))),
        ("split_neg_risk", Act::Split(Adapter::NegRisk, condition, number(1))),
        ("merge", Act::Merge(Adapter::Plain, condition, number(100_000_000))),
        ("merge_neg_risk", Act::Merge(Adapter::NegRisk, condition, most)),
        ("redeem", Act::Redeem(Adapter::Plain, condition)),
        ("redeem_neg_risk", Act::Redeem(Adapter::NegRisk, condition)),
        ("router_split", Act::RouterSplit(v2, number(5_000_000))),
        ("router_merge", Act::RouterMerge(v2, number(5_000_000))),
        ("router_redeem_yes", Act::RouterRedeem(v2, false, number(5_000_000))),
        ("router_redeem_no", Act::RouterRedeem(v2, true, number(5_000_000))),
        ("approve", Act::Approve(Contract::Adapter.address(), most)),
        ("approve_all", Act::ApproveAll(Tokens::Conditional, Contract::Exchange.address(), true)),
        (
            "approve_all_off",
            Act::ApproveAll(Tokens::Positions, Contract::ExchangeV3.address(), false),
        ),
        ("send", Act::Send(other, number(7_000_000))),
        (
            "convert",
            Act::Convert { group: Word(group), index_set: number(5), amount: number(9_000_000) },
        ),
        (
            "module_convert",
            Act::ModuleConvert {
                to: wallet,
                event,
                condition: number(2),
                amount: number(9_000_000),
            },
        ),
        (
            "send_token",
            Act::SendToken {
                tokens: Tokens::Conditional,
                from: wallet,
                to: other,
                id: token,
                amount: number(3_000_000),
            },
        ),
    ]
}

#[test]
fn every_call_of_the_official_client_is_read_and_written_as_it_writes_it() {
    let acts = acts();
    for (name, act) in &acts {
        assert_eq!(call(name).decode(), Ok(*act), "{name}");
        assert_eq!(act.encode(), call(name), "{name}");
    }
    assert_eq!(acts.len(), vectors()["calls"].as_object().unwrap().len());
}

#[test]
fn selectors_are_those_everybody_knows() {
    for (signature, selector) in [
        ("transfer(address,uint256)", "0xa9059cbb"),
        ("approve(address,uint256)", "0x095ea7b3"),
        ("setApprovalForAll(address,bool)", "0xa22cb465"),
        ("safeTransferFrom(address,address,uint256,uint256,bytes)", "0xf242432a"),
        ("redeemPositions(address,bytes32,bytes32,uint256[])", "0x01b7037c"),
    ] {
        assert_eq!(Selector::of(signature).to_string(), selector);
    }
}

#[test]
fn a_batch_has_the_digest_and_the_signature_of_the_official_client() {
    let key = key();
    for case in cases("batches") {
        let batch = batch(&case);
        assert_eq!(batch.wallet, derive::deposit_wallet_of(key.address()));
        assert_eq!(batch.digest().to_string(), text(&case["digest"]));
        assert_eq!(batch.sign(&key), text(&case["signature"]));
        assert_eq!(batch.sign_as_session(&key), text(&case["session_signature"]));
        let plain = batch.verify(text(&case["signature"])).unwrap();
        assert_eq!((plain.by, plain.is_session), (key.address(), false));
        let session = batch.verify(text(&case["session_signature"])).unwrap();
        assert_eq!((session.by, session.is_session), (key.address(), true));
    }
}

#[test]
fn a_batch_changed_in_any_member_is_signed_by_nobody_known() {
    let case = &cases("batches")[1];
    let good = batch(case);
    let mut others = vec![
        Batch { wallet: Address([1; 20]), ..good.clone() },
        Batch { nonce: Word::from(1), ..good.clone() },
        Batch { deadline: Word::from(1), ..good.clone() },
        Batch { calls: good.calls[1..].to_vec(), ..good.clone() },
        Batch { calls: good.calls.iter().rev().cloned().collect(), ..good.clone() },
    ];
    for change in [
        |call: &mut Call| call.value = Word::from(1),
        |call: &mut Call| call.target = Address([1; 20]),
        |call: &mut Call| call.data[9] ^= 1,
        |call: &mut Call| call.data.push(0),
    ] {
        let mut other = good.clone();
        change(&mut other.calls[0]);
        others.push(other);
    }
    for other in others {
        let by = other.verify(text(&case["signature"])).map(|signer| signer.by);
        assert_ne!(by, Ok(key().address()));
    }
}

#[test]
fn a_session_key_signs_a_batch_in_its_own_name_only() {
    let case = &cases("batches")[0];
    let named = format!("{:?}", key().address()).to_lowercase();
    let stolen = text(&case["session_signature"]).replace(&named[2..], &"09".repeat(20));
    let foreign = SignError::Foreign { by: key().address(), expected: Address([9; 20]) };
    assert_eq!(batch(case).verify(&stolen), Err(foreign));
    for cut in [2, 40, 130, 132] {
        let sent = text(&case["session_signature"]);
        assert!(batch(case).verify(&format!("0x{}", &sent[2 + cut..])).is_err(), "{cut}");
    }
}

#[test]
fn a_safe_transaction_is_that_of_the_official_client() {
    let key = key();
    for case in cases("safe_transactions") {
        let transaction = safe_transaction(&case);
        assert_eq!(transaction.safe, derive::safe_of(key.address()));
        assert_eq!(transaction.digest().to_string(), text(&case["digest"]));
        assert_eq!(transaction.sign(&key), text(&case["signature"]));
        assert_eq!(transaction.verify(text(&case["signature"])), Ok(key.address()));
        assert_eq!(transaction.calls(), Ok(calls(&case["calls"])));
        let other = SafeTransaction { nonce: Word::from(99), ..transaction.clone() };
        assert_ne!(other.verify(text(&case["signature"])), Ok(key.address()));
        // v of a message that was not signed as a personal one.
        let plain = format!("{}1b", &text(&case["signature"])[..130]);
        assert_eq!(transaction.verify(&plain), Err(SignError::Malformed));
    }
    let several = safe_transaction(&cases("safe_transactions")[1]);
    assert_eq!(safe::pack(&several.calls().unwrap()), several.call.data);
    let mut elsewhere = several.clone();
    elsewhere.call.target = Address([1; 20]);
    assert_eq!(elsewhere.calls(), Err(CallError::Target(Address([1; 20]))));
    let paid = SafeTransaction { call: Call { value: Word::from(1), ..several.call }, ..elsewhere };
    assert_eq!(paid.calls(), Err(CallError::Value));
}

#[test]
fn a_proxy_transaction_is_that_of_the_official_client() {
    let key = key();
    for case in cases("proxy_transactions") {
        let transaction = proxy_transaction(&case);
        assert_eq!(derive::proxy_of(transaction.from), address(&case["proxy"]));
        assert_eq!(transaction.digest().to_string(), text(&case["digest"]));
        assert_eq!(transaction.sign(&key), text(&case["signature"]));
        assert_eq!(transaction.verify(text(&case["signature"])), Ok(key.address()));
        assert_eq!(transaction.calls(), Ok(calls(&case["calls"])));
        assert_eq!(proxy::pack(&calls(&case["calls"])), transaction.data);
        let other = ProxyTransaction { gas_limit: Word::from(1), ..transaction.clone() };
        assert_ne!(other.verify(text(&case["signature"])), Ok(key.address()));
        let elsewhere = ProxyTransaction { to: Address([1; 20]), ..transaction };
        assert_eq!(elsewhere.calls(), Err(CallError::Target(Address([1; 20]))));
    }
}

#[test]
fn calls_that_no_wallet_makes_say_why() {
    let split = call("split");
    let at = |data: Vec<u8>| Call { data, ..split.clone() }.decode();
    let elsewhere = Call { target: Address([1; 20]), ..split.clone() };
    assert_eq!(elsewhere.decode(), Err(CallError::Target(Address([1; 20]))));
    // The exchange is a contract that we know and that wallets do not call.
    let exchange = Contract::Exchange.address();
    let there = Call { target: exchange, ..split.clone() };
    assert_eq!(there.decode(), Err(CallError::Target(exchange)));
    let paid = Call { value: Word::from(1), ..split.clone() };
    assert_eq!(paid.decode(), Err(CallError::Value));
    assert_eq!(at(vec![1, 2]), Err(CallError::Length { found: 2, expected: 4 }));
    let cut = split.data[..split.data.len() - 1].to_vec();
    assert_eq!(at(cut), Err(CallError::Length { found: 255, expected: 256 }));
    let long = [split.data.clone(), vec![0; 32]].concat();
    assert_eq!(at(long), Err(CallError::Length { found: 288, expected: 256 }));
    let unknown = CallError::Selector { contract: "adapter", selector: Selector([1, 2, 3, 4]) };
    assert_eq!(at(vec![1, 2, 3, 4]), Err(unknown));
    // Only groups convert.
    assert!(matches!(at(call("convert").data), Err(CallError::Selector { .. })));
}

#[test]
fn members_that_are_fixed_are_checked() {
    let changed = |name: &str, byte: usize| {
        let mut call = call(name);
        call.data[byte] ^= 4;
        call.decode()
    };
    for (name, byte, member) in [
        ("split", 4 + 31, "the collateral"),
        ("merge", 4 + 63, "the parent collection"),
        ("split", 4 + 127, "the outcome sets"),
        ("redeem", 4 + 159, "the outcome sets"),
        ("redeem", 4 + 223, "the outcome sets"),
        ("router_split", 4 + 31, "the condition"),
        ("router_redeem_no", 4 + 31, "the condition"),
        ("router_redeem_no", 4 + 63, "the outcome"),
        ("module_convert", 4 + 63, "the event"),
        ("module_convert", 4, "the recipient"),
        ("approve", 4, "the spender"),
        ("approve_all", 4, "the operator"),
        ("approve_all", 4 + 63, "the approval"),
        ("send", 4, "the recipient"),
        ("send_token", 4, "the sender"),
        ("send_token", 4 + 32, "the recipient"),
        ("send_token", 4 + 191, "the data of the transfer"),
    ] {
        assert_eq!(changed(name, byte), Err(CallError::Argument(member)), "{name} {byte}");
    }
}
