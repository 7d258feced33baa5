//! What wallets ask contracts to do, as call data and back.
//!
//! Every call the venue's wallets need has one form here, the one that the official client
//! encodes: fixed members must have their fixed value, arrays stand where the encoder puts them,
//! nothing follows. Other data is a [`CallError`], also where a contract would have ignored the
//! difference.
//!
//! Sources: PROTOCOL.md §1.4; the module's `convert` from its contract (an event id is `bytes29`
//! in the ABI, its NO must lie with the module before).

use core::fmt;

use thiserror::Error;

use crate::{Address, Contract, SignError, Word, hex, typed};

/// One call of a wallet, as it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Contract.
    pub target: Address,
    /// Wei that go with it.
    pub value: Word,
    /// Selector and arguments.
    pub data: Vec<u8>,
}

/// The two adapters of the first protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Adapter {
    /// Plain markets.
    Plain,
    /// Markets of exclusive groups.
    NegRisk,
}

/// The two ERC-1155 contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tokens {
    /// Of the first protocol.
    Conditional,
    /// Of the second.
    Positions,
}

/// A call that is understood. Amounts are 10⁻⁶ of a dollar or share, any `uint256`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// `splitPosition`: dollars into YES and NO.
    Split(Adapter, Word, Word),
    /// `mergePositions`: YES and NO into dollars.
    Merge(Adapter, Word, Word),
    /// `redeemPositions`: all that is held of a resolved condition.
    Redeem(Adapter, Word),
    /// `convertPositions`: NO of the outcomes of a group whose bits are set.
    Convert {
        /// Group.
        group: Word,
        /// Bit i for the NO of outcome i.
        index_set: Word,
        /// Of each.
        amount: Word,
    },
    /// `Router.split`; a condition of the second protocol has 31 bytes, its last one here is 0.
    RouterSplit(Word, Word),
    /// `Router.merge`.
    RouterMerge(Word, Word),
    /// `Router.redeem`: condition, outcome (0 or 1), amount.
    RouterRedeem(Word, bool, Word),
    /// `NegRiskModule.convert`: the NO of one condition, sent there before, into YES of all others.
    ModuleConvert {
        /// Who gets YES.
        to: Address,
        /// Group, 29 bytes and three of zero.
        event: Word,
        /// Which condition of it.
        condition: Word,
        /// Of it.
        amount: Word,
    },
    /// ERC-20 `approve` of dollars.
    Approve(Address, Word),
    /// ERC-1155 `setApprovalForAll`.
    ApproveAll(Tokens, Address, bool),
    /// ERC-20 `transfer` of dollars.
    Send(Address, Word),
    /// ERC-1155 `safeTransferFrom` without data.
    SendToken {
        /// Which contract.
        tokens: Tokens,
        /// Whose.
        from: Address,
        /// To whom.
        to: Address,
        /// Token or position.
        id: Word,
        /// How much.
        amount: Word,
    },
}

/// Why a call is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallError {
    /// No contract that wallets call.
    #[error("calls to {0} are not permitted")]
    Target(Address),
    /// The contract has no such function, or none that wallets call.
    #[error("{contract} has no function {selector} for wallets")]
    Selector {
        /// Contract.
        contract: &'static str,
        /// First four bytes.
        selector: Selector,
    },
    /// More or fewer bytes than the function takes.
    #[error("{found} bytes of arguments where {expected} are expected")]
    Length {
        /// Bytes found.
        found: usize,
        /// Bytes expected.
        expected: usize,
    },
    /// A member with a value it cannot have.
    #[error("{0} has a value that the function does not take")]
    Argument(&'static str),
    /// Wei sent to a function that takes none.
    #[error("the call sends a value, which none of these functions takes")]
    Value,
    /// A wrapper of several calls that is not what its encoder makes.
    #[error("the wrapper of several calls is malformed")]
    Wrapper,
}

/// The first four bytes of call data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(pub [u8; 4]);

