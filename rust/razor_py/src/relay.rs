//! What the relayer is given, as Python makes and checks it.
//!
//! Owns: translation of texts and numbers into the batches and calls of `razor_sign`, and back.
//!
//! Must never: keep or show a secret; judge a call (which may be done stands with the caller).

use pyo3::create_exception;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};
use razor_sign::{
    Act, Address, Batch, Call, CallError, Contract, Operation, ProxyTransaction, SafeTransaction,
    Selector, SignError, Word,
};

use crate::errors::{RazorError, bad_argument, signature_error};
use crate::sign::SigningKey;

create_exception!(
    razor._core,
    CallRefused,
    RazorError,
    "A call of a wallet that is none of those that wallets make."
);

fn refused(why: CallError) -> PyErr {
    CallRefused::new_err(why.to_string())
}

/// A number of 256 bits as a Python integer.
fn integer(py: Python<'_>, word: Word) -> PyResult<Bound<'_, PyAny>> {
    py.get_type::<PyInt>().call_method1("from_bytes", (PyBytes::new(py, &word.0), "big"))
}

/// One call of a wallet; see the stub.
#[pyclass(frozen, from_py_object, module = "razor._core")]
#[derive(Clone)]
pub(crate) struct WalletCall(Call);

#[pymethods]
impl WalletCall {
    #[new]
    #[pyo3(signature = (*, target, data, value="0"))]
    fn new(target: &str, data: &str, value: &str) -> PyResult<Self> {
        Call::from_texts(target, value, data).map(Self).map_err(signature_error)
    }

    #[getter]
    fn target(&self) -> String {
        self.0.target.to_string()
    }

    #[getter]
    fn data(&self) -> String {
        self.0.data_text()
    }

    fn act(&self) -> PyResult<WalletAct> {
        self.0.decode().map(WalletAct).map_err(refused)
    }
}

/// A call that is understood; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct WalletAct(Act);

#[pymethods]
impl WalletAct {
    #[getter]
    fn kind(&self) -> &'static str {
        match self.0 {
            Act::Split(..) | Act::RouterSplit(..) => "split",
            Act::Merge(..) | Act::RouterMerge(..) => "merge",
            Act::Redeem(..) => "redeem",
            Act::RouterRedeem(..) => "redeem_part",
            Act::Convert { .. } => "convert",
            Act::ModuleConvert { .. } => "convert_one",
            Act::Approve(..) => "approve",
            Act::ApproveAll(..) => "approve_tokens",
            Act::Send(..) => "send",
            Act::SendToken { .. } => "send_tokens",
        }
    }

    #[getter]
    fn contract(&self) -> &'static str {
        self.0.contract().word()
    }

    #[getter]
    fn key(&self) -> String {
        // `0x` and the digits that are not fixed to zero.
        let (word, length) = match self.0 {
            Act::Split(_, id, _)
            | Act::Merge(_, id, _)
            | Act::Redeem(_, id)
            | Act::Convert { group: id, .. }
            | Act::SendToken { id, .. } => (id, 66),
            Act::RouterSplit(id, _) | Act::RouterMerge(id, _) | Act::RouterRedeem(id, ..) => {
                (id, 64)
            }
            Act::ModuleConvert { event, .. } => (event, 60),
            Act::Approve(..) | Act::ApproveAll(..) | Act::Send(..) => return String::new(),
        };
        word.to_string().chars().take(length).collect()
    }

    #[getter]
    fn party(&self) -> Option<String> {
        match self.0 {
            Act::Approve(party, _)
            | Act::ApproveAll(_, party, _)
            | Act::Send(party, _)
            | Act::SendToken { to: party, .. }
            | Act::ModuleConvert { to: party, .. } => Some(party.to_string()),
            Act::Split(..)
            | Act::Merge(..)
            | Act::Redeem(..)
            | Act::Convert { .. }
            | Act::RouterSplit(..)
            | Act::RouterMerge(..)
            | Act::RouterRedeem(..) => None,
        }
    }

    #[getter]
    fn sender(&self) -> Option<String> {
        if let Act::SendToken { from, .. } = self.0 { Some(from.to_string()) } else { None }
    }

    #[getter]
    fn index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let word = match self.0 {
            Act::Convert { index_set, .. } => index_set,
            Act::ModuleConvert { condition, .. } => condition,
            Act::RouterRedeem(_, is_no, _) => Word::from(u64::from(is_no)),
            Act::ApproveAll(_, _, is_on) => Word::from(u64::from(is_on)),
            Act::Split(..)
            | Act::Merge(..)
            | Act::Redeem(..)
            | Act::RouterSplit(..)
            | Act::RouterMerge(..)
            | Act::Approve(..)
            | Act::Send(..)
            | Act::SendToken { .. } => Word::ZERO,
        };
        integer(py, word)
    }

    #[getter]
    fn amount<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let word = match self.0 {
            Act::Split(_, _, amount)
            | Act::Merge(_, _, amount)
            | Act::Convert { amount, .. }
            | Act::RouterSplit(_, amount)
            | Act::RouterMerge(_, amount)
            | Act::RouterRedeem(_, _, amount)
            | Act::ModuleConvert { amount, .. }
            | Act::Approve(_, amount)
            | Act::Send(_, amount)
            | Act::SendToken { amount, .. } => amount,
            Act::Redeem(..) | Act::ApproveAll(..) => Word::ZERO,
        };
        integer(py, word)
    }
}

