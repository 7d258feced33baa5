//! Call data for any act and from any bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use razor_sign::{Act, Adapter, Address, Batch, Call, Contract, Tokens, Word, proxy, safe};

fn word() -> impl Strategy<Value = Word> {
    any::<[u8; 32]>().prop_map(Word)
}

/// A word that ends in so many zero bytes.
fn short(zeros: usize) -> impl Strategy<Value = Word> {
    any::<[u8; 32]>().prop_map(move |mut bytes| {
        bytes.iter_mut().rev().take(zeros).for_each(|byte| *byte = 0);
        Word(bytes)
    })
}

fn address() -> impl Strategy<Value = Address> {
    any::<[u8; 20]>().prop_map(Address)
}

fn adapter() -> impl Strategy<Value = Adapter> {
    prop_oneof![Just(Adapter::Plain), Just(Adapter::NegRisk)]
}

fn tokens() -> impl Strategy<Value = Tokens> {
    prop_oneof![Just(Tokens::Conditional), Just(Tokens::Positions)]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (adapter(), word(), word()).prop_map(|(at, id, amount)| Act::Split(at, id, amount)),
        (adapter(), word(), word()).prop_map(|(at, id, amount)| Act::Merge(at, id, amount)),
        (adapter(), word()).prop_map(|(at, id)| Act::Redeem(at, id)),
        (word(), word(), word()).prop_map(|(group, index_set, amount)| Act::Convert {
            group,
            index_set,
            amount
        }),
        (short(1), word()).prop_map(|(id, amount)| Act::RouterSplit(id, amount)),
        (short(1), word()).prop_map(|(id, amount)| Act::RouterMerge(id, amount)),
        (short(1), any::<bool>(), word())
            .prop_map(|(id, outcome, amount)| Act::RouterRedeem(id, outcome, amount)),
        (address(), short(3), word(), word()).prop_map(|(to, event, condition, amount)| {
            Act::ModuleConvert { to, event, condition, amount }
        }),
        (address(), word()).prop_map(|(spender, amount)| Act::Approve(spender, amount)),
        (tokens(), address(), any::<bool>())
            .prop_map(|(at, operator, is_on)| Act::ApproveAll(at, operator, is_on)),
        (address(), word()).prop_map(|(to, amount)| Act::Send(to, amount)),
        (tokens(), address(), address(), word(), word()).prop_map(
            |(tokens, from, to, id, amount)| Act::SendToken { tokens, from, to, id, amount }
        ),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    (address(), word(), vec(any::<u8>(), 0..100)).prop_map(|(target, value, data)| Call {
        target,
        value,
        data,
    })
}

/// Any bytes, mostly behind a selector that some contract knows.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let behind = (act(), vec(any::<u8>(), 0..320)).prop_map(|(act, rest)| {
        let mut data = act.encode().data;
        data.truncate(4);
        data.extend(rest);
        data
    });
    prop_oneof![behind, vec(any::<u8>(), 0..320)]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(act in act()) {
        prop_assert_eq!(act.encode().decode(), Ok(act));
    }

    #[test]
    fn what_is_read_is_what_would_be_written(data in data(), at in 0..Contract::ALL.len()) {
        let target = Contract::ALL.get(at).map_or(Address([0; 20]), |it| it.address());
        let call = Call { target, value: Word::ZERO, data };
        if let Ok(act) = call.decode() {
            prop_assert_eq!(act.encode(), call);
        }
    }

    #[test]
    fn a_changed_byte_is_another_act_or_none(
        act in act(),
        at in any::<prop::sample::Index>(),
        by in 1_u8..,
    ) {
        let mut call = act.encode();
        let at = at.index(call.data.len());
        if let Some(byte) = call.data.get_mut(at) {
            *byte ^= by;
        }
        prop_assert_ne!(call.decode(), Ok(act));
    }

    #[test]
    fn several_calls_come_out_of_their_wrappers(calls in vec(call(), 0..6)) {
        prop_assert_eq!(safe::unpack(&safe::pack(&calls)), Ok(calls.clone()));
        prop_assert_eq!(proxy::unpack(&proxy::pack(&calls)), Ok(calls));
    }

    #[test]
    fn a_wrapper_with_a_changed_byte_is_another_one_or_none(
        calls in vec(call(), 1..4),
        at in any::<prop::sample::Index>(),
        by in 1_u8..,
    ) {
        let changed = |mut data: Vec<u8>| {
            let at = at.index(data.len());
            if let Some(byte) = data.get_mut(at) {
                *byte ^= by;
            }
            data
        };
        prop_assert_ne!(safe::unpack(&changed(safe::pack(&calls))), Ok(calls.clone()));
        prop_assert_ne!(proxy::unpack(&changed(proxy::pack(&calls))), Ok(calls));
    }

    #[test]
    fn no_bytes_bring_a_reader_down(
        data in vec(any::<u8>(), 0..400),
        signature in "(0x)?[0-9a-g]{0,140}",
    ) {
        let calls = safe::unpack(&data).or_else(|_| proxy::unpack(&data)).unwrap_or_default();
        let wallet = Address([1; 20]);
        let batch = Batch { wallet, nonce: Word::ZERO, deadline: Word::ZERO, calls };
        let _ = batch.verify(&signature);
    }
}