impl Selector {
    /// Of a function by its name and the types of its parameters.
    pub fn of(signature: &str) -> Self {
        let hash = typed::hash_text(signature).0;
        Self(*hash.first_chunk().unwrap_or(&[0; 4]))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Functions by name and parameter types; their selectors are computed from this text.
mod function {
    pub(super) const SPLIT: &str = "splitPosition(address,bytes32,bytes32,uint256[],uint256)";
    pub(super) const MERGE: &str = "mergePositions(address,bytes32,bytes32,uint256[],uint256)";
    pub(super) const REDEEM: &str = "redeemPositions(address,bytes32,bytes32,uint256[])";
    pub(super) const CONVERT: &str = "convertPositions(bytes32,uint256,uint256)";
    pub(super) const ROUTER_SPLIT: &str = "split(bytes31,uint256)";
    pub(super) const ROUTER_MERGE: &str = "merge(bytes31,uint256)";
    pub(super) const ROUTER_REDEEM: &str = "redeem(bytes31,uint256,uint256)";
    pub(super) const MODULE_CONVERT: &str = "convert(address,bytes29,uint256,uint256)";
    pub(super) const APPROVE: &str = "approve(address,uint256)";
    pub(super) const TRANSFER: &str = "transfer(address,uint256)";
    pub(super) const APPROVE_ALL: &str = "setApprovalForAll(address,bool)";
    pub(super) const SEND_TOKEN: &str = "safeTransferFrom(address,address,uint256,uint256,bytes)";
}

impl Call {
    /// From the texts of the wire: address, decimal, `0x…`.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn from_texts(target: &str, value: &str, data: &str) -> Result<Self, SignError> {
        Ok(Self {
            target: Address::from_hex(target)?,
            value: Word::from_decimal(value, "a value")?,
            data: hex::read_bytes(data)?,
        })
    }

    /// Its data as `0x` text.
    pub fn data_text(&self) -> String {
        hex::write(&self.data)
    }

    /// What the call asks for.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn decode(&self) -> Result<Act, CallError> {
        if self.value != Word::ZERO {
            return Err(CallError::Value);
        }
        let unknown = CallError::Target(self.target);
        let contract = Contract::at(self.target).ok_or(unknown)?;
        let read = Read::of(contract, &self.data)?;
        match contract {
            Contract::Adapter => read.adapter(Adapter::Plain),
            Contract::NegRiskAdapter => read.adapter(Adapter::NegRisk),
            Contract::Router => read.router(),
            Contract::NegRiskModule => read.module(),
            Contract::Collateral => read.collateral(),
            Contract::ConditionalTokens => read.tokens(Tokens::Conditional),
            Contract::PositionManager => read.tokens(Tokens::Positions),
            Contract::Exchange
            | Contract::NegRiskExchange
            | Contract::ExchangeV3
            | Contract::BinaryModule
            | Contract::AutoRedeemer
            | Contract::PerpsDeposit
            | Contract::DepositFactory
            | Contract::ProxyFactory
            | Contract::Multisend
            | Contract::RelayHub => Err(unknown),
        }
    }
}

/// Selector and arguments of a call to a contract.
struct Read<'a> {
    contract: Contract,
    selector: Selector,
    arguments: &'a [u8],
}

impl<'a> Read<'a> {
    fn of(contract: Contract, data: &'a [u8]) -> Result<Self, CallError> {
        let length = CallError::Length { found: data.len(), expected: 4 };
        let (selector, arguments) = data.split_first_chunk::<4>().ok_or(length)?;
        Ok(Self { contract, selector: Selector(*selector), arguments })
    }

    fn is(&self, signature: &str) -> bool {
        self.selector == Selector::of(signature)
    }

    fn words<const N: usize>(&self) -> Result<[Word; N], CallError> {
        let expected = N.saturating_mul(32);
        let length = CallError::Length { found: self.arguments.len(), expected };
        let (words, rest) = self.arguments.as_chunks::<32>();
        let words: &[[u8; 32]; N] = words.try_into().map_err(|_| length)?;
        if rest.is_empty() { Ok(words.map(Word)) } else { Err(length) }
    }

    fn unknown(&self) -> CallError {
        CallError::Selector { contract: self.contract.word(), selector: self.selector }
    }

