//! Signatures of the venue, as Python makes and checks them.
//!
//! Owns: translation of texts and numbers into the types of `razor_sign`, and back.
//!
//! Must never: keep or show a secret outside the types that zero it.

use pyo3::prelude::*;
use razor_sign::{
    Address, Exchange, Key, Order, Side, SignError, SignatureType, Word, derive, l1, l2,
};

use crate::errors::signature_error;

/// A private key; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct SigningKey(Key);

impl SigningKey {
    pub(crate) const fn key(&self) -> &Key {
        &self.0
    }
}

#[pymethods]
impl SigningKey {
    #[staticmethod]
    fn from_hex(text: &str) -> PyResult<Self> {
        Key::from_hex(text).map(Self).map_err(signature_error)
    }

    #[getter]
    fn address(&self) -> String {
        self.0.address().to_string()
    }

    fn sign_login(&self, timestamp: &str, nonce: u64) -> String {
        l1::sign(&self.0, timestamp, nonce).to_string()
    }

    fn __repr__(&self) -> String {
        format!("SigningKey({})", self.0.address())
    }
}

/// An API secret; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct ApiSecret(l2::Secret);

#[pymethods]
impl ApiSecret {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        l2::Secret::from_base64(text).map(Self).map_err(signature_error)
    }

    fn sign(&self, timestamp: &str, method: &str, path: &str, body: &[u8]) -> String {
        self.0.sign(timestamp, method, path, body)
    }

    fn verify(
        &self,
        timestamp: &str,
        method: &str,
        path: &str,
        body: &[u8],
        signature: &str,
    ) -> bool {
        self.0.verify(timestamp, method, path, body, signature)
    }
}

/// What is signed of an order; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct VenueOrder(Order);

#[pymethods]
impl VenueOrder {
    #[new]
    #[pyo3(signature = (
        *, salt, maker, signer, token_id, maker_amount, taker_amount, is_buy, signature_type,
        timestamp_ms, metadata=None, builder=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn new(
        salt: u64,
        maker: &str,
        signer: &str,
        token_id: &str,
        maker_amount: u64,
        taker_amount: u64,
        is_buy: bool,
        signature_type: u8,
        timestamp_ms: u64,
        metadata: Option<&str>,
        builder: Option<&str>,
    ) -> PyResult<Self> {
        let word = |text: Option<&str>, what| match text {
            Some(text) => Word::from_hex(text, what),
            None => Ok(Word::ZERO),
        };
        let order = || {
            Ok(Order {
                salt,
                maker: Address::from_hex(maker)?,
                signer: Address::from_hex(signer)?,
                token_id: Word::from_decimal(token_id, "a token id")?,
                maker_amount,
                taker_amount,
                side: if is_buy { Side::Buy } else { Side::Sell },
                signature_type: SignatureType::from_code(signature_type)?,
                timestamp_ms,
                metadata: word(metadata, "metadata")?,
                builder: word(builder, "a builder code")?,
            })
        };
        order().map(Self).map_err(signature_error)
    }

    fn order_id(&self, exchange: &SigningExchange) -> String {
        self.0.id(&exchange.0).to_string()
    }

    fn sign(&self, exchange: &SigningExchange, key: &SigningKey) -> String {
        self.0.sign(&exchange.0, &key.0)
    }

    fn verify(&self, exchange: &SigningExchange, signature: &str) -> PyResult<SignedOrder> {
        let signed = self.0.verify(&exchange.0, signature).map_err(signature_error)?;
        Ok(SignedOrder {
            order_id: signed.id.to_string(),
            signer: signed.by.to_string(),
            is_session: signed.is_session,
            owns_maker: self.0.signature_type.is_wallet_of(self.0.maker, signed.by),
        })
    }
}

/// A contract that orders are signed for; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct SigningExchange(Exchange);

#[pymethods]
impl SigningExchange {
    #[staticmethod]
    pub(crate) fn plain() -> Self {
        Self(Exchange::plain())
    }

    #[staticmethod]
    pub(crate) fn neg_risk() -> Self {
        Self(Exchange::neg_risk())
    }

    #[staticmethod]
    pub(crate) fn v3() -> Self {
        Self(Exchange::v3())
    }

    #[getter]
    fn contract(&self) -> String {
        self.0.contract.to_string()
    }
}

/// A signature that was found good; see the stub.
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct SignedOrder {
    order_id: String,
    signer: String,
    is_session: bool,
    owns_maker: bool,
}

/// Checks the login of `address`; see the stub.
#[pyfunction]
pub(crate) fn verify_login(
    address: &str,
    timestamp: &str,
    nonce: u64,
    signature: &str,
) -> PyResult<()> {
    let check = || l1::verify(Address::from_hex(address)?, timestamp, nonce, signature);
    check().map_err(|error: SignError| signature_error(error))
}

/// An address with its checksum; see the stub.
#[pyfunction]
pub(crate) fn checksum_address(text: &str) -> PyResult<String> {
    Address::from_hex(text).map(|address| address.to_string()).map_err(signature_error)
}

/// The wallets of an owner; see the stub.
#[pyfunction]
pub(crate) fn wallets_of(owner: &str) -> PyResult<[String; 5]> {
    let owner = Address::from_hex(owner).map_err(signature_error)?;
    let wallets = [
        owner,
        derive::proxy_of(owner),
        derive::safe_of(owner),
        derive::deposit_wallet_of(owner),
        derive::first_deposit_wallet_of(owner),
    ];
    Ok(wallets.map(|wallet| wallet.to_string()))
}

pub(crate) fn export(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SigningKey>()?;
    module.add_class::<ApiSecret>()?;
    module.add_class::<VenueOrder>()?;
    module.add_class::<SigningExchange>()?;
    module.add_class::<SignedOrder>()?;
    module.add_function(wrap_pyfunction!(checksum_address, module)?)?;
    module.add_function(wrap_pyfunction!(verify_login, module)?)?;
    module.add_function(wrap_pyfunction!(wallets_of, module)?)
}
