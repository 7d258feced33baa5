//! The order struct of the exchanges V2 and V3, its id, and who signed it.

use crate::{Address, Exchange, Key, SignError, Signature, Word, derive, hex, typed, wallet};

/// Members in the order they are hashed in; also part of wrapped signatures.
pub(crate) const ORDER_TYPE: &str = "Order(uint256 salt,address maker,address signer,\
uint256 tokenId,uint256 makerAmount,uint256 takerAmount,uint8 side,uint8 signatureType,\
uint256 timestamp,bytes32 metadata,bytes32 builder)";

/// Buy gives collateral for shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// 0 on the chain.
    Buy,
    /// 1 on the chain.
    Sell,
}

/// Whose money it is and who signs for it (PROTOCOL.md §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureType {
    /// The signer's own account.
    Eoa,
    /// A proxy wallet of the signer.
    Proxy,
    /// A Safe of the signer.
    Safe,
    /// A deposit wallet: it is the signer, its owner signs inside a wrapper.
    DepositWallet,
}

impl SignatureType {
    /// The number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Eoa => 0,
            Self::Proxy => 1,
            Self::Safe => 2,
            Self::DepositWallet => 3,
        }
    }

    /// Whether a wallet of this kind is the owner's, as far as addresses tell: a session key owns
    /// none, and a contract wallet of another make stands on the chain only.
    pub fn is_wallet_of(self, wallet: Address, owner: Address) -> bool {
        match self {
            Self::Eoa => wallet == owner,
            Self::Proxy => wallet == derive::proxy_of(owner),
            Self::Safe => wallet == derive::safe_of(owner),
            Self::DepositWallet => {
                wallet == derive::deposit_wallet_of(owner)
                    || wallet == derive::first_deposit_wallet_of(owner)
            }
        }
    }

    /// From the number on the wire.
    ///
    /// # Errors
    /// [`SignError::Type`].
    pub const fn from_code(code: u8) -> Result<Self, SignError> {
        match code {
            0 => Ok(Self::Eoa),
            1 => Ok(Self::Proxy),
            2 => Ok(Self::Safe),
            3 => Ok(Self::DepositWallet),
            other => Err(SignError::Type(other)),
        }
    }
}

/// What is signed of an order; expiry, order type and owner are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Order {
    /// Makes two equal orders differ; at most 53 bits, it stays an exact JSON number.
    pub salt: u64,
    /// Whose money and shares move.
    pub maker: Address,
    /// Who is said to have signed; the wallet itself for [`SignatureType::DepositWallet`].
    pub signer: Address,
    /// The outcome token.
    pub token_id: Word,
    /// What the maker gives, 10⁻⁶ of a dollar or share.
    pub maker_amount: u64,
    /// What the maker wants, 10⁻⁶ of a share or dollar.
    pub taker_amount: u64,
    /// Buy or sell of the token.
    pub side: Side,
    /// Kind of the maker's wallet.
    pub signature_type: SignatureType,
    /// Creation time in ms.
    pub timestamp_ms: u64,
    /// Zero unless needed.
    pub metadata: Word,
    /// Builder code, zero for none.
    pub builder: Word,
}

/// A signature that was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// Hash of the order under its exchange: the venue's order id.
    pub id: Word,
    /// The key that signed: an owner, or the session key of a deposit wallet.
    pub by: Address,
    /// Whether it came in the wrapper of a session key.
    pub is_session: bool,
}

impl Order {
    /// Hash of the struct alone.
    pub fn contents(&self) -> Word {
        typed::hash_words(&[
            typed::hash_text(ORDER_TYPE),
            Word::from(self.salt),
            self.maker.into(),
            self.signer.into(),
            self.token_id,
            Word::from(self.maker_amount),
            Word::from(self.taker_amount),
            Word::from(match self.side {
                Side::Buy => 0,
                Side::Sell => 1,
            }),
            Word::from(u64::from(self.signature_type.code())),
            Word::from(self.timestamp_ms),
            self.metadata,
            self.builder,
        ])
    }

    /// The venue's id of this order: EIP-712 under the exchange, known before signing.
    pub fn id(&self, exchange: &Exchange) -> Word {
        typed::digest(exchange.separator(), self.contents())
    }

    /// Signs as the owner of the maker, in the form of the signature type, as `0x…` text.
    pub fn sign(&self, exchange: &Exchange, key: &Key) -> String {
        match self.signature_type {
            SignatureType::Eoa | SignatureType::Proxy | SignatureType::Safe => {
                hex::write(&key.sign(self.id(exchange)).to_bytes())
            }
            SignatureType::DepositWallet => hex::write(&wallet::sign(self, exchange, key)),
        }
    }

    /// Checks a signature as the venue does: its form, whom it is by, and what it is of.
    ///
    /// That a proxy, Safe or deposit wallet belongs to the one who signed stands on the chain and
    /// is the caller's to know.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn verify(&self, exchange: &Exchange, signature: &str) -> Result<Signed, SignError> {
        let bytes = hex::read_bytes(signature)?;
        match self.signature_type {
            SignatureType::Eoa => {
                if self.maker != self.signer {
                    return Err(SignError::MakerSigner(0));
                }
                self.verify_plain(exchange, &bytes)
            }
            SignatureType::Proxy | SignatureType::Safe => self.verify_plain(exchange, &bytes),
            SignatureType::DepositWallet => {
                if self.maker != self.signer {
                    return Err(SignError::MakerSigner(3));
                }
                wallet::verify(self, exchange, &bytes)
            }
        }
    }

    fn verify_plain(&self, exchange: &Exchange, bytes: &[u8]) -> Result<Signed, SignError> {
        let id = self.id(exchange);
        let by = Signature::from_bytes(bytes)?.signer(id)?;
        if by == self.signer {
            Ok(Signed { id, by, is_session: false })
        } else {
            Err(SignError::Foreign { by, expected: self.signer })
        }
    }
}