    fn adapter(&self, adapter: Adapter) -> Result<Act, CallError> {
        if self.is(function::SPLIT) || self.is(function::MERGE) {
            let [collateral, parent, condition, offset, amount, count, yes, no] = self.words()?;
            fixed_members(collateral, parent)?;
            outcome_sets([offset, count, yes, no], 5)?;
            let is_split = self.is(function::SPLIT);
            return Ok(if is_split {
                Act::Split(adapter, condition, amount)
            } else {
                Act::Merge(adapter, condition, amount)
            });
        }
        if self.is(function::REDEEM) {
            let [collateral, parent, condition, offset, count, yes, no] = self.words()?;
            fixed_members(collateral, parent)?;
            outcome_sets([offset, count, yes, no], 4)?;
            return Ok(Act::Redeem(adapter, condition));
        }
        if adapter == Adapter::NegRisk && self.is(function::CONVERT) {
            let [group, index_set, amount] = self.words()?;
            return Ok(Act::Convert { group, index_set, amount });
        }
        Err(self.unknown())
    }

    fn router(&self) -> Result<Act, CallError> {
        if self.is(function::ROUTER_SPLIT) || self.is(function::ROUTER_MERGE) {
            let [condition, amount] = self.words()?;
            ends_in_zeros::<1>(condition, "the condition")?;
            let is_split = self.is(function::ROUTER_SPLIT);
            return Ok(if is_split {
                Act::RouterSplit(condition, amount)
            } else {
                Act::RouterMerge(condition, amount)
            });
        }
        if self.is(function::ROUTER_REDEEM) {
            let [condition, outcome, amount] = self.words()?;
            ends_in_zeros::<1>(condition, "the condition")?;
            return Ok(Act::RouterRedeem(condition, flag(outcome, "the outcome")?, amount));
        }
        Err(self.unknown())
    }

    fn module(&self) -> Result<Act, CallError> {
        if !self.is(function::MODULE_CONVERT) {
            return Err(self.unknown());
        }
        let [to, event, condition, amount] = self.words()?;
        ends_in_zeros::<3>(event, "the event")?;
        Ok(Act::ModuleConvert { to: address(to, "the recipient")?, event, condition, amount })
    }

    fn collateral(&self) -> Result<Act, CallError> {
        if self.is(function::APPROVE) {
            let [spender, amount] = self.words()?;
            return Ok(Act::Approve(address(spender, "the spender")?, amount));
        }
        if self.is(function::TRANSFER) {
            let [to, amount] = self.words()?;
            return Ok(Act::Send(address(to, "the recipient")?, amount));
        }
        Err(self.unknown())
    }

    fn tokens(&self, tokens: Tokens) -> Result<Act, CallError> {
        if self.is(function::APPROVE_ALL) {
            let [operator, approved] = self.words()?;
            let operator = address(operator, "the operator")?;
            return Ok(Act::ApproveAll(tokens, operator, flag(approved, "the approval")?));
        }
        if self.is(function::SEND_TOKEN) {
            let [from, to, id, amount, offset, count] = self.words()?;
            if offset != Word::from(160) || count != Word::ZERO {
                return Err(CallError::Argument("the data of the transfer"));
            }
            let (from, to) = (address(from, "the sender")?, address(to, "the recipient")?);
            return Ok(Act::SendToken { tokens, from, to, id, amount });
        }
        Err(self.unknown())
    }
}

/// Every market of the venue is in pUSD and at the root of the token tree.
fn fixed_members(collateral: Word, parent: Word) -> Result<(), CallError> {
    if collateral != Word::from(Contract::Collateral.address()) {
        return Err(CallError::Argument("the collateral"));
    }
    if parent != Word::ZERO {
        return Err(CallError::Argument("the parent collection"));
    }
    Ok(())
}

/// The array `[1, 2]` right behind a head of so many words.
fn outcome_sets(array: [Word; 4], head: u64) -> Result<(), CallError> {
    let expected = [head.saturating_mul(32), 2, 1, 2].map(Word::from);
    if array == expected { Ok(()) } else { Err(CallError::Argument("the outcome sets")) }
}

fn ends_in_zeros<const N: usize>(word: Word, what: &'static str) -> Result<(), CallError> {
    let is_short = word.0.last_chunk::<N>() == Some(&[0; N]);
    if is_short { Ok(()) } else { Err(CallError::Argument(what)) }
}

fn flag(word: Word, what: &'static str) -> Result<bool, CallError> {
    if word == Word::ZERO {
        Ok(false)
    } else if word == Word::from(1) {
        Ok(true)
    } else {
        Err(CallError::Argument(what))
    }
}