/// Calls of a deposit wallet; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct WalletBatch(Batch);

#[pymethods]
impl WalletBatch {
    #[new]
    #[pyo3(signature = (*, wallet, nonce, deadline, calls))]
    #[expect(clippy::needless_pass_by_value, reason = "taken out of a Python list")]
    fn new(wallet: &str, nonce: &str, deadline: &str, calls: Vec<WalletCall>) -> PyResult<Self> {
        let batch = || {
            Ok(Batch {
                wallet: Address::from_hex(wallet)?,
                nonce: Word::from_decimal(nonce, "a nonce")?,
                deadline: Word::from_decimal(deadline, "a deadline")?,
                calls: calls.iter().map(|call| call.0.clone()).collect(),
            })
        };
        batch().map(Self).map_err(signature_error)
    }

    fn sign(&self, key: &SigningKey) -> String {
        self.0.sign(key.key())
    }

    fn sign_as_session(&self, key: &SigningKey) -> String {
        self.0.sign_as_session(key.key())
    }

    fn signer(&self, signature: &str) -> PyResult<(String, bool)> {
        let signer = self.0.verify(signature).map_err(signature_error)?;
        Ok((signer.by.to_string(), signer.is_session))
    }
}

/// A transaction of a Safe; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct SafeRelay(SafeTransaction);

#[pymethods]
impl SafeRelay {
    #[new]
    #[pyo3(signature = (*, safe, call, is_delegate, nonce))]
    fn new(safe: &str, call: &WalletCall, is_delegate: bool, nonce: &str) -> PyResult<Self> {
        let transaction = || {
            Ok(SafeTransaction {
                safe: Address::from_hex(safe)?,
                call: call.0.clone(),
                operation: if is_delegate { Operation::Delegate } else { Operation::Call },
                nonce: Word::from_decimal(nonce, "a nonce")?,
            })
        };
        transaction().map(Self).map_err(signature_error)
    }

    fn sign(&self, key: &SigningKey) -> String {
        self.0.sign(key.key())
    }

    fn signer(&self, signature: &str) -> PyResult<String> {
        self.0.verify(signature).map(|by| by.to_string()).map_err(signature_error)
    }

    fn calls(&self) -> PyResult<Vec<WalletCall>> {
        let calls = self.0.calls().map_err(refused)?;
        Ok(calls.into_iter().map(WalletCall).collect())
    }
}

/// A message of a proxy wallet; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct ProxyRelay(ProxyTransaction);

#[pymethods]
impl ProxyRelay {
    #[new]
    #[pyo3(signature = (
        *, sender, call, relayer_fee, gas_price, gas_limit, nonce, relay_hub, relay
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn new(
        sender: &str,
        call: &WalletCall,
        relayer_fee: &str,
        gas_price: &str,
        gas_limit: &str,
        nonce: &str,
        relay_hub: &str,
        relay: &str,
    ) -> PyResult<Self> {
        let transaction = || {
            Ok::<_, SignError>(ProxyTransaction {
                from: Address::from_hex(sender)?,
                to: call.0.target,
                data: call.0.data.clone(),
                relayer_fee: Word::from_decimal(relayer_fee, "a fee")?,
                gas_price: Word::from_decimal(gas_price, "a gas price")?,
                gas_limit: Word::from_decimal(gas_limit, "a gas limit")?,
                nonce: Word::from_decimal(nonce, "a nonce")?,
                relay_hub: Address::from_hex(relay_hub)?,
                relay: Address::from_hex(relay)?,
            })
        };
        transaction().map(Self).map_err(signature_error)
    }

    fn sign(&self, key: &SigningKey) -> String {
        self.0.sign(key.key())
    }

    fn signer(&self, signature: &str) -> PyResult<String> {
        self.0.verify(signature).map(|by| by.to_string()).map_err(signature_error)
    }

    fn calls(&self) -> PyResult<Vec<WalletCall>> {
        let calls = self.0.calls().map_err(refused)?;
        Ok(calls.into_iter().map(WalletCall).collect())
    }
}

/// The word for the contract at an address; see the stub.
#[pyfunction]
pub(crate) fn contract_at(address: &str) -> PyResult<Option<&'static str>> {
    let address = Address::from_hex(address).map_err(signature_error)?;
    Ok(Contract::at(address).map(Contract::word))
}

/// The address of a contract; see the stub.
#[pyfunction]
pub(crate) fn contract_address(word: &str) -> PyResult<String> {
    let found = Contract::ALL.into_iter().find(|contract| contract.word() == word);
    let unknown = || bad_argument(format!("no contract is called {word}"));
    found.map(|contract| contract.address().to_string()).ok_or_else(unknown)
}

/// The first four bytes of a call; see the stub.
#[pyfunction]
pub(crate) fn function_selector(signature: &str) -> String {
    Selector::of(signature).to_string()
}

pub(crate) fn export(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("CallRefused", module.py().get_type::<CallRefused>())?;
    module.add_class::<WalletCall>()?;
    module.add_class::<WalletAct>()?;
    module.add_class::<WalletBatch>()?;
    module.add_class::<SafeRelay>()?;
    module.add_class::<ProxyRelay>()?;
    module.add_function(wrap_pyfunction!(contract_at, module)?)?;
    module.add_function(wrap_pyfunction!(contract_address, module)?)?;
    module.add_function(wrap_pyfunction!(function_selector, module)?)
}