pub(crate) fn address(word: Word, what: &'static str) -> Result<Address, CallError> {
    let found = Address(*word.0.last_chunk().unwrap_or(&[0; 20]));
    if Word::from(found) == word { Ok(found) } else { Err(CallError::Argument(what)) }
}

/// Bytes read from the front, words and sizes among them.
pub(crate) struct Read32<'a>(&'a [u8]);

impl<'a> Read32<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn word(&mut self) -> Option<Word> {
        let bytes = self.bytes(32)?;
        Some(Word(bytes.try_into().ok()?))
    }

    /// A number of bytes or entries that can be in memory at all.
    pub(crate) fn size(&mut self) -> Option<usize> {
        let word = self.word()?;
        let (high, low) = word.0.split_last_chunk::<8>()?;
        let number = usize::try_from(u64::from_be_bytes(*low)).ok()?;
        high.iter().all(|byte| *byte == 0).then_some(number)
    }
}

impl Adapter {
    const fn contract(self) -> Contract {
        match self {
            Self::Plain => Contract::Adapter,
            Self::NegRisk => Contract::NegRiskAdapter,
        }
    }
}

impl Tokens {
    /// Its contract.
    pub const fn contract(self) -> Contract {
        match self {
            Self::Conditional => Contract::ConditionalTokens,
            Self::Positions => Contract::PositionManager,
        }
    }
}

impl Act {
    /// The contract that is called.
    pub const fn contract(&self) -> Contract {
        match self {
            Self::Split(adapter, ..) | Self::Merge(adapter, ..) | Self::Redeem(adapter, _) => {
                adapter.contract()
            }
            Self::Convert { .. } => Contract::NegRiskAdapter,
            Self::RouterSplit(..) | Self::RouterMerge(..) | Self::RouterRedeem(..) => {
                Contract::Router
            }
            Self::ModuleConvert { .. } => Contract::NegRiskModule,
            Self::Approve(..) | Self::Send(..) => Contract::Collateral,
            Self::ApproveAll(tokens, ..) | Self::SendToken { tokens, .. } => tokens.contract(),
        }
    }

    /// The call that asks for it.
    pub fn encode(&self) -> Call {
        let collateral = Word::from(Contract::Collateral.address());
        let sets = |head: u64| [head.saturating_mul(32), 2, 1, 2].map(Word::from);
        let condition_call = |condition: Word, amount: Word| {
            let [offset, count, yes, no] = sets(5);
            vec![collateral, Word::ZERO, condition, offset, amount, count, yes, no]
        };
        let (signature, arguments) = match *self {
            Self::Split(_, condition, amount) => {
                (function::SPLIT, condition_call(condition, amount))
            }
            Self::Merge(_, condition, amount) => {
                (function::MERGE, condition_call(condition, amount))
            }
            Self::Redeem(_, condition) => {
                let [offset, count, yes, no] = sets(4);
                let words = vec![collateral, Word::ZERO, condition, offset, count, yes, no];
                (function::REDEEM, words)
            }
            Self::Convert { group, index_set, amount } => {
                (function::CONVERT, vec![group, index_set, amount])
            }
            Self::RouterSplit(condition, amount) => {
                (function::ROUTER_SPLIT, vec![condition, amount])
            }
            Self::RouterMerge(condition, amount) => {
                (function::ROUTER_MERGE, vec![condition, amount])
            }
            Self::RouterRedeem(condition, outcome, amount) => {
                (function::ROUTER_REDEEM, vec![condition, u64::from(outcome).into(), amount])
            }
            Self::ModuleConvert { to, event, condition, amount } => {
                (function::MODULE_CONVERT, vec![to.into(), event, condition, amount])
            }
            Self::Approve(spender, amount) => (function::APPROVE, vec![spender.into(), amount]),
            Self::Send(to, amount) => (function::TRANSFER, vec![to.into(), amount]),
            Self::ApproveAll(_, operator, is_approved) => {
                (function::APPROVE_ALL, vec![operator.into(), u64::from(is_approved).into()])
            }
            Self::SendToken { from, to, id, amount, .. } => {
                let words = vec![from.into(), to.into(), id, amount, Word::from(160), Word::ZERO];
                (function::SEND_TOKEN, words)
            }
        };
        let mut data = Selector::of(signature).0.to_vec();
        data.extend(arguments.iter().flat_map(|word| word.0));
        Call { target: self.contract().address(), value: Word::ZERO, data }
    }
}
